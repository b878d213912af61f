"""Removing a document leaves nothing of it in what the project still works with."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import NotFoundError
from agent.records.corpus import Chunk
from agent.records.pairs import Message, Pair
from knowledge.files import read_records, write_records
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder
from tools.extraction.fact import Fact
from tools.extraction.model import ModelReply
from tools.extraction.run import facts_file
from tools.pairs import load_pairs, save_pairs
from tools.removal import UPLOADS, chunks_of, remove_document, traces
from tools.workspace import Project, Workspace

CANARY = b"zanzibar"


def pair(identifier: str, document: str, question: str = "Where?", **fields: object) -> Pair:
    given = {
        "id": identifier,
        "messages": (Message(role="user", content=question), Message(role="assistant", content="there")),
        "document": document,
        "page": None,
        "start": 0,
        "end": 3,
        "quote": "The",
        "kind": "factual",
        "language": "en",
        "split": "train",
        "checks": {},
        "status": "accepted",
        "reason": "",
    }
    return Pair.model_validate({**given, **fields})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Workspace(tmp_path / "home").create("x")
    uploads = write_folder(project.root / UPLOADS / "ab12")
    ingest([uploads], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    return project


def of(project: Project, name: str) -> str:
    return next(document.id for document in CorpusStore(project.root).documents() if document.name == name)


def holding(project: Project, text: bytes) -> list[str]:
    return [path.name for path in project.root.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_nothing_of_a_removed_document_is_left(project: Project) -> None:
    notes, manual = of(project, "notes.txt"), of(project, "manual.md")
    shown = chunks_of(project, notes)[0].text
    save_pairs(
        project,
        [
            pair("p1", notes, "What of zanzibar?", reviewed=True),
            pair("p2", manual),
            pair("p3", manual, f"{shown}\n\nWhere?", kind="reading"),
            pair("p4", manual, "The manual says so. Where?", kind="reading"),
        ],
    )
    fact = Fact(
        id="f",
        document=notes,
        form="question",
        entity="",
        attribute="zanzibar?",
        answer="a",
        start=0,
        end=1,
        quote="a",
        kind="factual",
        source="model",
        language="en",
    )
    write_records(facts_file(project), [fact, fact.model_copy(update={"document": manual, "attribute": "w?"})])
    replies = [ModelReply(key="k", chunk=f"{d}:0-9", text=t) for d, t in ((notes, "zanzibar"), (manual, "other"))]
    write_records(project.root / "extraction.jsonl", replies)
    counted = traces(project, notes)
    assert (counted.pairs, counted.reviewed, counted.items, counted.mixes, counted.models) == (1, 1, 0, 0, 0)
    assert len(holding(project, CANARY)) > 5
    assert remove_document(project, notes) == 2
    assert holding(project, CANARY) == []
    assert [one.id for one in load_pairs(project)] == ["p2", "p4"]
    assert [one.document for one in read_records(facts_file(project), Fact)] == [manual]
    assert chunks_of(project, notes) == []


def test_what_is_not_there_is_named_and_nothing_changes(project: Project) -> None:
    before = project.chunks.read_bytes()
    with pytest.raises(NotFoundError):
        remove_document(project, "../../etc")
    assert project.chunks.read_bytes() == before


def test_a_file_outside_the_uploads_stays(tmp_path: Path) -> None:
    project = Workspace(tmp_path / "home").create("x")
    folder = write_folder(tmp_path / "in")
    ingest([folder], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    remove_document(project, of(project, "notes.txt"))
    assert (folder / "notes.txt").exists()


def test_the_chunks_of_one_document_are_those_of_the_store(project: Project) -> None:
    everything: list[Chunk] = list(CorpusStore(project.root).chunks())
    for document in CorpusStore(project.root).documents():
        assert chunks_of(project, document.id) == [one for one in everything if one.document == document.id]
    assert chunks_of(Project(project.root / "none", project.info), "x") == []
