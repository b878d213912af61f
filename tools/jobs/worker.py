"""The process that does one job: `python -m tools.jobs.worker <project root> <job id>`.

Started by `tools.jobs.runner`, never by a person. It claims the job, holds the project, does the work, and writes
`result.json` and the record's end, in this order, so that a kill between the two loses nothing: the next worker finds
the result and only closes the record.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from agent.errors import CancelledError, DomainsmithError
from agent.progress import Reporter
from agent.records.base import Record
from agent.records.job import Job, JobKind, JobState
from agent.settings import Settings
from knowledge.files import drop_parts, write_record
from tools.hardware_settings import use_settings
from tools.jobs.events import EVENTS, EventLog
from tools.jobs.lease import Lease, log
from tools.jobs.processes import end_members, memory_kills
from tools.jobs.reporting import JobReporter
from tools.jobs.snapshot import load_snapshot
from tools.jobs.store import JobStore
from tools.jobs.work import perform
from tools.workspace import Project

RESULT = "result.json"

RESERVE_BYTES = 2**17
"""Room kept while the work goes on, so that a full disk leaves enough to record that it is full."""

NICENESS = 10
"""Added to the worker's nice value."""

Perform = Callable[[JobKind, Project, Settings, dict[str, Any], Path, Reporter], Record]
"""What does the work of a kind; tests hand in their own."""


@dataclass(frozen=True)
class Ending:
    """How the work ended."""

    state: JobState
    error: str = ""
    exit_code: int = 0


class Worker:
    """One attempt at one job."""

    def __init__(self, project: Project, job: Job, perform: Perform) -> None:
        self._project = project
        self._job = job
        self._perform = perform
        self._run = project.runs / job.run
        self._reserve = self._run / ".reserve"
        self._store = JobStore(project.jobs)
        self._lease = Lease(self._store, job)
        self._reporter = JobReporter(EventLog(self._run / EVENTS), self._lease, job.attempts)

    def work(self) -> int:
        """Do the job and record how it ended; returns the exit code."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._lease.start()
        ending = self._attempt()
        self._reserve.unlink(missing_ok=True)
        # An ended job has no living process but this one, whatever the work has left running.
        end_members(self._job.id)
        try:
            self._reporter.state(ending.state, **({"error": ending.error} if ending.error else {}))
        except OSError as error:
            # A full disk; the record, which is what counts, may still find room.
            log(f"the last event was not written: {error}")
        self._lease.verify(ask=True)
        self._lease.release()
        # The project is free by now: whoever sees the end of this job may start the next one at once.
        self._store.end(self._job.id, self._job.lease, ending.state, error=ending.error, exit_code=ending.exit_code)
        return ending.exit_code

    def _attempt(self) -> Ending:
        kills = memory_kills()
        try:
            self._reporter.state("running", **({} if kills is None else {"memory_kills": kills}))
            self._reserve.write_bytes(bytes(RESERVE_BYTES))
            with self._project.owned(f"job {self._job.id} ({self._job.kind})"):
                drop_parts(self._project.root)
                if not (self._run / RESULT).exists():
                    self._produce()
        except CancelledError as error:
            if not self._store.get(self._job.id).cancel_requested:
                return Ending("interrupted", f"the system asked the worker to stop - {error.mend}", 1)
            return Ending("cancelled", str(error), error.exit_code)
        except DomainsmithError as error:
            return Ending("failed", str(error), error.exit_code)
        except (Exception, SystemExit) as error:
            self._reserve.unlink(missing_ok=True)  # the log may be on a disk that is full
            log(traceback.format_exc().rstrip())
            return Ending("failed", cause(error), 1)
        return Ending("done")

    def _produce(self) -> None:
        settings = load_snapshot(self._run)
        use_settings(settings)
        self._reporter.check()
        record = self._perform(self._job.kind, self._project, settings, self._job.request, self._run, self._reporter)
        self._lease.verify(ask=True)
        write_record(self._run / RESULT, record)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._lease.cancel()


def cause(error: BaseException) -> str:
    """Return what an unforeseen error means to the user, in one line."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
    if (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in text.lower()
        or "allocate memory" in text.lower()
    ):
        mend = "take a smaller batch, shorter examples or a lighter method; `domainsmith plan` says what fits"
        return f"out of memory ({text[:200]}) - {mend}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full - free some space, then resume the job"
    return f"{text[:300]} - the job's log has the traceback"


def main(arguments: Sequence[str] | None = None, *, perform: Perform = perform) -> int:
    """Do the job named on the command line; returns the exit code."""
    root, job_id = sys.argv[1:] if arguments is None else arguments
    project = Project.at(Path(root))
    job = JobStore(project.jobs).claim(job_id, os.getpid())
    if job is None:
        print(f"job {job_id} is not waiting for a worker", file=sys.stderr)
        return 1
    _prefer_as_victim()
    _step_back()
    return Worker(project, job, perform).work()


def _step_back() -> None:
    """Let whoever works at a page or a terminal go first; on an idle machine this costs the work nothing."""
    with suppress(OSError):
        os.nice(NICENESS)


def _prefer_as_victim() -> None:
    """Ask the system to end this process rather than the service, should memory run out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    sys.exit(main())
