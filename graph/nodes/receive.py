"""The start of a turn: what came in is kept, and nothing of the turn before is left in the way."""

from __future__ import annotations

from typing import Any

from agent.records.conversation import ChatMessage
from graph.context import Context
from graph.state import ConversationState


def receive(state: ConversationState, context: Context) -> dict[str, Any]:
    """Take in a message, a proposal or the end of a job."""
    incoming = state["incoming"]
    update: dict[str, Any] = {
        "steps": [],
        "talk": [],
        "rounds": 0,
        "tainted": False,
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
    if incoming["kind"] == "message":
        said = ChatMessage(role="user", text=incoming["text"], at=incoming.get("at") or context.clock())
        update["messages"] = [said.model_dump(mode="json")]
    return update
