"""Hands what retrieval found from the process that owns the index to the one that evaluates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from agent.progress import Reporter
from agent.records.corpus import Retrieved
from agent.records.evaluation import Item, ItemRetrieval
from knowledge.files import read_records, write_records

FILE = "retrieved.jsonl"


def retrieve_for(
    items: Sequence[Item], search: Callable[[str, int], Sequence[Retrieved]], k: int, run: Path, reporter: Reporter
) -> Path:
    """Look up every item's question and write what was found into the run's `eval` folder.

    Args:
        items: Items to look up, from `items.to_retrieve`.
        search: `Retriever.search`.
        k: Chunks for each question.
        run: Run folder of the evaluation.
        reporter: Listener.
    """

    def found() -> Iterable[ItemRetrieval]:
        for done, item in enumerate(items):
            reporter.check()
            reporter.progress(done, len(items), "questions", "retrieving")
            yield ItemRetrieval(item=item.id, retrieved=tuple(search(item.question, k)))
        reporter.progress(len(items), len(items), "questions", "retrieving")

    path = run / "eval" / FILE
    write_records(path, found())
    return path


def read_retrieved(run: Path) -> Mapping[str, Sequence[Retrieved]]:
    """Return what was retrieved for each item; empty if nothing was handed over."""
    return {line.item: line.retrieved for line in read_records(run / "eval" / FILE, ItemRetrieval)}
