"""The product's worker on a machine whose memory ends amid training: `python -m tests.tools.tuning.limited_worker`.

After the second step the process may take `SPARE` bytes more than it has: the third fails for want of memory, wherever
that happens to be. The limit is the system's own (RLIMIT_AS), the allocations are torch's.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import psutil

from agent.progress import Reporter
from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from tools.jobs import work, worker
from tools.workspace import Project

LIMITED = (sys.executable, "-P", "-m", "tests.tools.tuning.limited_worker")
"""Worker command to hand to the runner."""
SPARE = 4 * 2**20


class Limited:
    """A reporter that lets memory end after two steps."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.metric, self.note, self.check = reporter.metric, reporter.note, reporter.check

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Pass it on, and set the limit after the second step."""
        self._reporter.progress(done, total, unit, message)
        if unit == "steps" and done == 2:
            most = psutil.Process().memory_info().vms + SPARE
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    """Do what the product does."""
    return work.perform(kind, project, settings, request, run, Limited(reporter))


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
