"""Find the chunks a question is about: vectors and words, fused by rank.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a chunk's score is the sum of weight / (k + rank)
over the two rankings, so that neither scale matters.

    with Retriever.open(store, embedder) as retriever:
        retriever.search("What does E21 mean?", 5)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agent.progress import Reporter
from agent.records.corpus import Chunk, Retrieved
from knowledge.embedding import Embedder, Vectors
from knowledge.index import VectorIndex
from knowledge.ingest.language import language_of
from knowledge.lexical import WordIndex, content_tokens, tokens
from knowledge.pieces import pieces, under_heading
from knowledge.store import CorpusStore

FUSION_K: Final = 5
"""Rank offset of the fusion. The paper's 60 suits rankings of thousands; here the first ranks matter, and 5 gave the
better recall@5 and MRR@10 on English papers, Chinese encyclopedia passages and company documents alike."""
DENSE_WEIGHT: Final = 1.0
LEXICAL_WEIGHT: Final = 1.0
DEPTH: Final = 50
"""Results taken from each ranking before fusion."""


def fuse(
    dense: Sequence[str],
    lexical: Sequence[str],
    *,
    k: float = FUSION_K,
    dense_weight: float = DENSE_WEIGHT,
    lexical_weight: float = LEXICAL_WEIGHT,
) -> list[tuple[str, float]]:
    """Fuse two rankings of ids, best first; equal scores keep the order of first appearance."""
    scores: dict[str, float] = {}
    for ranking, weight in ((dense, dense_weight), (lexical, lexical_weight)):
        for rank, identifier in enumerate(ranking, start=1):
            scores[identifier] = scores.get(identifier, 0.0) + weight / (k + rank)
    return sorted(scores.items(), key=lambda item: -item[1])


class Retriever:
    """Searches one project's chunks; owns its index while open."""

    def __init__(self, chunks: Sequence[Chunk], index: VectorIndex, embedder: Embedder) -> None:
        """Take parts that belong together; `open` makes them.

        Args:
            chunks: All chunks, in the index's order of ids.
            index: A synced index of those chunks.
            embedder: The index's embedder.
        """
        self._chunks: Mapping[str, Chunk] = {chunk.id: chunk for chunk in chunks}
        self._ids = [chunk.id for chunk in chunks]
        self._index = index
        self._embedder = embedder
        self._words = WordIndex([tokens(chunk.embedded_text(), chunk.language) for chunk in chunks])

    @classmethod
    def open(cls, store: CorpusStore, embedder: Embedder, reporter: Reporter | None = None) -> Retriever:
        """Open a project's corpus for searching; an index that is missing or damaged is rebuilt first.

        Raises:
            EmptyError: The project has no chunks yet.
        """
        chunks = store.require_chunks()
        index = VectorIndex(store.index_folder, embedder)
        index.sync(chunks, reporter)
        return cls(chunks, index, embedder)

    def search(self, question: str, k: int = 5) -> list[Retrieved]:
        """Return the `k` best chunks for a question, best first."""
        return self._search(question, self._embedder.embed_query(question), k)

    def _search(self, question: str, vector: Vectors, k: int) -> list[Retrieved]:
        depth = max(DEPTH, k)
        dense = [identifier for identifier, _ in self._index.search(vector, depth)]
        lexical = self.lexical(question, depth)
        dense_ranks = {identifier: rank for rank, identifier in enumerate(dense, start=1)}
        lexical_ranks = {identifier: rank for rank, identifier in enumerate(lexical, start=1)}
        return [
            Retrieved(
                chunk=self._chunks[identifier],
                score=score,
                dense_rank=dense_ranks.get(identifier),
                lexical_rank=lexical_ranks.get(identifier),
            )
            for identifier, score in fuse(dense, lexical)[:k]
        ]

    def look_up(self, question: str, k: int = 5) -> list[Retrieved]:
        """Return what `search` does, with each chunk's sentences and rows compared to the question as well.

        For reading, not for ranking: `answering.build_context` picks sharper passages with it. It embeds the pieces of
        the `k` chunks (half a second on two cores the first time, then they are known).
        """
        vector = self._embedder.embed_query(question)
        found = self._search(question, vector, k)
        texts = [under_heading(hit.chunk, piece.text) for hit in found for piece in pieces(hit.chunk)]
        near = iter((self._embedder.embed_passages(texts) @ vector).tolist() if texts else [])
        return [
            hit.model_copy(update={"pieces": tuple((p.start, p.end, round(next(near), 4)) for p in pieces(hit.chunk))})
            for hit in found
        ]

    def dense(self, question: str, count: int) -> list[str]:
        """Return the ids of the chunks nearest by vector, best first."""
        return [identifier for identifier, _ in self._index.search(self._embedder.embed_query(question), count)]

    def lexical(self, question: str, count: int) -> list[str]:
        """Return the ids of the best chunks by BM25, best first."""
        # Function words are rare in a small corpus of tables, and would count as telling ones.
        words = content_tokens(question, language_of(question))
        return [self._ids[position] for position, _ in self._words.top(words, count)]

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def __enter__(self) -> Retriever:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
