"""What answering takes: seconds, tokens, memory of every arm, and how a changed document reaches it.

Example: `with Meter() as meter: ask()`, then `meter.seconds` and `meter.peak_gib`.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import fmean, median
from types import TracebackType
from typing import Final, Literal

from agent.records.evaluation import ARMS, Arm, ArmCost, Dimension, GroupCost, Item, ItemAnswer, Renewal
from knowledge.files import read_records, write_records
from tools.benchmark.backends import Accelerator, detect
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL, Task
from tools.evaluation.dimensions import DOMAIN
from tools.evaluation.retrieved import search_seconds
from tools.workspace import Project

SPENT: Final = "spent.jsonl"
_GIB: Final = 2**30
_EVERY: Final = 0.1
"""Seconds between two looks at the memory."""
Step = Literal["ingest", "extract", "mix", "tune"]


class Meter:
    """Takes the time of what happens inside, and the largest memory meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_gib = 0.0
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None
        self._began = 0.0

    def __enter__(self) -> Meter:
        device = _accelerator()
        if device is not None:
            device.reset_peak()
        else:
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._began
        self._ended.set()
        if self._watcher is not None:
            self._watcher.join()
        device = _accelerator()
        if device is not None:
            self.peak_gib = device.peak_gib() or 0.0

    def note(self, folder: Path, tasks: Sequence[Task]) -> None:
        """Write what a group of answers took into `spent.jsonl` of an `eval` folder."""
        path, first = folder / SPENT, tasks[0]
        own = GroupCost(
            arm=first.arm,
            dimension=first.item.dimension,
            answers=len(tasks),
            seconds=self.seconds,
            peak_gib=self.peak_gib,
        )
        write_records(path, [*read_records(path, GroupCost), own])

    def _watch(self) -> None:
        import psutil

        process = psutil.Process()
        while True:
            self.peak_gib = max(self.peak_gib, process.memory_info().rss / _GIB)
            if self._ended.wait(_EVERY):
                return


def _accelerator() -> Accelerator | None:
    """Return the accelerator that models compute on; `None` on a processor, or where nothing has loaded torch."""
    if "torch" not in sys.modules:
        return None
    device = detect()
    return None if device.backend == "cpu" else device


@dataclass(frozen=True)
class Spent:
    """What an evaluation and the steps before it took."""

    groups: tuple[GroupCost, ...]
    """Time and memory of the groups of answers."""
    search_seconds: float | None = None
    """Median seconds of a search; `None` if it was not timed."""
    steps: Mapping[Step, float] = field(default_factory=dict)
    """Seconds that the project's last steps took."""
    price_per_hour: float | None = None
    """The setting of that name."""

    @classmethod
    def read(cls, project: Project, run: Path, price_per_hour: float | None) -> Spent:
        """Read it from a run's folder and the project's jobs."""
        groups = tuple(read_records(run / "eval" / SPENT, GroupCost))
        return cls(groups, search_seconds(run), last_steps(project), price_per_hour)


def arm_costs(
    items: Sequence[Item],
    answers: Sequence[ItemAnswer],
    spent: Spent,
) -> dict[Arm, ArmCost]:
    """Return what every arm takes, on the domain questions; where there are none, on all that the model was asked.

    Terms are put to the tokenizer alone, so they are no questions.

    Args:
        items: What was asked.
        answers: What was answered.
        spent: What it took.
    """
    dimension_of = {item.id: item.dimension for item in items}
    asked = _questions(dimension_of.values()) & set(DOMAIN) or _of_every_arm(answers, dimension_of)
    price = spent.price_per_hour
    found: dict[Arm, ArmCost] = {}
    for arm in ARMS:
        own = [a for a in answers if a.arm == arm and dimension_of[a.item] in asked]
        if not own:
            continue
        groups = [group for group in spent.groups if group.arm == arm and group.dimension in asked]
        timed = [answer.seconds for answer in own if answer.seconds > 0]
        search = (spent.search_seconds or 0.0) if arm in WITH_RETRIEVAL else 0.0
        machine = None
        if counted := sum(group.answers for group in groups):
            machine = 1000 * (sum(group.seconds for group in groups) / counted + search)
        found[arm] = ArmCost(
            questions=len(own),
            seconds=median(timed) if timed else None,
            search_seconds=search,
            tokens=fmean(answer.tokens for answer in own),
            machine_seconds=machine,
            price=None if machine is None or price is None else machine / 3600 * price,
            peak_gib=max((group.peak_gib for group in groups), default=None),
            renewal=tuple(Renewal(step=step, seconds=spent.steps.get(step)) for step in steps_to(arm)),
        )
    return found


def _questions(dimensions: Iterable[Dimension]) -> set[Dimension]:
    return {dimension for dimension in dimensions if dimension != "tokenization"}


def _of_every_arm(answers: Sequence[ItemAnswer], dimension_of: Mapping[str, Dimension]) -> set[Dimension]:
    """Return the dimensions that every arm was asked, so that their figures can be compared; else all of them."""
    arms = dict.fromkeys(answer.arm for answer in answers)
    by_arm = [_questions(dimension_of[a.item] for a in answers if a.arm == arm) for arm in arms]
    every = _questions(dimension for one in by_arm for dimension in one)
    return {dimension for dimension in every if all(dimension in one for one in by_arm)} or every


def steps_to(arm: Arm) -> tuple[Step, ...]:
    """Return the steps by which a changed document reaches an arm; none for those that no document reaches.

    What was tuned keeps what it learnt until pairs are made anew and it is trained again; beside it, retrieval reads
    the changed document at once.
    """
    if arm in WITH_RETRIEVAL:
        return ("ingest",)
    return ("ingest", "extract", "mix", "tune") if arm in TUNED else ()


def last_steps(project: Project) -> dict[Step, float]:
    """Return how many seconds the project's last finished step of each kind took, where its job is recorded."""
    from tools.jobs.store import JobStore

    found: dict[Step, float] = {}
    if not project.jobs.exists():
        return found
    for job in sorted(JobStore(project.jobs).list(), key=lambda job: job.ended or ""):
        if job.state == "done" and job.started and job.ended and job.kind in ("ingest", "extract", "mix", "tune"):
            found[job.kind] = (datetime.fromisoformat(job.ended) - datetime.fromisoformat(job.started)).total_seconds()
    return found
