"""Turns that were broken off: by a process that died, they are finished; by an error, they end with a reply."""

from __future__ import annotations

import re
from typing import Any, Final

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.errors import DomainsmithError
from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from graph.context import Context, language
from graph.nodes.reply import reply
from graph.replies.plain import said_json
from graph.replies.said import Said
from graph.state import ConversationState

Graph = CompiledStateGraph[ConversationState, Any, Any, Any]
_FOLDERS: Final = re.compile(r"(?<![A-Za-z0-9_.:/~-])/(?:[^\s/'\"]+/)+(?=[^\s/'\"])")
"""The folders before a file's name: whoever converses need not know where the server keeps its files."""


def finish(graph: Graph, config: Any, context: Context) -> bool:
    """Go on with a turn that was broken off; true if there was one. Nothing is started twice."""
    if not _broken_off(graph, config):
        return False
    try:
        graph.invoke(None, config, durability="sync")
    except Exception as error:
        give_up(graph, config, context, error)
    return True


def _broken_off(graph: Graph, config: Any) -> bool:
    """Return whether a turn stands in the middle: a step is to come, or one is done and its checkpoint is missing."""
    snapshot = graph.get_state(config)
    if snapshot.interrupts:
        return False
    if snapshot.next:
        return True
    assert isinstance(graph.checkpointer, BaseCheckpointSaver)
    saved = graph.checkpointer.get_tuple(config)
    return saved is not None and bool(saved.pending_writes)


def give_up(graph: Graph, config: Any, context: Context, error: Exception) -> None:
    """End a turn that cannot be finished with a reply that says why; left open, it would fail before every other.

    A job whose end cannot be reported is waited for no longer: it would fail to be reported again and again.
    """
    values = ConversationState(**graph.get_state(config).values)  # type: ignore[typeddict-item]
    why = str(error) if isinstance(error, DomainsmithError) else f"{type(error).__name__}: {error}"
    why = " ".join(_FOLDERS.sub("", why).split())[:300]
    lang, waiting = language(values), values.get("waiting")
    incoming = values.get("incoming") or {}
    update: dict[str, Any] = {"outcome": None, "step": None, "following": []}
    if waiting and incoming.get("kind") == "job" and incoming.get("job") == waiting["job"]:
        title = waiting.get("title") or waiting["tool"]
        text = fill(TALK, "unreported", lang, title=title, job=waiting["job"], error=why)
        said = Said(text, evidence=(waiting["job"],))
        values["waiting"] = update["waiting"] = None
    else:
        said = Said(fill(TALK, "error", lang, error=why))
    values["outcome"] = said_json(said)
    update = {**reply(values, context), **update}
    graph.update_state(config, update, as_node="reply")
    if graph.get_state(config).next:
        graph.invoke(None, config, durability="sync")  # an approval goes on waiting
