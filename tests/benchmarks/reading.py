"""How fast documents are read: the product's own reading beside plain text extraction, in one run.

    python -m tests.benchmarks.reading ../shared/data/ntsb --pages 100

The product finds columns, tables, headings, running heads and scans, in a confined process; the others only take the
characters out. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from agent.progress import Silent
from knowledge.ingest.ahead import PROCESSES, Ahead
from knowledge.ingest.kept import KeptReadings
from knowledge.ingest.sources import SourceFile, collect


def chosen(folder: Path, pages: int) -> tuple[list[SourceFile], int]:
    """Return files that hold so many pages together, and how many those are; a small folder is gone through again."""
    import pypdfium2

    files, _ = collect([folder])
    counts: dict[Path, int] = {}
    for file in files:
        if file.format == "pdf":
            with pypdfium2.PdfDocument(file.path) as document:
                counts[file.path] = len(document)
    taken: list[SourceFile] = []
    total = 0
    for file in cycle(file for file in files if counts.get(file.path)):
        if total >= pages:
            break
        total += counts[file.path]
        taken.append(file)
    return taken, total


def with_the_product(files: list[SourceFile], processes: int) -> int:
    """Read with the product, its processes' start included; returns characters."""

    class Forgetful(KeptReadings):
        """Keeps nothing, so that every run reads."""

        def __init__(self) -> None:
            super().__init__(Path(os.devnull) / "nowhere")

        def find(self, digest: str, form: object) -> None:  # type: ignore[override]
            return None

        def keep(self, digest: str, form: object, read: object) -> None:  # type: ignore[override]
            return None

    characters = 0
    with Ahead(Silent(), Forgetful(), processes=processes) as ahead:
        for turn in ahead.turns(files, lambda _: True):
            characters += sum(len(one.text) for one in ahead.read(turn))
    return characters


def with_pdfium(files: list[SourceFile]) -> int:
    """Take the characters out with pypdfium2 alone, in this process."""
    import pypdfium2

    characters = 0
    for file in files:
        document = pypdfium2.PdfDocument(file.path)
        for page in document:
            text = page.get_textpage()
            characters += len(text.get_text_range())
            text.close()
            page.close()
        document.close()
    return characters


def with_pypdf(files: list[SourceFile]) -> int:
    """Take the characters out with pypdf, in this process."""
    import pypdf

    return sum(len(page.extract_text()) for file in files for page in pypdf.PdfReader(file.path).pages)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of PDF files")
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the fastest counts")
    options = parser.parse_args()
    files, pages = chosen(options.folder, options.pages)
    arms: dict[str, Callable[[], int]] = {
        f"domainsmith, {PROCESSES} processes": lambda: with_the_product(files, PROCESSES),
        "domainsmith, 1 process": lambda: with_the_product(files, 1),
        "pypdfium2, text only": lambda: with_pdfium(files),
    }
    if importlib.util.find_spec("pypdf"):
        arms["pypdf, text only"] = lambda: with_pypdf(files)
    result: dict[str, dict[str, float]] = {}
    print(f"{len(files)} files, {pages} pages, {os.cpu_count()} cores")
    for name, arm in arms.items():
        times = []
        for _ in range(options.repeats):
            began = time.monotonic()
            characters = arm()
            times.append(time.monotonic() - began)
        best = min(times)
        result[name] = {
            "seconds": round(best, 2),
            "slowest": round(max(times), 2),
            "pages_per_second": round(pages / best, 1),
            "seconds_per_100_pages": round(100 * best / pages, 2),
            "characters": characters,
        }
        print(f"{name:28} {best:7.2f} s {pages / best:8.1f} pages/s {characters:9d} characters", flush=True)
    print(json.dumps({"files": len(files), "pages": pages, "arms": result}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
