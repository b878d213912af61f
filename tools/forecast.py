"""What is known of a step before it starts: how long, how much memory, what changes, what leaves the machine.

Scaled from the project's last finished job of the same kind; before there is one, from speeds measured on two CPU
cores with the built-in model, as a wide range; and unknown where neither applies. Nothing is invented.

    step_facts(project, settings, "tune", tune_request(project, settings), "en").seconds_high
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from agent.policy.ladder import first_rung
from agent.policy.memory import LADDER as RUNGS
from agent.prompts.climbing import climb_text
from agent.prompts.extraction import forecast_line
from agent.prompts.phrases import fill
from agent.prompts.steps import STEPS
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language, Record
from agent.records.corpus import IngestRequest
from agent.records.evaluation import EvaluateRequest
from agent.records.facts import StepFacts
from agent.records.hardware import MethodFit
from agent.records.job import JobKind
from agent.records.judging import JudgeRequest
from agent.records.tuning import ClimbPlan, Method, TuneRequest
from agent.settings import BUILTIN, Settings
from tools.benchmark.foretold import foretold_gib
from tools.benchmark.request import BenchRequest
from tools.extraction.request import ExtractRequest
from tools.judging.run import effort
from tools.ladder.plan import climb_range, most_trainings
from tools.model_size import parameters_of
from tools.plan import model_at_hand, rungs_on, trained_like_here
from tools.step_duration import ANSWER_SECONDS, UNKNOWN, Range, reading_seconds, seconds_of
from tools.step_subject import reading_of, subject_of
from tools.workload import answers_of, prose_of
from tools.workspace import Project


def step_facts(
    project: Project, settings: Settings, kind: JobKind, request: Record, lang: Language = "en"
) -> StepFacts:
    """Return what is known of a job before it starts, for the policy of consent."""
    low, high = seconds_of(project, settings, kind, request)
    gib_low, gib_high = _memory(settings, kind, request)
    subject = subject_of(project, settings, kind, request, lang)
    asked_before = isinstance(request, JudgeRequest) and not effort(project, request).calls
    if isinstance(request, TuneRequest) and request.climb is not None:
        (low, high), subject = _climbing(project, settings, request, request.climb, (low, high), subject, lang)
    return StepFacts(
        subject=subject,
        seconds_low=low,
        seconds_high=high,
        gib_low=gib_low,
        gib_high=gib_high,
        gib_note=fill(STEPS, "tune_memory", lang) if kind == "tune" and gib_high is not None else "",
        changes=(fill(STEPS, f"{kind}_changes", lang), *_told(project, settings, request, lang)),
        sends_to=None if asked_before else _sends_to(settings, kind, request),
    )


def first_reading(request: IngestRequest, settings: Settings, lang: Language, *, project: str) -> StepFacts:
    """Return what is known of a reading whose project is made together with it.

    Args:
        request: What to read.
        settings: Name the embedding model.
        lang: Language of the words.
        project: Name of the project to be made.
    """
    low, high = reading_seconds(request)
    return StepFacts(
        subject=reading_of(request, lang),
        seconds_low=low,
        seconds_high=high,
        changes=(fill(STEPS, "ingest_new", lang, project=project),),
        sends_to=_sends_to(settings, "ingest"),
    )


def _climbing(
    project: Project,
    settings: Settings,
    request: TuneRequest,
    plan: ClimbPlan,
    one: Range,
    subject: str,
    lang: Language,
) -> tuple[Range, str]:
    """Return what a whole climb takes and what it is, from what one training takes and is."""
    items = answers_of(project, EvaluateRequest(arms=("base",), dimensions=(plan.dimension,)))
    start, above = _method_of(settings, request) or "qlora", plan.climb_to
    text = climb_text(
        "subject",
        lang,
        what=subject,
        method=METHOD_NAMES[max(start, above, key=RUNGS.index)][lang],
        trainings=most_trainings(plan, start),
        items=items if plan.items is None else min(items, plan.items),
    )
    if one[0] is None or one[1] is None:
        return UNKNOWN, text
    return climb_range(plan, start, (one[0], one[1]), ANSWER_SECONDS, items), text


def _told(project: Project, settings: Settings, request: Record, lang: Language) -> tuple[str, ...]:
    """Return what an endpoint would be asked, in calls, tokens and, where a price is set, money."""
    if not isinstance(request, ExtractRequest) or settings.extraction_model in (BUILTIN, "rules"):
        return ()
    told = prose_of(project, settings, request)
    return (forecast_line(told, lang),) if told is not None and told.calls else ()


def _memory(settings: Settings, kind: JobKind, request: Record) -> Range:
    if isinstance(request, TuneRequest):
        fits = {one.method: one for one in _rungs(settings, request)}
        method = _method_of(settings, request)
        if method not in fits:
            return UNKNOWN
        highest = max(method, request.climb.climb_to, key=RUNGS.index) if request.climb else method
        return fits[method].gib_low, fits[highest].gib_high
    if isinstance(request, BenchRequest):
        return foretold_gib(settings, request)
    if kind == "evaluate":
        params = parameters_of(settings.base_model, settings)
        # Weights in fp32 once for the base and once for the tuned model, and what a process and its caches need.
        return (0.5 + 4 * params / 2**30, 2.0 + 8 * params / 2**30) if params else UNKNOWN
    return UNKNOWN


def _rungs(settings: Settings, request: TuneRequest) -> tuple[MethodFit, ...]:
    """Return what `plan` says of every method for the model and the settings of a request; nothing without the model.

    How long the rows of its own examples get is known to the training alone, which asks again before it starts.
    """
    from tools.hardware import this_machine

    model = model_at_hand(request.base_model, settings)
    given = {**(request.hyperparameters.model_dump() if request.hyperparameters else {}), **request.overrides}
    work = trained_like_here(batch=given.get("batch_size"), rank=given.get("rank"))
    return () if model is None else rungs_on(this_machine(), 1, model, work)


def _method_of(settings: Settings, request: TuneRequest) -> Method | None:
    """Return the method a training begins with; `None` if the model is not at hand or nothing fits."""
    if request.method != "auto":
        return request.method
    rungs = _rungs(settings, request)
    return first_rung(rungs).method if rungs else None


def _sends_to(settings: Settings, kind: JobKind, request: Record | None = None) -> str | None:
    named: dict[JobKind, tuple[str, ...]] = {
        "extract": (settings.extraction_model, settings.embedding_model),
        "ingest": (settings.embedding_model,),
        "judge": (request.model,) if isinstance(request, JudgeRequest) else (),
    }
    if any(model.startswith("openai:") for model in named.get(kind, ())):
        return urlsplit(os.environ.get("OPENAI_BASE_URL", "https://api.openai.com")).hostname or "api.openai.com"
    return None
