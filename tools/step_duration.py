"""How long a step takes: scaled from the project's last finished job of its kind, else by speeds that were measured.

The speeds were measured on two CPU cores with the built-in model, and are given as a wide range; a duration is unknown
where neither applies.

    seconds_of(project, settings, "mix", MixRequest())      # (0.5, 30.0) before the first one
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from agent.records.base import Record
from agent.records.corpus import IngestRequest
from agent.records.evaluation import EvaluateRequest
from agent.records.job import Job, JobKind
from agent.records.judging import JudgeRequest
from agent.records.mixture import MixManifest
from agent.records.tuning import TuneRequest, TuneResult
from agent.settings import BUILTIN, Settings
from knowledge.files import read_record
from tools.benchmark.foretold import foretold_seconds
from tools.benchmark.request import BenchRequest
from tools.extraction.prose import SECONDS_A_CALL, SECONDS_A_LOCAL_CALL
from tools.extraction.request import ExtractRequest
from tools.jobs.store import JobStore
from tools.judging.model import is_endpoint
from tools.judging.run import effort
from tools.mixing.request import SELF_GENERAL, MixRequest
from tools.workload import answers_before, answers_of, bytes_of, characters_of, lines_of, mix_tokens, prose_of
from tools.workspace import Project

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

Range = tuple[float | None, float | None]
"""Lowest and highest; `None` where nothing is known."""
UNKNOWN: Final[Range] = (None, None)


def seconds_of(project: Project, settings: Settings, kind: JobKind, request: Record) -> Range:
    """Return how long a step takes: by the project's last finished job of its kind, else by what was measured."""
    last = _last_done(project, kind)
    took = _took(last) if last is not None else None
    scale = _scale(project, kind, request, last) if took is not None else None
    if took is not None and scale is not None:
        # Machines are noisy: the same job has taken a third more or less on the same machine.
        return round(took * scale * 0.75, 1), round(took * scale * 1.5, 1)
    return _first_time(project, settings, kind, request)


def reading_seconds(request: IngestRequest) -> Range:
    """Return how long a reading takes that no earlier one is known of."""
    size = bytes_of(request.paths)
    # Of a PDF or an office file only a small part is text; a text file is text throughout.
    return (0.05 * size / READING_RATES[1], size / READING_RATES[0]) if size else UNKNOWN


def _first_time(project: Project, settings: Settings, kind: JobKind, request: Record) -> Range:
    characters = characters_of(project)
    match kind:
        case "ingest" if isinstance(request, IngestRequest):
            return reading_seconds(request)
        case "extract":
            low, high = characters / EXTRACTION_RATES[1], characters / EXTRACTION_RATES[0]
            if settings.extraction_model == BUILTIN:
                passages = min(MODEL_PASSAGES, lines_of(project.chunks))
                return low + passages * PASSAGE_SECONDS[0], high + passages * PASSAGE_SECONDS[1]
            if settings.extraction_model == "rules" or not isinstance(request, ExtractRequest):
                return low, high
            told = prose_of(project, settings, request)
            return (low + told.seconds_low, high + told.seconds_high) if told else (low, high)
        case "mix":
            if isinstance(request, MixRequest) and request.general == SELF_GENERAL:
                return request.self_rows * SELF_ROW_SECONDS[0], request.self_rows * SELF_ROW_SECONDS[1]
            return MIX_SECONDS
        case "validate":
            start, rates = VALIDATION_SECONDS, VALIDATION_RATES
            return start[0] + characters / rates[1], start[1] + characters / rates[0]
        case "tune" if isinstance(request, TuneRequest) and request.base_model == BUILTIN and _on_cpu():
            tokens = mix_tokens(project, request.mix) * float(request.overrides.get("epochs", 2))
            return (tokens / TRAINING_RATES[1], tokens / TRAINING_RATES[0]) if tokens else UNKNOWN
        case "evaluate" if isinstance(request, EvaluateRequest) and settings.base_model == BUILTIN and _on_cpu():
            answers = answers_of(project, request)
            return (answers * ANSWER_SECONDS[0], 20 + answers * ANSWER_SECONDS[1]) if answers else UNKNOWN
        case "judge" if isinstance(request, JudgeRequest) and (is_endpoint(request.model) or request.model == BUILTIN):
            calls = effort(project, request).calls
            low, high = SECONDS_A_CALL if is_endpoint(request.model) else SECONDS_A_LOCAL_CALL
            width = settings.extraction_width if is_endpoint(request.model) else 1
            return round(calls * low / width, 1), round(calls * high / width, 1)
        case "bench" if isinstance(request, BenchRequest):
            return foretold_seconds(settings, request)
        case _:
            return UNKNOWN


def _scale(project: Project, kind: JobKind, request: Record, last: Job | None) -> float | None:
    """Return how much more there is to do than last time; `None` where the two cannot be compared."""
    if last is None or isinstance(request, JudgeRequest | BenchRequest):
        # A judge is asked only what no earlier try has asked, so its last time says nothing of the next; a benchmark's
        # is that of the machine, whatever project it was started from.
        return None
    if isinstance(request, TuneRequest):
        return _tuning_scale(project, request, last)
    if isinstance(request, EvaluateRequest):
        before = answers_before(project, last)
        return answers_of(project, request) / before if before else None
    if isinstance(request, IngestRequest):
        before = sum(bytes_of([path]) for path in last.request.get("paths", ()))
        now = bytes_of(request.paths)
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
