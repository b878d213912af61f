"""Following a job from the command line: progress while it runs, its result or its error when it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.records.base import Language, Record
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
    """Start a job that speaks the language of the command; its run folder is named after its kind."""
    from tools.jobs.runner import submit

    settings = runtime.settings.model_copy(update={"lang": runtime.output.lang})
    return submit(project, settings, kind, request.model_dump(mode="json"), kind, prepare=prepare)


def reporter_of(kind: JobKind, lang: Language) -> TerminalReporter:
    """Return what shows a job of a kind on the terminal, in a language."""
    return TerminalReporter(kind, lang=lang)


def follow(project: Project, job: Job, kind: type[R], lang: Language = "en") -> R:
    """Show a job until it ends and return what it produced.

    Raises:
        DomainsmithError: The job did not end well; with its own exit code.
    """
    from tools.jobs.runner import result_of, wait

    with reporter_of(job.kind, lang) as reporter:
        ended = wait(project, job.id, lambda event: show(event, reporter))
    return result_of(project, ended, kind)
