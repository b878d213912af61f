"""What a chat model is shown: the conversation so far, where things stand, and what the tools said in this turn.

Text of documents goes only to a model within the own network; any other is told that it is withheld. That is decided
here and by no model. What a model proposes after it was shown such text waits for a person's yes (`graph.admission`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.prompts.chat import CHAT
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from graph.context import Context, language
from graph.replies.said import Said, joined
from graph.state import SHOWN_MESSAGES, ConversationState

LONGEST: Final = 6000
"""Characters of one message, or of one tool's result, that the model is shown."""
_QUOTE_DOCUMENTS: Final = frozenset({"show_pairs", "diagnose", "compare"})
"""Tools whose results quote documents."""


@dataclass(frozen=True)
class Shown:
    """What the model was shown before it replies."""

    messages: tuple[BaseMessage, ...]
    texts: tuple[str, ...]
    """The same as plain texts, without what the product itself tells it: the source of every figure it may repeat."""


def shown_to_model(state: ConversationState, context: Context, talk: Sequence[Mapping[str, Any]], near: bool) -> Shown:
    """Return everything that the model is shown now.

    Args:
        state: The conversation.
        context: Dependencies.
        talk: What model and tools said to each other in this turn.
        near: Whether the model runs within the own network.
    """
    lang = language(state)
    situation = _situation(state, context, lang)
    messages: list[BaseMessage] = [SystemMessage(joined(fill(CHAT, "system", lang), situation))]
    texts = [situation]
    for one in (state.get("messages") or [])[-SHOWN_MESSAGES:]:
        text = _shortened(one["text"]) if near or not _quotes(one) else fill(CHAT, "withheld", lang)
        texts.append(text)
        _append(messages, one["role"], text)
    for entry in talk:
        messages.append(_message(entry))
        if entry["role"] == "tool":
            texts.append(entry["content"])
    return Shown(tuple(messages), tuple(texts))


def called(tool: str, arguments: Mapping[str, Any], call: str, others: Iterable[str] = ()) -> dict[str, Any]:
    """Return a model's call as an entry of the talk; `others` are further calls that were not made."""
    return {
        "role": "assistant",
        "content": "",
        "tool": tool,
        "args": dict(arguments),
        "call": call,
        "others": [*others],
    }


def complained(said: str, complaint: str) -> list[dict[str, Any]]:
    """Return a reply that could not be used, with what the model is told of it."""
    return [{"role": "assistant", "content": said or "…"}, {"role": "user", "content": complaint}]


def heard(
    talk: Sequence[Mapping[str, Any]], result: Mapping[str, Any], said: Said, near: bool, lang: Language
) -> dict[str, Any]:
    """Return the result of the model's last call as an entry of the talk, right after that call."""
    call = talk[-1]
    if result.get("document_text") and not near:
        content = fill(CHAT, "withheld", lang)
    else:
        ids = fill(CHAT, "evidence", lang, ids=listed(said.evidence, lang)) if said.evidence else ""
        data = json.dumps(result["data"], ensure_ascii=False) if result.get("data") else ""
        content = _shortened(joined(said.text, ids, data))
    if call["others"]:
        others = listed(tuple(call["others"]), lang)
        content = joined(fill(CHAT, "one_call", lang, tool=call["tool"], others=others), content)
    return {
        "role": "tool",
        "call": call["call"],
        "content": content,
        "evidence": list(said.evidence),
        "articles": list(said.articles),
        "answers": said.answers,
    }


def rests_on(talk: Iterable[Mapping[str, Any]]) -> Said:
    """Return what the results of a turn's tools rest on, with no words."""
    results = [one for one in talk if one["role"] == "tool"]
    return Said(
        "",
        evidence=tuple(dict.fromkeys(name for one in results for name in one["evidence"])),
        articles=tuple(dict.fromkeys(name for one in results for name in one["articles"])),
        answers=next((one["answers"] for one in reversed(results) if one["answers"]), {}),
    )


def _situation(state: ConversationState, context: Context, lang: Language) -> str:
    approval = state.get("approval")
    waiting = fill(CHAT, "waits", lang, title=approval["title"]) if approval else fill(CHAT, "nothing_waits", lang)
    profile = context.profile(state).model_dump_json(exclude_none=True)
    return fill(CHAT, "state", lang, project=state.get("project") or "–", profile=profile, waiting=waiting)


def _append(messages: list[BaseMessage], role: str, text: str) -> None:
    """Add a message; two of one side become one, and the person begins: many chat templates insist on it."""
    kind = HumanMessage if role == "user" else AIMessage
    if isinstance(messages[-1], kind):
        messages[-1] = kind(joined(str(messages[-1].content), text))
    elif kind is HumanMessage or len(messages) > 1:
        messages.append(kind(text))


def _message(one: Mapping[str, Any]) -> BaseMessage:
    match one["role"]:
        case "tool":
            return ToolMessage(one["content"], tool_call_id=one["call"])
        case "user":
            return HumanMessage(one["content"])
        case _ if "tool" in one:
            return AIMessage(one["content"], tool_calls=[{"name": one["tool"], "args": one["args"], "id": one["call"]}])
        case _:
            return AIMessage(one["content"])


def _quotes(message: Mapping[str, Any]) -> bool:
    """Return whether a message of the thread quotes documents."""
    steps = (message.get("turn") or {}).get("steps") or ()
    return any(step["tool"] in _QUOTE_DOCUMENTS for step in steps)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
