"""Start, follow, cancel and resume jobs.

A job's record is on disk before its process starts, and the process is a session of its own, so the work outlives the
terminal, the page or the service that asked for it.

Example:
    job = submit(project, settings, "tune", request.model_dump(mode="json"), "tune")
    job = wait(project, job.id, show)
    result = result_of(project, job, TuneResult)
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tools
from agent.errors import CancelledError, DomainsmithError, InputError, RefusedError, UserError, WorkFailedError
from agent.records.base import Record
from agent.records.job import Job, JobEvent, JobKind
from agent.settings import Settings
from knowledge.files import read_record, write_json
from tools.jobs.events import EVENTS, EventTail
from tools.jobs.interrupts import Interrupts, held
from tools.jobs.processes import MARK, end_processes, is_here, signal_worker, worker_lives
from tools.jobs.reconcile import LEASE_SECONDS, goes_on, reconcile
from tools.jobs.snapshot import save_snapshot
from tools.jobs.store import RESUMABLE, TERMINAL, JobStore, age
from tools.jobs.worker import RESULT
from tools.workspace import Project

R = TypeVar("R", bound=Record)

# -P: the user's working folder may hold a `tools` of its own.
WORKER: tuple[str, ...] = (sys.executable, "-P", "-m", "tools.jobs.worker")
"""Command of the worker, without its arguments."""

POLL_SECONDS = 0.1
TERM_SECONDS = 3.0
"""A worker that has not heeded the cancel flag for so long gets SIGTERM."""
KILL_SECONDS = 4.5
"""One that has not heeded that either is killed with all its children, so that a cancel is through within 5 s."""


def submit(
    project: Project,
    settings: Settings,
    kind: JobKind,
    request: dict[str, Any],
    run_slug: str,
    *,
    prepare: Callable[[Path], object] | None = None,
    worker: Sequence[str] = WORKER,
    key: str | None = None,
) -> Job:
    """Record a job and start its worker.

    Args:
        project: The project to work in; must not be held by this process.
        settings: Settings the job runs with, now and when it is resumed.
        kind: What to do.
        request: The kind's request as JSON; paths in it are absolute.
        run_slug: End of the run folder's name.
        prepare: Puts into the run folder what only this process can compute, e.g. what retrieval finds; called before
            anything starts, while the project is held.
        worker: Command that does the work.
        key: Names the occasion, e.g. an approval. A second call with the same key starts nothing: it returns the job
            of the first one, and starts its worker only if that never happened.

    Raises:
        BusyError: The project has an active job, or another process holds it.
        CancelledError: Ctrl-C was pressed while the job was being started; it is cancelled.
        KeyboardInterrupt: Ctrl-C was pressed before; there is neither a job nor a run folder.
        WorkFailedError: The worker could not be started.
    """
    with held() as interrupts:
        known = JobStore(project.jobs).of_key(key) if key is not None else None
        if known is not None:
            # Recorded but never started: whoever recorded it died in between.
            unstarted = known.state == "queued" and known.pid is None
            return _start(project, known, worker, interrupts) if unstarted else known
        reconcile(project)
        with project.owned(f"start of a job ({kind})"):
            run = project.new_run(run_slug)
            try:
                write_json(run / "request.json", request)
                save_snapshot(settings, run)
                if prepare is not None:
                    with interrupts.let_through():
                        prepare(run)
                interrupts.check()
                job = JobStore(project.jobs).create(kind, project.id, run.name, request, key)
            except BaseException:
                shutil.rmtree(run, ignore_errors=True)
                raise
        return _start(project, job, worker, interrupts)


def resume(project: Project, job_id: str, *, worker: Sequence[str] = WORKER) -> Job:
    """Go on with a failed, cancelled or interrupted job in its own run folder, with the settings it began with.

    Raises:
        BusyError: The project has another active job.
        CancelledError: Ctrl-C was pressed while the job was being started; it is cancelled again.
        InputError: The job is done or active, or its run folder is gone.
        NotFoundError: There is no such job.
    """
    with held() as interrupts:
        reconcile(project)
        store = JobStore(project.jobs)
        job = store.get(job_id)
        if job.state in RESUMABLE and not (project.runs / job.run).is_dir():
            raise InputError("the run folder of this job is gone", where=job.run, mend="start a new job")
        interrupts.check()
        return _start(project, store.requeue(job.id), worker, interrupts)


def cancel(project: Project, job_id: str) -> Job:
    """Stop a job, kindly at first; returns when nothing of it runs any more.

    Raises:
        InputError: The job has ended already.
        NotFoundError: There is no such job.
    """
    reconcile(project)
    store = JobStore(project.jobs)
    job = store.get(job_id)
    if job.state == "cancelled":
        return job
    if job.state in TERMINAL:
        raise InputError(f"this job is {job.state} already", where=job.id, mend="there is nothing to cancel")
    began = time.monotonic()
    store.request_cancel(job.id)
    asked = False
    while (job := store.get(job.id)).state not in TERMINAL:
        waited = time.monotonic() - began
        gone = job.pid is not None and is_here(job) and not worker_lives(job)
        error = f"cancelled - {goes_on(job)}"
        if job.state == "queued":
            # No worker has taken it yet, and none can take it from now on.
            if store.end(job.id, job.lease, "cancelled", error=error, exit_code=CancelledError.exit_code):
                end_processes(job)
        elif gone or waited > KILL_SECONDS:
            end_processes(job)
            store.end(job.id, job.lease, "cancelled", error=error, exit_code=CancelledError.exit_code)
        elif waited > TERM_SECONDS and not asked:
            signal_worker(job, signal.SIGTERM)
            asked = True
        else:
            time.sleep(POLL_SECONDS)
    # A worker that has written its end needs a moment to leave by itself.
    while worker_lives(job) and time.monotonic() - began < KILL_SECONDS:
        time.sleep(POLL_SECONDS)
    if store.get(job.id).lease == job.lease:
        # Not if somebody has resumed it meanwhile: the new worker carries the same id.
        end_processes(job)
    return job


def wait(project: Project, job_id: str, on_event: Callable[[JobEvent], None] | None = None) -> Job:
    """Follow a job until it ends; Ctrl-C cancels it.

    Args:
        project: The job's project.
        job_id: Id of the job.
        on_event: Called with every event of the current attempt, in order.

    Raises:
        NotFoundError: There is no such job.
    """
    store = JobStore(project.jobs)
    job = store.get(job_id)
    first = job.attempts + (job.state == "queued")
    tail = EventTail(project.runs / job.run / EVENTS)

    def show() -> None:
        for event in tail.read():
            if on_event is not None and event.attempt >= first:
                on_event(event)

    with held() as interrupts:
        while (job := store.get(job.id)).state not in TERMINAL:
            show()
            if heed(project, job, interrupts):
                continue
            if not worker_lives(job) or age(job) > LEASE_SECONDS:
                reconcile(project)
            time.sleep(POLL_SECONDS)
        show()
    return job


def heed(project: Project, job: Job, interrupts: Interrupts) -> bool:
    """Cancel a job if Ctrl-C was pressed; returns whether it was. Presses while it is cancelled count no more."""
    if not interrupts.take():
        return False
    try:
        cancel(project, job.id)
    except InputError:
        if JobStore(project.jobs).get(job.id).state not in TERMINAL:
            raise
    interrupts.take()
    return True


def result_of(project: Project, job: Job, kind: type[R]) -> R:
    """Return what an ended job produced.

    Raises:
        DomainsmithError: The job did not end well; of the class whose exit code the job ended with.
    """
    if job.state == "done":
        return read_record(project.runs / job.run / RESULT, kind)
    raise _failure(job)


def log_of(project: Project, job: Job) -> Path:
    """Return the file with what the job's worker printed."""
    return project.runs / job.run / "log.txt"


