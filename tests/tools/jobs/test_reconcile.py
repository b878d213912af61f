"""Crashes, kills and frozen workers: nothing is lost, nothing is written twice, nothing survives."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from agent.errors import BusyError, WorkFailedError
from agent.records.job import Job
from agent.settings import Settings
from tests.campaigns.kills import kill_until_done
from tests.tools.jobs.sleeper import GO, SLEEPER, Chain, expected, until
from tools.jobs import processes
from tools.jobs import reconcile as module
from tools.jobs import store as store_module
from tools.jobs.events import EventTail
from tools.jobs.processes import members_of, memory_kills, worker_lives
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import result_of, resume, submit, wait
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace

Start = Callable[..., Job]


def fingerprint(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.name != "log.txt"}


@pytest.mark.slow
def test_killed_at_random_moments_a_job_ends_as_if_undisturbed(
    project: Project, start: Start, again: Callable[[str], Job]
) -> None:
    kills = kill_until_done(project, start(links=400, seconds=0.02, hold=399).id, again, random.Random(7), kills=10)
    assert kills == 10
    (job,) = JobStore(project.jobs).list()
    assert job.state == "done"
    assert result_of(project, job, Chain).digest == expected(400)


@pytest.mark.slow
def test_a_killed_worker_is_found_with_its_children_and_can_be_resumed(
    project: Project, start: Start, again: Callable[[str], Job]
) -> None:
    job = start(links=40, hold=1, children=1)
    until(lambda: len(members_of(job.id)) == 3 and JobStore(project.jobs).get(job.id).state == "running")
    os.kill(JobStore(project.jobs).get(job.id).pid or 0, signal.SIGKILL)
    until(lambda: len(members_of(job.id)) == 2)
    (found,) = reconcile(project)
    assert (found.id, found.state, found.exit_code) == (job.id, "interrupted", 1)
    assert f"jobs resume {job.id}" in found.error
    assert not members_of(job.id)
    assert reconcile(project) == ()
    (project.runs / job.run / GO).touch()
    again(job.id)
    assert result_of(project, wait(project, job.id), Chain).digest == expected(40)


def test_one_that_was_told_to_end_and_vanished_is_cancelled_and_can_be_resumed(
    project: Project, start: Start, again: Callable[[str], Job]
) -> None:
    job = start(links=4, hold=1)
    until(lambda: JobStore(project.jobs).get(job.id).state == "running")
    os.kill(JobStore(project.jobs).get(job.id).pid or 0, signal.SIGSTOP)
    JobStore(project.jobs).request_cancel(job.id)
    os.kill(JobStore(project.jobs).get(job.id).pid or 0, signal.SIGKILL)
    until(lambda: not worker_lives(JobStore(project.jobs).get(job.id)))
    (found,) = reconcile(project)
    assert (found.id, found.state, found.exit_code) == (job.id, "cancelled", 130)
    assert f"jobs resume {job.id}" in found.error
    (project.runs / job.run / GO).touch()
    again(job.id)
    assert result_of(project, wait(project, job.id), Chain).digest == expected(4)


def test_a_frozen_worker_is_fenced_and_writes_nothing_after_it_wakes(
    project: Project, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(links=400, hold=1)
    until((project.runs / job.run / "checkpoint.json").exists)
    worker = psutil.Process(JobStore(project.jobs).get(job.id).pid)
    worker.suspend()
    assert reconcile(project) == ()
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.5)
    time.sleep(0.6)
    (found,) = reconcile(project)
    before = fingerprint(project.runs / job.run)
    assert "no sign of life" in found.error
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    time.sleep(0.2)
    assert fingerprint(project.runs / job.run) == before


@pytest.mark.slow
def test_a_frozen_worker_that_nobody_can_end_stops_itself(project: Project, start: Start) -> None:
    job = start(links=4000, hold=1)
    # While it waits to be let go it writes nothing: no write is under way when it freezes.
    events = project.runs / job.run / "events.jsonl"
    until(lambda: events.exists() and b'"metric"' in events.read_bytes())
    store = JobStore(project.jobs)
    worker = psutil.Process(store.get(job.id).pid)
    worker.suspend()
    # As another machine would do it: fence the record, without a hand on the process.
    assert store.end(job.id, store.get(job.id).lease, "interrupted", error="fenced elsewhere", exit_code=1)
    time.sleep(9)
    before = events.read_bytes()
    (project.runs / job.run / GO).touch()  # now it would write
    worker.resume()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert events.read_bytes() == before
    assert not (project.runs / job.run / "result.json").exists()
    assert store.get(job.id).error == "fenced elsewhere"


FREEZE = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1] + "/jobs.sqlite", isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("frozen", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize("ours", [True, False])
def test_a_worker_frozen_in_the_middle_of_a_change_does_not_block_the_project(
    project: Project, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    JobStore(project.jobs).create("mix", project.id, "r", {})
    command = [sys.executable, "-c", FREEZE, str(project.root), "an-id"]
    environment = {**os.environ, **({processes.MARK: "an-id"} if ours else {})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as frozen:
        assert frozen.stdout is not None
        frozen.stdout.readline()
        until(lambda: psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED)
        monkeypatch.setattr(store_module, "WAIT_SECONDS", 0.1)
        if ours:
            assert reconcile(project) == ()
            assert len(JobStore(project.jobs).list()) == 1
        else:
            with pytest.raises(BusyError, match="job list"):
                reconcile(project)
        frozen.kill()


def record(project: Project, *, pid: int | None, host: str, silent: float, state: str = "running") -> Job:
    """Put a job into the list whose worker looks as told; `silent` seconds have passed since its last beat."""
    store = JobStore(project.jobs)
    job = store.create("tune", project.id, project.new_run("tune").name, {})
    if state == "running":
        store.claim(job.id, pid or 0)
    beat = (datetime.now(UTC) - timedelta(seconds=silent)).isoformat()
    with store._change() as connection:
        connection.execute("UPDATE jobs SET heartbeat = ?, host = ?, pid = ?", (beat, host, pid))
    return store.get(job.id)


NOBODY = 2**22 + 1
ITSELF = -1
"""Stands for the process that runs the test; parameters are the same in every process."""
HERE = "here"


@pytest.mark.parametrize(
    ("pid", "host", "silent", "state", "interrupted"),
    [
        (NOBODY, HERE, 0, "running", True),
        (ITSELF, HERE, 0, "running", True),  # alive, but not a process of this job: the id was used again
        (NOBODY, "elsewhere", 5, "running", False),
        (NOBODY, "elsewhere", 16, "running", True),
        (None, "", 5, "queued", False),
        (None, "", 16, "queued", True),
        (NOBODY, HERE, 0, "queued", True),
    ],
)
def test_who_counts_as_abandoned(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    pid: int | None,
    host: str,
    silent: float,
    state: str,
    interrupted: bool,
) -> None:
    monkeypatch.setattr(processes.socket, "gethostname", lambda: HERE)
    job = record(project, pid=os.getpid() if pid == ITSELF else pid, host=host, silent=silent, state=state)
    assert bool(reconcile(project)) == interrupted
    assert JobStore(project.jobs).get(job.id).state == ("interrupted" if interrupted else state)


def test_lack_of_memory_is_named_as_the_cause(project: Project, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = memory_kills()
    monkeypatch.setattr(module, "memory_kills", lambda: (counted or 0) + 1)
    job = wait(project, start(links=1, then="vanish").id)
    assert job.error.startswith("the worker vanished" if counted is None else "out of memory")


@pytest.mark.parametrize(
    ("cgroup", "machine", "kills"),
    [("low 0\noom_kill 3\n", "oom_kill 9\n", 3), (None, "nr_free 1\noom_kill 9\n", 9), ("low 0\n", None, None)],
)
def test_memory_kills_are_counted_where_the_system_counts_them(
    tmp_path: Path, cgroup: str | None, machine: str | None, kills: int | None
) -> None:
    for name, content in (("cgroup", cgroup), ("machine", machine)):
        if content is not None:
            (tmp_path / name).write_text(content)
    assert memory_kills(tmp_path / "cgroup", tmp_path / "machine") == kills


def test_events_of_a_killed_job_are_whole_lines(project: Project, start: Start) -> None:
    job = start(links=4000)
    until((project.runs / job.run / "checkpoint.json").exists)
    os.kill(JobStore(project.jobs).get(job.id).pid or 0, signal.SIGKILL)
    wait(project, job.id)
    assert all(event.attempt == 1 for event in EventTail(project.runs / job.run / "events.jsonl").read())


def test_a_full_disk_fails_cleanly_and_the_job_goes_on_once_there_is_room(small_disk: Path) -> None:
    project = Workspace(small_disk).create("full")
    job = submit(
        project, Settings(home=small_disk), "mix", {"links": 5, "seconds": 0.1, "then": "fill"}, "mix", worker=SLEEPER
    )
    job = wait(project, job.id)
    filled = project.runs / job.run / "filled"
    assert (job.state, job.exit_code) == ("failed", 1)
    assert job.error.startswith("the disk is full - free some space")
    assert filled.stat().st_size > 2**20

    rest = filled.with_name("rest")
    with pytest.raises(OSError, match="No space"):
        rest.write_bytes(bytes(2**22))
    with pytest.raises(WorkFailedError, match=r"the disk is full.*free some space"):
        resume(project, job.id, worker=SLEEPER)
    rest.unlink()
    filled.write_bytes(b"")
    resume(project, job.id, worker=SLEEPER)
    job = wait(project, job.id)
    assert result_of(project, job, Chain).digest == expected(5)
    assert (project.runs / job.run / "events.jsonl").read_bytes().endswith(b"\n")
    assert len(JobStore(project.jobs).list()) == 1
