"""What is known of a step before it starts: how long, how much memory, what changes, what leaves the machine.

Scaled from the project's last finished job of the same kind; before there is one, from speeds measured on two CPU
cores with the built-in model, as a wide range; and unknown where neither applies. Nothing is invented.

    step_facts(project, settings, "tune", tune_request(project, settings), "en").seconds_high
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from agent.errors import DomainsmithError
from agent.policy.ladder import first_rung
from agent.policy.memory import LADDER as RUNGS
from agent.policy.memory import fit
from agent.prompts.climbing import climb_text
from agent.prompts.extraction import forecast_line
from agent.prompts.judging import JUDGING
from agent.prompts.phrases import count_points, fill, listed, model_size
from agent.prompts.steps import STEPS
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language, Record
from agent.records.corpus import IngestRequest
from agent.records.evaluation import ARMS, Arm, EvaluateRequest, EvaluationReport
from agent.records.facts import StepFacts
from agent.records.job import Job, JobKind
from agent.records.judging import JudgeRequest
from agent.records.mixture import MixManifest
from agent.records.tuning import ClimbPlan, Method, TuneRequest, TuneResult
from agent.settings import BUILTIN, Settings
from knowledge.files import read_record
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL, is_asked
from tools.evaluation.items import items_for
from tools.evaluation.wording import arm_name
from tools.extraction.prose import SECONDS_A_CALL, SECONDS_A_LOCAL_CALL, ProseForecast
from tools.extraction.request import ExtractRequest
from tools.extraction.run import forecast_of
from tools.jobs.store import JobStore
from tools.judging.model import is_endpoint
from tools.judging.report import model_name
from tools.judging.run import effort
from tools.ladder.plan import climb_range, most_trainings
from tools.mixing.request import SELF_GENERAL, MixRequest
from tools.workspace import Project

BUILTIN_PARAMS: Final = 134_515_008
"""Parameters of the built-in model, which may not have been unpacked yet."""
TRAINING_RATES: Final = (90.0, 320.0)
"""Tokens a second that the built-in model trains at on two cores, slowest and fastest seen (BENCHMARKS.md)."""
ANSWER_SECONDS: Final = (0.15, 0.8)
"""Seconds for one answer of an evaluation with the built-in model on two cores, fastest and slowest seen."""
READING_RATES: Final = (1_500.0, 20_000.0)
"""Characters a second from file to index on two cores; embedding is the slow part (tables and reports differ)."""
EXTRACTION_RATES: Final = (500.0, 20_000.0)
"""Characters a second from which rules make pairs."""
PASSAGE_SECONDS: Final = (1.0, 6.0)
"""Seconds in which the built-in model reads one passage of prose into pairs on two cores."""
MODEL_PASSAGES: Final = 40
"""Passages of prose that the local model reads by default."""
MIX_SECONDS: Final = (0.5, 30.0)
"""Seconds for a mix of thousands of examples; 0.6 to 0.8 s were seen for 700 to 1,000 (BENCHMARKS.md)."""
SELF_ROW_SECONDS: Final = (3.0, 35.0)
"""Seconds for an example that the base model writes itself and that is kept: 32 on a busy machine, one run of three."""
VALIDATION_SECONDS: Final = (1.0, 20.0)
"""Seconds to start and to write, of sealing a validation set; 1.4 to 1.9 s were seen in all for 15 to 35 chunks."""
VALIDATION_RATES: Final = (10_000.0, 200_000.0)
"""Characters a second from which items are built, slowest and fastest thought possible on two cores."""
CHARACTERS_A_TOKEN: Final = 4.0

Range = tuple[float | None, float | None]
_UNKNOWN: Final[Range] = (None, None)


def step_facts(
    project: Project, settings: Settings, kind: JobKind, request: Record, lang: Language = "en"
) -> StepFacts:
    """Return what is known of a job before it starts, for the policy of consent."""
    low, high = _seconds(project, settings, kind, request)
    gib_low, gib_high = _memory(settings, kind, request)
    subject = _subject(project, settings, kind, request, lang)
    asked_before = isinstance(request, JudgeRequest) and not effort(project, request).calls
    if isinstance(request, TuneRequest) and request.climb is not None:
        (low, high), subject = _climbing(project, settings, request, request.climb, (low, high), subject, lang)
    return StepFacts(
        subject=subject,
        seconds_low=low,
        seconds_high=high,
        gib_low=gib_low,
        gib_high=gib_high,
        changes=(fill(STEPS, f"{kind}_changes", lang), *_told(project, settings, request, lang)),
        sends_to=None if asked_before else _sends_to(settings, kind, request),
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
        return _UNKNOWN, text
    return climb_range(plan, start, (one[0], one[1]), ANSWER_SECONDS, items), text


def _told(project: Project, settings: Settings, request: Record, lang: Language) -> tuple[str, ...]:
    """Return what an endpoint would be asked, in calls, tokens and, where a price is set, money."""
    if not isinstance(request, ExtractRequest) or settings.extraction_model in (BUILTIN, "rules"):
        return ()
    told = _prose(project, settings, request)
    return (forecast_line(told, lang),) if told is not None and told.calls else ()


def first_reading(request: IngestRequest, settings: Settings, lang: Language, *, project: str) -> StepFacts:
    """Return what is known of a reading whose project is made together with it.

    Args:
        request: What to read.
        settings: Name the embedding model.
        lang: Language of the words.
        project: Name of the project to be made.
    """
    low, high = _reading_seconds(request)
    return StepFacts(
        subject=_reading(request, lang),
        seconds_low=low,
        seconds_high=high,
        changes=(fill(STEPS, "ingest_new", lang, project=project),),
        sends_to=_sends_to(settings, "ingest"),
    )


def _reading(request: IngestRequest, lang: Language) -> str:
    return fill(STEPS, "ingest", lang, paths=", ".join(Path(path).name or path for path in request.paths[:5]))


def _reading_seconds(request: IngestRequest) -> Range:
    size = _bytes_of(request.paths)
    # Of a PDF or an office file only a small part is text; a text file is text throughout.
    return (0.05 * size / READING_RATES[1], size / READING_RATES[0]) if size else _UNKNOWN


def _subject(project: Project, settings: Settings, kind: JobKind, request: Record, lang: Language) -> str:
    match request:
        case TuneRequest():
            method = METHOD_NAMES[request.method][lang] if request.method != "auto" else fill(STEPS, "tune_auto", lang)
            params = parameters_of(request.base_model, settings)
            model = "SmolLM2-135M" if request.base_model == BUILTIN else request.base_model
            size = f" ({model_size(round(params / 1e9, 3))})" if params and request.base_model != BUILTIN else ""
            examples = _mix_examples(project, request.mix)
            step = fill(STEPS, "tune", lang, method=method, model=model + size, mix=request.mix, examples=examples)
            # What a person set by hand is part of what a yes is given to.
            chosen = (
                fill(STEPS, name, lang, value=f"{value:g}") if name in STEPS else f"{name} {value:g}"
                for name, value in request.overrides.items()
            )
            return listed((step, *chosen), lang)
        case EvaluateRequest():
            arms = arms_of(project, request)
            answers = answers_of(project, request)
            return fill(
                STEPS, "evaluate", lang, arms=listed(tuple(arm_name(arm, lang) for arm in arms), lang), answers=answers
            )
        case JudgeRequest():
            told = effort(project, request)
            return fill(
                JUDGING,
                "subject",
                lang,
                model=model_name(request.model),
                a=arm_name(request.a, lang),
                b=arm_name(request.b, lang),
                run=request.run,
                pairs=told.pairs,
                calls=told.calls,
            )
        case ExtractRequest():
            chunks = _lines(project.chunks)
            held_out = (
                fill(STEPS, "extract_only", lang, documents=", ".join(request.documents[:5]))
                if request.documents
                else fill(STEPS, "extract_share", lang, share=count_points(request.held_out_share))
            )
            return fill(STEPS, "extract", lang, chunks=chunks, wordings=request.wordings, held_out=held_out)
        case MixRequest():
            return fill(STEPS, "mix", lang, share=f"{count_points(request.domain_share)}%")
        case IngestRequest():
            return _reading(request, lang)
        case _:
            return fill(STEPS, kind, lang)


def _seconds(project: Project, settings: Settings, kind: JobKind, request: Record) -> Range:
    last = _last_done(project, kind)
    took = _took(last) if last is not None else None
    scale = _scale(project, kind, request, last) if took is not None else None
    if took is not None and scale is not None:
        # Machines are noisy: the same job has taken a third more or less on the same machine.
        return round(took * scale * 0.75, 1), round(took * scale * 1.5, 1)
    return _first_time(project, settings, kind, request)


def _first_time(project: Project, settings: Settings, kind: JobKind, request: Record) -> Range:
    characters = _characters(project)
    match kind:
        case "ingest" if isinstance(request, IngestRequest):
            return _reading_seconds(request)
        case "extract":
            low, high = characters / EXTRACTION_RATES[1], characters / EXTRACTION_RATES[0]
            if settings.extraction_model == BUILTIN:
                passages = min(MODEL_PASSAGES, _lines(project.chunks))
                return low + passages * PASSAGE_SECONDS[0], high + passages * PASSAGE_SECONDS[1]
            if settings.extraction_model == "rules" or not isinstance(request, ExtractRequest):
                return low, high
            told = _prose(project, settings, request)
            return (low + told.seconds_low, high + told.seconds_high) if told else (low, high)
        case "mix":
            if isinstance(request, MixRequest) and request.general == SELF_GENERAL:
                return request.self_rows * SELF_ROW_SECONDS[0], request.self_rows * SELF_ROW_SECONDS[1]
            return MIX_SECONDS
        case "validate":
            start, rates = VALIDATION_SECONDS, VALIDATION_RATES
            return start[0] + characters / rates[1], start[1] + characters / rates[0]
        case "tune" if isinstance(request, TuneRequest) and request.base_model == BUILTIN and _on_cpu():
            tokens = _mix_tokens(project, request.mix) * float(request.overrides.get("epochs", 2))
            return (tokens / TRAINING_RATES[1], tokens / TRAINING_RATES[0]) if tokens else _UNKNOWN
        case "evaluate" if isinstance(request, EvaluateRequest) and settings.base_model == BUILTIN and _on_cpu():
            answers = answers_of(project, request)
            return (answers * ANSWER_SECONDS[0], 20 + answers * ANSWER_SECONDS[1]) if answers else _UNKNOWN
        case "judge" if isinstance(request, JudgeRequest) and (is_endpoint(request.model) or request.model == BUILTIN):
            calls = effort(project, request).calls
            low, high = SECONDS_A_CALL if is_endpoint(request.model) else SECONDS_A_LOCAL_CALL
            width = settings.extraction_width if is_endpoint(request.model) else 1
            return round(calls * low / width, 1), round(calls * high / width, 1)
        case _:
            return _UNKNOWN


def _prose(project: Project, settings: Settings, request: ExtractRequest) -> ProseForecast | None:
    """Return what reading the prose would take; `None` where there is nothing to read."""
    return forecast_of(project, settings, request) if project.chunks.exists() else None


def _scale(project: Project, kind: JobKind, request: Record, last: Job | None) -> float | None:
    """Return how much more there is to do than last time; `None` where the two cannot be compared."""
    if last is None or isinstance(request, JudgeRequest):
        # A judge is asked only what no earlier try has asked, so its last time says nothing of the next.
        return None
    if isinstance(request, TuneRequest):
        return _tuning_scale(project, request, last)
    if isinstance(request, EvaluateRequest):
        before = _answers_before(project, last)
        return answers_of(project, request) / before if before else None
    if isinstance(request, IngestRequest):
        before = sum(_bytes_of([path]) for path in last.request.get("paths", ()))
        now = _bytes_of(request.paths)
        return now / before if before and now else None
    # Nothing says how much the last one had to do but that it had the same: other files or wishes begin anew.
    same = _without_seed(last.request) == _without_seed(request.model_dump(mode="json"))
    return 1.0 if same and not _changed_since(project, last) else None


def _without_seed(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "seed"}


def _changed_since(project: Project, last: Job) -> bool:
    """Return whether documents were read anew since a job started."""
    if last.started is None or not project.chunks.exists():
        return True
    return project.chunks.stat().st_mtime > datetime.fromisoformat(last.started).timestamp()


def _tuning_scale(project: Project, request: TuneRequest, last: Job) -> float | None:
    manifest = project.mixes / request.mix / "manifest.json"
    result = project.runs / last.run / "result.json"
    if not result.exists() or not manifest.exists():
        return None
    before = read_record(result, TuneResult)
    # A climb took many trainings, and its result is that of one of them.
    if before.base_model != request.base_model or not before.examples or before.ladder:
        return None
    epochs = float(request.overrides.get("epochs", before.hyperparameters.epochs))
    examples = read_record(manifest, MixManifest).examples
    return examples * epochs / (before.examples * before.hyperparameters.epochs)


def answers_of(project: Project, request: EvaluateRequest) -> int:
    """Return how many answers an evaluation will ask for; 0 if nothing is sealed."""
    try:
        items, _ = items_for(project, request)
    except DomainsmithError:
        return 0
    arms = arms_of(project, request)
    return sum(is_asked(item, arm) for item in items for arm in arms)


def arms_of(project: Project, request: EvaluateRequest) -> tuple[Arm, ...]:
    """Return the arms that an evaluation can ask as the project stands."""
    tuned = request.tune_run is not None or project.latest_run("tune") is not None
    indexed = project.chunks.exists()
    return tuple(
        arm for arm in request.arms or ARMS if (tuned or arm not in TUNED) and (indexed or arm not in WITH_RETRIEVAL)
    )


def parameters_of(base_model: str, settings: Settings) -> int | None:
    """Return the parameters of a base model that is at hand, without loading or unpacking it."""
    from tools.models import parameter_count

    if base_model == BUILTIN:
        return BUILTIN_PARAMS
    folder = Path(base_model).expanduser()
    return parameter_count(folder) or None if folder.is_dir() else None


def _memory(settings: Settings, kind: JobKind, request: Record) -> Range:
    if isinstance(request, TuneRequest):
        from tools.hardware import this_machine

        params = parameters_of(request.base_model, settings)
        if params is None:
            return _UNKNOWN
        fits = {one.method: one for one in fit(this_machine(), 1, params / 1e9)}
        method = _method_of(settings, request)
        if method is None:
            return _UNKNOWN
        highest = max(method, request.climb.climb_to, key=RUNGS.index) if request.climb else method
        return fits[method].gib_low, fits[highest].gib_high
    if kind == "evaluate":
        params = parameters_of(settings.base_model, settings)
        # Weights in fp32 once for the base and once for the tuned model, and what a process and its caches need.
        return (0.5 + 4 * params / 2**30, 2.0 + 8 * params / 2**30) if params else _UNKNOWN
    return _UNKNOWN


def _method_of(settings: Settings, request: TuneRequest) -> Method | None:
    """Return the method a training begins with; `None` if the model is not at hand or nothing fits."""
    from tools.hardware import this_machine

    if request.method != "auto":
        return request.method
    params = parameters_of(request.base_model, settings)
    return first_rung(fit(this_machine(), 1, params / 1e9)).method if params else None


def _sends_to(settings: Settings, kind: JobKind, request: Record | None = None) -> str | None:
    named: dict[JobKind, tuple[str, ...]] = {
        "extract": (settings.extraction_model, settings.embedding_model),
        "ingest": (settings.embedding_model,),
        "judge": (request.model,) if isinstance(request, JudgeRequest) else (),
    }
    if any(model.startswith("openai:") for model in named.get(kind, ())):
        return urlsplit(os.environ.get("OPENAI_BASE_URL", "https://api.openai.com")).hostname or "api.openai.com"
    return None


def _on_cpu() -> bool:
    from tools.hardware import this_machine

    return this_machine().backend == "cpu"


def _last_done(project: Project, kind: JobKind) -> Job | None:
    done = [job for job in JobStore(project.jobs).list() if job.kind == kind and job.state == "done"]
    return done[-1] if done else None


def _took(job: Job) -> float | None:
    if job.started is None or job.ended is None:
        return None
    return (datetime.fromisoformat(job.ended) - datetime.fromisoformat(job.started)).total_seconds()


def _answers_before(project: Project, last: Job) -> int:
    path = project.runs / last.run / "result.json"
    if not path.exists():
        return 0
    report = read_record(path, EvaluationReport)
    return sum(one.n + one.errors for spokes in report.arms.values() for one in spokes.values())


def _mix_examples(project: Project, mix: str) -> int:
    manifest = project.mixes / mix / "manifest.json"
    return read_record(manifest, MixManifest).examples if manifest.exists() else 0


def _mix_tokens(project: Project, mix: str) -> float:
    path = project.mixes / mix / "train.jsonl"
    return path.stat().st_size / CHARACTERS_A_TOKEN if path.exists() else 0.0


def _characters(project: Project) -> int:
    return project.chunks.stat().st_size if project.chunks.exists() else 0


def _bytes_of(paths: Sequence[str]) -> int:
    total = 0
    for path in map(Path, paths):
        files = path.rglob("*") if path.is_dir() else [path]
        total += sum(file.stat().st_size for file in files if file.is_file())
    return total


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(bool(line.strip()) for line in file)
