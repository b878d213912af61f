"""The worker's hold on its job: beats while it works, and stops the process the moment the job belongs to another.

A thread beats every two seconds and looks at the cancel flag twice a second. Whoever is about to write asks `verify`
first, which goes to the record itself if the last beat is too long ago: a process that was stopped and woken up again
thus finds out before it writes, not two seconds after.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from agent.errors import CancelledError, DomainsmithError
from agent.records.job import Job
from tools.jobs.processes import end_members
from tools.jobs.reconcile import LEASE_SECONDS
from tools.jobs.store import JobStore

BEAT_SECONDS = 2.0
LOOK_SECONDS = 0.5
"""How often the cancel flag is read; a cancel must be through within 5 s, two of which belong to the work."""
FRESH_SECONDS = LEASE_SECONDS / 2
"""A beat younger than this proves the lease without asking again; nobody fences before `LEASE_SECONDS`."""
EXIT_LOST = 75
"""Exit status of a worker that lost its lease (EX_TEMPFAIL of sysexits.h)."""


def log(text: str) -> None:
    """Write a line into the job's log; without room for it, on a full disk, it is lost and the work goes on."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def leave(job: Job) -> None:
    """End this process and its children at once, without a chance to write anything."""
    end_members(job.id)
    os._exit(EXIT_LOST)


class Lease:
    """A claimed job, held by this process."""

    def __init__(self, store: JobStore, job: Job, *, leave: Callable[[Job], None] = leave) -> None:
        self._store = store
        self._job = job
        self._leave = leave
        self._cancelled = threading.Event()
        self._released = threading.Event()
        self._last_beat = time.monotonic()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def release(self) -> None:
        """Stop beating; the job's end is about to be written."""
        self._released.set()
        self._thread.join()

    def cancel(self) -> None:
        """Ask the work to stop; also the signal handler's way in."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise if somebody asked to stop.

        Raises:
            CancelledError: The job was cancelled.
        """
        self.verify()
        if self._cancelled.is_set():
            raise CancelledError("cancelled", mend=f"`domainsmith jobs resume {self._job.id}` goes on")

    def verify(self, *, ask: bool = False) -> None:
        """End this process unless the job is still its own.

        Args:
            ask: Look at the record even if the last beat is young.
        """
        if ask or time.monotonic() - self._last_beat > FRESH_SECONDS:
            self._beat()

    def _beat(self) -> None:
        moment = time.monotonic()
        if not self._store.beat(self._job.id, self._job.lease):
            log(f"job {self._job.id} was taken from this worker; it stops")
            self._leave(self._job)
        self._last_beat = moment

    def _keep(self) -> None:
        while not self._released.wait(LOOK_SECONDS):
            try:
                if time.monotonic() - self._last_beat >= BEAT_SECONDS:
                    self._beat()
                if self._store.get(self._job.id).cancel_requested:
                    self._cancelled.set()
            except DomainsmithError as error:
                log(f"heartbeat failed: {error}")
                if time.monotonic() - self._last_beat > LEASE_SECONDS:
                    # Unable to prove that the job is ours: others may have taken it by now.
                    self._leave(self._job)
