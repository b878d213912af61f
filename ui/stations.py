"""One call a station: the request goes in, the job runs in its own process, the typed result comes back.

Both the commands and the line of `graph.pipeline` go through here, so a station behaves the same in either.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from agent.records.base import Record
from agent.records.evaluation import EvaluateRequest, EvaluationReport
from agent.records.job import Job, JobKind
from tools.jobs.interrupts import Interrupts, held
from tools.workspace import Project
from ui.following import follow, start_job
from ui.progress import TerminalReporter
from ui.runtime import Runtime

R = TypeVar("R", bound=Record)


def run_station(
    runtime: Runtime, project: Project, kind: JobKind, request: Record, result: type[R], *, detach: bool = False
) -> R | None:
    """Start a job and follow it to its result; with `detach` print its record and return `None`.

    Ctrl-C leaves either no job or a cancelled one.

    Raises:
        DomainsmithError: The job did not end well; with its own exit code.
    """
    with held() as interrupts:
        return _finish(runtime, project, start_job(runtime, project, kind, request), result, interrupts, detach=detach)


def run_evaluation(
    runtime: Runtime, project: Project, request: EvaluateRequest, *, detach: bool = False
) -> EvaluationReport | None:
    """Look up every question, then start the evaluation and follow it; otherwise as `run_station`.

    The index has one owner process, and a worker never opens it: what retrieval finds is written into the run folder
    before the worker starts.

    Raises:
        EmptyError: There are no sealed items, or no documents although arms with retrieval were asked for.
        DomainsmithError: The job did not end well; with its own exit code.
    """
    from tools.evaluation.items import to_retrieve
    from tools.evaluation.retrieved import retrieve_for

    wanted = to_retrieve(project, request)
    retriever = runtime.retriever(project) if wanted and project.chunks.exists() else None

    def prepare(run: Path) -> None:
        if retriever is not None:
            with TerminalReporter("retrieve", lang=runtime.output.lang) as reporter:
                retrieve_for(wanted, retriever.look_up, request.k, run, reporter)

    with held() as interrupts:
        job = start_job(runtime, project, "evaluate", request, prepare=prepare)
        return _finish(runtime, project, job, EvaluationReport, interrupts, detach=detach)


def _finish(
    runtime: Runtime, project: Project, job: Job, result: type[R], interrupts: Interrupts, *, detach: bool
) -> R | None:
    from tools.jobs.runner import heed

    if detach and not heed(project, job, interrupts):
        runtime.output.emit(job, runtime.output.say("started", id=job.id))
        return None
    return follow(project, job, result, runtime.output.lang)
