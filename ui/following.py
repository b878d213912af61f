"""Following a job from the command line: progress while it runs, its result or its error when it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.records.base import Record
from agent.records.job import Job, JobEvent, JobKind
from tools.workspace import Project
from ui.progress import TerminalReporter
from ui.runtime import Runtime

R = TypeVar("R", bound=Record)


def show(event: JobEvent, reporter: TerminalReporter) -> None:
    """Show one event of a job on the terminal."""
    match event.kind:
        case "progress":
            reporter.progress(event.done or 0, event.total or 0, event.unit, event.message)
        case "note":
            reporter.note(event.message)
        case "metric":
            reporter.metric(**event.data)
        case "state":
            pass


def start_job(
    runtime: Runtime,
    project: Project,
    kind: JobKind,
    request: Record,
    *,
    prepare: Callable[[Path], None] | None = None,
) -> Job:
    """Start a job; its run folder is named after its kind."""
    from tools.jobs.runner import submit

    return submit(project, runtime.settings, kind, request.model_dump(mode="json"), kind, prepare=prepare)


def follow(project: Project, job: Job, kind: type[R]) -> R:
    """Show a job until it ends and return what it produced.

    Raises:
        DomainsmithError: The job did not end well; with its own exit code.
    """
    from tools.jobs.runner import result_of, wait

    with TerminalReporter(job.kind) as reporter:
        ended = wait(project, job.id, lambda event: show(event, reporter))
    return result_of(project, ended, kind)
