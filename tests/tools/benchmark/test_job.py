"""A benchmark as a job: in a process of its own, saved for every project, partial when cancelled, begun anew."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError
from agent.progress import Silent
from agent.records.benchmark import BenchmarkResult
from agent.records.job import Job
from agent.settings import Settings
from knowledge.files import write_record
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.compared import here, point, result
from tests.tools.jobs.sleeper import until
from tools.benchmark import job as job_module
from tools.benchmark.ended import Ended
from tools.benchmark.foretold import QUICK_SECONDS, WHOLE_SECONDS, foretold_gib, foretold_seconds
from tools.benchmark.guarding import needed
from tools.benchmark.job import bench
from tools.benchmark.request import BenchRequest
from tools.benchmark.saved import save, saved
from tools.forecast import step_facts
from tools.hardware import this_machine
from tools.jobs.events import EVENTS, EventTail
from tools.jobs.processes import end_processes
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import cancel, result_of, resume, submit, wait
from tools.jobs.store import TERMINAL, JobStore
from tools.workspace import Project, Workspace

SECONDS = 120.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Workspace(tmp_path / "account").create("Pumps")
    yield project
    for job in JobStore(project.jobs).list():
        end_processes(job)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "account", machine_home=tmp_path / "server", threads=1, _env_file=None)


def begun(project: Project, job: Job) -> None:
    """Wait until the worker has told of a part that is done."""
    tail, parts = EventTail(project.runs / job.run / EVENTS), list[int]()

    def told() -> bool:
        now = JobStore(project.jobs).get(job.id)
        assert now.state not in TERMINAL, now.error
        parts.extend(one.attempt for one in tail.read() if one.unit == "parts" and one.done)
        return now.state == "running" and now.attempts in parts

    until(told, SECONDS)


@pytest.mark.slow
def test_a_worker_measures_and_saves_for_all_projects(project: Project, settings: Settings, tmp_path: Path) -> None:
    request = BenchRequest(model=str(build_tiny_model(tmp_path / "tiny")), only="train", quick=True)
    job = wait(project, submit(project, settings, "bench", request.model_dump(mode="json"), "bench").id)
    assert job.state == "done", job.error
    made = result_of(project, job, BenchmarkResult)
    assert [step.method for step in made.training] == ["lora"]
    assert made.roofline is not None
    assert made.roofline.bandwidth_gb_s
    assert made.complete
    assert [one for _, one in saved(settings.machine_folder)] == [made]
    assert saved(settings.home) == ()
    last = [one for one in EventTail(project.runs / job.run / EVENTS).read() if one.unit == "parts"][-1]
    parts = len(needed((), ("lora",), this_machine().backend)) + 1
    assert (last.done, last.total) == (parts, parts)


@pytest.mark.slow
def test_a_killed_one_begins_anew_and_a_cancelled_one_keeps_its_part(project: Project, settings: Settings) -> None:
    job = submit(project, settings, "bench", {"only": "probe"}, "bench")
    begun(project, job)
    pid = JobStore(project.jobs).get(job.id).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: reconcile(project) or JobStore(project.jobs).get(job.id).state in TERMINAL)
    assert JobStore(project.jobs).get(job.id).state == "interrupted"
    assert saved(settings.machine_folder) == ()

    job = resume(project, job.id)
    begun(project, job)
    ended = cancel(project, job.id)
    assert ended.state == "cancelled"
    assert "what was measured is kept" in ended.error
    ((_, kept),) = saved(settings.machine_folder)
    assert not kept.complete
    assert kept.stopped.startswith("cancelled after ")
    assert kept.capabilities["memory_copy"].outcome == "supported"
    assert kept.training == ()


class Cancelled(Silent):
    """Somebody cancels as soon as the event is set."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def check(self) -> None:
        if self.asked.is_set():
            raise CancelledError("cancelled")


def deaf(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, part: BenchmarkResult, whole: Ended
) -> Callable[[BenchRequest], Any]:
    """Let a benchmark be cancelled in a part that does not hear it until something was saved."""
    reporter = Cancelled()

    def measure(*_: Any, on_begin: Callable[[Callable[[], BenchmarkResult]], None]) -> Ended:
        on_begin(lambda: part)
        reporter.asked.set()
        until(lambda: saved(settings.machine_folder))
        ((_, kept),) = saved(settings.machine_folder)
        assert kept == part
        return whole

    monkeypatch.setattr(job_module, "measure", measure)
    monkeypatch.setattr(job_module, "PART_SECONDS", 0.05)
    project: Any = None
    return lambda request: bench(project, settings, request, reporter)


