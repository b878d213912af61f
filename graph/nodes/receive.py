"""The start of a turn: what came in is kept, and nothing of the turn before is left in the way."""

from __future__ import annotations

from typing import Any

from agent.records.conversation import ChatMessage
from graph.context import Context
from graph.state import SHOWN_MESSAGES, ConversationState
from tools.profiles import save_facts
from tools.status import read_profile


def receive(state: ConversationState, context: Context) -> dict[str, Any]:
    """Take in a message, a proposal or the end of a job."""
    incoming = state["incoming"]
    update: dict[str, Any] = {
        "steps": [],
        "talk": [],
        "rounds": 0,
        "tainted": _quotes_documents(state),
        "outcome": None,
        "step": None,
        "understanding": None,
        "data": {},
        "fault": None,
    }
    if incoming.get("lang"):
        update["lang"] = incoming["lang"]
    if incoming.get("project") is not None:
        update["project"] = incoming["project"]
        _hand_over(state, incoming["project"], context)
    if incoming.get("text"):
        said = ChatMessage(role="user", text=incoming["text"], at=incoming.get("at") or context.clock())
        update["messages"] = [said.model_dump(mode="json")]
    return update


def _hand_over(state: ConversationState, name: str | None, context: Context) -> None:
    """Give a project what was said of the task before there was one; what it knows already stays."""
    if state.get("project") is not None or not state.get("profile"):
        return
    project = context.workspace.open(name)
    known = read_profile(project)
    facts = {name: value for name, value in state["profile"].items() if getattr(known, name) is None}
    if facts:
        save_facts(project, facts)


def _quotes_documents(state: ConversationState) -> bool:
    """Return whether what a chat model is shown of the conversation holds text of documents."""
    at = state.get("quoted_at")
    return at is not None and len(state.get("messages") or ()) - at <= SHOWN_MESSAGES
