"""Tools that are done at once, in this process: which function answers for which request."""

from __future__ import annotations

from shlex import quote

from agent.errors import EmptyError
from agent.prompts.assistant import RESULTS, TALK
from agent.prompts.phrases import fill
from agent.records.base import Language, Record
from graph.comparing import look_at_machine
from graph.context import Context, language
from graph.fixing import applicable
from graph.interviewing import decide_method, note_facts
from graph.looking import (
    look_at_pairs,
    look_at_plan,
    look_at_results,
    look_at_road,
    look_into_guide,
)
from graph.performed import Performed
from graph.replies import diagnosis
from graph.replies.answers import side_by_side
from graph.replies.plain import said_json
from graph.replies.said import Said
from graph.state import ConversationState, Step
from tools.catalog import find_tool
from tools.requests import (
    CancelRequest,
    CompareRequest,
    DiagnoseRequest,
    GuideRequest,
    MachineRequest,
    PlanRequest,
    ProfileRequest,
    RejectRequest,
    ReviewRequest,
)
from tools.workspace import Project


def perform_at_once(step: Step, state: ConversationState, context: Context) -> Performed:
    """Carry out a tool without a job.

    Raises:
        DomainsmithError: There is nothing to work on, or a name is unknown.
    """
    spec = find_tool(step["tool"])
    request = spec.request.model_validate(step["arguments"])
    project = context.project(state)
    if project is None and spec.needs_project:
        raise EmptyError(fill(TALK, "no_project", language(state)))
    if project is None or not spec.needs_project:
        return _anywhere(spec.name, request, state, context, project)
    return _in_project(spec.name, request, state, context, project)


def _anywhere(
    tool: str, request: Record, state: ConversationState, context: Context, project: Project | None
) -> Performed:
    """Carry out a tool that needs no project."""
    lang = language(state)
    match request:
        case ProfileRequest():
            return note_facts(request, state, context, project, lang)
        case PlanRequest():
            return look_at_plan(request, state, context, project, lang)
        case GuideRequest():
            return look_into_guide(request, lang)
        case MachineRequest():
            return look_at_machine(request, state, context, project, lang)
        case _ if tool == "decide":
            return decide_method(state, context, project, lang)
    raise AssertionError(f"{tool} needs a project or a job")


def _in_project(tool: str, request: Record, state: ConversationState, context: Context, project: Project) -> Performed:
    """Carry out a tool in a project."""
    lang = language(state)
    match request:
        case ReviewRequest():
            return look_at_pairs(request, project, lang)
        case RejectRequest():
            return _reject(request, project, lang)
        case DiagnoseRequest():
            return _diagnose(request, context, project, lang)
        case CompareRequest():
            return _compare(request, context, project, lang)
        case CancelRequest():
            return _cancel(request, project, lang)
        case _ if tool == "list_results":
            return look_at_results(project, lang)
        case _ if tool == "status":
            return look_at_road(project, lang)
    raise AssertionError(f"{tool} has a job")


def _reject(request: RejectRequest, project: Project, lang: Language) -> Performed:
    from tools.pairs import reject

    with project.owned("review"):
        changed = reject(project, list(request.ids), request.reason)
    said = Said(
        fill(RESULTS, "rejected", lang, count=len(changed)),
        evidence=tuple(one.id for one in changed),
        articles=("pair-quality",),
    )
    return Performed(said_json(said), {"rejected": [one.id for one in changed]})


def _diagnose(request: DiagnoseRequest, context: Context, project: Project, lang: Language) -> Performed:
    from tools.diagnosis.narrowing import narrow
    from tools.diagnosis.run import diagnose
    from tools.diagnosis.weakest import arm_for

    folder = project.run(request.run) if request.run is not None else project.latest_run("evaluate")
    if folder is None:
        raise EmptyError(
            fill(RESULTS, "not_evaluated", lang), mend=f"`domainsmith evaluate -p {quote(project.info.name)}`"
        )
    settings = context.for_language(lang)
    # Not every arm answers every dimension: faithfulness, say, is asked of those that read.
    arm = request.arm or (arm_for(folder, request.dimension) if request.dimension is not None else None)
    whole = diagnose(project, settings, folder, arm=arm)
    found = narrow(project, folder, whole, topic=request.topic, dimension=request.dimension, arm=arm, lang=lang)
    can = applicable(found, project, settings)
    said = diagnosis.narrowed(found, can, whole.retrain, lang)
    watch = {
        "run": found.run,
        "arm": found.arm,
        "ids": list(found.ids),
        "topic": found.topic or found.dimension or "",
        "fixes": [fix.model_dump(mode="json") for fix in found.fixes],
    }
    return Performed(
        said_json(said), found.model_dump(mode="json"), {"watch": watch} if found.items else {}, document_text=True
    )


def _compare(request: CompareRequest, context: Context, project: Project, lang: Language) -> Performed:
    from tools.asking import ask_arms, choose_arms

    arms = choose_arms(project, ",".join(request.arms) if request.arms else None)
    needs_index = any("rag" in arm for arm in arms)
    hits = context.open_retriever(project).look_up(request.question, request.k) if needs_index else []
    answered = ask_arms(project, context.for_language(lang), request.question, arms, hits, answerers=context.answerers)
    said = side_by_side(answered, project, context.settings, lang)
    return Performed(said_json(said), answered.model_dump(mode="json"), document_text=True)


def _cancel(request: CancelRequest, project: Project, lang: Language) -> Performed:
    from tools.jobs.runner import cancel
    from tools.jobs.store import JobStore

    active = JobStore(project.jobs).active()
    name = request.job or (active.id if active is not None else None)
    if name is None:
        return Performed(said_json(Said(fill(TALK, "no_job", lang))))
    ended = cancel(project, name)
    said = Said(fill(TALK, "cancelled", lang, title=f"{ended.kind} {ended.id}"), evidence=(ended.id,))
    return Performed(said_json(said), ended.model_dump(mode="json"), {"waiting": None})
