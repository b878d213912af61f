"""Jobs as real processes: submitted, followed, failing, cancelled, resumed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from agent.errors import (
    BusyError,
    CancelledError,
    DomainsmithError,
    InputError,
    NotFoundError,
    RefusedError,
    UserError,
    WorkFailedError,
)
from agent.records.job import Job, JobEvent
from agent.settings import Settings
from knowledge.files import read_record, write_record
from tests.quiet_moment import in_a_quiet_moment
from tests.tools.jobs.sleeper import GO, SLEEPER, Chain, expected, until
from tools.jobs.processes import members_of
from tools.jobs.runner import cancel, log_of, result_of, resume, submit, wait
from tools.jobs.store import JobStore
from tools.workspace import Project

Start = Callable[..., Job]
NOBODY = 2**22 + 1
"""No process has this id: Linux gives smaller ones."""


def links(project: Project, job: Job) -> int:
    checkpoint = project.runs / job.run / "checkpoint.json"
    return read_record(checkpoint, Chain).links if checkpoint.exists() else 0


def let_go(project: Project, job: Job) -> None:
    (project.runs / job.run / GO).touch()


def test_a_job_runs_in_its_own_process_and_leaves_result_events_and_record(project: Project, start: Start) -> None:
    seen: list[JobEvent] = []
    submitted = start(links=4)
    job = wait(project, submitted.id, seen.append)

    assert (job.state, job.exit_code, job.error, job.attempts) == ("done", 0, "", 1)
    assert job.pid not in (None, os.getpid())
    assert result_of(project, job, Chain) == Chain(links=4, digest=expected(4), lang="zh")
    assert (project.runs / job.run / "request.json").read_text().split() == ["{", '"links":', "4", "}"]
    assert [e.message for e in seen if e.kind == "state"] == ["running", "done"]
    assert [e.data["links"] for e in seen if e.kind == "metric"] == [1, 2, 3, 4]
    assert [e.done for e in seen if e.kind == "progress"][-1] == 4


def test_a_job_deletes_what_killed_processes_left_half_written(project: Project, start: Start) -> None:
    left = project.root / f".pairs.jsonl.{NOBODY}-0123abcd.part"
    written = project.root / f".votes.jsonl.{os.getpid()}-0123abcd.part"
    for path in (left, written):
        path.write_text("half", encoding="utf-8")
    assert wait(project, start(links=1).id).state == "done"
    assert not left.exists()
    assert written.exists(), "a living process is writing it"


@pytest.mark.parametrize(
    ("then", "exit_code", "error", "kind"),
    [
        ("user error", 2, "the file is empty: a.csv - give another", UserError),
        ("crash", 1, "ZeroDivisionError: division by zero - the job's log has the traceback", WorkFailedError),
        ("memory", 1, "out of memory", WorkFailedError),
        ("exit", 1, "SystemExit: 3", WorkFailedError),
        ("vanish", 1, "the worker vanished", WorkFailedError),
    ],
)
def test_a_failure_is_one_line_with_the_exit_code_of_its_kind(
    project: Project, start: Start, then: str, exit_code: int, error: str, kind: type[DomainsmithError]
) -> None:
    job = wait(project, start(links=1, then=then).id)
    assert job.state == ("interrupted" if then == "vanish" else "failed")
    assert job.exit_code == exit_code
    assert job.error.startswith(error)
    assert "\n" not in job.error
    with pytest.raises(kind) as caught:
        result_of(project, job, Chain)
    assert caught.value.exit_code == exit_code
    assert ("Traceback" in log_of(project, job).read_text()) == (then in ("crash", "memory", "exit"))


def test_a_worker_that_does_not_start_is_told(project: Project, settings: Settings) -> None:
    job = submit(project, settings, "mix", {}, "mix", worker=(sys.executable, "-c", "import no_such_module"))
    job = wait(project, job.id)
    assert (job.state, job.exit_code) == ("interrupted", 1)
    assert job.error.startswith("the worker did not start")
    assert "no_such_module" in log_of(project, job).read_text()

    with pytest.raises(WorkFailedError, match="could not be started"):
        submit(project, settings, "mix", {}, "mix", worker=("/no/such/program",))
    assert [job.state for job in JobStore(project.jobs).list()] == ["interrupted", "failed"]


def test_a_second_job_is_refused_while_one_is_active_and_leaves_no_trace(project: Project, start: Start) -> None:
    first = start(links=2, hold=1)
    with pytest.raises(BusyError, match=first.id):
        start(links=1)
    until(lambda: links(project, first) > 0)
    with pytest.raises(BusyError, match=f"job {first.id} .mix. .process {JobStore(project.jobs).get(first.id).pid}"):
        start(links=1)
    with pytest.raises(InputError, match="running"):
        resume(project, first.id)
    assert [job.id for job in JobStore(project.jobs).list()] == [first.id]
    assert len(list(project.runs.iterdir())) == 1


def test_what_only_the_submitter_can_compute_is_there_before_the_worker(project: Project, settings: Settings) -> None:
    def prepare(run: Path) -> None:
        write_record(run / "checkpoint.json", Chain(links=5, digest="prepared"))

    request = {"links": 5}
    job = submit(project, settings, "mix", request, "mix", prepare=prepare, worker=SLEEPER)
    assert result_of(project, wait(project, job.id), Chain).digest == "prepared"

    def fail(_run: Path) -> None:
        raise InputError("nothing to retrieve")

    with pytest.raises(InputError, match="nothing to retrieve"):
        submit(project, settings, "mix", request, "mix", prepare=fail, worker=SLEEPER)
    assert [path.name for path in project.runs.iterdir()] == [job.run]
    assert [one.id for one in JobStore(project.jobs).list()] == [job.id]


def test_a_job_that_finds_the_project_held_fails_and_says_by_whom(
    project: Project, settings: Settings, tmp_path: Path
) -> None:
    late = ("sh", "-c", f'until [ -e {tmp_path}/held ]; do sleep 0.05; done; exec "$0" "$@"', *SLEEPER)
    job = submit(project, settings, "mix", {"links": 1}, "mix", worker=late)
    with project.owned("the test"):
        (tmp_path / "held").touch()
        job = wait(project, job.id)
    assert (job.state, job.exit_code) == ("failed", 2)
    assert f"the test (process {os.getpid()}" in job.error


def test_the_end_of_a_job_leaves_the_project_free(project: Project, start: Start) -> None:
    for _ in range(3):
        assert wait(project, start(links=1).id).state == "done"


def test_cancel_is_prompt_and_the_job_can_go_on_from_its_checkpoint(
    project: Project, start: Start, again: Callable[[str], Job]
) -> None:
    ended: list[Job] = []

    @in_a_quiet_moment
    def cancelled() -> None:
        job = start(links=30, hold=4, children=1)
        until(lambda: links(project, job) == 4)
        began = time.monotonic()
        ended.append(cancel(project, job.id[:5]))
        assert time.monotonic() - began < 3.0

    cancelled()
    job = ended[-1]
    assert (job.state, job.exit_code) == ("cancelled", 130)
    assert not members_of(job.id)
    assert cancel(project, job.id) == job
    with pytest.raises(CancelledError):
        result_of(project, job, Chain)

    seen: list[JobEvent] = []
    let_go(project, job)
    assert again(job.id).run == job.run
    job = wait(project, job.id, seen.append)
    assert (job.state, job.attempts, job.error, job.cancel_requested) == ("done", 2, "", False)
    assert result_of(project, job, Chain).digest == expected(30)
    assert {event.attempt for event in seen} == {2}
    assert min(e.data["links"] for e in seen if e.kind == "metric") > 3
    with pytest.raises(InputError, match="done"):
        again(job.id)
    with pytest.raises(InputError, match="done already"):
        cancel(project, job.id)


@pytest.mark.slow
def test_work_that_never_looks_up_is_killed_with_its_children(project: Project, start: Start) -> None:
    @in_a_quiet_moment
    def killed() -> None:
        job = start(links=1, seconds=600, deaf=True, children=2)
        until(lambda: len(members_of(job.id)) == 5)
        began = time.monotonic()
        job = cancel(project, job.id)
        taken = time.monotonic() - began
        ended.append((job, taken, members_of(job.id)))
        assert taken < 6.0

    ended: list[tuple[Job, float, list[psutil.Process]]] = []
    killed()
    for job, taken, left in ended:
        assert taken > 3.0
        assert job.state == "cancelled"
        assert not left


def test_children_that_the_work_forgets_do_not_outlive_it(project: Project, start: Start) -> None:
    job = wait(project, start(links=1, children=2).id)
    assert job.state == "done"
    until(lambda: not members_of(job.id))


def test_a_job_whose_worker_never_came_can_be_cancelled(project: Project) -> None:
    store = JobStore(project.jobs)
    job = store.create("mix", project.id, project.new_run("mix").name, {})
    assert cancel(project, job.id).state == "cancelled"
    assert store.claim(job.id, os.getpid()) is None


def test_control_c_while_waiting_cancels_the_job(project: Project, start: Start) -> None:
    pressed: list[JobEvent] = []

    def interrupt(event: JobEvent) -> None:
        if event.kind == "metric" and not pressed:
            pressed.append(event)
            signal.raise_signal(signal.SIGINT)

    job = wait(project, start(links=1000, seconds=0.05).id, interrupt)
    assert (job.state, job.exit_code) == ("cancelled", 130)


def test_a_worker_asked_to_stop_by_the_system_is_interrupted_not_cancelled(
    project: Project, start: Start, again: Callable[[str], Job]
) -> None:
    job = start(links=20, hold=1)
    until(lambda: links(project, job) == 1)
    os.kill(JobStore(project.jobs).get(job.id).pid or 0, signal.SIGTERM)
    job = wait(project, job.id)
    assert (job.state, job.exit_code) == ("interrupted", 1)
    let_go(project, job)
    again(job.id)
    assert result_of(project, wait(project, job.id), Chain).digest == expected(20)


def test_a_worker_started_twice_does_the_job_once(project: Project, start: Start) -> None:
    job = start(links=5, seconds=0.05)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    second = subprocess.run(
        [*SLEEPER, str(project.root), job.id], capture_output=True, text=True, check=False, env=environment
    )
    job = wait(project, job.id)
    assert job.state == "done"
    assert job.attempts == 1
    assert "not waiting for a worker" in second.stderr + log_of(project, job).read_text()


def test_a_kill_between_result_and_record_loses_nothing(
    project: Project, start: Start, again: Callable[[str], Job]
) -> None:
    job = wait(project, start(links=1, then="vanish").id)
    result = Chain(links=1, digest="made before the kill")
    write_record(project.runs / job.run / "result.json", result)
    again(job.id)
    assert result_of(project, wait(project, job.id), Chain) == result


def test_unknown_jobs_and_lost_runs(project: Project, start: Start) -> None:
    for act in (cancel, wait, resume):
        with pytest.raises(NotFoundError, match="no such job"):
            act(project, "nothing")
    job = wait(project, start(links=1, then="crash").id)
    shutil.rmtree(project.runs / job.run)
    with pytest.raises(InputError, match="run folder"):
        resume(project, job.id)


def test_refusals_keep_their_exit_code(project: Project) -> None:
    store = JobStore(project.jobs)
    job = store.create("tune", project.id, "r", {})
    store.end(job.id, job.lease, "failed", error="does not fit", exit_code=3)
    with pytest.raises(RefusedError, match="does not fit"):
        result_of(project, store.get(job.id), Chain)


def test_the_worker_is_found_from_any_folder(
    project: Project, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise SystemExit('the wrong tools')")
    monkeypatch.chdir(tmp_path)
    job = submit(project, settings, "mix", {"links": 1}, "mix", worker=SLEEPER)
    assert wait(project, job.id).state == "done"