def _failure(job: Job) -> DomainsmithError:
    classes: tuple[type[DomainsmithError], ...] = (UserError, RefusedError, CancelledError)
    matching = next((one for one in classes if one.exit_code == job.exit_code), WorkFailedError)
    mend = goes_on(job) if not job.error and job.state in RESUMABLE else ""
    return matching(job.error or f"{job.kind} {job.id} is {job.state}", mend=mend)


def _start(project: Project, job: Job, worker: Sequence[str], interrupts: Interrupts) -> Job:
    store = JobStore(project.jobs)
    try:
        with log_of(project, job).open("ab") as log:
            process = subprocess.Popen(
                [*worker, str(project.root.resolve()), job.id],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=_environment(job),
            )
    except OSError as error:
        store.end(job.id, job.lease, "failed", error=f"the worker could not be started: {error}", exit_code=1)
        raise WorkFailedError("the worker could not be started", where=str(error)) from error
    # Somebody must take the exit status, or a long-lived service collects dead entries in the process table.
    threading.Thread(target=process.wait, name=f"reap {job.id}", daemon=True).start()
    store.attach(job.id, process.pid)
    stopped = heed(project, job, interrupts)
    job = store.get(job.id)
    if stopped and job.state != "done":
        raise _failure(job)
    return job


def _environment(job: Job) -> dict[str, str]:
    environment = {**os.environ, MARK: job.id}
    home = Path(tools.__file__).resolve().parents[1]
    if home != Path(sysconfig.get_path("purelib")).resolve():
        # A checkout that is not installed is found only through this.
        paths = [environment.get("PYTHONPATH", ""), str(home)]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment
