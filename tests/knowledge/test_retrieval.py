"""Fusion, and searching a corpus in two languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import EmptyError
from knowledge.ingest.run import ingest
from knowledge.retrieval import FUSION_K, Retriever, fuse
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder


@pytest.mark.parametrize(
    ("dense", "lexical", "expected"),
    [
        (["a", "b"], ["b", "c"], ["b", "a", "c"]),
        (["a"], [], ["a"]),
        ([], ["x", "y"], ["x", "y"]),
        ([], [], []),
        (["a", "b"], ["b", "a"], ["a", "b"]),
    ],
)
def test_fusion_prefers_what_both_rank_high(dense: list[str], lexical: list[str], expected: list[str]) -> None:
    assert [identifier for identifier, _ in fuse(dense, lexical)] == expected


def test_fusion_scores_are_those_of_the_paper() -> None:
    assert dict(fuse(["a"], ["b", "a"]))["a"] == pytest.approx(1 / (FUSION_K + 1) + 1 / (FUSION_K + 2))


@pytest.fixture
def store(tmp_path: Path) -> CorpusStore:
    store = CorpusStore(tmp_path / "project")
    ingest([write_folder(tmp_path / "in")], store, HashEmbedder(), RecordingReporter())
    return store


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does error E17 mean?", "blocked suction filter"),
        ("How long is the cable of a Heron pump?", "3.1 metres"),
        ("药箱多久清洗一次？", "每45天清洗一次"),
        ("砚鹤Y6的重量", "342千克"),
        ("canary word", "zanzibar"),
    ],
)
def test_search_finds_the_passage(store: CorpusStore, question: str, expected: str) -> None:
    with Retriever.open(store, HashEmbedder()) as retriever:
        found = retriever.search(question, 5)
    best = next(hit for hit in found if expected in hit.chunk.text)
    assert best.lexical_rank == 1
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_looking_up_compares_the_pieces_of_each_chunk(store: CorpusStore) -> None:
    with Retriever.open(store, HashEmbedder()) as retriever:
        found = retriever.look_up("What does error E17 mean?", 3)
        plain = retriever.search("What does error E17 mean?", 3)
    assert [hit.chunk.id for hit in found] == [hit.chunk.id for hit in plain]
    hit = next(hit for hit in found if "E17" in hit.chunk.text)
    near = {hit.chunk.text[start:end]: value for start, end, value in hit.pieces}
    assert near["- **Error E17**: blocked suction filter"] > near["- **Error E23**: motor overheating"]


def test_results_say_where_they_come_from(store: CorpusStore) -> None:
    with Retriever.open(store, HashEmbedder()) as retriever:
        found = retriever.search("zzzz qqqq", 2)
    assert len(found) == 2
    assert all(hit.lexical_rank is None and hit.dense_rank for hit in found)


def test_a_project_without_documents_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmptyError, match="ingest"):
        Retriever.open(CorpusStore(tmp_path), HashEmbedder())


def test_a_lost_index_is_rebuilt_on_opening(store: CorpusStore) -> None:
    store.drop_index()
    with Retriever.open(store, HashEmbedder()) as retriever:
        assert "zanzibar" in retriever.search("zanzibar", 1)[0].chunk.text
