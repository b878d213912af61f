"""Find the chunks a question is about: vectors and words find candidates, five signs of each weigh them.

Chroma (whole chunks) and BM25, which also knows the corpus's other names for a thing, give the candidates. Each is then
weighed by its BM25 score, the nearness of its vector, the nearness of its nearest sentence, the share of the question's
words it holds and how many of them stand side by side as in the question. Every sign is scaled to the question's own
best candidate, so that no scale matters; the weights were fitted once on two sets of real questions in English and
Chinese (BENCHMARKS.md). What the signs say of the search as a whole becomes its `evidence`.

    with Retriever.open(store, embedder) as retriever:
        retriever.search("What does E21 mean?", 5)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from agent.progress import Reporter
from agent.records.base import Language
from agent.records.corpus import Chunk, Retrieved
from knowledge.embedding import Embedder
from knowledge.encoders import Vectors
from knowledge.evidence import FITTED_FOR, Signs, probability
from knowledge.index import VectorIndex
from knowledge.ingest.language import language_of
from knowledge.lexical import WordIndex, content_tokens, tokens
from knowledge.pieces import pieces, under_heading
from knowledge.reranking import RERANKED, Reranker
from knowledge.store import CorpusStore
from knowledge.synonyms import Synonyms

Scores = npt.NDArray[np.float32]

DEPTH: Final = 100
"""Candidates taken from vectors and from words, each."""
NEAREST: Final = 30
"""Candidates whose words are looked at one by one, for which stand side by side."""


@dataclass(frozen=True)
class Weights:
    """What each sign counts; fitted by logistic regression over candidates, cross-validated by document."""

    words: float = 1.0
    """BM25 score / the best candidate's."""
    vector: float = 0.9
    """Cosine similarity of the chunk, from the farthest candidate (0) to the nearest (1)."""
    sentence: float = 1.05
    """The same of the chunk's nearest sentence."""
    coverage: float = 1.1
    """Share of the question's words in the chunk, rare ones counting more."""
    adjacency: float = 0.4
    """Share of the question's neighbouring word pairs that are neighbours in the chunk."""


WEIGHTS: Final = Weights()
_JUDGED: Final = 5
"""Candidates whose signs make the evidence, as when it was fitted."""
_LEAD_OVER: Final = 6
"""The candidate whose nearest sentence the best one's is compared with, counted from 1."""


@dataclass(frozen=True)
class _Rated:
    """Candidates of one question; the arrays go together."""

    scores: Scores
    coverage: Scores
    """Share of the question's words in each."""
    sentence: Scores
    """Cosine similarity of each one's nearest sentence."""


