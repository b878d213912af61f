"""What a page reads out of a run's events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from agent.records.job import JobEvent
from agent.records.tuning import TrainingPoint
from tools.jobs.events import EVENTS
from ui.pages.run_course import Course, RunTail, course_of_history, thinned, time_left

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(
    kind: Literal["state", "progress", "metric", "note"], seconds: float = 0, attempt: int = 1, **more: Any
) -> JobEvent:
    at = (BEGAN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return JobEvent(at=at, kind=kind, attempt=attempt, **more)


def step(number: int, loss: float, seconds: float = 0, attempt: int = 1, **data: float) -> JobEvent:
    values = {"step": number, "epoch": number / 4, "loss": loss, "learning_rate": 1e-3, "tokens_per_s": 100.0}
    return event("metric", seconds, attempt, data=values | data)


def course_of(*events: JobEvent) -> Course:
    course = Course()
    for one in events:
        course.add(one)
    return course


def test_losses_and_validation_losses_are_found_by_step() -> None:
    course = course_of(
        step(1, 3.0), step(2, 2.0), event("metric", data={"epoch": 1, "validation_loss": 2.5}), step(3, 1.5)
    )
    assert [(one.step, one.loss) for one in course.losses.values()] == [(1, 3.0), (2, 2.0), (3, 1.5)]
    assert course.validation == {2: 2.5}
    assert course.last is not None
    assert course.last.loss == 1.5
    assert course.speed == pytest.approx(100.0)


def test_a_resumed_run_replaces_what_it_does_again() -> None:
    course = course_of(
        step(1, 3.0),
        step(2, 2.0),
        event("metric", data={"validation_loss": 2.5}),
        step(3, 9.0),
        step(4, 9.0),
        event("metric", data={"validation_loss": 9.5}),
        step(3, 1.5, attempt=2),
    )
    assert {number: one.loss for number, one in course.losses.items()} == {1: 3.0, 2: 2.0, 3: 1.5}
    assert course.validation == {2: 2.5}


def test_the_reasons_are_the_notes_before_the_first_step_of_the_attempt() -> None:
    course = course_of(
        event("note", message="old"),
        event("state", attempt=2, message="running"),
        event("note", attempt=2, message="Q-LoRA fits"),
        event("progress", attempt=2, done=1, total=4, unit="steps"),
        event("note", attempt=2, message="stopped early"),
    )
    assert course.reasons == ["Q-LoRA fits"]
    assert [line.message for line in course.lines] == ["old", "running", "Q-LoRA fits", "stopped early"]


@pytest.mark.parametrize(
    ("events", "now", "left"),
    [
        ([], 5, None),
        ([step(1, 3.0, 10, seconds_left=30)], 12, 28),
        ([step(1, 3.0, 10, seconds_left=30)], 60, 0),
        ([event("progress", s, done=d, total=10, unit="items") for s, d in ((0, 0), (4, 2))], 5, 15),
        ([event("progress", s, done=d, total=10, unit="items") for s, d in ((0, 6), (4, 8))], 4, 4),
        ([event("progress", s, done=d, total=100, unit="items") for s, d in ((0, 0), (4, 2))], 5, None),
        ([event("progress", s, done=d, total=10, unit="items") for s, d in ((0, 0), (1, 5))], 5, None),
        ([event("progress", 0, done=1, total=0, unit="files"), event("progress", 9, done=2, total=0)], 9, None),
    ],
    ids=["nothing", "told", "overdue", "by share", "resumed", "too little done", "too short", "no total"],
)
def test_time_left(events: list[JobEvent], now: float, left: float | None) -> None:
    found = time_left(course_of(*events), BEGAN + timedelta(seconds=now))
    assert found == (None if left is None else pytest.approx(left))


def test_another_stage_begins_its_own_clock() -> None:
    course = course_of(
        event("progress", 0, done=0, total=10, unit="files"),
        event("progress", 60, done=10, total=10, unit="files"),
        event("progress", 61, done=0, total=100, unit="chunks"),
        event("progress", 71, done=50, total=100, unit="chunks"),
    )
    assert time_left(course, BEGAN + timedelta(seconds=71)) == pytest.approx(10)


def test_the_estimate_of_an_earlier_attempt_is_forgotten() -> None:
    course = course_of(step(1, 3.0, seconds_left=30), event("state", 60, attempt=2, message="running"))
    assert time_left(course, BEGAN + timedelta(seconds=60)) is None
    assert course.speed is None
    course.add(step(2, 2.0, 70, attempt=2, tokens_per_s=300.0))
    assert course.speed == pytest.approx(300.0)


def test_a_tail_reads_on_and_its_course_stands_still(tmp_path: Path) -> None:
    tail = RunTail(tmp_path)
    assert tail.read().last is None
    with (tmp_path / EVENTS).open("a", encoding="utf-8") as file:
        file.write(step(1, 3.0).line() + "\n")
        file.flush()
        before = tail.read()
        file.write(step(2, 2.0).line() + "\n")
    assert list(tail.read().losses) == [1, 2]
    assert list(before.losses) == [1]


def test_a_long_run_is_thinned_but_keeps_its_ends() -> None:
    course = course_of(*(step(number, 1.0) for number in range(1, 1002)))
    kept = thinned(course.losses, 100)
    assert (kept[0].step, kept[-1].step) == (1, 1001)
    assert len(kept) <= 102


def test_a_history_is_a_course() -> None:
    point = TrainingPoint(step=4, epoch=1.0, loss=0.5, validation_loss=0.7, learning_rate=1e-3, tokens_per_s=80.0)
    course = course_of_history([point])
    assert course.validation == {4: 0.7}
    assert course.last is not None
    assert course.last.loss == 0.5
