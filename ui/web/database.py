"""`accounts.sqlite` in the server's home: who may enter, who is inside, which keys exist, who guessed wrong lately.

The rollback journal is used for the same reason as in `tools/jobs/store.py`: the command `domainsmith account` and the
server open the file at once, and WAL mode of the SQLite that Python 3.11 carries can corrupt a file in that case.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import BusyError, InputError, WorkFailedError

FILE = "accounts.sqlite"
WAIT_SECONDS = 10.0

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE accounts (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        folded TEXT NOT NULL UNIQUE,
        home TEXT NOT NULL UNIQUE,
        password TEXT NOT NULL,
        created TEXT NOT NULL
    );
    CREATE TABLE sessions (
        token TEXT PRIMARY KEY,
        account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        expires REAL NOT NULL
    );
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        token TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        label TEXT NOT NULL,
        created TEXT NOT NULL
    );
    CREATE TABLE guesses (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        subject TEXT NOT NULL,
        at REAL NOT NULL
    );
    CREATE INDEX guesses_by_subject ON guesses (subject, at);
    """,
)
"""Schema changes in order; the file's `user_version` counts those it has had. Never edit one, append."""


@dataclass(frozen=True)
class Database:
    """The file; every call opens its own connection, so it is safe from any thread or process."""

    path: Path

    @classmethod
    def of(cls, home: Path) -> Database:
        """Return the database of a server's home."""
        return cls(home / FILE)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that writes; it is undone if the block raises."""
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open a connection.

        Raises:
            BusyError: Another process is writing for too long.
            InputError: The file is damaged or was written by a newer version.
            WorkFailedError: The file cannot be used.
        """
        try:
            self._make()
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA foreign_keys = ON")
                self._migrate(connection)
                yield connection
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise BusyError(
                    "another process is writing the list of accounts", where=self.path.name, mend="try again"
                ) from error
            raise WorkFailedError(f"the list of accounts cannot be used, {error}", where=str(self.path)) from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"the list of accounts is damaged, {error}",
                where=str(self.path),
                mend="restore it from a backup, or move it away and add the accounts again; projects stay",
            ) from error

    def _make(self) -> None:
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Password hashes are for the owner's eyes only, whatever the umask says.
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if _version(connection) == len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        # Read again under the lock: another process may have migrated meanwhile.
        version = _version(connection)
        if version > len(MIGRATIONS):
            connection.rollback()
            raise InputError(
                "this list of accounts was written by a newer domainsmith",
                where=str(self.path),
                mend="update domainsmith",
            )
        for statements in MIGRATIONS[version:]:
            for statement in statements.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.commit()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
