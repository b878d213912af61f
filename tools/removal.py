"""Taking a document out of a project: everything that holds its text, and which adapters have learnt from it.

    with project.owned("removal"):
        removed = remove_document(project, "notes-txt-1a2b3c4d")

Results go first and the list of documents last, so a removal that breaks off can be asked for again. `traces` counts
what rests on a document, for whoever decides. Conversations belong to the home and not to a project:
`graph.forgetting` looks through them for `tools.erasure.wordings`, and goes first.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from agent.records.base import Record
from agent.records.corpus import Chunk, Document
from agent.records.evaluation import Item
from knowledge.files import read_records, write_records
from knowledge.store import CorpusStore
from tools.erasure import (
    SHORTEST,
    drop_leftovers,
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
from tools.pairs import load_pairs, save_pairs
from tools.votes import forget_document
from tools.workspace import Project

UPLOADS: Final = "uploads"
"""Folder of a project for files that came over the network; they are deleted with their document."""

R = TypeVar("R", bound=Record)


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
    """Runs whose adapter was trained on it; what they learnt stays in their weights."""


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
    own = [pair for pair in load_pairs(project) if pair.document == document_id]
    return Traces(
        pairs=len(own),
        reviewed=sum(pair.reviewed for pair in own),
        items=sum(item.document == document_id for item in read_records(project.validation, Item)),
        mixes=len(untrained(project, document_id)),
        learners=learners(project, document_id),
    )


def remove_document(project: Project, document_id: str) -> Removal:
    """Delete a document: list, copy, text, chunks, index, upload, facts, pairs, sealed items and what quotes it.

    Raises:
        NotFoundError: There is none of that id.
    """
    store = CorpusStore(project.root)
    document = store.document(document_id)
    words = wordings(store, document_id)
    taught = learners(project, document_id)
    own = {pair.id for pair in load_pairs(project) if pair.document == document_id}
    mixes = erase_mixes(project, document_id, own, words)
    asked = {item.id: item.question for item in read_records(project.validation, Item)}
    items = erase_items(project, document_id, words)
    erase_evaluations(project, document_id, items)
    sweep(project, [*words, *(asked[item] for item in sorted(items) if len(asked[item]) >= SHORTEST)])
    drop_leftovers(project)
    gone = _without_pairs(project, document_id, words)
    _without(project.root / "facts.jsonl", Fact, lambda fact: fact.document == document_id)
    ReplyLog(project.root / "extraction.jsonl")  # Drops a last line that a kill cut short.
    _without(project.root / "extraction.jsonl", ModelReply, lambda reply: _document_of(reply.chunk) == document_id)
    forget_document(project, document_id)
    _drop_upload(project, document)
    store.remove(document_id)
    return Removal(gone, len(items), mixes, taught, document.name)


def _without_pairs(project: Project, document_id: str, shown: Collection[str]) -> int:
    """Delete the pairs of a document and those that show a piece of it beside their own passage; returns how many."""
    pairs = load_pairs(project)
    kept = [
        pair
        for pair in pairs
        if pair.document != document_id
        and not (pair.kind in ("reading", "unanswerable") and any(piece in pair.question for piece in shown))
    ]
    if len(kept) != len(pairs):
        save_pairs(project, kept)
    return len(pairs) - len(kept)


def chunks_of(project: Project, document_id: str) -> list[Chunk]:
    """Return the chunks of one document; the lines of the others are not parsed."""
    if not project.chunks.exists():
        return []
    head = f'{{"id":"{document_id}:'.encode()
    with project.chunks.open("rb") as file:
        return [Chunk.model_validate_json(line) for line in file if line.startswith(head)]


def _document_of(chunk: str) -> str:
    return chunk.rpartition(":")[0]


def _without(path: Path, kind: type[R], of_the_document: Callable[[R], bool]) -> None:
    records = list(read_records(path, kind))
    kept = [record for record in records if not of_the_document(record)]
    if len(kept) != len(records):
        write_records(path, kept)


def _drop_upload(project: Project, document: Document) -> None:
    """Delete the uploaded file, whole: its other parts have copies of their own, and the removed one is in it."""
    uploads = (project.root / UPLOADS).resolve()
    origin = Path(document.origin.partition("#")[0])
    if document.origin and uploads in origin.parents:
        folder = next(parent for parent in (origin, *origin.parents) if parent.parent == uploads)
        shutil.rmtree(folder) if folder.is_dir() else folder.unlink(missing_ok=True)
