"""Steps of the road that a page can start: the request, what it will take, the yes it needs, and the start itself.

A page shows a `Proposal` as a card; a click on Approve starts exactly the request of the card, once, however often it
is clicked.

    card = propose(project, settings, "tune", tune_request(project, settings), "en")
    job = start(desk, project, card)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from agent.errors import EmptyError, InputError, RefusedError
from agent.policy.consent import consent
from agent.policy.readiness import refusal
from agent.progress import Reporter, Silent
from agent.records.base import Language, Record
from agent.records.corpus import IngestRequest
from agent.records.decision import Action, Consent
from agent.records.evaluation import EvaluateRequest
from agent.records.facts import ProjectFacts
from agent.records.job import Job, JobKind
from agent.records.judging import JudgeRequest
from agent.records.tuning import Method, TuneRequest
from agent.settings import Settings
from tools.benchmark.request import BenchRequest
from tools.diagnosis.remedy import StepName
from tools.extraction.request import ExtractRequest
from tools.forecast import step_facts
from tools.jobs.store import TERMINAL, JobStore
from tools.mixing.request import MixRequest
from tools.validation.request import ValidateRequest
from tools.workspace import Project
from ui.i18n import phrase
from ui.web.desk import Desk

REQUESTS: Final[dict[JobKind, type[Record]]] = {
    "ingest": IngestRequest,
    "extract": ExtractRequest,
    "validate": ValidateRequest,
    "mix": MixRequest,
    "tune": TuneRequest,
    "evaluate": EvaluateRequest,
    "judge": JudgeRequest,
    "bench": BenchRequest,
}
"""The record that a job of each kind takes."""


@dataclass(frozen=True)
class StepOptions:
    """What a person may set before a step is proposed; what is `None` is left to the policy."""

    domain_share: float | None = None
    drop_leaks: bool = True
    method: Method | Literal["auto"] = "auto"
    epochs: float | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Proposal:
    """A step that waits for a yes."""

    kind: JobKind
    project: str
    """Project id."""
    request: dict[str, Any]
    key: str
    """Names the occasion: the job it starts is started once."""
    summary: str
    reasons: tuple[str, ...]
    articles: tuple[str, ...]
    resumes: str = ""
    """Id of the job that goes on; empty where a new one starts."""
    lease: int = 0
    """Lease that the job has while it waits: with another one somebody has resumed it meanwhile."""


def wanted(project: Project, settings: Settings, kind: StepName, facts: ProjectFacts, options: StepOptions) -> Record:
    """Return the request for a step.

    Raises:
        RefusedError: The policy refuses the step as the project stands.
        DomainsmithError: A setting has no valid value, or there is nothing to work on.
    """
    why = cannot(kind, facts, settings.lang)
    if why:
        raise RefusedError(why)
    match kind:
        case "extract":
            return ExtractRequest()
        case "validate":
            return ValidateRequest()
        case "mix":
            share = {} if options.domain_share is None else {"domain_share": options.domain_share}
            return MixRequest(drop_leaks=options.drop_leaks, **share)
        case "tune":
            from tools.tuning.request import tune_request

            overrides = {} if options.epochs is None else {"epochs": options.epochs}
            return tune_request(project, settings, method=options.method, overrides=overrides)
        case "evaluate":
            return EvaluateRequest(limit=options.limit)


def cannot(kind: JobKind, facts: ProjectFacts, lang: Language) -> str:
    """Return why a step cannot start now, in words; empty if it can."""
    if facts.running is not None:
        return phrase("runs_busy", lang)
    # What can be diagnosed can be judged: both need an evaluation. A validation set needs documents, as pairs do.
    action: Action
    match kind:
        case "validate":
            action = "extract"
        case "judge":
            action = "diagnose"
        case "bench":
            action = "benchmark"
        case _:
            action = kind
    why = refusal(action, facts, lang)
    return why.text if why is not None else ""


def propose(project: Project, settings: Settings, kind: JobKind, request: Record, lang: Language) -> Proposal:
    """Return what a person is asked to agree to."""
    facts = step_facts(project, settings, kind, request, lang)
    return proposal_of(project, kind, request.model_dump(mode="json"), consent(kind, facts, lang=lang))


def proposal_of(
    project: Project, kind: JobKind, request: dict[str, Any], asked: Consent, *, resumes: Job | None = None
) -> Proposal:
    """Return the proposal of a step in the words of the policy; with a job, of going on with it."""
    return Proposal(
        kind=kind,
        project=project.id,
        request=request,
        key=f"page-{secrets.token_hex(8)}",
        summary=asked.summary,
        reasons=tuple(reason.text for reason in asked.reasons),
        articles=tuple(dict.fromkeys(reason.article for reason in asked.reasons)),
        resumes=resumes.id if resumes is not None else "",
        lease=resumes.lease if resumes is not None else 0,
    )


def start(desk: Desk, project: Project, proposal: Proposal, lang: Language, reporter: Reporter | None = None) -> Job:
    """Start the step of a proposal that a person has approved; a second call returns the job of the first.

    Args:
        desk: What the account can reach.
        project: The project of the page; must be the proposal's.
        proposal: What was agreed to.
        lang: Language of the run's notes.
        reporter: Hears of the questions looked up before an evaluation.

    Raises:
        BusyError: Another job of the project runs.
        EmptyError: There is nothing to work on.
        InputError: The job to resume cannot be resumed any more.
    """
    from tools.jobs.runner import submit

    if project.id != proposal.project:
        raise EmptyError(phrase("runs_other_project", lang))
    if proposal.resumes:
        return _resumed(project, proposal, lang)
    settings = desk.settings.model_copy(update={"lang": lang})
    request = REQUESTS[proposal.kind].model_validate(proposal.request)
    prepare = _retrieval(desk, project, request, reporter or Silent()) if isinstance(request, EvaluateRequest) else None
    kind = proposal.kind
    return submit(project, settings, kind, proposal.request, kind, prepare=prepare, key=proposal.key)


def _resumed(project: Project, proposal: Proposal, lang: Language) -> Job:
    from tools.jobs.runner import resume

    job = JobStore(project.jobs).get(proposal.resumes)
    if job.lease == proposal.lease:
        return resume(project, job.id)
    if job.state in TERMINAL:
        # It went on and ended again since the card was drawn; the yes was not for that.
        raise InputError(phrase("runs_not_resumable", lang, state=phrase(f"runs_state_{job.state}", lang)))
    return job


def _retrieval(
    desk: Desk, project: Project, request: EvaluateRequest, reporter: Reporter
) -> Callable[[Path], object] | None:
    """Return what looks up every question before the worker starts: the index has one owner, and that is the server."""
    from tools.evaluation.items import to_retrieve
    from tools.evaluation.retrieved import retrieve_for

    items = to_retrieve(project, request)
    if not items or not project.chunks.exists():
        return None
    retriever = desk.retriever(project)
    return lambda run: retrieve_for(items, retriever.look_up, request.k, run, reporter)
