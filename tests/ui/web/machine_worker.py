"""The product's worker on work that says what it knows of this machine: `python -m tests.ui.web.machine_worker`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agent.progress import Reporter
from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from tools.hardware import catalogue, this_machine
from tools.jobs import worker
from tools.workspace import Project

MACHINE_WORKER = (sys.executable, "-P", "-m", "tests.ui.web.machine_worker")
"""Worker command to hand to the runner."""


class Seen(Record):
    """What a process finds."""

    devices: tuple[str, ...]
    qlora: bool
    why: str


def seen() -> Seen:
    """Return what this process finds."""
    machine = this_machine()
    names = tuple(device.name for device in catalogue())
    return Seen(devices=names, qlora=machine.qlora, why=machine.why_not.get("qlora", ""))


def perform(
    _kind: JobKind, _project: Project, _settings: Settings, _request: dict[str, Any], _run: Path, _reporter: Reporter
) -> Record:
    """Look around."""
    return seen()


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
