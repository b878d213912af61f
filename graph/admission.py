"""Letting a step in: refused by policy, waiting for a yes, or free to run. The policy stands outside any model.

Whatever proposes a step - the offline assistant, a chat model, a program over MCP - it comes through `admit`, and only
what `agent.policy` permits goes on: refused steps say why, costly and destructive ones wait for a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent.errors import DomainsmithError, RefusedError
from agent.policy.consent import consent
from agent.policy.readiness import refusal
from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.prompts.steps import STEPS
from agent.records.base import Language, Record
from agent.records.conversation import Approval, Fault
from agent.records.facts import StepFacts
from graph.context import Context, language
from graph.replies.said import Said
from graph.replies.subjects import subject
from graph.state import ConversationState, Step
from tools.calling import prepare, read_arguments
from tools.catalog import ToolSpec, find_tool
from tools.forecast import step_facts
from tools.jobs.store import JobStore
from tools.profiles import with_facts
from tools.requests import CancelRequest, IngestAsk, ProfileRequest
from tools.status import project_facts

AT_ONCE: Final = (0.0, 1.0)
"""Seconds of a step without a job: the slowest of 604 turns took 0.6 s (BENCHMARKS.md, the assistant)."""
NEW_PROJECT = "assistant"
"""Name of a project that a conversation makes; a number is added where it is taken."""


@dataclass(frozen=True)
class Admitted:
    """What became of a step: exactly one of `said`, `approval` and `step` alone leads on."""

    step: Step | None = None
    approval: Approval | None = None
    """Set where the step waits for a yes."""
    said: Said | None = None
    """Set where it was refused."""
    fault: Fault | None = None
    """Why it was refused."""
    following: tuple[Step, ...] = field(default=())


def admit(
    context: Context,
    state: ConversationState,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    following: Sequence[Step] = (),
    covered: bool = False,
) -> Admitted:
    """Return what may happen with a proposed tool call; nothing is done here.

    Args:
        context: Dependencies.
        state: The conversation.
        tool: Name of the tool.
        arguments: Its arguments.
        following: Steps that are to follow.
        covered: Whether a person's yes covers this step already.
    """
    lang = language(state)
    key = _key(state, tool, len(following))
    try:
        spec = find_tool(tool)
        project = context.project(state)
        if project is None and spec.needs_project and spec.name != "read_documents":
            why = fill(TALK, "no_project", lang)
            return Admitted(said=Said(why, articles=("documents",)), fault=Fault(what=why))
        if spec.job is None:
            return _at_once(context, state, spec, arguments, key, following, covered)
        if project is None:
            return _first_documents(context, state, spec, arguments, key, following)
        request = prepare(spec, project, context.for_language(lang), arguments, lang)
    except DomainsmithError as error:
        said = Said(fill(TALK, "policy", lang, why=str(error)), articles=_article(error))
        return Admitted(said=said, fault=Fault.of(error))
    facts = step_facts(project, context.for_language(lang), spec.job, request, lang)
    step = Step(tool=tool, arguments=request.model_dump(mode="json"), key=key, title=facts.subject)
    return _weigh(context, state, spec, step, facts, project.info.name, following, covered)


def _weigh(
    context: Context,
    state: ConversationState,
    spec: ToolSpec,
    step: Step,
    facts: StepFacts,
    project: str,
    following: Sequence[Step],
    covered: bool,
    makes_project: bool = False,
) -> Admitted:
    lang = language(state)
    asked = consent(spec.action, facts.model_copy(update={"approved": covered}), lang=lang)
    untrusted = not covered and spec.effect != "read" and _untrusted(state)
    # A direct command is its own yes; words in a chat are not, however short the step is thought to take.
    costly = not covered and spec.effect == "costly"
    if not asked.needed and not untrusted and not costly:
        return Admitted(step=step, following=tuple(following))
    approval = Approval(
        id=step["key"],
        thread=state["thread"],
        action=spec.action,
        tool=spec.name,
        arguments=step["arguments"],
        project=project,
        makes_project=makes_project,
        title=facts.subject,
        summary=asked.summary,
        reasons=(*(why.text for why in asked.reasons), *((fill(STEPS, "untrusted", lang),) if untrusted else ())),
        articles=tuple(dict.fromkeys(why.article for why in asked.reasons)) or ("consent",),
        following=tuple(one["title"] for one in following),
        created=context.clock(),
    )
    return Admitted(step=step, approval=approval, following=tuple(following))


def _at_once(
    context: Context,
    state: ConversationState,
    spec: ToolSpec,
    arguments: Mapping[str, Any],
    key: str,
    following: Sequence[Step],
    covered: bool,
) -> Admitted:
    request = read_arguments(spec, arguments)
    lang = language(state)
    project = context.project(state)
    why = refusal(spec.action, project_facts(project), lang) if project and spec.action == "diagnose" else None
    if why is not None:
        raise RefusedError(why.text, where=f"guide: {why.article}")
    match request:
        case ProfileRequest():
            with_facts(context.profile(state), request.facts, request.forget)  # a wrong value is said before a yes
        case CancelRequest(job=None) if project is not None and (active := JobStore(project.jobs).active()):
            request = CancelRequest(job=active.id)
    what = subject(request, spec.says[lang], lang)
    # A person is asked about exactly this; a step that runs is told of in the tool's own words.
    step = Step(tool=spec.name, arguments=request.model_dump(mode="json"), key=key, title=spec.says[lang])
    facts = StepFacts(subject=what, seconds_low=AT_ONCE[0], seconds_high=AT_ONCE[1], changes=_changes(spec, lang))
    return _weigh(context, state, spec, step, facts, state.get("project") or "", following, covered)


def _first_documents(
    context: Context,
    state: ConversationState,
    spec: ToolSpec,
    arguments: Mapping[str, Any],
    key: str,
    following: Sequence[Step],
) -> Admitted:
    """Admit reading documents where there is no project yet: it is made together with them."""
    from tools.calling import ingest_request
    from tools.forecast import first_reading

    lang = language(state)
    ask = read_arguments(spec, arguments)
    assert isinstance(ask, IngestAsk)
    request = ingest_request(ask, context.settings)
    name = free_name(context)
    facts = first_reading(request, context.for_language(lang), lang, project=name)
    step = Step(tool=spec.name, arguments=request.model_dump(mode="json"), key=key, title=facts.subject)
    return _weigh(context, state, spec, step, facts, name, following, covered=False, makes_project=True)


def free_name(context: Context) -> str:
    """Return a name for a new project that nobody has taken."""
    taken = {info.name for info in context.workspace.projects()}
    number = 1
    while (name := NEW_PROJECT if number == 1 else f"{NEW_PROJECT}-{number}") in taken:
        number += 1
    return name


def request_of(step: Step, spec: ToolSpec) -> Record:
    """Return an admitted step's request as the record its job takes.

    The arguments are the request that was shown; nothing is chosen again.
    """
    from agent.records.corpus import IngestRequest
    from agent.records.tuning import TuneRequest

    kinds: dict[str, type[Record]] = {"read_documents": IngestRequest, "tune": TuneRequest}
    return kinds.get(spec.name, spec.request).model_validate(step["arguments"])


def _untrusted(state: ConversationState) -> bool:
    """Return whether a proposal may come from text that no person of the conversation wrote."""
    incoming = state.get("incoming", {})
    if incoming.get("kind") == "proposal":
        # With words of its own it stands for what a person did, e.g. dropped files (`Assistant.propose`).
        return not incoming.get("text")
    by_model = bool((state.get("understanding") or {}).get("tool"))
    return by_model and bool(state.get("tainted"))


def _changes(spec: ToolSpec, lang: Language) -> tuple[str, ...]:
    if spec.effect == "read":
        return ()
    return (fill(STEPS, f"{spec.name}_changes", lang),)


def _key(state: ConversationState, tool: str, rest: int) -> str:
    """Return the name of the occasion: the same however often a node is repeated."""
    seed = f"{state['thread']}|{state['incoming']['id']}|{tool}|{rest}|{state.get('rounds', 0)}"
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def _article(error: DomainsmithError) -> tuple[str, ...]:
    return (error.where.removeprefix("guide: "),) if error.where.startswith("guide: ") else ()
