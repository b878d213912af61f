"""What a chat model replied, read strictly: words, or a call of a tool whose arguments are whole and valid JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk

_THOUGHT: Final = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_WRITTEN_CALL: Final = re.compile(
    r"\s*(?:<tool_call>|```(?:json)?)?\s*(?P<call>\{.*\})\s*(?:</tool_call>|```)?\s*", re.DOTALL
)
_HELD: Final = ("{", "<", "`")
"""How a call that is written into the words begins; such words are not shown before they are read."""
_ENDS: Final = ("finish_reason", "stop_reason", "done_reason")


@dataclass(frozen=True)
class Call:
    """A tool that the model calls."""

    name: str
    arguments: dict[str, Any] | None
    """`None` if they are no JSON object."""
    id: str = ""


@dataclass(frozen=True)
class ChatReply:
    """A whole reply."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    ended: bool = True
    """Whether the server said that the reply is complete; a stream can break off without an error."""


def spoken(text: str) -> str:
    """Return what is meant for the person: a model's thoughts aloud are not."""
    said = _THOUGHT.sub("", text)
    return said.rsplit("</think>", 1)[-1].lstrip()


def may_be_shown(text: str) -> bool:
    """Return whether the beginning of a reply is surely words, and no call written as text."""
    return bool(text) and not text.startswith(_HELD)


def read_reply(message: AIMessage) -> ChatReply:
    """Return a reply as words and calls.

    Args:
        message: All pieces together. Its own `tool_calls` are not looked at where it was streamed: they are completed
            by guess, so that a call that was cut in the middle would pass for a whole one.
    """
    text = clean(spoken(str(message.text)))
    calls = _calls(message)
    if not calls:
        written = _WRITTEN_CALL.fullmatch(text)
        found = _written(written["call"]) if written is not None else None
        calls = (found,) if found is not None else ()
    if text and not calls and message.response_metadata.get("finish_reason") == "length":
        text += "…"  # the server's limit of a reply was reached; the person should see that
    openai = message.response_metadata.get("model_provider") == "openai"
    ended = not openai or any(message.response_metadata.get(key) for key in _ENDS)
    return ChatReply(text, calls, ended)


def clean(text: str) -> str:
    """Return a text that can be kept: without NUL, and without halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _calls(message: AIMessage) -> tuple[Call, ...]:
    if isinstance(message, AIMessageChunk):
        return tuple(
            Call(clean(one["name"] or ""), _object(one["args"] or "{}"), clean(one["id"] or ""))
            for one in message.tool_call_chunks
        )
    whole = [Call(one["name"], _object(json.dumps(one["args"])), one["id"] or "") for one in message.tool_calls]
    return (*whole, *(Call(one["name"] or "", None) for one in message.invalid_tool_calls))


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text, parse_constant=_no_number)
        # Through text once more: an escaped half of a character is valid JSON, and nothing that can be kept.
        found = json.loads(clean(json.dumps(found, ensure_ascii=False)).replace("\\u0000", ""))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _written(text: str) -> Call | None:
    """Return a call that the model wrote into its words, as models do whose server knows no tools."""
    found = _object(text) or {}
    name = next((found[key] for key in ("name", "tool", "function") if isinstance(found.get(key), str)), "")
    given = next((found[key] for key in ("arguments", "parameters", "args") if isinstance(found.get(key), dict)), None)
    return Call(name, given) if name and given is not None else None
