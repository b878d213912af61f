"""Which documents teach and which only test, drawn before any pair is made (`evaluation.md`, validation set)."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from agent.errors import InputError, NotFoundError
from agent.records.base import Language
from agent.records.corpus import DocumentSplit
from knowledge.files import read_record, write_record
from tools.workspace import Project


class Splittable(Protocol):
    """What the split needs to know of a document; `Document` and `DocumentText` are such."""

    @property
    def name(self) -> str:
        """Name as the user knows it."""

    @property
    def language(self) -> Language | None:
        """Main language; `None` if it has no text."""


def in_scope(scope: Sequence[str], identifier: str, name: str) -> bool:
    """Return whether a document is named by one of the patterns; no pattern names all."""
    patterns = [pattern.lower() for pattern in scope]
    return not patterns or any(
        fnmatch.fnmatchcase(value.lower(), pattern) for pattern in patterns for value in (identifier, name)
    )


def split_documents(
    documents: Iterable[tuple[str, Splittable]],
    seed: int,
    held_out_share: float,
    *,
    scope: Sequence[str] = (),
    previous: DocumentSplit | None = None,
) -> DocumentSplit:
    """Assign documents to the training or the held-out side, stratified by language.

    Documents outside the scope can teach nothing, so they are held out first; if they do not make up the share, more
    are drawn from within. A document that has a side keeps it. At least one document trains, and of two or more
    at least one is held out unless the share is 0.

    Args:
        documents: Document id and record of every document with text.
        seed: Seed of the draw.
        held_out_share: Share of the documents to hold out, 0 to 1 (exclusive).
        scope: Patterns of the document names or ids pairs may come from; none means all.
        previous: The split of an earlier extraction.

    Returns:
        The split, ids sorted.

    Raises:
        InputError: The share is not in [0, 1).
        NotFoundError: The scope names no document.
    """
    if not 0 <= held_out_share < 1:
        raise InputError("the held-out share is 0 or more and below 1", where=str(held_out_share))
    known = sorted(documents, key=lambda entry: entry[0])
    inside = {key for key, document in known if in_scope(scope, key, document.name)}
    if known and not inside:
        raise NotFoundError(
            "no document matches", where=", ".join(scope), mend="`domainsmith status` lists the documents"
        )
    keys = {key for key, _ in known}
    train = keys & set(previous.train) if previous else set()
    held_out = keys & set(previous.held_out) if previous else set()
    fresh = [(key, document) for key, document in known if key not in train | held_out]
    held_out |= {key for key, _ in fresh if key not in inside}
    drawable = [(key, document) for key, document in fresh if key in inside]
    held_out |= _draw(drawable, seed, _missing(known, held_out, held_out_share, bool(train), len(drawable)))
    train |= {key for key, _ in drawable} - held_out
    return DocumentSplit(seed=seed, train=tuple(sorted(train)), held_out=tuple(sorted(held_out)))


def saved_split(project: Project) -> DocumentSplit | None:
    """Return the project's split, if one was made."""
    return read_record(project.split, DocumentSplit) if project.split.exists() else None


def save_split(project: Project, split: DocumentSplit) -> None:
    """Write the project's split."""
    write_record(project.split, split)


def _missing(
    known: Sequence[tuple[str, Splittable]], held_out: set[str], share: float, trained: bool, drawable: int
) -> int:
    """Return how many more documents to hold out."""
    if share == 0 or len(known) < 2:
        return 0
    wanted = max(1, round(share * len(known))) - len(held_out)
    return max(0, min(wanted, drawable - (0 if trained else 1)))


def _draw(documents: Sequence[tuple[str, Splittable]], seed: int, count: int) -> set[str]:
    """Draw `count` ids; every language gives in proportion, the largest remainder first."""
    groups: dict[str, list[str]] = {}
    for key, document in documents:
        groups.setdefault(document.language or "", []).append(key)
    for members in groups.values():
        # A document's place depends on the seed and on itself alone, so adding others does not reshuffle.
        members.sort(key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest())
    total = sum(map(len, groups.values()))
    quota = {name: count * len(members) / total for name, members in groups.items()}
    taken = {name: int(quota[name]) for name in groups}
    order = sorted(groups, key=lambda name: (taken[name] - quota[name], -len(groups[name]), name))
    for name in order[: count - sum(taken.values())]:
        taken[name] += 1
    return {key for name, members in groups.items() for key in members[: taken[name]]}
