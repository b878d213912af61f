"""How a worker's work reaches those who watch: a `Reporter` that writes to the run's `events.jsonl`."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any, Literal

from agent.records.job import JobEvent
from tools.jobs.events import EventLog
from tools.jobs.lease import Lease

PROGRESS_SECONDS = 0.25
"""Progress is written at most four times a second; the newest held-back reading is written before anything else."""


class JobReporter:
    """Writes what the work reports; only while the lease holds."""

    def __init__(self, log: EventLog, lease: Lease, attempt: int) -> None:
        self._log = log
        self._lease = lease
        self._attempt = attempt
        self._lock = threading.Lock()
        self._held: JobEvent | None = None
        self._last_progress = float("-inf")

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Write how far the work is, or hold it back if the last reading is younger than a quarter of a second."""
        with self._lock:
            self._held = self._event("progress", message, done=done, total=total, unit=unit)
            if time.monotonic() - self._last_progress >= PROGRESS_SECONDS:
                self._flush()

    def metric(self, **data: Any) -> None:
        """Write readings."""
        self._write(self._event("metric", data=data))

    def note(self, message: str) -> None:
        """Write a line for the log."""
        self._write(self._event("note", message))

    def state(self, message: str, **data: Any) -> None:
        """Write that the job's state changed."""
        self._write(self._event("state", message, data=data))

    def check(self) -> None:
        """Raise if somebody asked to stop.

        Raises:
            CancelledError: The job was cancelled.
        """
        self._lease.check()

    def _event(self, kind: Literal["state", "progress", "metric", "note"], message: str = "", **more: Any) -> JobEvent:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return JobEvent(at=at, kind=kind, message=message, attempt=self._attempt, **more)

    def _write(self, event: JobEvent) -> None:
        with self._lock:
            self._flush()
            self._lease.verify()
            self._log.append(event)

    def _flush(self) -> None:
        if self._held is not None:
            self._lease.verify()
            self._log.append(self._held)
            self._held = None
            self._last_progress = time.monotonic()
