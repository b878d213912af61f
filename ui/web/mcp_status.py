"""What became of a request for approval, and how far a job is: `job_status`, which only looks."""

from __future__ import annotations

from typing import Any

from mcp.types import CallToolResult

from agent.errors import InputError, NotFoundError
from agent.records.base import Language
from agent.records.conversation import Approval, Turn
from agent.records.job import Job
from graph.following import RESULT_RECORDS
from graph.replies.results import job_result
from graph.replies.waiting import ended_badly
from tools.jobs.progress import last_progress, progress_of
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import result_of
from tools.jobs.store import TERMINAL, JobStore
from tools.workspace import Project
from ui.i18n import phrase
from ui.web.desk import Desk
from ui.web.mcp_shapes import answer, asks_approval
from ui.web.mcp_tools import JOB_STATUS, JobStatusRequest


def status_of(desk: Desk, request: JobStatusRequest, project: str | None, address: str) -> CallToolResult:
    """Return what became of a request, or how far a job is.

    Args:
        desk: Of the account that asks.
        request: The thread of the request, or the job.
        project: Name of the job's project; all are looked through without it.
        address: Of the server, as the program reaches it.

    Raises:
        InputError: Neither or both of thread and job are named.
        NotFoundError: There is no such thread, job or project here.
    """
    lang = desk.settings.lang
    if request.thread is not None and request.job is None:
        return _of_thread(desk, request.thread, lang, address)
    if request.job is not None and request.thread is None:
        return _of_job(*_find(desk, request.job, project), lang)
    raise InputError(phrase("mcp_thread_or_job", lang), where=JOB_STATUS, mend=phrase("mcp_thread_or_job_mend", lang))


def _of_thread(desk: Desk, thread: str, lang: Language, address: str) -> CallToolResult:
    turns = [message.turn for message in desk.assistant.history(thread) if message.turn is not None]
    last = next((at for at in reversed(range(len(turns))) if turns[at].approval or turns[at].job), None)
    if last is None:
        raise NotFoundError(phrase("mcp_no_request", lang), where=thread[:40], mend=phrase("mcp_no_request_mend", lang))
    turn, after = turns[last], turns[last + 1 :]
    if turn.approval is None:
        return _of_job(*_find(desk, turn.job or "", turn.project), lang)
    started = _started(desk, turn.approval)
    if started is not None:
        # Looked for first: the job is on record before the turn that started it is.
        return _of_job(*started, lang)
    if not after:
        return asks_approval(turn.approval, lang, address)
    return _settled(turn.approval, after[0], lang)


def _settled(approval: Approval, turn: Turn, lang: Language) -> CallToolResult:
    """Return what a verdict came to where it left no job: done at once, failed, or declined."""
    data: dict[str, Any] = {"tool": approval.tool, "thread": approval.thread, "project": turn.project}
    step = next((one for one in turn.steps if one.tool == approval.tool), None)
    if step is None:
        return answer(phrase("mcp_declined", lang, title=approval.title), {**data, "state": "declined"})
    fault = turn.fault.model_dump(mode="json") if turn.fault is not None else None
    state = "done" if step.state == "done" else "failed"
    return answer(turn.reply, {**data, "state": state, "reply": turn.reply, "error": fault})


def _started(desk: Desk, approval: Approval) -> tuple[Project, Job] | None:
    for info in desk.workspace.projects():
        project = desk.project(info.name)
        job = JobStore(project.jobs).of_key(approval.id)
        if job is not None:
            return project, job
    return None


def _find(desk: Desk, name: str, project: str | None) -> tuple[Project, Job]:
    """Return a job and its project.

    Raises:
        NotFoundError: The account has no such job, or no such project.
    """
    names = [project] if project is not None else [info.name for info in desk.workspace.projects()]
    for one in map(desk.project, names):
        try:
            return one, JobStore(one.jobs).get(name)
        except NotFoundError:
            continue
    lang = desk.settings.lang
    raise NotFoundError(phrase("mcp_no_job", lang), where=name[:40], mend=phrase("mcp_no_job_mend", lang))


def _of_job(project: Project, found: Job, lang: Language) -> CallToolResult:
    # A worker that died is found out here and not only when somebody starts the next job.
    reconcile(project)
    job = JobStore(project.jobs).get(found.id)
    shown = job.model_dump(mode="json", include={"kind", "run", "state", "created", "started", "ended", "error"})
    data: dict[str, Any] = {"job": job.id, "project": project.info.name, **shown}
    if job.state not in TERMINAL:
        event = last_progress(project, job)
        if event is not None:
            data["progress"] = event.model_dump(mode="json", include={"at", "done", "total", "unit", "message"})
        return answer(progress_of(project, job, lang), data)
    if job.state != "done":
        return answer(ended_badly(job.kind, job, lang).text, data)
    result = result_of(project, job, RESULT_RECORDS[job.kind])
    return answer(job_result(result, job.run, lang).text, {**data, "result": result.model_dump(mode="json")})
