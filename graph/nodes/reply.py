"""The end of a turn: what was found becomes one reply, with its evidence, its options and the open approval."""

from __future__ import annotations

from typing import Any

from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.records.conversation import Approval, ChatMessage, ToolStep, Turn
from graph.chat_talk import rests_on
from graph.context import Context, language
from graph.replies.plain import said_of
from graph.replies.said import joined
from graph.state import ConversationState


def reply(state: ConversationState, context: Context) -> dict[str, Any]:
    """Compose the turn and keep it as a message of the thread."""
    lang = language(state)
    said = said_of(state["outcome"] or {})
    found = rests_on(state.get("talk") or ())
    understood = state.get("understanding") or {}
    given = state.get("approval")
    approval = Approval.model_validate(given) if given else None
    text = joined(state.get("opening") or "", said.text)
    new = approval is not None and said.question is not None and approval.summary in text
    if approval is not None and not new:
        text = joined(text, fill(TALK, "still_waiting", lang, summary=approval.title))
    waiting = state.get("waiting") or {}
    turn = Turn(
        thread=state["thread"],
        action=understood.get("action", "status"),
        reply=text,
        question=said.question,
        options=said.options,
        approval=approval,
        evidence=tuple(dict.fromkeys((*(state.get("opening_evidence") or ()), *found.evidence, *said.evidence))),
        articles=tuple(dict.fromkeys((*found.articles, *said.articles))),
        steps=tuple(ToolStep.model_validate(step) for step in state.get("steps") or ()),
        project=state.get("project"),
        job=waiting.get("job"),
        answers=said.answers or found.answers,
        data=state.get("data") or {},
        fault=state.get("fault"),
    )
    message = ChatMessage(role="assistant", text=turn.reply, at=context.clock(), turn=turn)
    update: dict[str, Any] = {
        "turn": turn.model_dump(mode="json"),
        "messages": [message.model_dump(mode="json")],
        "opening": "",
        "opening_evidence": [],
    }
    # What was asked before has been answered or passed over: a later yes is about this reply.
    update["expecting"] = said.expecting
    if context.chat is not None and state.get("tainted"):
        # What the model has read it may have repeated, and it will read its own words again.
        update["quoted_at"] = len(state.get("messages") or ())
    return update
