"""Tools that are done at once, in this process: what they read, and what is said about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, get_args

from agent.errors import BusyError, EmptyError
from agent.policy.interview import next_field
from agent.policy.readiness import readiness, refusal
from agent.prompts.assistant import RESULTS, TALK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.decision import MethodDecision
from agent.records.evaluation import EvaluationReport
from agent.records.facts import ProjectFacts
from agent.records.pairs import Pair, PairStatus
from agent.records.profile import Profile
from agent.records.tuning import TuneResult
from graph.context import Context, language
from graph.fixing import applicable
from graph.replies import diagnosis, interview, results
from graph.replies.answers import side_by_side
from graph.replies.plain import said_json
from graph.replies.said import Said, joined
from graph.state import ConversationState, Step
from knowledge.files import read_record
from knowledge.guide.library import load_library
from tools.catalog import find_tool
from tools.deciding import decide_for_profile, decide_for_project
from tools.hardware import find_device
from tools.profiles import changed_fields, save_facts, with_facts
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
from tools.status import project_facts, stand
from tools.workspace import Project


@dataclass(frozen=True)
class Performed:
    """What was done and is to be said."""

    said: dict[str, Any]
    """A `Said` as plain values."""
    data: dict[str, Any] = field(default_factory=dict)
    """The record behind it, for a chat model or a program."""
    remember: dict[str, Any] = field(default_factory=dict)
    """State to keep."""
    document_text: bool = False
    """Whether text of documents is in it, which may hold instructions."""


def perform_at_once(step: Step, state: ConversationState, context: Context) -> Performed:
    """Carry out a tool without a job.

    Raises:
        DomainsmithError: There is nothing to work on, or a name is unknown.
    """
    lang = language(state)
    spec = find_tool(step["tool"])
    request = spec.request.model_validate(step["arguments"])
    project = context.project(state)
    match request:
        case ProfileRequest():
            return _note(request, state, context, project, lang)
        case PlanRequest():
            return _plan(request, state, context, project, lang)
        case GuideRequest():
            return _guide(request, lang)
        case MachineRequest():
            return _machine(request, project, lang)
    if spec.name == "decide":
        return _decide(state, context, project, lang)
    if project is None:
        raise EmptyError(fill(TALK, "no_project", lang))
    match request:
        case ReviewRequest():
            return _pairs(request, project, lang)
        case RejectRequest():
            return _reject(request, project, lang)
        case DiagnoseRequest():
            return _diagnose(request, state, context, project, lang)
        case CompareRequest():
            return _compare(request, context, project, lang)
        case CancelRequest():
            return _cancel(request, project, lang)
    if spec.name == "list_results":
        return _results(project, lang)
    return _status(project, lang)


def _note(
    request: ProfileRequest, state: ConversationState, context: Context, project: Project | None, lang: Language
) -> Performed:
    before = context.profile(state)
    profile = with_facts(before, request.facts, request.forget)
    corrected = changed_fields(before, profile)
    remember: dict[str, Any] = {}
    if project is not None:
        save_facts(project, request.facts, request.forget)
    else:
        remember["profile"] = profile.model_dump(mode="json", exclude_none=True)
    expecting = state.get("expecting") or {}
    skipped = list(state.get("skipped") or [])
    if expecting.get("skipped"):
        skipped = [*skipped, str(expecting["skipped"])]
        remember["skipped"] = skipped
    decision = _decision(profile, project, lang)
    text = interview.noted(request.facts, bool(corrected), lang)
    data = {"profile": profile.model_dump(mode="json", exclude_none=True), "method": decision.method}
    if state.get("following"):
        # One question at a time: the step that follows may ask for a yes.
        return Performed(said_json(Said(text)), data, {**remember, "expecting": None})
    if expecting.get("kind") == "verdict":
        said = results.verdict(decision, lang)
        return Performed(said_json(_after(text, said)), data, remember)
    asked = next_field(profile, decision, skipped)
    if asked is not None:
        said = interview.ask(asked, profile, decision, skipped, lang)
    else:
        said = interview.plan(profile, decision, _steps(project, profile, decision, lang), lang)
        if project is None or not project_facts(project).documents:
            question = fill(TALK, "where_documents", lang)
            said = Said(
                joined(said.text, fill(TALK, "plan_first", lang, step=question)),
                question=question,
                evidence=said.evidence,
                articles=said.articles,
                expecting={"kind": "field", "field": "documents"},
            )
    return Performed(said_json(_after(text, said)), data, {**remember, "expecting": said.expecting})


def _decide(state: ConversationState, context: Context, project: Project | None, lang: Language) -> Performed:
    if project is not None and project.latest_run("evaluate") is not None:
        decision = decide_for_project(project, lang)
    else:
        decision = decide_for_profile(context.profile(state), lang)
    asked = next_field(context.profile(state), decision, state.get("skipped") or ())
    said = results.verdict(decision, lang)
    if asked is not None and decision.confidence != "measured":
        question = interview.ask(asked, context.profile(state), decision, state.get("skipped") or (), lang)
        said = Said(
            joined(said.text.removesuffix(decision.question).strip(), question.text),
            question=question.question,
            options=question.options,
            evidence=said.evidence,
            articles=said.articles,
            expecting=question.expecting,
        )
    return Performed(said_json(said), decision.model_dump(mode="json"), {"expecting": said.expecting})


def _plan(
    request: PlanRequest, state: ConversationState, context: Context, project: Project | None, lang: Language
) -> Performed:
    from tools.forecast import parameters_of
    from tools.plan import plan

    params = request.params_b
    if params is None:
        known = parameters_of(context.settings.base_model, context.settings)
        if known is None:
            raise EmptyError("the size of the base model is not known yet", mend="name it, e.g. “plan for 7B”")
        params = round(known / 1e9, 3)
    made = plan(request.device, request.count, params, lang)
    said = results.memory(made, lang)
    asked = next((one for one in made.methods if one.method == request.method), None)
    wish = (state.get("expecting") or {}).get("kind") == "wish"
    if wish and asked is not None and not (asked.fits and asked.available):
        said = Said(
            joined(fill(TALK, "policy", lang, why=asked.why), said.text), evidence=said.evidence, articles=said.articles
        )
    if wish:
        # Somebody wants to train at once: say what is missing before any training, and offer that.
        facts = project_facts(project) if project is not None else ProjectFacts()
        why = refusal("tune", facts, lang)
        action = readiness(facts, lang).next_action
        offer = results.offer(action, lang)
        said = Said(
            joined(said.text, fill(TALK, "policy", lang, why=why.text) if why is not None else "", offer.text),
            question=offer.question,
            options=offer.options,
            evidence=said.evidence,
            articles=(*said.articles, *((why.article,) if why is not None else ())),
            expecting=offer.expecting,
        )
    return Performed(said_json(said), made.model_dump(mode="json"))


def _guide(request: GuideRequest, lang: Language) -> Performed:
    library = load_library()
    found = library.search(request.question, lang) or library.search(request.question, "en" if lang == "zh" else "zh")
    data = {"articles": [{"id": one.id, "title": one.title, "text": one.text} for one in found]}
    return Performed(said_json(results.guide(found, lang)), data)


def _machine(request: MachineRequest, project: Project | None, lang: Language) -> Performed:
    names = request.devices or ("this machine",)
    devices = [find_device(name) for name in names]
    trained, report = None, None
    if project is not None and not request.devices:
        run = project.latest_run("tune")
        trained = read_record(run / "result.json", TuneResult) if run is not None else None
        measured = project.latest_run("evaluate")
        report = read_record(measured / "result.json", EvaluationReport) if measured is not None else None
    said = results.machine(devices, trained, report, lang)
    return Performed(said_json(said), {"devices": [one.model_dump(mode="json") for one in devices]})


def _pairs(request: ReviewRequest, project: Project, lang: Language) -> Performed:
    from tools.pairs import load_pairs, select

    pairs = load_pairs(project)
    counts = {state: sum(one.status == state for one in pairs) for state in get_args(PairStatus)}
    found: list[Pair] = select(pairs, status=request.status, containing=request.containing)
    shown = found[: request.limit]
    data = {"counts": counts, "pairs": [one.model_dump(mode="json") for one in shown]}
    return Performed(said_json(results.pairs(counts, shown, lang)), data, document_text=True)


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


def _diagnose(
    request: DiagnoseRequest, state: ConversationState, context: Context, project: Project, lang: Language
) -> Performed:
    from tools.diagnosis.narrowing import narrow
    from tools.diagnosis.run import diagnose
    from tools.diagnosis.weakest import arm_for

    folder = project.run(request.run) if request.run is not None else project.latest_run("evaluate")
    if folder is None:
        raise EmptyError("nothing was evaluated yet", mend=f"`domainsmith evaluate -p {project.info.name}`")
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


def _results(project: Project, lang: Language) -> Performed:
    facts = project_facts(project)
    rows, evidence = [], []
    tuned = project.latest_run("tune")
    if tuned is not None:
        result = read_record(tuned / "result.json", TuneResult)
        path = tuned / result.adapter
        rows.append(fill(RESULTS, "results_adapter", lang, run=tuned.name, method=result.method, path=path))
        evidence.append(tuned.name)
    measured = project.latest_run("evaluate")
    if measured is not None:
        path = measured / "eval" / "report.md"
        rows.append(fill(RESULTS, "results_report", lang, run=measured.name, path=path))
        evidence.append(measured.name)
    if facts.pairs_accepted:
        gaps = {"count": facts.pairs_accepted, "project": project.info.name}
        rows.append(fill(RESULTS, "results_pairs", lang, **gaps))
    said = Said("\n".join(rows) or fill(RESULTS, "results_none", lang), evidence=tuple(evidence))
    return Performed(said_json(said), {"results": rows})


def _status(project: Project, lang: Language) -> Performed:
    from tools.jobs.progress import progress_of
    from tools.jobs.store import JobStore

    ready = stand(project, lang)
    active = JobStore(project.jobs).active()
    running = progress_of(project, active, lang) if active is not None else ""
    said = results.stand(ready, project.info.name, lang, running)
    return Performed(said_json(said), ready.model_dump(mode="json"))


def _decision(profile: Profile, project: Project | None, lang: Language) -> MethodDecision:
    """Decide from the profile; a project keeps it, so that its road is the plan's, until something is measured."""
    if project is not None and project.latest_run("evaluate") is None:
        with suppress(BusyError):
            return decide_for_project(project, lang)
    return decide_for_profile(profile, lang)


def _steps(project: Project | None, profile: Profile, decision: MethodDecision, lang: Language) -> tuple[str, ...]:
    """Return the stations ahead: without training where the decision is against it."""
    facts = project_facts(project) if project is not None else ProjectFacts(profile=profile)
    done = {one.name for one in readiness(facts, lang).stations if one.state == "done"}
    training = "finetune" in decision.method or decision.method == "insufficient_evidence"
    # Pairs come before the validation set whatever the method: they split the documents, and questions come from them.
    road = ("ingest", "extract", "validate", "mix", "tune", "evaluate", "decide")
    station = {"ingest": "documents", "extract": "pairs", "mix": "mix", "tune": "tune"}
    return tuple(
        step for step in road if station.get(step, "") not in done and (training or step not in ("mix", "tune"))
    )


def _after(before: str, said: Said) -> Said:
    return Said(
        joined(before, said.text),
        question=said.question,
        options=said.options,
        evidence=said.evidence,
        articles=said.articles,
        answers=said.answers,
        expecting=said.expecting,
    )
