"""The trainings and measurements of a climb, each done once: what is done is found again by what it was made from.

A trial lies in a run folder of its own that no later step takes for a run to ship; a killed one goes on from its last
checkpoint, a finished one is taken over, by the same climb or another one.

    trial = Trials(project, settings, reporter).trained(request, "Q-LoRA")
"""

from __future__ import annotations

import gc
import hashlib
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import __version__
from agent.errors import EmptyError
from agent.progress import Reporter
from agent.prompts.climbing import climb_text
from agent.records.evaluation import Dimension, Estimate, EvaluateRequest, Item, ItemAnswer
from agent.records.ladder import Paired
from agent.records.tuning import TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import read_record, read_records, sha256_of, write_record
from tools.evaluation.comparisons import item_clusters
from tools.evaluation.items import items_for
from tools.evaluation.run import evaluate
from tools.evaluation.statistics import paired_difference
from tools.hardware import this_machine
from tools.mixing.swept import PILOT, SweepMark
from tools.models import resolve_base_model
from tools.tuning.run import tune
from tools.workspace import Project

RESULT: Final = "result.json"
_MODEL_FILES: Final = frozenset({".safetensors", ".json", ".model", ".jinja", ".txt"})

Tune = Callable[[Project, Settings, TuneRequest, Path, Reporter], TuneResult]
Measure = Callable[[Project, Settings, EvaluateRequest, Path, Reporter], object]


@dataclass(frozen=True)
class Trial:
    """One finished training."""

    run: Path
    result: TuneResult
    taken_over: bool
    """Whether it was trained before this call."""


@dataclass(frozen=True)
class Scored:
    """What a trial scored on the sealed items."""

    estimate: Estimate
    by_item: Mapping[str, float]
    """Score of every item that was answered."""
    clusters: Mapping[str, str]
    """What the bootstrap resamples, by item."""


class Trials:
    """The trials of one project, with one base model."""

    def __init__(
        self,
        project: Project,
        settings: Settings,
        reporter: Reporter,
        *,
        train: Tune | None = None,
        measure: Measure | None = None,
    ) -> None:
        """Prepare trials.

        Args:
            project: The project, held by the caller.
            settings: Base model, threads, language.
            reporter: Hears of the progress; may stop the work.
            train: Does one training; tests hand in a scripted one.
            measure: Does one evaluation and writes its files; tests hand in a scripted one.
        """
        self._project = project
        self._settings = settings
        self.reporter = reporter
        self._train = train or tune
        self._measure = measure or _evaluated
        self._weights = ""

    def trained(self, request: TuneRequest, what: str) -> Trial:
        """Return the training of a request, done now or before.

        Args:
            request: A request that fixes its method.
            what: Its purpose in words.

        Raises:
            DoesNotFitError: It does not fit the memory; nothing is changed to make it fit.
            CancelledError: Somebody cancelled; what was finished is kept.
        """
        lang = self._settings.lang
        run = self._run_of(request)
        done = _finished(run)
        if done is not None:
            self.reporter.note(climb_text("taken_over", lang, what=what, run=run.name))
            return Trial(run, done, True)
        if (run / "checkpoints").is_dir():
            self.reporter.note(climb_text("goes_on", lang, what=what, run=run.name))
        result = self._train(self._project, self._settings, request, run, self.reporter)
        write_record(run / RESULT, result)
        # It never goes on from here, and the moments of an optimizer take more room than all the rest.
        shutil.rmtree(run / "checkpoints", ignore_errors=True)
        _release()
        return Trial(run, result, False)

    def scored(self, trial: Trial, dimension: Dimension, limit: int | None) -> Scored:
        """Return what a trial scores on the sealed items of a dimension, measured now or before.

        Raises:
            EmptyError: There are no such items.
        """
        request = EvaluateRequest(arms=("tuned",), tune_run=trial.run.name, dimensions=(dimension,), limit=limit)
        items, _ = items_for(self._project, request)
        self._measure(self._project, self._settings, request, trial.run, self.reporter)
        _release()
        answers = read_records(trial.run / "eval" / "answers.jsonl", ItemAnswer)
        scores = {one.item: one.score for one in answers if one.arm == "tuned" and one.score is not None}
        estimate = _estimate(items, scores)
        labels, _ = item_clusters(items)
        return Scored(estimate, scores, {item.id: label for item, label in zip(items, labels, strict=True)})

    def has_items(self, dimension: Dimension) -> bool:
        """Return whether items of a dimension are sealed."""
        try:
            items, _ = items_for(self._project, EvaluateRequest(dimensions=(dimension,)))
        except EmptyError:
            return False
        return bool(items)

    def _run_of(self, request: TuneRequest) -> Path:
        """Return the run of the same training, done or not, or a new one.

        The key has all that a checkpoint must agree with, so that going on is never refused.
        """
        mix = self._project.mixes / request.mix
        held = mix / "validation.jsonl"
        device = this_machine()
        if not self._weights:
            self._weights = _hash_of_base(self._settings.model_copy(update={"base_model": request.base_model}))
        asked = request.model_copy(update={"climb": None, "mix": "", "base_model": ""})
        parts = (__version__, self._weights, sha256_of(mix / "train.jsonl"), sha256_of(held) if held.exists() else "")
        key = _digest(*parts, device.backend, device.compute_type, asked.model_dump_json())
        marks = sorted(self._project.runs.glob(f"*-{PILOT}*/{PILOT}.json"))
        runs = [path.parent for path in marks if read_record(path, SweepMark).key == key]
        known = next((run for run in runs if _finished(run)), runs[-1] if runs else None)
        if known is not None:
            return known
        run = self._project.new_run(PILOT)
        write_record(run / f"{PILOT}.json", SweepMark(key=key, mix=request.mix))
        return run


def paired(before: Scored, after: Scored, *, seed: int = 0) -> Paired | None:
    """Return the paired difference `after - before` on the items both answered; `None` without any."""
    shared = [item for item in before.by_item if item in after.by_item]
    if not shared:
        return None
    found = paired_difference(
        [before.by_item[item] for item in shared],
        [after.by_item[item] for item in shared],
        [before.clusters[item] for item in shared],
        seed=seed,
    )
    return Paired(difference=found.difference, low=found.low, high=found.high, p=found.p, n=found.n)


def _estimate(items: Sequence[Item], scores: Mapping[str, float]) -> Estimate:
    from tools.evaluation.comparisons import estimates

    answers = [ItemAnswer(item=item.id, arm="tuned", text="", score=scores.get(item.id)) for item in items]
    found = estimates(items, answers, seed=0).get("tuned", {})
    if not found:
        raise EmptyError("no item could be answered", mend="see eval/answers.jsonl of the run")
    return next(iter(found.values()))


def _evaluated(project: Project, settings: Settings, request: EvaluateRequest, run: Path, reporter: Reporter) -> object:
    return evaluate(project, settings, request, run, reporter, retrieved={})


def _release() -> None:
    """Give back the memory of the last model: one in reference cycles would lie beside the next one for a while."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _finished(run: Path) -> TuneResult | None:
    """Return what a training gave; `None` if it is not done, or its weights are not there any more."""
    if not (run / RESULT).exists():
        return None
    result = read_record(run / RESULT, TuneResult)
    return result if any((run / result.adapter).glob("*.safetensors")) else None


def _hash_of_base(settings: Settings) -> str:
    """Return a hash over the files of the base model; one that was replaced in place is another model."""
    folder = resolve_base_model(settings)
    names = sorted(path for path in folder.iterdir() if path.suffix in _MODEL_FILES)
    return _digest(*(f"{path.name} {sha256_of(path)}" for path in names))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
