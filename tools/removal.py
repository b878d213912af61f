"""Taking a document out of a project: everything that holds its text, and which adapters have learnt from it.

    with project.owned("removal"):
        removed = remove_document(project, "notes-txt-1a2b3c4d")

Results go first and the list of documents last, so a removal that breaks off can be asked for again. `traces` counts
what rests on a document, for whoever decides. Conversations belong to the home and not to a project:
`graph.forgetting` looks through them for `tools.erasure.wordings`, and goes first.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Sequence
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
    is_about,
    learners,
    sweep,
    untrained,
    wordings,
)
from tools.extraction.fact import Fact
from tools.extraction.replies import ModelReply, ReplyLog
from tools.pair_copies import NOTHING, pairs_holding
from tools.sought import Sought, leave_out
from tools.votes import forget_document
from tools.workspace import Project

UPLOADS: Final = "uploads"
"""Folder of a project for files that came over the network; they are deleted with their document."""


_ID: Final = re.compile(rb'\s*\{"id":"([^"\\]*)"')
"""Beginning of a pair's line."""


@dataclass(frozen=True)
class Traces:
    """What of a project rests on one document."""

    pairs: int
    """Pairs made from it, and others that hold its words; they go with it."""
    reviewed: int
    """Those of them that a person has looked at."""
    items: int
    """Sealed questions about it or with a passage of it; they go with it."""
    mixes: int
    """Mixes that hold it and were not trained; they go with it."""
    learners: tuple[str, ...]
    """Runs whose adapter was trained on it; what they learnt stays in their weights. Of one that is not done there are
    checkpoints only, which go with it."""
    twins: tuple[str, ...] = ()
    """Names of other files with the same text; they stay."""


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
    twins: tuple[str, ...] = ()
    """Names of other files with the same text; they stay."""


def traces(project: Project, document_id: str, words: Sequence[str] | None = None) -> Traces:
    """Count what rests on a document, for the question whether to remove it, by the rules that remove it.

    Args:
        project: The project.
        document_id: The document.
        words: Its own wordings (`tools.erasure.wordings`) if the caller has them already.
    """
    store = CorpusStore(project.root)
    sought = Sought(wordings(store, document_id) if words is None else words)
    going = pairs_holding(project, document_id, sought)
    return Traces(
        pairs=len(going),
        reviewed=sum(pair.reviewed for pair in going),
        items=sum(is_about(item, document_id, sought) for item in read_records(project.validation, Item)),
        mixes=len(untrained(project, document_id)),
        learners=learners(project, document_id),
        twins=twins(store, document_id),
    )


def twins(store: CorpusStore, document_id: str) -> tuple[str, ...]:
    """Return the names of other files that hold the same text, those that were left unread for it among them."""
    documents = store.documents()
    mine = next((one for one in documents if one.id == document_id), None)
    if mine is None or not store.has_text(document_id):
        return ()
    text = store.stored_text(document_id).text
    names = [
        one.name
        for one in documents
        if one.id != document_id
        and (
            one.reason == f"same content as {mine.name}"
            or (one.characters == mine.characters and store.has_text(one.id) and store.stored_text(one.id).text == text)
        )
    ]
    return tuple(dict.fromkeys(names))


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
    same = twins(store, document_id)
    own = {pair.id for pair in pairs_holding(project, document_id, sought)}
    mixes = erase_mixes(project, document_id, own, sought, lang)
    asked = {item.id: item.question for item in read_records(project.validation, Item)}
    items = erase_items(project, document_id, sought, lang)
    erase_evaluations(project, document_id, items)
    questions = {asked[item] for item in items if len(asked[item]) >= SHORTEST}
    sweep(project, Sought(sorted({*sought.words, *questions}, key=lambda word: (-len(word), word))))
    drop_leftovers(project)
    gone = _without_pairs(project, own)
    facts, replies = project.root / "facts.jsonl", project.root / "extraction.jsonl"
    leave_out(facts, Fact, NOTHING.lines(facts, _named(document_id)), lambda fact: fact.document == document_id)
    ReplyLog(replies)  # Drops a last line that a kill cut short.
    asked_of = f'"{document_id}:'.encode()
    leave_out(replies, ModelReply, NOTHING.lines(replies, asked_of), lambda one: _document_of(one.chunk) == document_id)
    forget_document(project, document_id)
    _drop_upload(project, document)
    store.remove(document_id)
    return Removal(gone, len(items), mixes, taught, document.name, same)


def _without_pairs(project: Project, ids: Collection[str]) -> int:
    """Delete some pairs; returns how many."""
    numbers: set[int] = set()
    if ids and project.pairs.exists():
        known = {identifier.encode() for identifier in ids}
        with project.pairs.open("rb") as file:
            numbers = {n for n, line in enumerate(file) if (head := _ID.match(line)) is None or head[1] in known}
    return leave_out(project.pairs, Pair, numbers, lambda pair: pair.id in ids)


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