@pytest.mark.parametrize("heard", [True, False], ids=["heard later", "ended whole"])
def test_a_part_that_does_not_hear_a_cancel_costs_nothing_that_was_measured(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, heard: bool
) -> None:
    part = result(complete=False, stopped="cancelled after 2 of 29 parts", training=())
    later = result(complete=not heard, stopped="cancelled after 3 of 29 parts" if heard else "")
    run = deaf(monkeypatch, settings, part, Ended(later, cancelled=heard))
    if heard:
        with pytest.raises(CancelledError, match="cancelled"):
            run(BenchRequest())
    else:
        assert run(BenchRequest()) == later
    assert [one for _, one in saved(settings.machine_folder)] == [later], "one file, with all there is"


def test_nothing_measured_is_nothing_saved(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = result(capabilities={}, measurements=(), training=(), complete=False)
    monkeypatch.setattr(job_module, "measure", lambda *_, **__: Ended(empty, cancelled=True))
    project: Any = None
    with pytest.raises(CancelledError):
        bench(project, settings, BenchRequest(), Silent())
    assert saved(settings.machine_folder) == ()


def test_a_result_so_far_may_be_asked_for_at_any_moment(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.tools.benchmark.test_sweep import RATES, small
    from tools.benchmark.run import measure

    small(monkeypatch, RATES)
    seen: list[BenchmarkResult] = []

    class Looks(Silent):
        def check(self) -> None:
            seen.append(so_far[0]())

    so_far: list[Callable[[], BenchmarkResult]] = []
    request = BenchRequest(model=str(build_tiny_model(tmp_path / "tiny")), quick=True)
    ended = measure(settings, request, Looks(), on_begin=so_far.append)
    assert ended.result.complete
    assert not any(one.complete for one in seen)
    assert [len(one.capabilities) for one in seen[:3]] == [0, 0, 1]
    assert seen[0].stopped == "cancelled after 0 of 22 parts"
    assert len(seen[-1].measurements) == 2


def test_what_it_takes_is_told_before_by_what_is_known(project: Project, settings: Settings) -> None:
    if this_machine().backend != "cpu":
        pytest.skip("the figures that are known are those of a processor")
    whole, quick = BenchRequest(), BenchRequest(quick=True)
    assert foretold_seconds(settings, whole) == WHOLE_SECONDS
    assert foretold_seconds(settings, quick) == QUICK_SECONDS
    low, high = foretold_gib(settings, quick)
    assert low is not None
    assert high is not None
    assert 0.5 < low < high < (foretold_gib(settings, whole)[1] or 0)
    facts = step_facts(project, settings, "bench", quick)
    assert "SmolLM2-135M" in facts.subject
    assert "for all projects" in facts.changes[0]
    assert (facts.sends_to, facts.seconds_high) == (None, QUICK_SECONDS[1])
    assert "快速测量这台机器" in step_facts(project, settings, "bench", quick, "zh").subject

    def answered(*points: tuple[int, int], **more: Any) -> BenchmarkResult:
        measured = [point(9.0, model="builtin", batch=batch, prompt_tokens=prompt) for batch, prompt in points]
        return here(measurements=tuple(measured), **more)

    save(settings.machine_folder, answered((1, 64), (4, 64), seconds=200.0))
    save(settings.machine_folder, answered((1, 64), seconds=60.0, at="2026-05-02T10:00:00Z"))
    save(settings.machine_folder, answered((1, 64), seconds=9.0, at="2026-05-03T10:00:00Z", complete=False))
    save(settings.machine_folder, answered((1, 64), seconds=8.0, at="2026-05-04T10:00:00Z", place="script"))
    assert foretold_seconds(settings, whole) == (150.0, 300.0)
    assert foretold_seconds(settings, quick) == (45.0, 90.0)
    assert foretold_gib(settings, quick) == (2.0, 2.0), "the most that was measured"
    # Of another model, or of a part alone, they say nothing.
    other = settings.model_copy(update={"base_model": "/models/Qwen"})
    assert foretold_seconds(other, whole) == (None, None)
    assert foretold_gib(other, whole) == (None, None)
    assert foretold_seconds(settings, BenchRequest(only="probe")) == (None, None)
    assert foretold_gib(settings, BenchRequest(only="probe")) == (None, None)


def test_an_earlier_job_of_the_project_says_nothing_of_the_next(project: Project, settings: Settings) -> None:
    run = project.new_run("bench")
    store = JobStore(project.jobs)
    job = store.claim(store.create("bench", project.id, run.name, BenchRequest().model_dump(mode="json")).id, 1)
    assert job is not None
    write_record(run / "result.json", result())
    time.sleep(0.01)
    store.end(job.id, job.lease, "done")
    facts = step_facts(project, settings, "bench", BenchRequest())
    assert facts.seconds_low == foretold_seconds(settings, BenchRequest())[0]
