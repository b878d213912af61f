"""Jobs that go on until the test lets them end: `python -m tests.ui.web.paced <project root> <job id>`.

`main` is the command line of `domainsmith`, whose jobs are such ones and make pairs without a model; everything else
about it is as people start it. A job tells of its progress until the project's folder holds `GO`, then does its real
work. Each time that a job is worked at, its run folder gets a line more in `WORKED`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Final

from agent.progress import Reporter
from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from tools.jobs import runner, work, worker
from tools.workspace import Project

PACED: Final = (sys.executable, "-P", "-m", "tests.ui.web.paced")
"""Worker command to hand to the runner."""
GO: Final = "go"
WORKED: Final = "worked.txt"
_STEPS: Final = 20_000
_PERIOD: Final = 0.05
_LONGEST: Final = 900.0
"""Seconds after which a job that nobody lets go gives up: its test has died."""


def main() -> None:
    """Run `domainsmith` with paced jobs."""
    os.environ["DOMAINSMITH_EXTRACTION_MODEL"] = "rules"
    from ui.start import main as run

    for start in (runner.submit, runner.resume):
        start.__kwdefaults__ = {**(start.__kwdefaults__ or {}), "worker": PACED}
    run()


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    with (run / WORKED).open("a") as file:
        file.write(f"{os.getpid()}\n")
    done, until = 0, time.monotonic() + _LONGEST
    while not (project.root / GO).exists():
        assert time.monotonic() < until, "nobody lets this job go"
        reporter.check()
        done = min(done + 1, _STEPS - 1)
        reporter.progress(done, _STEPS, "steps")
        time.sleep(_PERIOD)
    return work.perform(kind, project, settings, request, run, reporter)


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
