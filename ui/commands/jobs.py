"""Background jobs: `jobs list|show|cancel|resume|logs`."""

from __future__ import annotations

from time import sleep
from typing import Annotated

import typer

from agent.records.job import Job
from tools.workspace import Project
from ui import render
from ui.options import Json, Lang, ProjectName, refuse_before
from ui.output import complain
from ui.runtime import Runtime

JobId = Annotated[str, typer.Argument(help="Id of the job, or the beginning of it.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    jobs = typer.Typer(
        name="jobs", help="Background jobs.", no_args_is_help=False, rich_markup_mode=None, invoke_without_command=True
    )
    jobs.callback()(listing_by_default)
    jobs.command("list")(listing)
    jobs.command("show")(show)
    jobs.command("cancel")(cancel)
    jobs.command("resume")(resume)
    jobs.command("logs")(logs)
    app.add_typer(jobs)


def listing_by_default(
    context: typer.Context, project: ProjectName = None, json: Json = False, lang: Lang = None
) -> None:
    """Background jobs: list, show, cancel, resume, logs."""
    if context.invoked_subcommand is None:
        listing(project, json, lang)
    else:
        refuse_before(context.invoked_subcommand, (project, json, lang))


def listing(project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """List the jobs of a project, newest last."""
    from tools.jobs.reconcile import reconcile
    from tools.jobs.store import JobStore

    runtime, opened = _open(project, json, lang)
    reconcile(opened)
    known = JobStore(opened.jobs).list()
    rows = [(job.id, job.kind, job.state, job.created, job.run, job.error) for job in known]
    runtime.output.emit(
        {"jobs": [job.model_dump(mode="json") for job in known]},
        render.table(rows) or runtime.output.say("no_jobs"),
    )


def show(job: JobId, project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """Show one job; a running one is followed until it ends (Ctrl-C leaves it running)."""
    from tools.jobs.events import EVENTS, EventTail
    from tools.jobs.reconcile import reconcile
    from tools.jobs.store import TERMINAL, JobStore
    from ui.following import reporter_of
    from ui.following import show as show_event

    runtime, opened = _open(project, json, lang)
    reconcile(opened)
    store = JobStore(opened.jobs)
    known = store.get(job)
    tail = EventTail(opened.runs / known.run / EVENTS)
    try:
        with reporter_of(known.kind, runtime.output.lang) as reporter:
            while True:
                ended = store.get(known.id).state in TERMINAL
                for event in tail.read():
                    if not runtime.output.as_json:
                        show_event(event, reporter)
                if ended or runtime.output.as_json:
                    break
                sleep(0.2)
                reconcile(opened)
    except KeyboardInterrupt:
        complain(f"domainsmith: {runtime.output.say('left_running', id=known.id)}")
        raise typer.Exit(130) from None
    _emit(runtime, store.get(known.id))


def cancel(job: JobId, project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """Stop a job; what it finished is kept."""
    from tools.jobs.runner import cancel as stop

    runtime, opened = _open(project, json, lang)
    _emit(runtime, stop(opened, job))


def resume(job: JobId, project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """Go on with an interrupted, failed or cancelled job."""
    from tools.jobs.interrupts import held
    from tools.jobs.runner import resume as again
    from tools.jobs.runner import wait
    from ui.following import reporter_of
    from ui.following import show as show_event

    runtime, opened = _open(project, json, lang)
    with held():
        started = again(opened, job)
        with reporter_of(started.kind, runtime.output.lang) as reporter:
            ended = wait(opened, started.id, lambda event: show_event(event, reporter))
    _emit(runtime, ended)
    if ended.state != "done":
        raise typer.Exit(ended.exit_code or 1)


def logs(job: JobId, project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """Print what a job's worker wrote."""
    from tools.jobs.runner import log_of
    from tools.jobs.store import JobStore

    runtime, opened = _open(project, json, lang)
    known = JobStore(opened.jobs).get(job)
    path = log_of(opened, known)
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    runtime.output.emit({"job": known.id, "log": text}, text.rstrip("\n"))


def _open(project: str | None, as_json: bool, lang: str | None) -> tuple[Runtime, Project]:
    runtime = Runtime(as_json=as_json, lang=lang)
    return runtime, runtime.workspace.open(project)


def _emit(runtime: Runtime, job: Job) -> None:
    error = f": {job.error}" if job.error else ""
    runtime.output.emit(job, f"{job.id}  {job.kind}  {job.state}{error}  ({job.run})")
