"""Tasks of lm-evaluation-harness, asked of the base and the tuned model through our engine: `evaluate --harness TASK`.

Their scores stand in the report as they are, beside the dimensions and never pooled with them: each task has its own
prompt and its own metric. They land in `eval/harness.json`; a finished arm is kept beside it and never asked twice.

    ask_harness(run / "eval", request, ("base", "tuned"), model, settings, mark, Silent())
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from agent.progress import Reporter
from agent.records.evaluation import Arm, EvaluateRequest, HarnessDifference, HarnessReport, HarnessScore
from agent.settings import Settings
from knowledge.files import write_json, write_record
from tools.evaluation.harness_tasks import local_files, tasks_of
from tools.evaluation.statistics import is_binary, paired_difference, wilson
from tools.generation import Generator

ASKED: Final[tuple[Arm, ...]] = ("base", "tuned")
"""Arms a task can be put to: it brings its own context."""
NORMAL: Final = 1.959964
"""Standard errors to either side of a mean that hold 95%."""
RESAMPLES: Final = 1000
"""Resamples for the standard error of metrics that are no mean."""

Values = dict[tuple[str, str, str], list[float]]
"""Score of each item, by task, metric and filter."""


def ask_harness(
    folder: Path,
    request: EvaluateRequest,
    arms: Sequence[Arm],
    model: Callable[[], Any],
    settings: Settings,
    depends: Sequence[object],
    reporter: Reporter,
) -> HarnessReport:
    """Run the tasks and return their scores.

    Args:
        folder: `eval` of the run; gets `harness.json`.
        request: Names the tasks and the limit.
        arms: Arms of the evaluation; those of `ASKED` are asked.
        model: Gives the loaded model.
        settings: Whether downloads are allowed.
        depends: What else the scores depend on: the base, the adapter.
        reporter: Listener.

    Raises:
        InputError: Neither arm takes part, or a task cannot be asked.
        RefusedError: A task's data would have to be fetched and downloads are off.
    """
    asked = [arm for arm in ASKED if arm in arms]
    if not asked:
        raise InputError("tasks are asked of base and tuned", where=", ".join(arms), mend="`--arms base,tuned`")
    mark = _mark(request, depends)
    scores: dict[Arm, tuple[HarnessScore, ...]] = {}
    values: dict[Arm, Values] = {}
    for arm in asked:
        kept = folder / f"harness-{arm}.json"
        if not kept.exists() or json.loads(kept.read_bytes())["mark"] != mark:
            reporter.note(f"lm-evaluation-harness: {arm}")
            found, own = _ask(request, model(), settings, reporter, adapter=arm == "tuned")
            rows = [[*key, numbers] for key, numbers in own.items()]
            write_json(kept, {"mark": mark, "scores": [one.model_dump() for one in found], "values": rows})
        read = json.loads(kept.read_bytes())
        scores[arm] = tuple(HarnessScore.model_validate(one) for one in read["scores"])
        values[arm] = {(task, metric, kind): numbers for task, metric, kind, numbers in read["values"]}
    both = len(asked) == 2
    report = HarnessReport(
        version=version("lm_eval"),
        arms=scores,
        differences=_differences(values["base"], values["tuned"], request.seed) if both else (),
        limit=request.limit,
    )
    write_record(folder / "harness.json", report)
    return report


def _mark(request: EvaluateRequest, depends: Sequence[object]) -> str:
    digest = hashlib.sha256(
        json.dumps([*map(str, depends), version("lm_eval"), request.harness, request.limit]).encode()
    )
    for file in local_files(request.harness):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _ask(
    request: EvaluateRequest, model: Generator, settings: Settings, reporter: Reporter, *, adapter: bool
) -> tuple[list[HarnessScore], Values]:
    from lm_eval.evaluator import evaluate

    from tools.calling import require_open
    from tools.evaluation.harness_model import ArmLM

    def readable(path: Path) -> None:
        require_open(path, settings)

    with (
        tempfile.TemporaryDirectory(prefix="domainsmith-") as scratch,
        tasks_of(request.harness, Path(scratch), allow_downloads=settings.allow_downloads, readable=readable) as tasks,
    ):
        try:
            found = evaluate(
                lm=ArmLM(model, reporter, adapter=adapter),
                task_dict=tasks,
                limit=request.limit,
                bootstrap_iters=RESAMPLES,
                log_samples=True,
            )
        except ValueError as error:  # the harness's refusals: programs, pictures, sounds
            names = ", ".join(request.harness)
            raise InputError(f"the harness refuses ({error})"[:400], where=names, mend="ask another task") from error
    values: Values = {}
    for task, samples in found["samples"].items():
        for sample in samples:
            for metric in sample["metrics"]:
                if isinstance(sample[metric], int | float):
                    values.setdefault((task, metric, sample["filter"]), []).append(float(sample[metric]))
    return _scores(found, values), values


def _scores(found: Mapping[str, Any], values: Values) -> list[HarnessScore]:
    scores = []
    for task in found["samples"]:  # groups, which the harness pools, are left out
        for name, value in found["results"][task].items():
            metric, _, kind = name.partition(",")
            if not kind or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            own = values.get((task, metric, kind), [])
            n = int(found["n-samples"][task]["effective"])
            stderr = found["results"][task].get(f"{metric}_stderr,{kind}")
            error = float(stderr) if isinstance(stderr, int | float) and math.isfinite(stderr) else None
            low, high = _interval(float(value), error, own)
            scores.append(
                HarnessScore(
                    task=task,
                    metric=metric,
                    filter=kind,
                    value=float(value),
                    low=low,
                    high=high,
                    stderr=error,
                    n=n,
                    higher_is_better=found["higher_is_better"].get(task, {}).get(metric),
                )
            )
    return scores


def _interval(value: float, stderr: float | None, own: Sequence[float]) -> tuple[float | None, float | None]:
    if own and is_binary(own) and math.isclose(sum(own) / len(own), value, abs_tol=1e-9):
        return wilson(sum(own), len(own))
    return (None, None) if stderr is None else (value - NORMAL * stderr, value + NORMAL * stderr)


def _differences(base: Values, tuned: Values, seed: int) -> tuple[HarnessDifference, ...]:
    """Compare item by item where a metric is a number of each item."""
    made = []
    for key in base.keys() & tuned.keys():
        before, after = base[key], tuned[key]
        if len(before) != len(after):
            continue
        paired = paired_difference(before, after, [str(item) for item in range(len(before))], seed=seed)
        task, metric, kind = key
        values = {"difference": paired.difference, "low": paired.low, "high": paired.high, "n": len(before)}
        made.append(HarnessDifference(task=task, metric=metric, filter=kind, **values))
    return tuple(sorted(made, key=lambda one: (one.task, one.metric, one.filter)))
