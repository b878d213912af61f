"""How much a step has to do: answers to ask for, examples to train on, passages to read.

answers_of(project, EvaluateRequest())      # 480; 0 where nothing is sealed
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.errors import DomainsmithError
from agent.records.evaluation import ARMS, Arm, EvaluateRequest, EvaluationReport
from agent.records.job import Job
from agent.records.mixture import MixManifest
from agent.settings import Settings
from knowledge.files import read_record
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL, is_asked
from tools.evaluation.items import items_for
from tools.extraction.prose import ProseForecast
from tools.extraction.request import ExtractRequest
from tools.extraction.run import forecast_of
from tools.workspace import Project

CHARACTERS_A_TOKEN: Final = 4.0


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


def answers_before(project: Project, last: Job) -> int:
    """Return how many answers an earlier evaluation asked for; 0 where it left no report."""
    path = project.runs / last.run / "result.json"
    if not path.exists():
        return 0
    report = read_record(path, EvaluationReport)
    return sum(one.n + one.errors for spokes in report.arms.values() for one in spokes.values())


def mix_examples(project: Project, mix: str) -> int:
    """Return the examples of a mix; 0 where there is none."""
    manifest = project.mixes / mix / "manifest.json"
    return read_record(manifest, MixManifest).examples if manifest.exists() else 0


def mix_tokens(project: Project, mix: str) -> float:
    """Return about how many tokens a mix trains on."""
    path = project.mixes / mix / "train.jsonl"
    return path.stat().st_size / CHARACTERS_A_TOKEN if path.exists() else 0.0


def prose_of(project: Project, settings: Settings, request: ExtractRequest) -> ProseForecast | None:
    """Return what reading the prose would take; `None` where there is nothing to read."""
    return forecast_of(project, settings, request) if project.chunks.exists() else None


def characters_of(project: Project) -> int:
    """Return about how many characters the passages of a project have."""
    return project.chunks.stat().st_size if project.chunks.exists() else 0


def bytes_of(paths: Sequence[str]) -> int:
    """Return the bytes of files, and of all files in folders."""
    total = 0
    for path in map(Path, paths):
        files = path.rglob("*") if path.is_dir() else [path]
        total += sum(file.stat().st_size for file in files if file.is_file())
    return total


def lines_of(path: Path) -> int:
    """Return the lines of a file that are not empty; 0 without a file."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(bool(line.strip()) for line in file)
