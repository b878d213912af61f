"""The job list: claims, leases, prefixes, migrations and damage."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import BusyError, InputError, NotFoundError, WorkFailedError
from tools.jobs import store as module
from tools.jobs.store import MIGRATIONS, JobStore, age


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs.sqlite")


def test_a_project_without_jobs_has_no_file(store: JobStore) -> None:
    assert store.list() == ()
    assert store.active() is None
    with pytest.raises(NotFoundError):
        store.get("a")
    assert not store.path.exists()


def test_a_record_reads_back_as_it_was_written(store: JobStore) -> None:
    request = {"mix": "混合-1", "seed": 3, "paths": ["a", "b"]}
    began = datetime.now(UTC)
    job = store.create("tune", "p", "run-1", request)
    assert (job.state, job.kind, job.project, job.run, job.request) == ("queued", "tune", "p", "run-1", request)
    assert (job.lease, job.attempts, job.pid, job.exit_code, job.started, job.ended) == (0, 0, None, None, None, None)
    assert 0 <= age(job) <= (datetime.now(UTC) - began).total_seconds() + 0.001  # a moment is kept in milliseconds
    assert store.list() == (job,)
    assert store.active() == job


def test_only_one_worker_of_many_gets_the_job(store: JobStore) -> None:
    job = store.create("mix", "p", "r", {})
    claims: list[object] = []
    threads = [threading.Thread(target=lambda n=n: claims.append(store.claim(job.id, n))) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [claim for claim in claims if claim is not None]
    assert len(winners) == 1
    assert (store.get(job.id).lease, store.get(job.id).attempts) == (1, 1)


def test_only_one_job_of_many_submitted_at_once_is_taken(store: JobStore) -> None:
    outcomes: list[str] = []

    def create(number: int) -> None:
        try:
            store.create("mix", "p", f"r{number}", {})
            outcomes.append("created")
        except BusyError:
            outcomes.append("busy")

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy"] * 7 + ["created"]
    assert len(store.list()) == 1


def test_a_stale_lease_changes_nothing(store: JobStore) -> None:
    job = store.create("mix", "p", "r", {})
    old = store.claim(job.id, 1)
    assert old is not None
    assert store.beat(job.id, old.lease)
    assert store.end(job.id, old.lease, "interrupted", error="gone\nfor good", exit_code=1)
    assert store.requeue(job.id).error == ""
    new = store.claim(job.id, 2)
    assert new is not None
    before = store.get(job.id)

    assert not store.beat(job.id, old.lease)
    assert not store.end(job.id, old.lease, "done")
    store.attach(job.id, 99)
    assert store.get(job.id) == before
    assert new.lease > old.lease
    assert (new.attempts, new.pid) == (2, 2)
    assert store.end(job.id, new.lease, "done")
    assert not store.end(job.id, new.lease, "failed")
    assert store.get(job.id).state == "done"


def test_the_end_of_a_job_is_one_line(store: JobStore) -> None:
    job = store.create("mix", "p", "r", {})
    store.end(job.id, job.lease, "failed", error="first\n  second", exit_code=2)
    ended = store.get(job.id)
    assert (ended.error, ended.exit_code, ended.state) == ("first second", 2, "failed")
    store.request_cancel(job.id)
    assert not store.get(job.id).cancel_requested


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("aaaa1111", "aaaa1111"),
        ("aaaa1", "aaaa1111"),
        ("aaab", "aaab0000"),
        ("aaaa", "aaaa"),
        ("aa", 4),
        ("c", 0),
        ("%", 0),
        ("AAAB", 0),
    ],
)
def test_a_job_is_found_by_an_unambiguous_beginning(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, asked: str, found: str | int
) -> None:
    for name in ("aaaa1111", "aaaa2222", "aaab0000", "aaaa"):
        monkeypatch.setattr(module.secrets, "token_hex", lambda _n, name=name: name)
        job = store.create("mix", "p", name, {})
        store.end(job.id, job.lease, "cancelled")
    if isinstance(found, str):
        assert store.get(asked).id == found
    else:
        with pytest.raises(NotFoundError, match="no such job" if found == 0 else f"{found} jobs"):
            store.get(asked)


def test_a_file_of_a_newer_version_is_refused(store: JobStore) -> None:
    store.create("mix", "p", "r", {})
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(InputError, match="newer domainsmith"):
        store.list()


def test_every_version_migrates_to_the_newest(tmp_path: Path) -> None:
    for version in range(len(MIGRATIONS)):
        path = tmp_path / f"{version}.sqlite"
        connection = sqlite3.connect(path)
        for statements in MIGRATIONS[:version]:
            connection.executescript(statements)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        assert JobStore(path).create("mix", "p", "r", {}).state == "queued"


def test_damage_and_locks_are_told_in_one_line(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = store.create("mix", "p", "r", {})
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BusyError, match="job list"):
        store.beat(job.id, 1)
    other.close()

    store.path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(InputError, match="damaged"):
        store.list()

    folder = tmp_path / "folder.sqlite"
    folder.mkdir()
    with pytest.raises(WorkFailedError, match="cannot be used"):
        JobStore(folder).list()


def test_the_file_uses_the_rollback_journal(store: JobStore) -> None:
    store.create("mix", "p", "r", {})
    connection = sqlite3.connect(store.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()
    assert {path.name for path in store.path.parent.iterdir()} == {"jobs.sqlite"}
