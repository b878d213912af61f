"""The one node that waits for a person. It has no effect before it waits, so waiting may be repeated at will."""

from __future__ import annotations

from typing import Any

from langgraph.types import interrupt

from graph.state import ConversationState, Incoming


def confirm(state: ConversationState) -> dict[str, Any]:
    """Wait for a verdict on the open approval; anything else that comes in meanwhile is a turn of its own."""
    incoming: Incoming = interrupt(state["approval"])
    return {"incoming": incoming}
