"""Conversations that quote a removed document: found by its own wordings or its name, and deleted whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graph.assistant import Assistant


def quoting(assistant: Assistant, projects: Collection[str], name: str, wordings: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the conversations of a project that name a document or quote it.

    Args:
        assistant: The home's.
        projects: The project's names; conversations of no project are looked at too.
        name: The document's name.
        wordings: What only the document says.
    """
    found = []
    for thread in assistant.threads():
        if thread.project and thread.project not in projects:
            continue
        said = "\n".join(message.model_dump_json() for message in assistant.history(thread.id))
        if name in said or any(words in said for words in wordings):
            found.append(thread.id)
    return tuple(found)


def forget(assistant: Assistant, projects: Collection[str], name: str, wordings: Sequence[str]) -> int:
    """Delete the conversations that `quoting` finds; returns how many."""
    found = quoting(assistant, projects, name, wordings)
    for thread in found:
        assistant.delete(thread)
    return len(found)
