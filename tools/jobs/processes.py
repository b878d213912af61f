"""Worker processes as the operating system sees them: which are ours, whether they live, and how to end them all.

A worker is recognised by its command line, which names the job, and its children by an environment variable they
inherit; a process id alone is never trusted, because ids are reused.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import psutil

from agent.records.job import Job

MARK = "DOMAINSMITH_JOB"
"""Environment variable that a worker and everything it starts carry; its value is the job id."""

END_SECONDS = 5.0
"""How long to wait for killed processes to be gone."""


def is_here(job: Job) -> bool:
    """Return whether the job's worker was started on this machine, so that its process id means something."""
    return job.host == socket.gethostname()


def worker_lives(job: Job) -> bool:
    """Return whether the job's own worker process exists on this machine and is not just waiting to be reaped."""
    if job.pid is None or not is_here(job):
        return False
    try:
        return job.id in psutil.Process(job.pid).cmdline()
    except psutil.Error:
        return False


def signal_worker(job: Job, number: signal.Signals) -> None:
    """Send a signal to the job's process group, if its worker lives here."""
    if job.pid is not None and worker_lives(job):
        with suppress(ProcessLookupError):
            os.killpg(job.pid, number)


def end_processes(job: Job) -> bool:
    """Kill the job's worker and everything it started, and wait until all are gone.

    Returns:
        Whether all of them are gone.
    """
    signal_worker(job, signal.SIGKILL)
    return end_members(job.id)


def end_members(job_id: str) -> bool:
    """Kill every other process that carries the job's mark, and wait until all are gone.

    Returns:
        Whether all of them are gone.
    """
    deadline = time.monotonic() + END_SECONDS
    # A process that was being started while we looked appears in the next round.
    while members := members_of(job_id):
        for process in members:
            with suppress(psutil.Error):
                process.kill()
        if time.monotonic() > deadline:
            return False
        psutil.wait_procs(members, timeout=0.2)
    return True


def members_of(job_id: str) -> list[psutil.Process]:
    """Return all living processes of this user that carry the job's mark, this process excepted."""
    members = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == job_id
            if marked and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
        except psutil.Error:
            # Gone meanwhile, or another user's: neither is ours to end.
            continue
    return members


def end_frozen_workers(root: Path) -> bool:
    """Kill the stopped workers of the project in the folder `root`; returns whether there were any.

    A worker that was stopped in the middle of a change holds the lock of the job list for as long as it stands still.
    """
    ended = False
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = MARK in process.environ() and str(root.resolve()) in process.cmdline()
            if ours and process.status() == psutil.STATUS_STOPPED:
                process.kill()
                process.wait(END_SECONDS)
                ended = True
    return ended


def memory_kills(
    cgroup: Path = Path("/sys/fs/cgroup/memory.events"), machine: Path = Path("/proc/vmstat")
) -> int | None:
    """Return how many processes the system has ended for lack of memory; `None` where it does not count them.

    Args:
        cgroup: Counters of this container or service; preferred, because they hold no foreign processes.
        machine: Counters of the whole machine.
    """
    for path in (cgroup, machine):
        if path.exists():
            counters = dict(line.split(maxsplit=1) for line in path.read_text().splitlines() if " " in line)
            if "oom_kill" in counters:
                return int(counters["oom_kill"])
    return None
