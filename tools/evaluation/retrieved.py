"""Hands what retrieval found from the process that owns the index to the one that evaluates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from agent.progress import Reporter
from agent.records.corpus import Retrieved
from agent.records.evaluation import Item, ItemRetrieval
from knowledge.files import read_records, write_records

Search = Callable[[str, int, int], Sequence[Retrieved]]
"""Of question, chunks to read and chunks to return."""
FILE = "retrieved.jsonl"
DEPTH = 30
"""Chunks that are looked up for each item; those beyond `k` are kept by id, so that a diagnosis can tell a passage that
a larger k would have brought from one that the search does not find."""


def retrieve_for(items: Sequence[Item], search: Search, k: int, run: Path, reporter: Reporter) -> Path:
    """Look up every item's question and write what was found into the run's `eval` folder.

    Args:
        items: Items to look up, from `items.to_retrieve`.
        search: `Retriever.look_up`.
        k: Chunks for each question.
        run: Run folder of the evaluation.
        reporter: Listener.
    """

    def found() -> Iterable[ItemRetrieval]:
        for done, item in enumerate(items):
            reporter.check()
            reporter.progress(done, len(items), "questions", "retrieving")
            began = time.perf_counter()
            found = search(item.question, k, DEPTH)
            seconds = time.perf_counter() - began
            further = tuple(hit.chunk.id for hit in found[k:])
            yield ItemRetrieval(item=item.id, retrieved=tuple(found[:k]), further=further, seconds=seconds)
        reporter.progress(len(items), len(items), "questions", "retrieving")

    path = run / "eval" / FILE
    write_records(path, found())
    return path


def read_retrieved(run: Path) -> Mapping[str, Sequence[Retrieved]]:
    """Return what was retrieved for each item; empty if nothing was handed over."""
    return {line.item: line.retrieved for line in read_records(run / "eval" / FILE, ItemRetrieval)}


def search_seconds(run: Path) -> float | None:
    """Return the median seconds of a search; `None` if none was timed."""
    timed = [line.seconds for line in read_records(run / "eval" / FILE, ItemRetrieval) if line.seconds]
    return median(timed) if timed else None


def read_further(run: Path) -> Mapping[str, tuple[str, ...]]:
    """Return for each item the ids of the chunks that came after those it was shown."""
    return {line.item: line.further for line in read_records(run / "eval" / FILE, ItemRetrieval)}
