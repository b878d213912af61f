"""What a worker makes of errors nobody foresaw, and of settings that were not absolute."""

from __future__ import annotations

import errno
import io
import time
from pathlib import Path
from typing import Any

import pytest

from agent.errors import WorkFailedError
from agent.records.job import Job
from agent.settings import Settings
from tests.tools.jobs.sleeper import until
from tools.jobs import lease as lease_module
from tools.jobs.lease import Lease
from tools.jobs.snapshot import load_snapshot, save_snapshot
from tools.jobs.store import JobStore
from tools.jobs.worker import cause, main
from tools.workspace import Project


class OutOfMemoryError(RuntimeError):
    """Named like the one of torch.cuda, which is not loaded here."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "out of memory (MemoryError) - take a smaller batch"),
        (OutOfMemoryError("tried 2 GiB"), "out of memory (OutOfMemoryError: tried 2 GiB)"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory (RuntimeError: DefaultCPU"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full - free some space"),
        (ValueError("two\nlines"), "ValueError: two lines - the job's log has the traceback"),
        (KeyError(), "KeyError - the job's log has the traceback"),
        (ValueError("x" * 1000), "ValueError: xxx"),
    ],
)
def test_an_unforeseen_error_is_told_in_one_short_line(error: BaseException, told: str) -> None:
    line = cause(error)
    assert line.startswith(told)
    assert "\n" not in line
    assert len(line) < 400


def test_a_job_that_waits_for_nobody_is_left_alone(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(project.root), "no-such-job"]) == 1
    assert "not waiting for a worker" in capsys.readouterr().err


def test_settings_are_kept_with_absolute_paths_and_the_environment_does_not_override_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my-model").mkdir()
    monkeypatch.chdir(tmp_path)
    save_snapshot(Settings(home=Path("home"), base_model="my-model", embedding_model="builtin", threads=2), tmp_path)
    monkeypatch.chdir("/")
    monkeypatch.setenv("DOMAINSMITH_BASE_MODEL", "another")
    monkeypatch.setenv("DOMAINSMITH_JUDGE_MODEL", "another")
    read = load_snapshot(tmp_path)
    assert (read.home, read.cache_folder) == (tmp_path / "home", tmp_path / "home" / "cache")
    assert (read.base_model, read.embedding_model, read.threads) == (str(tmp_path / "my-model"), "builtin", 2)
    assert read.judge_model is None


class Full(io.StringIO):
    """The log on a full disk: nothing more can be written."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("failing", [RuntimeError("boom"), OSError(errno.ENOSPC, "No space left on device")])
def test_a_log_without_room_keeps_no_end_from_being_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch, failing: Exception
) -> None:
    def fail(*_: object) -> Job:
        raise failing

    def torn(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = project.new_run("mix")
    save_snapshot(Settings(home=project.root), run)
    job = JobStore(project.jobs).create("mix", project.id, run.name, {})
    monkeypatch.setattr("tools.jobs.worker.signal.signal", lambda *_: None)
    monkeypatch.setattr("tools.jobs.worker._step_back", lambda: None)
    monkeypatch.setattr("tools.jobs.worker._prefer_as_victim", lambda: None)
    monkeypatch.setattr("sys.stderr", Full())
    monkeypatch.setattr("tools.jobs.reporting.EventLog.append", torn)
    monkeypatch.setattr(
        "tools.jobs.worker.JobReporter.state", lambda _, message, **__: torn() if message != "running" else None
    )
    assert main([str(project.root), job.id], perform=fail) == 1
    ended = JobStore(project.jobs).get(job.id)
    assert (ended.state, ended.error) == ("failed", cause(failing))


def test_a_worker_whose_log_has_no_room_beats_on_and_leaves_when_it_must(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = JobStore(project.jobs)
    job = store.claim(store.create("mix", project.id, "r", {}).id, 1)
    assert job is not None
    left: list[str] = []
    lease = Lease(store, job, leave=lambda left_job: left.append(left_job.id))
    beat, failed = JobStore.beat, []

    def full_once(*arguments: Any) -> bool:
        if not failed:
            failed.append(1)
            raise WorkFailedError("the disk is full")
        return beat(*arguments)

    monkeypatch.setattr(JobStore, "beat", full_once)
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(lease_module, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr("sys.stderr", Full())
    before = store.get(job.id).heartbeat
    lease.start()
    until(lambda: store.get(job.id).heartbeat != before)
    assert store.end(job.id, job.lease, "interrupted")
    until(lambda: left)
    lease.release()
    assert left[0] == job.id


def test_a_worker_that_cannot_prove_its_lease_for_too_long_leaves(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = JobStore(project.jobs)
    job = store.claim(store.create("mix", project.id, "r", {}).id, 1)
    assert job is not None
    left: list[str] = []
    lease = Lease(store, job, leave=lambda left_job: left.append(left_job.id))

    def full(*_: object) -> bool:
        raise WorkFailedError("the job list cannot be used, database or disk is full")

    monkeypatch.setattr(JobStore, "beat", full)
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(lease_module, "BEAT_SECONDS", 0.01)
    began = time.monotonic()
    lease.start()
    until(lambda: time.monotonic() - began > 0.2)
    assert left == []
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 0.1)
    until(lambda: left)
    lease.release()
    assert left[0] == job.id
    assert "heartbeat failed: the job list cannot be used" in capsys.readouterr().err
