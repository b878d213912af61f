"""A worker whose work takes as long as the test wants: `python -m tests.tools.jobs.sleeper <project root> <job id>`.

The product knows no such kind of job; the work is handed to the product's own worker. It is a chain of hashes with a
checkpoint after each link, so that a resumed job must end with the same digest as an undisturbed one.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.errors import InputError
from agent.progress import Reporter
from agent.records.base import Record
from agent.records.job import JobKind
from agent.settings import Settings
from knowledge.files import read_record, write_record
from tools.jobs import worker
from tools.workspace import Project

SLEEPER = (sys.executable, "-P", "-m", "tests.tools.jobs.sleeper")
"""Worker command to hand to the runner."""


GO = "go"
"""File of a run folder that lets a chain go on which is told to hold."""


class Chain(Record):
    """What the work produces, and its checkpoint."""

    links: int
    digest: str
    lang: str = "en"


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def expected(links: int) -> str:
    """Return the digest of an undisturbed chain."""
    digest = ""
    for number in range(links):
        digest = hashlib.sha256(f"{digest}{number}".encode()).hexdigest()
    return digest


def perform(
    kind: JobKind, project: Project, settings: Settings, request: dict[str, Any], run: Path, reporter: Reporter
) -> Record:
    """Make a chain of `links` links, `seconds` each.

    After `hold` of them it waits to be let go, so that what a test does meanwhile meets a living job however long it
    takes. `then` asks for a misfortune at its end.
    """
    for _ in range(int(request.get("children", 0))):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    chain = _made(request, run, reporter)
    _misfortune(request.get("then"), run)
    return chain.model_copy(update={"lang": settings.lang})


def _made(request: dict[str, Any], run: Path, reporter: Reporter) -> Chain:
    links, seconds = int(request.get("links", 3)), float(request.get("seconds", 0.0))
    checkpoint = run / "checkpoint.json"
    chain = read_record(checkpoint, Chain) if checkpoint.exists() else Chain(links=0, digest="")
    while chain.links < links:
        if not request.get("deaf"):
            reporter.check()
        if chain.links == request.get("hold") and not (run / GO).exists():
            time.sleep(0.02)
            continue
        time.sleep(seconds)
        digest = hashlib.sha256(f"{chain.digest}{chain.links}".encode()).hexdigest()
        chain = Chain(links=chain.links + 1, digest=digest)
        write_record(checkpoint, chain)
        reporter.progress(chain.links, links, "links")
        reporter.metric(pid=os.getpid(), links=chain.links)
    return chain


def _misfortune(kind: str | None, run: Path) -> None:
    match kind:
        case "user error":
            raise InputError("the file is empty", where="a.csv", mend="give another")
        case "crash":
            raise ZeroDivisionError("division\nby zero")
        case "memory":
            raise MemoryError
        case "vanish":
            os._exit(9)
        case "fill" if not (run / "filled").exists():
            _fill(run / "filled")
        case "exit":
            raise SystemExit(3)


def _fill(path: Path) -> None:
    """Leave no byte of a disk free."""
    with path.open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(bytes(2**20))
        while True:
            file.write(b"x")


if __name__ == "__main__":
    sys.exit(worker.main(perform=perform))
