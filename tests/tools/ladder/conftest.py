"""A project on eight products with a mix, sealed items, and trials whose outcome a test writes down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.errors import DoesNotFitError
from agent.progress import Silent
from agent.records.evaluation import Estimate
from agent.records.pairs import Pair
from agent.records.tuning import Method, TrainingPoint, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import write_records
from tests.benchmarks.ladder import SITUATIONS, make_mix, project_of
from tests.tiny_model import build_tiny_model
from tools.ladder.trials import Scored, Trial, Trials
from tools.workspace import Project

FLAT = {0.25: 0.10, 0.5: 0.13}
"""Half of the data gives what a rung of that score has: of 200 items the interval of their gain ends at +1.7 points."""


@dataclass(frozen=True)
class Way:
    """How one kind of training goes."""

    score: float
    """Share of the sealed items that are right."""
    loss: float
    """Training loss at the end."""
    falls: bool = False
    """Whether it still falls then."""
    half: float = 1.0
    """How many times that loss a run in half as many steps ends with, and what part of the score it has."""


Ways = dict[tuple[Method, int | None], Way]


@dataclass
class Scripted(Trials):
    """Trials that train nothing: what each gives is written down by method, rank and part of the data."""

    project: Project
    ways: Ways
    curve: dict[float, float] = field(default_factory=lambda: dict(FLAT))
    too_large: frozenset[Method] = frozenset()
    too_large_at: int | None = None
    """Rank that runs out of memory."""
    items: int = 200
    asked: list[TuneRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.project, Settings(), Silent())
        self._scores: dict[str, float] = {}

    def trained(self, request: TuneRequest, what: str) -> Trial:
        self.reporter.progress(1, 2, "steps", "half")
        self.reporter.metric(step=1, loss=1.0, seconds_left=3)
        self.reporter.check()
        settings = request.hyperparameters
        assert settings is not None
        if request.method in self.too_large or settings.rank == (self.too_large_at or 0):
            raise DoesNotFitError(f"{request.method} ran out of memory")
        self.asked.append(request)
        assert request.method != "auto"
        way = self.ways[request.method, settings.rank]
        if settings.epochs * 2 <= max(one.hyperparameters.epochs for one in self.asked if one.hyperparameters):
            way = replace(way, loss=way.loss * way.half, score=way.score / way.half)
        run = self.project.new_run("pilot")
        (run / "adapter").mkdir()
        (run / "adapter" / "adapter_model.safetensors").write_bytes(run.name.encode())
        (run / "adapter" / "manifest.json").write_text('{"method": "x", "base_model": "y", "files": {}}')
        examples, whole = (_lines(self.project, mix) for mix in (request.mix, "mix-invented"))
        part = examples / whole
        nearest = min((*self.curve, 1.0), key=lambda share: abs(share - part))
        self._scores[run.name] = way.score if nearest == 1.0 else self.curve[nearest] * way.score / 0.13
        losses = [way.loss * (2 - n / 19 if way.falls else 1 + max(0.0, 1 - n / 8)) for n in range(20)]
        result = TuneResult(
            run=run.name,
            method=request.method,
            base_model=request.base_model,
            mix=request.mix,
            hyperparameters=settings,
            examples=examples,
            steps=len(losses),
            tokens=1,
            trainable_parameters=1,
            total_parameters=1,
            first_loss=losses[0],
            last_loss=losses[-1],
            validation_loss=None,
            seconds=10.0,
            peak_gib=1.0,
            tokens_per_s=1.0,
            adapter="adapter",
            adapter_sha256=run.name,
            history=tuple(
                TrainingPoint(step=n, epoch=n / 4, loss=loss, learning_rate=1e-3, tokens_per_s=1.0)
                for n, loss in enumerate(losses, start=1)
            ),
            reasons=("scripted",),
        )
        return Trial(run, result, False)

    def scored(self, trial: Trial, dimension: object, limit: int | None) -> Scored:
        right = round(self._scores[trial.run.name] * self.items)
        scores = {f"v{n}": float(n < right) for n in range(self.items)}
        mean = right / self.items
        margin = 2 * (mean * (1 - mean) / self.items) ** 0.5 + 0.01
        low, high = max(0.0, mean - margin), min(1.0, mean + margin)
        estimate = Estimate(mean=mean, low=low, high=high, n=self.items, chance=0, normalised=mean, errors=0)
        return Scored(estimate, scores, {item: item for item in scores})

    def has_items(self, dimension: object) -> bool:
        return self.items > 0


def _lines(project: Project, mix: str) -> int:
    return len((project.mixes / mix / "train.jsonl").read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def settings(tiny: Path, tmp_path: Path) -> Settings:
    return Settings(base_model=str(tiny), home=tmp_path, threads=1)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path, SITUATIONS[0])


Remix = Callable[[Sequence[Pair]], None]


@pytest.fixture
def remix(project: Project) -> Remix:
    """Replace the project's pairs and make its mix anew from them."""

    def change(pairs: Sequence[Pair]) -> None:
        write_records(project.pairs, pairs)
        make_mix(project, pairs)

    return change
