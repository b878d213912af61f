"""Ctrl-C at every step of starting and following a job: nothing is left, or a cancelled job that says so."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from agent.errors import CancelledError
from agent.settings import Settings
from tools.jobs import interrupts, runner
from tools.jobs.interrupts import held
from tools.jobs.processes import members_of
from tools.jobs.runner import resume, submit, wait
from tools.jobs.store import JobStore
from tools.workspace import Project

IDLE = ("sh", "-c", "sleep 30; :")
"""A worker that is never through with its start."""
WATCHED = {Path(module.__file__ or "").resolve() for module in (runner, interrupts)}


@contextmanager
def interrupted(tried: set[str], polls: int = 3) -> Iterator[list[str]]:
    """Press Ctrl-C before the first line of the runner that is not in `tried`; yields the line it was.

    Where a job is waited for and no new line comes within some polls, it is pressed there, and nothing is yielded.
    """
    waited = 0
    done = False
    new: list[str] = []

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal waited, done
        if Path(frame.f_code.co_filename).resolve() not in WATCHED:
            return None
        if event == "line" and not done:
            line = f"{frame.f_code.co_name}:{frame.f_lineno}"
            waited += frame.f_code.co_name == "wait"
            if line not in tried or waited > 10 * polls:
                done = True
                new.extend([line] if line not in tried else [])
                signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield new
    finally:
        sys.settrace(before)


def left_of(project: Project) -> list[str]:
    """Return what stands in the list of jobs and in the folder of runs; a run without a job is named `orphan`."""
    jobs = JobStore(project.jobs).list()
    runs = {path.name for path in project.runs.iterdir()} if project.runs.is_dir() else set()
    assert {job.run for job in jobs} <= runs, "a job without its run folder cannot be resumed"
    return [job.state for job in jobs] + ["orphan"] * len(runs - {job.run for job in jobs})


@pytest.mark.slow
def test_an_interrupt_at_any_step_leaves_nothing_or_a_cancelled_job(
    project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.01)
    tried: set[str] = set()
    outcomes = set()
    while True:
        before = left_of(project)
        outcome = "cancelled"
        with interrupted(tried) as new:
            try:
                with held():
                    job = submit(project, settings, "mix", {}, "mix", prepare=lambda run: None, worker=IDLE)
                    outcome = wait(project, job.id).state
            except KeyboardInterrupt:
                outcome = "nothing"
            except CancelledError as error:
                message = str(error)
                assert message.endswith("goes on")
        assert left_of(project)[len(before) :] == ([] if outcome == "nothing" else ["cancelled"]), new
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        outcomes.add(outcome)
        if not new:
            break
        tried |= {*new}
    assert outcomes == {"nothing", "cancelled"}
    assert {line.split(":")[0] for line in tried} >= {"held", "submit", "_start", "wait", "let_through"}
    assert not [one for job in JobStore(project.jobs).list() for one in members_of(job.id)]


def test_an_interrupt_while_the_worker_is_started_cancels_the_job(project: Project, settings: Settings) -> None:
    store = JobStore(project.jobs)

    class Pressing(type(store)):  # type: ignore[misc]
        def attach(self, job_id: str, pid: int) -> None:
            signal.raise_signal(signal.SIGINT)
            super().attach(job_id, pid)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "JobStore", Pressing)
        with pytest.raises(CancelledError, match=r"domainsmith jobs resume .* goes on"):
            submit(project, settings, "mix", {}, "mix", worker=IDLE)
    assert left_of(project) == ["cancelled"]
    again = resume(project, store.list()[0].id, worker=IDLE)
    assert again.state == "queued"
    assert runner.cancel(project, again.id).state == "cancelled"


def test_an_interrupt_while_something_is_prepared_leaves_nothing(project: Project, settings: Settings) -> None:
    def press(_run: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("long work is broken into")

    with pytest.raises(KeyboardInterrupt):
        submit(project, settings, "mix", {}, "mix", prepare=press, worker=IDLE)
    assert left_of(project) == []


def test_held_interrupts_come_at_the_end_unless_they_were_taken() -> None:
    with held() as outer, held() as inner:
        assert inner is outer
    with pytest.raises(KeyboardInterrupt), held(), held():
        signal.raise_signal(signal.SIGINT)
    with held() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert (interrupts.take(), interrupts.take()) == (True, False)
    with pytest.raises(ZeroDivisionError), held():
        _press_and_fail()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _press_and_fail() -> None:
    signal.raise_signal(signal.SIGINT)
    raise ZeroDivisionError


def test_elsewhere_than_in_the_main_thread_nothing_is_held() -> None:
    def look() -> None:
        with held() as interrupts:
            seen.extend([interrupts.take(), signal.getsignal(signal.SIGINT) is signal.default_int_handler])

    seen: list[bool] = []
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [False, True]
