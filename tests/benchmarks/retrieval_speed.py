"""Measure a query over many chunks: opening, and seconds a question, with real questions and the real encoder of them.

    python -m tests.benchmarks.retrieval_speed FILE [--chunks 10000,100000] [--questions 200] [--json]

The file is SQuAD-style. Its chunks are repeated under other ids, each copy with every tenth word replaced, and their
vectors are the real ones with noise: speed is measured here, quality by `tests.benchmarks.retrieval`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.progress import Reporter
from agent.records.corpus import Chunk
from agent.settings import Settings
from knowledge.embedding import Embedder, load_embedder
from knowledge.encoders import Vectors
from knowledge.index import VectorIndex
from knowledge.retrieval import Retriever
from tests.benchmarks.retrieval import load


class Repeated:
    """The real embedder for questions; for copies of chunks the originals' vectors with noise."""

    def __init__(self, real: Embedder, originals: Sequence[Chunk]) -> None:
        self._real = real
        self.name = f"repeated/{real.name}"
        self.dimension = real.dimension
        rows = real.embed_chunks(originals)
        self._rows = {chunk.document: own for chunk, own in zip(originals, rows, strict=True)}
        self._noise = np.random.default_rng(0)

    def embed_passages(self, texts: Sequence[str], reporter: Reporter | None = None) -> Vectors:
        return self._real.embed_passages(texts, reporter)

    def embed_chunks(self, chunks: Sequence[Chunk], reporter: Reporter | None = None) -> list[Vectors]:
        return [self._noisy(self._rows[chunk.document.rpartition("~")[0]]) for chunk in chunks]

    def embed_query(self, text: str) -> Vectors:
        return self._real.embed_query(text)

    def _noisy(self, rows: Vectors) -> Vectors:
        moved = rows + self._noise.normal(0, 0.01, rows.shape).astype(np.float32)
        return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


def copies(originals: Sequence[Chunk], count: int) -> Iterator[Chunk]:
    """Yield `count` chunks: the originals, then copies with some words replaced by others of the corpus."""
    chance = random.Random(0)
    pool = sorted({word for chunk in originals for word in chunk.text.split()})
    for number in range(count):
        chunk = originals[number % len(originals)]
        copy = number // len(originals)
        words = chunk.text.split(" ")
        if copy:
            words = [chance.choice(pool) if chance.random() < 0.1 else word for word in words]
        document = f"{chunk.document}~{copy}"
        yield chunk.model_copy(
            update={"id": f"{document}:{chunk.start}-{chunk.end}", "document": document, "text": " ".join(words)}
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table, then JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--chunks", default="10000,100000")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "domainsmith-benchmark")
    options = parser.parse_args(arguments)
    chunks, questions = load(options.file, None)
    # A chunk is found again by the document of its copy, so each gets one of its own.
    originals = [chunk.model_copy(update={"document": f"c{number}"}) for number, chunk in enumerate(chunks)]
    embedder = Repeated(load_embedder(Settings(cache=options.cache)), originals)
    asked = [questions[i * len(questions) // options.questions].text for i in range(options.questions)]
    table: list[dict[str, Any]] = []
    for count in map(int, options.chunks.split(",")):
        corpus = list(copies(originals, count))
        with tempfile.TemporaryDirectory() as folder:
            index = VectorIndex(Path(folder), embedder)
            started = time.perf_counter()
            index.sync(corpus)
            built = time.perf_counter() - started
            started = time.perf_counter()
            with Retriever(corpus, index, embedder) as retriever:
                opened = time.perf_counter() - started
                seconds = []
                for question in asked:
                    started = time.perf_counter()
                    retriever.search(question, 5)
                    seconds.append(time.perf_counter() - started)
        row = {"chunks": count, "index_s": built, "words_s": opened, "questions": len(asked)}
        row |= {f"p{cut}_ms": 1000 * float(np.percentile(seconds, cut)) for cut in (50, 95, 99)}
        table.append(row)
        print(
            "  ".join(
                f"{key} {value:.1f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()
            )
        )
    print(json.dumps({"file": options.file.name, "runs": table}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
