"""The corpus on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import NotFoundError
from knowledge.ingest.run import ingest
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder


@pytest.fixture
def store(tmp_path: Path) -> CorpusStore:
    store = CorpusStore(tmp_path / "project")
    ingest([write_folder(tmp_path / "in")], store, HashEmbedder(), RecordingReporter())
    return store


def _id(store: CorpusStore, name: str) -> str:
    return next(document.id for document in store.documents() if document.name == name)


def test_chunks_are_true_to_their_texts(store: CorpusStore) -> None:
    texts = {text.document: text.text for text in store.texts()}
    assert len(texts) == 3
    assert all(texts[chunk.document][chunk.start : chunk.end] == chunk.text for chunk in store.chunks())


def test_removing_a_document_leaves_nothing_of_it(store: CorpusStore) -> None:
    files = lambda: [path for path in store.root.rglob("*") if path.is_file()]  # noqa: E731
    assert any(b"zanzibar" in path.read_bytes() for path in files())
    store.remove(_id(store, "notes.txt"))
    assert not any(b"zanzibar" in path.read_bytes() or "notes" in path.name for path in files())
    assert [document.name for document in store.documents()] == ["manual.md", "手册.md"]
    with Retriever.open(store, HashEmbedder()) as retriever:
        assert all("zanzibar" not in hit.chunk.text for hit in retriever.search("zanzibar", 50))
    assert not any(b"notes" in path.read_bytes() for path in files())


def test_what_is_not_there_is_named(store: CorpusStore) -> None:
    with pytest.raises(NotFoundError, match="nothing-here"):
        store.text("nothing-here")
    identifier = _id(store, "manual.md")
    (store.root / "texts" / f"{identifier}.json").unlink()
    with pytest.raises(NotFoundError, match="no text"):
        store.text(identifier)


def test_an_empty_store_holds_nothing(tmp_path: Path) -> None:
    store = CorpusStore(tmp_path)
    store.drop_index()
    assert (store.documents(), tuple(store.texts()), tuple(store.chunks())) == ((), (), ())


def test_copies_of_the_files_are_kept(store: CorpusStore) -> None:
    copy = store.root / "documents" / f"{_id(store, 'notes.txt')}.txt"
    assert b"zanzibar" in copy.read_bytes()
    assert store.text(_id(store, "notes.txt")).text.startswith("The canary")
