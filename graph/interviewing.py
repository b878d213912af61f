"""The set-up interview and the method decision, done at once: facts are kept, and one question is asked next."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from agent.errors import BusyError
from agent.policy.interview import next_field
from agent.policy.readiness import readiness
from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.decision import MethodDecision
from agent.records.facts import ProjectFacts
from agent.records.profile import Profile
from graph.context import Context
from graph.offers import after, with_next
from graph.performed import Performed
from graph.replies import interview, results
from graph.replies.plain import said_json
from graph.replies.said import Said, joined
from graph.state import ConversationState
from tools.deciding import decide_for_profile, decide_for_project, decide_if_free
from tools.jobs.store import JobStore
from tools.profiles import changed_fields, save_facts, with_facts
from tools.requests import ProfileRequest
from tools.road_costs import costs
from tools.status import project_facts
from tools.workspace import Project


def note_facts(
    request: ProfileRequest, state: ConversationState, context: Context, project: Project | None, lang: Language
) -> Performed:
    """Keep facts of the task, and ask for the next one or show the plan."""
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
        return Performed(said_json(after(text, said)), data, remember)
    closed = _settled(skipped, project)
    asked = next_field(profile, decision, closed)
    if asked is not None:
        said = interview.ask(asked, profile, decision, closed, lang)
    else:
        steps = _steps(project, profile, decision, lang)
        said = interview.plan(profile, decision, steps, costs(project, context.settings, profile, steps), lang)
        if project is not None and project.chunks.exists():
            said = with_next(said, project, lang)
        elif project is None or not _is_reading(project):
            question = fill(TALK, "where_documents", lang)
            said = Said(
                joined(said.text, fill(TALK, "plan_first", lang, step=question)),
                question=question,
                evidence=said.evidence,
                articles=said.articles,
                expecting={"kind": "field", "field": "documents"},
            )
    return Performed(said_json(after(text, said)), data, {**remember, "expecting": said.expecting})


def decide_method(state: ConversationState, context: Context, project: Project | None, lang: Language) -> Performed:
    """Say which method the records speak for, and what is still worth asking."""
    if project is not None and project.latest_run("evaluate") is not None:
        decision = decide_if_free(project, lang)
    else:
        decision = decide_for_profile(context.profile(state), lang)
    skipped = _settled(state.get("skipped") or (), project)
    asked = next_field(context.profile(state), decision, skipped)
    said = results.verdict(decision, lang)
    if asked is not None and decision.confidence != "measured":
        question = interview.ask(asked, context.profile(state), decision, skipped, lang)
        said = Said(
            joined(said.text.removesuffix(decision.question).strip(), question.text),
            question=question.question,
            options=question.options,
            evidence=said.evidence,
            articles=said.articles,
            expecting=question.expecting,
        )
    return Performed(said_json(said), decision.model_dump(mode="json"), {"expecting": said.expecting})


def next_question(state: ConversationState, context: Context, project: Project, lang: Language) -> Said | None:
    """Return the question with which an interview goes on after a reading; `None` where none was begun or it is over.

    Somebody who only reads files, and has said nothing of a task, is not questioned.
    """
    profile = context.profile(state)
    if profile.goal is None or project.latest_run("extract") is not None:
        return None
    decision = _decision(profile, project, lang)
    skipped = _settled(state.get("skipped") or (), project)
    asked = next_field(profile, decision, skipped)
    return interview.ask(asked, profile, decision, skipped, lang) if asked is not None else None


def _settled(skipped: Collection[str], project: Project | None) -> tuple[str, ...]:
    """Return what is not asked for: what a person left open, and the documents once they are there."""
    there = project is not None and (project.chunks.exists() or _is_reading(project))
    return (*skipped, "documents") if there else tuple(skipped)


def _is_reading(project: Project) -> bool:
    active = JobStore(project.jobs).active() if project.jobs.exists() else None
    return active is not None and active.kind == "ingest"


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
