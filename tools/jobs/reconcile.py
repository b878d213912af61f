"""Bring the job list and the machine back together after a crash, a kill or a power loss.

Runs at the start of every command that looks at jobs. A record that says `running` while its worker is gone, or silent
beyond its lease, becomes `interrupted`, or `cancelled` where somebody had asked for that; the record is fenced first
and leftover processes are ended after that, so nothing that still wakes up can write into a run that somebody resumes.
"""

from __future__ import annotations

from agent.errors import BusyError, CancelledError
from agent.records.job import Job
from tools.jobs.events import EVENTS, EventTail
from tools.jobs.processes import end_frozen_workers, end_processes, is_here, memory_kills, worker_lives
from tools.jobs.store import TERMINAL, JobStore, age
from tools.workspace import Project

LEASE_SECONDS = 15.0
"""A worker that has given no sign of life for so long has lost its job; it beats every 2 s."""


def reconcile(project: Project) -> tuple[Job, ...]:
    """Mark abandoned jobs as interrupted or cancelled and end what is left of them.

    Returns:
        The jobs that were marked, as they stand now.

    Raises:
        BusyError: A process that is none of the project's workers keeps the job list locked.
    """
    store = JobStore(project.jobs)
    try:
        jobs = store.list()
    except BusyError:
        if not end_frozen_workers(project.root):
            raise
        jobs = store.list()
    return tuple(
        store.get(job.id)
        for job in jobs
        if job.state not in TERMINAL and _abandoned(job) and _interrupt(project, store, job)
    )


def _abandoned(job: Job) -> bool:
    if job.pid is None or not is_here(job):
        return age(job) > LEASE_SECONDS
    if not worker_lives(job):
        return True
    # A queued job with a living process is still loading, however slow the machine is.
    return job.state == "running" and age(job) > LEASE_SECONDS


def goes_on(job: Job) -> str:
    """Return how a job that ended before it was through goes on."""
    return f"`domainsmith jobs resume {job.id}` goes on"


def _interrupt(project: Project, store: JobStore, job: Job) -> bool:
    lived = worker_lives(job)
    if store.get(job.id).cancel_requested:
        # It was told to end and did, by a signal before it could write so: what was asked for, and no crash.
        error = f"cancelled - {goes_on(job)}"
        fenced = store.end(job.id, job.lease, "cancelled", error=error, exit_code=CancelledError.exit_code)
    else:
        fenced = store.end(job.id, job.lease, "interrupted", error=_cause(project, job, lived=lived), exit_code=1)
    if fenced:
        end_processes(job)
    return fenced


def _cause(project: Project, job: Job, *, lived: bool) -> str:
    mend = f"`domainsmith jobs logs {job.id}` shows its log, `domainsmith jobs resume {job.id}` goes on"
    if lived:
        return f"the worker gave no sign of life for {age(job):.0f} s and was ended - {mend}"
    if job.state == "queued":
        return f"the worker did not start - {mend}"
    if _memory_ran_out(project, job):
        return (
            "out of memory: the system ended the worker - take a smaller batch or a lighter method,"
            f" `domainsmith plan` says what fits; {mend}"
        )
    return f"the worker vanished (killed, crashed, or the machine went down) - {mend}"


def _memory_ran_out(project: Project, job: Job) -> bool:
    """Return whether the system has ended processes for lack of memory since the job's last start."""
    starts = [event for event in EventTail(project.runs / job.run / EVENTS).read() if "memory_kills" in event.data]
    now = memory_kills()
    before = starts[-1].data["memory_kills"] if starts else None
    return now is not None and before is not None and now > before
