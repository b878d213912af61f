"""The job list of one project: `jobs.sqlite`, the single truth about what runs, ran and may write.

Every change of hands raises the record's lease number, and whoever writes names the number it was given, so a worker
that slept through its own replacement can change nothing any more (a fencing token; Kleppmann, "Designing
Data-Intensive Applications", chapter 8).

The rollback journal is used because several processes open the file and WAL mode of the SQLite that Python 3.11
carries (3.40) can corrupt a file in that case. `synchronous=EXTRA` is FULL plus a sync of the folder after the journal
is deleted: without it a power loss may undo the last acknowledged change.
"""

from __future__ import annotations

import json
import secrets
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.errors import BusyError, InputError, NotFoundError, WorkFailedError
from agent.records.job import Job, JobKind, JobState

TERMINAL: frozenset[JobState] = frozenset({"done", "failed", "cancelled", "interrupted"})
"""States without a worker."""
RESUMABLE: frozenset[JobState] = frozenset({"failed", "cancelled", "interrupted"})

WAIT_SECONDS = 30.0
"""How long a statement waits for another process that is writing."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        project TEXT NOT NULL,
        run TEXT NOT NULL UNIQUE,
        request TEXT NOT NULL,
        state TEXT NOT NULL,
        created TEXT NOT NULL,
        started TEXT,
        ended TEXT,
        heartbeat TEXT,
        pid INTEGER,
        host TEXT NOT NULL DEFAULT '',
        lease INTEGER NOT NULL DEFAULT 0,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        exit_code INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX one_active_job ON jobs ((1)) WHERE state IN ('queued', 'running');
    """,
    """
    ALTER TABLE jobs ADD COLUMN key TEXT;
    CREATE UNIQUE INDEX one_job_a_key ON jobs (key) WHERE key IS NOT NULL
    """,
)
"""Schema changes in order; the file's `user_version` counts those it has had. Never edit one, append."""


