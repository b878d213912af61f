"""Answers of the MCP server: text for a reader, and the same as data for a program."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from mcp.types import CallToolResult, TextContent

from agent.records.base import Language
from agent.records.conversation import Approval, Turn
from ui.i18n import phrase
from ui.pages.sites import address as page_address


def done(turn: Turn) -> CallToolResult:
    """Return what a reading tool found."""
    data = {
        "state": "done",
        "reply": turn.reply,
        "project": turn.project,
        "data": turn.data,
        "evidence": list(turn.evidence),
        "articles": list(turn.articles),
    }
    return answer(turn.reply, data)


def asks_approval(approval: Approval, lang: Language, server: str) -> CallToolResult:
    """Return a request for approval: what would run, and where a person can let it.

    Args:
        approval: The step that waits.
        lang: Language of the answer.
        server: Address of the server.
    """
    page = urljoin(server, page_address(lang, "assistant", thread=approval.thread))
    command = f"domainsmith chat --thread {approval.thread}"
    shown = {"page": page, "command": command, "thread": approval.thread, "id": approval.id}
    reasons = "\n".join(f"- {why}" for why in approval.reasons)
    text = "\n\n".join(part for part in (approval.summary, reasons, phrase("mcp_waits", lang, **shown)) if part)
    data = {
        "state": "waits_for_approval",
        "started": False,
        "approval": approval.model_dump(mode="json"),
        "thread": approval.thread,
        "approve": {"page": page, "command": command},
    }
    return answer(text, data)


def failed(what: str, where: str = "", mend: str = "") -> CallToolResult:
    """Return an error: what happened, where, and what can be done about it."""
    # What a program sent may stand in it, and not every text that JSON can carry can be sent back.
    what, where, mend = (part.encode("utf-8", "replace").decode() for part in (what, where, mend))
    text = " - ".join(part for part in (f"{what}: {where}" if where else what, mend) if part)
    error = {"what": what, "where": where, "mend": mend}
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structuredContent={"error": error}, isError=True
    )


def answer(text: str, data: dict[str, Any]) -> CallToolResult:
    """Return text and data."""
    return CallToolResult(content=[TextContent(type="text", text=text)], structuredContent=data)
