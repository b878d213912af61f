"""Candidate base models side by side: what the evaluations of a project show of each on the same sealed items.

DOMAINSMITH_BASE_MODEL=/models/small domainsmith evaluate --arms base,rag,oracle
candidates(project, settings).chosen
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from agent.errors import EmptyError
from agent.policy.base_choice import DECIDING, choose_base
from agent.records.base import Language
from agent.records.candidate import BaseChoice, Candidate
from agent.records.evaluation import Arm, Dimension, Estimate, EvaluationReport, Item
from agent.settings import Settings
from knowledge.files import read_record, read_records
from tools.model_size import parameters_of
from tools.status import read_profile
from tools.workspace import Project

REPORT: Final = "eval/report.json"
ITEMS: Final = "eval/items.jsonl"
UNTUNED: Final[tuple[Arm, ...]] = ("rag", "base")
"""Arms to judge a base model by; the first that all candidates have."""


def candidates(
    project: Project,
    settings: Settings,
    lang: Language,
    *,
    runs: Iterable[str] = (),
    arm: Arm | None = None,
    target: float | None = None,
) -> BaseChoice:
    """Compare the base models that were evaluated on the same sealed items.

    Args:
        project: The project.
        settings: Say where models lie.
        lang: Language of the reasons.
        runs: Evaluations to compare; none takes the newest of every model on the items of the newest evaluation.
        arm: Arm to judge by; `None` takes retrieval where all have it, else the closed book.
        target: Share of right answers that is good enough; `None` takes the profile's, else the default.

    Raises:
        EmptyError: Nothing was evaluated yet.
        NotFoundError: There is no such run.
    """
    chosen = [project.run(name) for name in runs] or _newest_first(project)
    reports = [read_record(path / REPORT, EvaluationReport) for path in chosen]
    if not reports:
        raise EmptyError("nothing was evaluated yet", where=project.info.name, mend="`domainsmith evaluate`")
    items = reports[0].items_sha256
    asked = _asked(chosen[0])
    by_model: dict[str, EvaluationReport] = {}
    for path, report in zip(chosen, reports, strict=True):
        same = report.items_sha256 == items and _agree(asked, _asked(path))
        if same and any(one in report.arms for one in UNTUNED):
            by_model.setdefault(report.base_model, report)
    shared = [one for one in UNTUNED if all(one in report.arms for report in by_model.values())]
    judged = arm or (shared[0] if shared else "base")
    wanted = target if target is not None else read_profile(project).target
    found = [_candidate(report, judged, settings) for report in by_model.values() if judged in report.arms]
    return choose_base(found, wanted, items, lang=lang)


def _newest_first(project: Project) -> list[Path]:
    if not project.runs.is_dir():
        return []
    return sorted((run for run in project.runs.iterdir() if (run / REPORT).exists()), reverse=True)


def _asked(run: Path) -> dict[Dimension, set[str]]:
    """Return the ids of the items of a run by what can decide: a limit takes a sample of the sealed ones."""
    found: dict[Dimension, set[str]] = {}
    for item in read_records(run / ITEMS, Item):
        if item.dimension in DECIDING:
            found.setdefault(item.dimension, set()).add(item.id)
    return found


def _agree(one: Mapping[Dimension, set[str]], other: Mapping[Dimension, set[str]]) -> bool:
    return all(one[dimension] == other[dimension] for dimension in one.keys() & other.keys())


def _candidate(report: EvaluationReport, arm: Arm, settings: Settings) -> Candidate:
    params = parameters_of(report.base_model, settings)
    scores: dict[Dimension, Estimate] = {**report.arms.get("base", {}), **report.arms[arm]}
    cost = report.costs.get(arm)
    return Candidate(
        model=report.base_model,
        run=report.run,
        params_b=None if params is None else params / 1e9,
        arm=arm,
        scores=scores,
        seconds=report.seconds.get(arm),
        peak_gib=cost.peak_gib if cost is not None else None,
    )
