"""The conversation as a graph: receive, understand, decide, confirm, act, observe, reply.

    graph = build_conversation(context, checkpointer)
    graph.invoke({"thread": id, "incoming": incoming}, config)

A turn ends with a reply. While a step waits for a yes the graph stands in `confirm`; a verdict lets it act, and any
other message is answered in between without the approval being lost.
"""

from __future__ import annotations

from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graph.context import Context
from graph.nodes.act import act
from graph.nodes.confirm import confirm
from graph.nodes.decide import decide
from graph.nodes.observe import observe
from graph.nodes.receive import receive
from graph.nodes.reply import reply
from graph.nodes.settle import settle
from graph.nodes.understand import understand
from graph.routes import after_deciding, after_observing, after_receiving, after_replying, after_understanding
from graph.state import ConversationState


class Node(Protocol):
    """A step of the graph."""

    def __call__(self, state: ConversationState) -> dict[str, Any]:
        """Return what the step changes of the state."""


class GivenNode(Protocol):
    """A step that needs the context."""

    def __call__(self, state: ConversationState, context: Context) -> dict[str, Any]:
        """Return what the step changes of the state."""


def build_conversation(
    context: Context, checkpointer: BaseCheckpointSaver[Any] | None
) -> CompiledStateGraph[ConversationState, Any, Any, Any]:
    """Return the compiled graph of conversations.

    Args:
        context: Dependencies of the nodes.
        checkpointer: Keeps the threads; `None` leaves it to each use.
    """

    def given(node: GivenNode) -> Node:
        def run(state: ConversationState) -> dict[str, Any]:
            return node(state, context)

        return run

    graph: StateGraph[ConversationState, Any, Any, Any] = StateGraph(ConversationState)
    graph.add_node("receive", given(receive))
    graph.add_node("understand", given(understand))
    graph.add_node("decide", given(decide))
    graph.add_node("settle", given(settle))
    graph.add_node("act", given(act))
    graph.add_node("observe", given(observe))
    graph.add_node("reply", given(reply))
    graph.add_node("confirm", confirm)
    graph.add_edge(START, "receive")
    graph.add_conditional_edges("receive", after_receiving, ["understand", "observe", "settle"])
    graph.add_conditional_edges("understand", after_understanding, ["decide", "settle", "reply"])
    graph.add_conditional_edges("decide", after_deciding, ["act", "reply"])
    graph.add_conditional_edges("settle", after_deciding, ["act", "reply"])
    graph.add_edge("act", "observe")
    graph.add_conditional_edges("observe", after_observing, ["act", "understand", "reply"])
    graph.add_conditional_edges("reply", after_replying, ["confirm", END])
    graph.add_edge("confirm", "receive")
    return graph.compile(checkpointer=checkpointer)
