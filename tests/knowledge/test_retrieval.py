"""Searching a corpus in two languages, and what each sign of a candidate counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import EmptyError
from knowledge.index import VectorIndex
from knowledge.ingest.run import ingest
from knowledge.retrieval import Retriever, Weights
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import chunks, write_folder


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


NOTHING = Weights(words=0, vector=0, sentence=0, coverage=0, adjacency=0)
PUMPS = """# Pumps

## Flow

The flow rate of the Heron is 46 litres. The pump is blue. It has been blue for many years and stays so in every light.

## Rate

The rate is a price. Every flow is billed. The bill of a pump comes each month, and the month is on the bill.

## Motor

Motors run hot in the summer, and a hot motor hums. Nobody minds a motor that hums as long as the motor is dry.
"""


@pytest.mark.parametrize(
    ("weights", "question", "first"),
    [
        (Weights(words=1, vector=0, sentence=0, coverage=0, adjacency=0), "motor motor", "Motors run hot"),
        (Weights(words=0, vector=1, sentence=0, coverage=0, adjacency=0), "hot motor hums", "Motors run hot"),
        (Weights(words=0, vector=0, sentence=1, coverage=0, adjacency=0), "pump is blue", "The flow rate"),
        (Weights(words=0, vector=0, sentence=0, coverage=1, adjacency=0), "bill month price", "The rate is"),
        (Weights(words=0, vector=0, sentence=0, coverage=0, adjacency=1), "flow rate", "The flow rate"),
    ],
)
def test_every_sign_alone_can_decide(tmp_path: Path, weights: Weights, question: str, first: str) -> None:
    parts, embedder = chunks(PUMPS), HashEmbedder()
    index = VectorIndex(tmp_path, embedder)
    index.sync(parts)
    with Retriever(parts, index, embedder, weights) as retriever:
        best, second, *_ = retriever.search(question, 5)
    assert best.chunk.text.startswith(first)
    assert best.score > second.score


def test_without_any_sign_all_candidates_are_equal(tmp_path: Path) -> None:
    parts, embedder = chunks(PUMPS), HashEmbedder()
    index = VectorIndex(tmp_path, embedder)
    index.sync(parts)
    with Retriever(parts, index, embedder, NOTHING) as retriever:
        assert {hit.score for hit in retriever.search("flow rate", 5)} == {0.0}