class Retriever:
    """Searches one project's chunks; owns its index while open."""

    def __init__(
        self,
        chunks: Sequence[Chunk],
        index: VectorIndex,
        embedder: Embedder,
        weights: Weights = WEIGHTS,
        reranker: Reranker | None = None,
    ) -> None:
        """Take parts that belong together; `open` makes them.

        Args:
            chunks: All chunks, in the index's order of ids.
            index: A synced index of those chunks.
            embedder: The index's embedder.
            weights: What each sign of a candidate counts.
            reranker: Orders the best candidates anew; `None` leaves them as they are.
        """
        self._reranker = reranker
        self._chunks = tuple(chunks)
        self._places: Mapping[str, int] = {chunk.id: position for position, chunk in enumerate(chunks)}
        self._weights = weights
        self._index = index
        self._embedder = embedder
        self._synonyms = Synonyms(chunk.text for chunk in chunks)
        self._words = WordIndex([tokens(chunk.embedded_text(), chunk.language) for chunk in chunks])

    @classmethod
    def open(
        cls,
        store: CorpusStore,
        embedder: Embedder,
        reporter: Reporter | None = None,
        reranker: Reranker | None = None,
    ) -> Retriever:
        """Open a project's corpus for searching; an index that is missing or damaged is rebuilt first.

        Raises:
            EmptyError: The project has no chunks yet.
        """
        chunks = store.require_chunks()
        index = VectorIndex(store.index_folder, embedder)
        index.sync(chunks, reporter)
        return cls(chunks, index, embedder, reranker=reranker)

    def search(self, question: str, k: int = 5) -> list[Retrieved]:
        """Return the `k` best chunks for a question, best first."""
        return self._search(question, self._embedder.embed_query(question), k)

    def _search(self, question: str, vector: Vectors, k: int) -> list[Retrieved]:
        dense = [identifier for identifier, _ in self._index.search(vector, max(DEPTH, k))]
        words = content_tokens(question, language_of(question))
        names = [word for name in self._synonyms.of(question) for word in content_tokens(name, language_of(name))]
        lexical = self._words.top(words, max(DEPTH, k), [name for name in names if name not in words])
        positions = list(dict.fromkeys([*(self._places[i] for i in dense), *(position for position, _ in lexical)]))
        if not positions:
            return []
        rated = self._rated(words, vector, positions, dict(lexical))
        scores = rated.scores
        # Evidence is of the search, however many are returned and whoever orders them anew.
        evidence = self._evidence(words, rated, np.argsort(-scores, kind="stable")[:_JUDGED])
        best = self._ordered(question, positions, scores)[:k]
        dense_ranks = {identifier: rank for rank, identifier in enumerate(dense, start=1)}
        lexical_ranks = {position: rank for rank, (position, _) in enumerate(lexical, start=1)}
        return [
            Retrieved(
                chunk=self._chunks[positions[number]],
                score=float(scores[number]),
                dense_rank=dense_ranks.get(self._chunks[positions[number]].id),
                lexical_rank=lexical_ranks.get(positions[number]),
                evidence=evidence,
            )
            for number in best
        ]

    def _ordered(self, question: str, positions: Sequence[int], scores: Scores) -> npt.NDArray[np.intp]:
        """Return the candidates, best first; what a reranker says is said by their order, scores stay comparable."""
        order = np.argsort(-scores, kind="stable")
        if self._reranker is None:
            return order
        read = order[:RERANKED]
        again = np.array(self._reranker.scores(question, [self._chunks[positions[number]] for number in read]))
        return np.concatenate([read[np.argsort(-again, kind="stable")], order[RERANKED:]])

    def _rated(
        self, words: Sequence[str], vector: Vectors, positions: Sequence[int], bm25: Mapping[int, float]
    ) -> _Rated:
        """Return the score of every candidate and the signs that tell whether any of them answers."""
        rows = self._index.rows([self._chunks[position].id for position in positions])
        near = np.zeros((2, len(positions)), dtype=np.float32)
        for number, position in enumerate(positions):
            own = rows[self._chunks[position].id] @ vector
            near[:, number] = own[0], own[1:].max(initial=-1.0) if len(own) > 1 else own[0]
        found = np.array([bm25.get(position, 0.0) for position in positions], dtype=np.float32)
        coverage = self._words.coverage(words)[positions]
        weights = self._weights
        scores = (
            weights.words * found / max(float(found.max()), 1e-6)
            + weights.vector * _stretched(near[0])
            + weights.sentence * _stretched(near[1])
            + weights.coverage * coverage
        )
        pairs = set(pairwise(words))
        for number in np.argsort(-scores, kind="stable")[:NEAREST] if pairs else ():
            there = pairs & set(pairwise(self._tokens(positions[number])))
            scores[number] += weights.adjacency * len(there) / len(pairs)
        return _Rated(np.asarray(scores, dtype=np.float32), coverage, near[1])

    def _evidence(self, words: Sequence[str], rated: _Rated, best: npt.NDArray[np.intp]) -> float | None:
        """Return how probable it is that the best candidates answer; `None` for a model the fit knows nothing of."""
        if self._embedder.name != FITTED_FOR:
            return None
        nearest = np.sort(rated.sentence)[::-1]
        signs = Signs(
            coverage=float(rated.coverage[best].max()),
            nearest=float(rated.sentence[best].max()),
            score=float(rated.scores[best].max()),
            unknown=self._words.unknown(words),
            lead=float(nearest[0] - nearest[min(_LEAD_OVER, len(nearest)) - 1]),
            chunks=len(self._chunks),
        )
        return round(probability(signs), 4)

    def _tokens(self, position: int) -> list[str]:
        """Return the words of a chunk without those that say little, so that neighbours are neighbours in both."""
        chunk = self._chunks[position]
        return list(_content_of(chunk.text, chunk.language))

    def look_up(self, question: str, k: int = 5, depth: int = 0) -> list[Retrieved]:
        """Return what `search` does, with each chunk's sentences and rows compared to the question as well.

        For reading, not for ranking: `answering.build_context` picks sharper passages with it. It embeds the pieces of
        the `k` chunks (half a second on two cores the first time, then they are known).

        Args:
            question: The question.
            k: Chunks to read.
            depth: Chunks to return in all, those beyond `k` as `search` gives them.
        """
        vector = self._embedder.embed_query(question)
        found = self._search(question, vector, max(k, depth))
        read, further = found[:k], found[k:]
        texts = [under_heading(hit.chunk, piece.text) for hit in read for piece in pieces(hit.chunk)]
        near = iter((self._embedder.embed_passages(texts) @ vector).tolist() if texts else [])
        return [
            hit.model_copy(update={"pieces": tuple((p.start, p.end, round(next(near), 4)) for p in pieces(hit.chunk))})
            for hit in read
        ] + further

    def dense(self, question: str, count: int) -> list[str]:
        """Return the ids of the chunks nearest by vector, best first."""
        return [identifier for identifier, _ in self._index.search(self._embedder.embed_query(question), count)]

    def lexical(self, question: str, count: int) -> list[str]:
        """Return the ids of the best chunks by BM25, best first."""
        # Function words are rare in a small corpus of tables, and would count as telling ones.
        words = content_tokens(question, language_of(question))
        return [self._chunks[position].id for position, _ in self._words.top(words, count)]

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def __enter__(self) -> Retriever:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _stretched(values: Scores) -> Scores:
    """Return values from 0 (the least) to 1 (the greatest); all 0 where they are equal."""
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), dtype=np.float32)


@lru_cache(maxsize=16384)
def _content_of(text: str, language: Language) -> tuple[str, ...]:
    return tuple(content_tokens(text, language))
