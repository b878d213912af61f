"""What is known of a step before it starts: how long, how much memory. From what this project has measured, or unknown.

`forecast(project, settings, "tune", request).seconds` is `None` before the first run: nothing is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.errors import DomainsmithError
from agent.policy.ladder import first_rung
from agent.policy.memory import fit
from agent.records.base import Record
from agent.records.evaluation import ARMS, Arm, EvaluateRequest, EvaluationReport
from agent.records.job import Job, JobKind
from agent.records.mixture import MixManifest
from agent.records.tuning import TuneRequest, TuneResult
from agent.settings import BUILTIN, Settings
from knowledge.files import read_record
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL, is_asked
from tools.evaluation.items import items_for
from tools.jobs.store import JobStore
from tools.workspace import Project
from ui.pages.moments import job_seconds

BUILTIN_PARAMS: Final = 134_515_008
"""Parameters of the built-in model, which may not have been unpacked yet."""


@dataclass(frozen=True)
class Forecast:
    """What a step will take; `None` where nothing was measured."""

    seconds: float | None = None
    gib_low: float | None = None
    gib_high: float | None = None


def forecast(project: Project, settings: Settings, kind: JobKind, request: Record) -> Forecast:
    """Return what a step will take, scaled from the last finished job of its kind."""
    last = _last_done(project, kind)
    seconds = job_seconds(last, datetime.now(UTC)) if last is not None else None
    if isinstance(request, TuneRequest):
        return Forecast(_tuning_seconds(project, request, last, seconds), *_tuning_memory(settings, request))
    if isinstance(request, EvaluateRequest):
        before = _answers_before(project, last)
        if seconds is None or not before:
            return Forecast()
        return Forecast(seconds * answers_of(project, request) / before)
    return Forecast(seconds)


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


def _last_done(project: Project, kind: JobKind) -> Job | None:
    done = [job for job in JobStore(project.jobs).list() if job.kind == kind and job.state == "done"]
    return done[-1] if done else None


def _tuning_seconds(project: Project, request: TuneRequest, last: Job | None, seconds: float | None) -> float | None:
    """Return how long training takes, by examples and epochs; `None` where the runs cannot be compared.

    What the last job spent beside its steps, loading and writing, is taken to stay the same.
    """
    manifest = project.mixes / request.mix / "manifest.json"
    result = project.runs / last.run / "result.json" if last is not None else None
    if result is None or not result.exists() or not manifest.exists():
        return None
    before = read_record(result, TuneResult)
    if before.base_model != request.base_model or not before.examples:
        return None
    epochs = float(request.overrides.get("epochs", before.hyperparameters.epochs))
    examples = read_record(manifest, MixManifest).examples
    scale = examples * epochs / (before.examples * before.hyperparameters.epochs)
    return max(0.0, (seconds or 0.0) - before.seconds) + before.seconds * scale


def _tuning_memory(settings: Settings, request: TuneRequest) -> tuple[float | None, float | None]:
    from tools.hardware import this_machine

    params = parameters_of(request.base_model, settings)
    if params is None:
        return None, None
    fits = fit(this_machine(), 1, params / 1e9)
    method = first_rung(fits).method if request.method == "auto" else request.method
    chosen = next((one for one in fits if one.method == method), None)
    return (chosen.gib_low, chosen.gib_high) if chosen is not None else (None, None)


def parameters_of(base_model: str, settings: Settings) -> int | None:
    """Return the parameters of a base model that is at hand, without loading or unpacking it."""
    from tools.models import parameter_count

    if base_model == BUILTIN:
        return BUILTIN_PARAMS
    folder = Path(base_model).expanduser()
    return parameter_count(folder) or None if folder.is_dir() else None


def _answers_before(project: Project, last: Job | None) -> int:
    path = project.runs / last.run / "result.json" if last is not None else None
    if path is None or not path.exists():
        return 0
    report = read_record(path, EvaluationReport)
    return sum(one.n + one.errors for spokes in report.arms.values() for one in spokes.values())
