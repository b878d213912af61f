"""How a run has gone, from its `events.jsonl`: losses, speed, progress, what was noted; and an honest time left.

A long run has many thousands of events, so a page keeps a `RunTail` open and reads only what has come since.

    tail = RunTail(project.runs / job.run)
    course = tail.read()
    time_left(course, now)
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean

from agent.records.job import JobEvent
from agent.records.tuning import TrainingPoint
from tools.jobs.events import EVENTS, EventTail

KEPT_LINES = 400
"""Notes and changes of state that a page can show; older ones stay in the run's file."""
LEAST_SHARE = 0.03
LEAST_SECONDS = 2.0
"""Below these a share done says nothing about the time left."""
SPEED_READINGS = 20
"""Steps over which the speed is averaged; single steps differ in length."""


@dataclass(frozen=True)
class Reading:
    """One optimizer step."""

    step: int
    epoch: float
    loss: float
    tokens_per_s: float
    learning_rate: float


@dataclass
class Course:
    """What the events of a run add up to."""

    losses: dict[int, Reading] = field(default_factory=dict)
    """By step; a step done again after a resumption replaces the first."""
    validation: dict[int, float] = field(default_factory=dict)
    """Validation loss by the step it was measured after."""
    lines: list[JobEvent] = field(default_factory=list)
    """Notes and changes of state, oldest first."""
    reasons: list[str] = field(default_factory=list)
    """Notes of the current attempt before its first step: why this method and these settings."""
    attempt: int = 0
    steps_now: int = 0
    """Steps of the current attempt; an earlier one may have run at another speed."""
    progress: JobEvent | None = None
    """The last progress of the current attempt."""
    stage_began: JobEvent | None = None
    """The first progress of the stage that `progress` belongs to."""
    seconds_left: float | None = None
    """What the work itself expects, if it said so."""
    left_at: str = ""
    """When it said so; UTC, ISO 8601."""
    last_at: str = ""
    """When the last event of any kind came."""

    def add(self, event: JobEvent) -> None:
        """Take one more event, in the order of the file."""
        if event.attempt > self.attempt:
            self.attempt = event.attempt
            self.progress = self.stage_began = self.seconds_left = None
            self.steps_now = 0
            self.reasons = []
        self.last_at = event.at
        match event.kind:
            case "metric":
                self._metric(event)
            case "progress":
                same = self.progress is not None and (self.progress.unit, self.progress.total) == (
                    event.unit,
                    event.total,
                )
                self.stage_began = self.stage_began if same else event
                self.progress = event
            case "note" | "state":
                self.lines.append(event)
                del self.lines[:-KEPT_LINES]
                if event.kind == "note" and self.progress is None:
                    self.reasons.append(event.message)

    def _metric(self, event: JobEvent) -> None:
        data = event.data
        if "loss" in data and "step" in data:
            step = int(data["step"])
            # What came after the checkpoint that a resumed run went on from is done again.
            while (later := next(reversed(self.losses), -1)) >= step:
                self.losses.pop(later)
                self.validation.pop(later, None)
            self.steps_now += 1
            self.losses[step] = Reading(
                step=step,
                epoch=float(data.get("epoch", 0.0)),
                loss=float(data["loss"]),
                tokens_per_s=float(data.get("tokens_per_s", 0.0)),
                learning_rate=float(data.get("learning_rate", 0.0)),
            )
        if "validation_loss" in data:
            self.validation[next(reversed(self.losses), 0)] = float(data["validation_loss"])
        if "seconds_left" in data:
            self.seconds_left, self.left_at = float(data["seconds_left"]), event.at

    @property
    def last(self) -> Reading | None:
        """The newest step."""
        return next(reversed(self.losses.values()), None)

    @property
    def speed(self) -> float | None:
        """Training tokens per second over the last steps; `None` before the attempt's first."""
        count = min(SPEED_READINGS, self.steps_now)
        return fmean(one.tokens_per_s for one in list(self.losses.values())[-count:]) if count else None

    @property
    def share(self) -> float | None:
        """Part of the present stage that is done, from 0 to 1; `None` where no total is known."""
        if self.progress is None or not self.progress.total:
            return None
        return min(1.0, (self.progress.done or 0.0) / self.progress.total)


def course_of_history(history: Sequence[TrainingPoint]) -> Course:
    """Return the course of a finished run whose events are gone."""
    course = Course()
    for point in history:
        course.losses[point.step] = Reading(
            point.step, point.epoch, point.loss, point.tokens_per_s, point.learning_rate
        )
        if point.validation_loss is not None:
            course.validation[point.step] = point.validation_loss
    return course


def time_left(course: Course, now: datetime) -> float | None:
    """Return the seconds that the present stage still takes; `None` where nothing can be said yet.

    The work's own estimate goes first; otherwise the speed since the stage began is taken to last.
    """
    if course.seconds_left is not None:
        return max(0.0, course.seconds_left - seconds_between(course.left_at, now))
    began, last, share = course.stage_began, course.progress, course.share
    if began is None or last is None or share is None or not last.total:
        return None
    done = (last.done or 0.0) - (began.done or 0.0)
    spent = seconds_between(began.at, datetime.fromisoformat(last.at))
    if done / last.total < LEAST_SHARE or spent < LEAST_SECONDS:
        return None
    left = (last.total - (last.done or 0.0)) * spent / done
    return max(0.0, left - seconds_between(last.at, now))


def seconds_between(then: str, now: datetime) -> float:
    """Return the seconds from a stored moment until `now`."""
    return (now - datetime.fromisoformat(then)).total_seconds()


def thinned(values: Mapping[int, Reading], most: int) -> list[Reading]:
    """Return at most about `most` readings, evenly chosen, the first and the last among them."""
    readings = list(values.values())
    if len(readings) <= most:
        return readings
    stride = -(-len(readings) // most)
    chosen = readings[::stride]
    return chosen if chosen[-1] is readings[-1] else [*chosen, readings[-1]]


class RunTail:
    """The open end of one run's events; safe for several viewers at once."""

    def __init__(self, run: Path) -> None:
        self._tail = EventTail(run / EVENTS)
        self._lock = threading.Lock()
        self._course = Course()

    def read(self) -> Course:
        """Return the course as it stands now; later events do not change it."""
        with self._lock:
            for event in self._tail.read():
                self._course.add(event)
            known = self._course
            return replace(
                known,
                losses=dict(known.losses),
                validation=dict(known.validation),
                lines=list(known.lines),
                reasons=list(known.reasons),
            )
