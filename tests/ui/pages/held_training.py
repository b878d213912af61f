"""Trainings and benchmarks that stand in the middle until they are let go.

    python -m tests.ui.pages.held_training <root> <job>

However long a page takes to show one, it has not come to its end; it can be cancelled meanwhile like any other.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Final

from agent.progress import Reporter, Silent
from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from tools.jobs import work, worker
from tools.workspace import Project

HELD: Final = (sys.executable, "-P", "-m", "tests.ui.pages.held_training")
"""Worker command to hand to the runner."""
GO: Final = "go"
"""File of the project's folder that lets them go on, now and later."""
_LONGEST: Final = 500.0
"""Seconds after which one that nobody lets go gives up: its test has died."""


class Holding(Silent):
    """Passes everything on; does not come back from the middle before the file is there.

    The middle of a training is half of its steps; that of a benchmark, whose parts differ, is after the first of them.
    """

    def __init__(self, reporter: Reporter, go: Path) -> None:
        self._reporter = reporter
        self._go = go

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self._reporter.progress(done, total, unit, message)
        until = time.monotonic() + _LONGEST
        middle = {"steps": total / 2, "parts": 1}.get(unit, float("inf"))
        while done >= middle and not self._go.exists():
            assert time.monotonic() < until, "nobody lets this job go"
            self._reporter.check()
            time.sleep(0.05)

    def metric(self, **data: Any) -> None:
        self._reporter.metric(**data)

    def note(self, message: str) -> None:
        self._reporter.note(message)

    def check(self) -> None:
        self._reporter.check()


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    return work.perform(kind, project, settings, request, run, Holding(reporter, project.root / GO))


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