@dataclass(frozen=True)
class JobStore:
    """The jobs of one project; every call opens its own connection, so it is safe from any thread or process."""

    path: Path

    def create(self, kind: JobKind, project: str, run: str, request: dict[str, Any], key: str | None = None) -> Job:
        """Write the record of a job that nobody has started yet.

        Args:
            kind: What to do.
            project: Project id.
            run: Run folder name.
            request: The kind's request as JSON.
            key: Names the occasion; there is never a second job of the same key.

        Raises:
            BusyError: Another job of the project is queued or running.
        """
        with self._change() as connection:
            self._refuse_if_busy(connection)
            now = _now()
            identifier = secrets.token_hex(4)
            connection.execute(
                "INSERT INTO jobs (id, kind, project, run, request, state, created, heartbeat, key)"
                " VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?)",
                (identifier, kind, project, run, json.dumps(request, ensure_ascii=False), now, now, key),
            )
            return _one(connection, identifier)

    def attach(self, job_id: str, pid: int) -> None:
        """Note the process that was started for a queued job; a worker that has already claimed it is left alone."""
        with self._change() as connection:
            connection.execute(
                "UPDATE jobs SET pid = ?, host = ? WHERE id = ? AND state = 'queued'",
                (pid, socket.gethostname(), job_id),
            )

    def claim(self, job_id: str, pid: int) -> Job | None:
        """Take a queued job for the process `pid`; `None` if it is no longer waiting for a worker."""
        with self._change() as connection:
            now = _now()
            changed = connection.execute(
                "UPDATE jobs SET state = 'running', pid = ?, host = ?, started = ?, heartbeat = ?, lease = lease + 1,"
                " attempts = attempts + 1 WHERE id = ? AND state = 'queued'",
                (pid, socket.gethostname(), now, now, job_id),
            ).rowcount
            return _one(connection, job_id) if changed else None

    def beat(self, job_id: str, lease: int) -> bool:
        """Say that the worker lives; false if its lease is no longer the record's."""
        with self._change() as connection:
            query = "UPDATE jobs SET heartbeat = ? WHERE id = ? AND lease = ? AND state = 'running'"
            return connection.execute(query, (_now(), job_id, lease)).rowcount == 1

    def end(self, job_id: str, lease: int, state: JobState, *, error: str = "", exit_code: int = 0) -> bool:
        """Write how an active job ended and raise its lease; false if `lease` is stale, and nothing is changed."""
        with self._change() as connection:
            changed = connection.execute(
                "UPDATE jobs SET state = ?, ended = ?, error = ?, exit_code = ?, lease = lease + 1"
                " WHERE id = ? AND lease = ? AND state IN ('queued', 'running')",
                (state, _now(), " ".join(error.split()), exit_code, job_id, lease),
            ).rowcount
            return changed == 1

    def request_cancel(self, job_id: str) -> None:
        """Raise the flag that the worker looks at."""
        with self._change() as connection:
            connection.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state IN ('queued', 'running')", (job_id,)
            )

    def requeue(self, job_id: str) -> Job:
        """Put an ended job back into the queue under a new lease.

        Raises:
            BusyError: Another job of the project is queued or running.
            InputError: The job is done or still active.
        """
        with self._change() as connection:
            job = _one(connection, job_id)
            if job.state not in RESUMABLE:
                raise InputError(f"this job is {job.state}", where=job.id, mend="start a new one")
            self._refuse_if_busy(connection)
            connection.execute(
                "UPDATE jobs SET state = 'queued', heartbeat = ?, ended = NULL, pid = NULL, lease = lease + 1,"
                " cancel_requested = 0, error = '', exit_code = NULL WHERE id = ?",
                (_now(), job.id),
            )
            return _one(connection, job.id)

    def get(self, job_id: str) -> Job:
        """Return a job by its id or an unambiguous beginning of it.

        Raises:
            NotFoundError: No job or several match.
        """
        if self.path.exists():
            with self._open() as connection:
                rows = connection.execute(
                    "SELECT * FROM jobs WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1 ORDER BY id = ?1 DESC",
                    (job_id,),
                ).fetchall()
        else:
            rows = []
        if len(rows) == 1 or (rows and rows[0]["id"] == job_id):
            return _job(rows[0])
        what = "no such job" if not rows else f"{len(rows)} jobs begin like this"
        raise NotFoundError(what, where=job_id, mend="`domainsmith jobs list` shows them")

    def of_key(self, key: str) -> Job | None:
        """Return the job of an occasion, if it has one."""
        if not self.path.exists():
            return None
        with self._open() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
            return _job(row) if row is not None else None

    def list(self) -> tuple[Job, ...]:
        """Return all jobs, oldest first."""
        if not self.path.exists():
            return ()
        with self._open() as connection:
            return tuple(_job(row) for row in connection.execute("SELECT * FROM jobs ORDER BY number"))

    def active(self) -> Job | None:
        """Return the job that is queued or running, if there is one."""
        return next((job for job in self.list() if job.state not in TERMINAL), None)

    def _refuse_if_busy(self, connection: sqlite3.Connection) -> None:
        row = connection.execute("SELECT * FROM jobs WHERE state IN ('queued', 'running')").fetchone()
        if row is not None:
            job = _job(row)
            raise BusyError(
                f"this project already has a job that is {job.state}",
                where=f"{job.kind} {job.id}, since {job.started or job.created}",
                mend=f"wait for it, or `domainsmith jobs cancel {job.id}`",
            )

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("PRAGMA synchronous = EXTRA")
                self._migrate(connection)
                yield connection
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise BusyError(
                    "another process is writing the job list", where=self.path.name, mend="try again"
                ) from error
            if "full" in str(error):
                raise WorkFailedError(
                    "the disk is full",
                    where=str(self.path.parent),
                    mend="free some space; `domainsmith jobs list` then shows what can be resumed",
                ) from error
            raise WorkFailedError(f"the job list cannot be used, {error}", where=str(self.path)) from error
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"the job list is damaged, {error}",
                where=str(self.path),
                mend="move it away; runs and results stay, only the list of jobs starts anew",
            ) from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        # Read again under the lock: another process may have migrated meanwhile.
        version = self._version(connection)
        if version > len(MIGRATIONS):
            connection.rollback()
            raise InputError(
                "this job list was written by a newer domainsmith", where=str(self.path), mend="update domainsmith"
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.commit()

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def age(job: Job) -> float:
    """Return the seconds since the job's last sign of life."""
    return (datetime.now(UTC) - datetime.fromisoformat(job.heartbeat or job.created)).total_seconds()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _one(connection: sqlite3.Connection, job_id: str) -> Job:
    return _job(connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())


def _job(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in row.keys() if name != "number"}  # noqa: SIM118 - a Row iterates over values
    return Job.model_validate({**values, "request": json.loads(values["request"])})
