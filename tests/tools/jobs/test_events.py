"""`events.jsonl` holds whole lines whatever happens, and progress does not flood it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError
from agent.records.job import Job, JobEvent
from tools.jobs import reporting
from tools.jobs.events import EventLog, EventTail
from tools.jobs.lease import FRESH_SECONDS, LEASE_SECONDS, Lease
from tools.jobs.reporting import JobReporter
from tools.jobs.store import JobStore


def note(message: str) -> JobEvent:
    return JobEvent(at="2026-01-01T00:00:00.000+00:00", kind="note", message=message)


def test_a_reader_sees_each_event_once_and_never_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    assert list(tail.read()) == []
    log = EventLog(path)
    log.append(note("eins"))
    log.append(note("第二"))
    assert [event.message for event in tail.read()] == ["eins", "第二"]
    line = f"{note('third').line()}\n".encode()
    with path.open("ab") as file:
        file.write(line[:20])
    assert list(tail.read()) == []
    with path.open("ab") as file:
        file.write(line[20:])
    assert [event.message for event in tail.read()] == ["third"]


def test_an_unfinished_line_is_cut_off_before_the_next_attempt(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    EventLog(path).append(note("whole"))
    with path.open("ab") as file:
        file.write(b'{"at": "2026')
    EventLog(path).append(note("after"))
    assert [event.message for event in EventTail(path).read()] == ["whole", "after"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append(note("before"))
    real = os.write
    calls = []

    def full(descriptor: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:5])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.append(note("after"))
    assert [event.message for event in EventTail(path).read()] == ["before"]
    assert path.read_bytes().endswith(b"\n")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reporting, "time", clock)
    return clock


class Left(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def held(tmp_path: Path) -> tuple[JobStore, Job, Lease]:
    store = JobStore(tmp_path / "jobs.sqlite")
    job = store.claim(store.create("mix", "p", "r", {}).id, 1)
    assert job is not None

    def leave(_job: Job) -> None:
        raise Left

    return store, job, Lease(store, job, leave=leave)


def written(tmp_path: Path) -> list[tuple[Any, ...]]:
    return [(e.kind, e.done, e.message, e.attempt) for e in EventTail(tmp_path / "events.jsonl").read()]


def test_progress_is_written_four_times_a_second_and_the_last_reading_is_kept(
    tmp_path: Path, clock: Clock, held: tuple[JobStore, Job, Lease]
) -> None:
    reporter = JobReporter(EventLog(tmp_path / "events.jsonl"), held[2], attempt=2)
    for step in range(1, 101):
        clock.now += 0.01
        reporter.progress(step, 100, "steps")
    reporter.note("end")
    assert written(tmp_path) == [
        ("progress", 1, "", 2),
        ("progress", 26, "", 2),
        ("progress", 51, "", 2),
        ("progress", 76, "", 2),
        ("progress", 100, "", 2),
        ("note", None, "end", 2),
    ]


def test_a_worker_without_its_lease_writes_nothing(
    tmp_path: Path, held: tuple[JobStore, Job, Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools.jobs import lease as module

    store, job, lease = held
    reporter = JobReporter(EventLog(tmp_path / "events.jsonl"), lease, attempt=1)
    reporter.note("mine")
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    lease._last_beat = clock.now
    store.end(job.id, job.lease, "interrupted")
    clock.now += FRESH_SECONDS + 0.1
    for act in (
        lambda: reporter.note("stale"),
        lambda: reporter.progress(1, 2, "steps"),
        lambda: reporter.metric(loss=1.0),
        reporter.check,
        lambda: lease.verify(ask=True),
    ):
        with pytest.raises(Left):
            act()
    assert [message for _, _, message, _ in written(tmp_path)] == ["mine"]
    assert FRESH_SECONDS < LEASE_SECONDS


def test_a_cancelled_lease_raises_at_the_next_check(held: tuple[JobStore, Job, Lease]) -> None:
    held[2].check()
    held[2].cancel()
    with pytest.raises(CancelledError, match=f"jobs resume {held[1].id}"):
        held[2].check()
