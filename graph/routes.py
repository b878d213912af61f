"""Where a turn goes next: pure functions of the state."""

from __future__ import annotations

from typing import Literal

from langgraph.graph import END

from graph.state import ConversationState

MOST_ROUNDS = 6
"""Tool calls a chat model may make in one turn."""


def after_receiving(state: ConversationState) -> Literal["understand", "observe", "settle"]:
    """Return where what came in goes: a job's end needs no understanding, a verdict is settled."""
    match state["incoming"]["kind"]:
        case "job":
            return "observe"
        case "verdict":
            return "settle"
        case _:
            return "understand"


def after_understanding(state: ConversationState) -> Literal["decide", "settle", "reply"]:
    """Return where an understood message goes: a bare yes or no settles the open approval."""
    if state["incoming"]["kind"] == "verdict":
        return "settle"
    return "reply" if state.get("outcome") is not None else "decide"


def after_deciding(state: ConversationState) -> Literal["act", "reply"]:
    """Return whether there is something to do now."""
    return "act" if state.get("step") is not None else "reply"


def after_observing(state: ConversationState) -> Literal["act", "understand", "reply"]:
    """Return whether a step follows, the chat model looks again, or the turn is over."""
    if state.get("step") is not None:
        return "act"
    if state.get("talk") and state.get("rounds", 0) < MOST_ROUNDS:
        return "understand"
    return "reply"


def after_replying(state: ConversationState) -> str:
    """Return whether a person has to be waited for."""
    return "confirm" if state.get("approval") is not None else END
