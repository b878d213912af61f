"""Taking a document out of a project: everything that holds its text, and which adapters have learnt from it.

    with project.owned("removal"):
        removed = remove_document(project, "notes-txt-1a2b3c4d")

Results go first and the list of documents last, so a removal that breaks off can be asked for again. `traces` counts
what rests on a document, for whoever decides. Conversations belong to the home and not to a project:
`graph.forgetting` looks through them for `tools.erasure.wordings`, and goes first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.records.base import Language
from agent.records.corpus import Chunk, Document
from agent.records.evaluation import Item
from agent.records.pairs import Pair
from knowledge.files import read_records
from knowledge.store import CorpusStore
from tools.erasure import (
    SHORTEST,
    drop_leftovers,
    erase_checkpoints,
    erase_evaluations,
    erase_items,
    erase_mixes,
    learners,
    sweep,
    untrained,
    wordings,
)
from tools.extraction.fact import Fact
from tools.extraction.replies import ModelReply, ReplyLog
from tools.sought import Sought, leave_out, records_on
from tools.votes import forget_document
from tools.workspace import Project

UPLOADS: Final = "uploads"
"""Folder of a project for files that came over the network; they are deleted with their document."""

NOTHING: Final = Sought(())
"""For lines that are told by another sign alone."""


@dataclass(frozen=True)
class Traces:
    """What of a project rests on one document."""

    pairs: int
    """Pairs made from it; they go with it."""
    reviewed: int
    """Those of them that a person has looked at."""
    items: int
    """Sealed questions about it; they go with it."""
    mixes: int
    """Mixes that hold it and were not trained; they go with it."""
    learners: tuple[str, ...]
    """Runs whose adapter was trained on it; what they learnt stays in their weights. Of one that is not done there are
    checkpoints only, which go with it."""


@dataclass(frozen=True)
class Removal:
    """What a removal did."""

    pairs: int
    """Pairs that went."""
    items: int
    """Sealed questions that went."""
    mixes: tuple[str, ...]
    """Mixes that were deleted; trained ones lost its examples only."""
    learners: tuple[str, ...]
    """Runs whose adapter was trained on the document."""
    name: str
    """The document's name."""


def traces(project: Project, document_id: str) -> Traces:
    """Count what rests on a document, for the question whether to remove it."""
    own = list(_pairs_of(project, document_id))
    return Traces(
        pairs=len(own),
        reviewed=sum(pair.reviewed for pair in own),
        items=sum(item.document == document_id for item in read_records(project.validation, Item)),
        mixes=len(untrained(project, document_id)),
        learners=learners(project, document_id),
    )


def remove_document(
    project: Project, document_id: str, words: Sequence[str] | None = None, *, lang: Language = "en"
) -> Removal:
    """Delete a document: list, copy, text, chunks, index, upload, facts, pairs, sealed items and what quotes it.

    Args:
        project: The project, owned by the caller.
        document_id: The document.
        words: Its own wordings (`tools.erasure.wordings`) if the caller has them already.
        lang: Language of the notes in what stays.

    Raises:
        NotFoundError: There is none of that id.
    """
    store = CorpusStore(project.root)
    document = store.document(document_id)
    sought = Sought(wordings(store, document_id) if words is None else words)
    erase_checkpoints(project, document_id)
    taught = learners(project, document_id)
    own = {pair.id for pair in _pairs_of(project, document_id)}
    mixes = erase_mixes(project, document_id, own, sought, lang)
    asked = {item.id: item.question for item in read_records(project.validation, Item)}
    items = erase_items(project, document_id, sought, lang)
    erase_evaluations(project, document_id, items)
    questions = {asked[item] for item in items if len(asked[item]) >= SHORTEST}
    sweep(project, Sought(sorted({*sought.words, *questions}, key=lambda word: (-len(word), word))))
    drop_leftovers(project)
    gone = _without_pairs(project, document_id, sought)
    facts, replies = project.root / "facts.jsonl", project.root / "extraction.jsonl"
    leave_out(facts, Fact, NOTHING.lines(facts, _named(document_id)), lambda fact: fact.document == document_id)
    ReplyLog(replies)  # Drops a last line that a kill cut short.
    asked_of = f'"{document_id}:'.encode()
    leave_out(replies, ModelReply, NOTHING.lines(replies, asked_of), lambda one: _document_of(one.chunk) == document_id)
    forget_document(project, document_id)
    _drop_upload(project, document)
    store.remove(document_id)
    return Removal(gone, len(items), mixes, taught, document.name)


def _pairs_of(project: Project, document_id: str) -> Iterator[Pair]:
    """Yield the pairs of a document; of the others only those are parsed that name it."""
    numbers = NOTHING.lines(project.pairs, _named(document_id))
    return (pair for pair in records_on(project.pairs, Pair, numbers) if pair.document == document_id)


def _without_pairs(project: Project, document_id: str, words: Sought) -> int:
    """Delete the pairs of a document and those that show a piece of it beside their own passage; returns how many."""

    def goes(pair: Pair) -> bool:
        if pair.document == document_id:
            return True
        return pair.kind in ("reading", "unanswerable") and words.stands_in(pair.question)

    return leave_out(project.pairs, Pair, words.lines(project.pairs, _named(document_id)), goes)


def _named(document_id: str) -> bytes:
    """Return how the id of a document stands in a line that names it."""
    return f'"{document_id}"'.encode()


def chunks_of(project: Project, document_id: str) -> list[Chunk]:
    """Return the chunks of one document."""
    return CorpusStore(project.root).chunks_of(document_id)


def _document_of(chunk: str) -> str:
    return chunk.rpartition(":")[0]


def _drop_upload(project: Project, document: Document) -> None:
    """Delete the uploaded file, whole: its other parts have copies of their own, and the removed one is in it."""
    uploads = (project.root / UPLOADS).resolve()
    origin = Path(document.origin.partition("#")[0])
    if document.origin and uploads in origin.parents:
        folder = next(parent for parent in (origin, *origin.parents) if parent.parent == uploads)
        shutil.rmtree(folder) if folder.is_dir() else folder.unlink(missing_ok=True)
