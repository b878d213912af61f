"""Conversations that quote a document that is to be removed: found by its own wordings or its name, deleted whole.

They go before the document, whose text says what to look for: a removal that breaks off can be asked for again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from graph.assistant import Assistant
from tools.sought import Sought


def quoting(assistant: Assistant, projects: Collection[str], name: str, wordings: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the conversations that name a document or quote it.

    Args:
        assistant: The home's.
        projects: Names of the document's project. Conversations of no project are looked at for quotes alone, since
            the same name may mean another file there.
        name: The document's name.
        wordings: What only the document says (`tools.erasure.wordings`).
    """
    # Only ASCII is a boundary: Chinese stands beside a name without a blank.
    named = re.compile(rf"(?<![A-Za-z0-9_.\-]){re.escape(name)}(?![A-Za-z0-9_\-])")
    sought = Sought(wordings)
    found = []
    for thread in assistant.threads():
        if thread.project and thread.project not in projects:
            continue
        said = "\n".join(
            text for message in assistant.history(thread.id) for text in _texts(message.model_dump(mode="json"))
        )
        if (thread.project and named.search(said)) or sought.stands_in(said):
            found.append(thread.id)
    return tuple(found)


def forget(assistant: Assistant, projects: Collection[str], name: str, wordings: Sequence[str]) -> int:
    """Delete the conversations that `quoting` finds; returns how many."""
    found = quoting(assistant, projects, name, wordings)
    for thread in found:
        assistant.delete(thread)
    return len(found)


def _texts(value: Any) -> Iterator[str]:
    """Yield every string in a structure of plain values."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            for one in value.values():
                yield from _texts(one)
