"""How probable it is that what a search found answers the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.records.corpus import Chunk
from agent.settings import Settings
from knowledge.embedding import Embedder, load_embedder
from knowledge.evidence import Signs, probability
from knowledge.ingest.run import ingest
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder

share = st.floats(0, 1)
signs = st.builds(
    Signs,
    coverage=share,
    nearest=st.floats(-1, 1),
    score=st.floats(0, 4.5),
    unknown=share,
    lead=share,
    chunks=st.integers(1, 10**6),
)


@given(signs, st.sampled_from(["coverage", "nearest", "score", "lead"]), st.floats(0, 0.5))
def test_a_better_sign_never_makes_an_answer_less_likely(given_: Signs, name: str, more: float) -> None:
    assert 0 <= probability(given_) <= probability(replace(given_, **{name: getattr(given_, name) + more})) <= 1


@given(signs, st.floats(0, 0.5), st.integers(0, 1000))
def test_strange_words_and_a_larger_corpus_never_make_it_likelier(given_: Signs, more: float, chunks: int) -> None:
    harder = replace(given_, unknown=given_.unknown + more, chunks=given_.chunks + chunks)
    assert probability(harder) <= probability(given_)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> CorpusStore:
    folder = tmp_path_factory.mktemp("corpus")
    store = CorpusStore(folder / "project")
    ingest([write_folder(folder / "in")], store, embedder, RecordingReporter())
    return store


@pytest.mark.parametrize(
    ("question", "answered"),
    [
        ("What does error E17 mean?", True),
        ("How long is the cable of a Heron pump?", True),
        ("药箱多久清洗一次？", True),
        ("砚鹤Y6的整机重量是多少？", True),
        ("Who won the football championship in Brazil?", False),
        ("When was the treaty of Westphalia signed?", False),
        ("唐代诗人李白出生在哪里？", False),
        ("地球到月亮有多远？", False),
    ],
)
def test_a_question_about_another_subject_has_no_evidence(
    store: CorpusStore, embedder: Embedder, question: str, answered: bool
) -> None:
    with Retriever.open(store, embedder) as retriever:
        found = retriever.search(question, 5)
    (evidence,) = {hit.evidence for hit in found}
    assert evidence is not None
    assert (evidence >= 0.5) is answered


class Backwards:
    def scores(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        return [float(number) for number in range(len(chunks))]


def test_evidence_is_of_the_search_and_not_of_what_is_returned(store: CorpusStore, embedder: Embedder) -> None:
    question = "How long is the cable of a Heron pump?"
    with Retriever.open(store, embedder) as retriever:
        usual = {hit.evidence for k in (1, 5, 20) for hit in retriever.search(question, k)}
    with Retriever.open(store, embedder, reranker=Backwards()) as turned:
        assert {hit.evidence for hit in turned.search(question, 3)} == usual
    assert len(usual) == 1


def test_nothing_is_claimed_of_similarities_that_were_never_seen(tmp_path: Path) -> None:
    store = CorpusStore(tmp_path / "project")
    ingest([write_folder(tmp_path / "in")], store, HashEmbedder(), RecordingReporter())
    with Retriever.open(store, HashEmbedder()) as retriever:
        assert {hit.evidence for hit in retriever.search("What does error E17 mean?")} == {None}
