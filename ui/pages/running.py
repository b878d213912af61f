"""The job of a project that runs now and how far it is, read cheaply enough for a page to ask every two seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.records.job import JobEvent, JobKind, JobState
from tools.jobs.events import EVENTS
from tools.jobs.reconcile import reconcile
from tools.jobs.store import JobStore
from tools.workspace import Project

TAIL_BYTES = 65536
"""How much of a run's events is read from the end; enough for hundreds of lines."""


@dataclass(frozen=True)
class RunningJob:
    """A job that is queued or running, for the top bar."""

    id: str
    kind: JobKind
    state: JobState
    run: str
    share: float | None
    """Part done, 0 to 1; `None` while nothing is known."""
    message: str
    seconds_left: float | None
    """As the work itself forecasts it; `None` if it does not."""


def running_job(project: Project) -> RunningJob | None:
    """Return the project's active job, or `None`."""
    if not project.jobs.exists():
        return None
    reconcile(project)
    job = JobStore(project.jobs).active()
    if job is None:
        return None
    share: float | None = None
    message = ""
    left: float | None = None
    for event in _last_events(project.runs / job.run / EVENTS):
        if event.attempt < job.attempts:
            continue
        if event.kind == "progress" and event.total:
            share = min(1.0, max(0.0, (event.done or 0) / event.total))
            message = event.message
        seconds = event.data.get("seconds_left")
        left = float(seconds) if isinstance(seconds, int | float) else left
    return RunningJob(job.id, job.kind, job.state, job.run, share, message, left)


def _last_events(path: Path) -> tuple[JobEvent, ...]:
    if not path.exists():
        return ()
    with path.open("rb") as file:
        start = max(0, file.seek(0, 2) - TAIL_BYTES)
        file.seek(start)
        lines = file.read().split(b"\n")
    # The last piece has no line end yet; the first is cut unless the file was read from its beginning.
    whole = lines[1 if start else 0 : -1]
    events = []
    for line in whole:
        try:
            events.append(JobEvent.model_validate_json(line))
        except ValidationError:
            continue  # a line of another version must not take the frame of every page down
    return tuple(events)
