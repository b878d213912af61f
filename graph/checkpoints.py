"""Where conversations are kept between steps: a SQLite file a thread, or Postgres by setting.

One file a thread keeps threads out of each other's way, makes one writer a matter of one lock, and deletes a
conversation for good when its folder is deleted. A database is shared by all homes, of all accounts: a conversation's
name there begins with an id that its home keeps, so that none reaches another's. Serialization is strict: only plain
values come back from disk, no class is ever built from a file.
"""

from __future__ import annotations

import os

# Read by langgraph when it is imported: nothing but plain values may be restored.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.errors import InputError, NotFoundError
from knowledge.files import sync_folder, write_text

STATE: Final = "state.sqlite"
HOME_ID: Final = ".home"
"""File beside the threads with the home's id in databases; it moves with the home."""
_ID: Final = re.compile(r"[0-9a-f]{32}")
WAIT_SECONDS: Final = 30.0
_KEPT: Final = 2
"""Checkpoints kept of a thread: the newest, and the one it came from."""


class ThreadSaver(SqliteSaver):
    """Checkpoints of one thread in a file of its own.

    The file uses a rollback journal and full synchronisation: SQLite's write-ahead log has a corruption bug with
    several connections before 3.51.3, and a turn that was answered must be on disk. `SqliteSaver.setup` switches the
    journal each time, which needs the file for itself alone; so only `make` calls it, before anybody sees the file.
    """

    def setup(self) -> None:
        """Set the connection up; the tables are there already."""
        if not self.is_setup:
            self.conn.execute("PRAGMA synchronous = EXTRA")
            self.is_setup = True

    def make(self) -> None:
        """Make the tables in a file that nobody else has open."""
        super().setup()
        self.conn.commit()
        self.conn.execute("PRAGMA journal_mode = DELETE")

    def trim(self) -> None:
        """Drop all but the newest checkpoints; each holds the whole state, and only the newest is ever resumed."""
        with self.cursor() as cursor:
            rows = cursor.execute("SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id DESC").fetchall()
            if len(rows) > _KEPT:
                oldest = rows[_KEPT - 1][0]
                cursor.execute("DELETE FROM checkpoints WHERE checkpoint_id < ?", (oldest,))
                cursor.execute("DELETE FROM writes WHERE checkpoint_id < ?", (oldest,))


def key_of(where: str, folder: Path) -> str:
    """Return the name that a thread's checkpoints have.

    Args:
        where: `sqlite`, or an address.
        folder: The thread's folder.

    Raises:
        InputError: The home's id is damaged.
    """
    # In a file of its own a thread meets no other; a database holds those of every home.
    return folder.name if where == "sqlite" else f"{_home_id(folder.parent / HOME_ID)}/{folder.name}"


@contextmanager
def open_checkpoints(where: str, folder: Path, *, make: bool = True) -> Iterator[BaseCheckpointSaver[Any]]:
    """Open the checkpoints of a thread.

    Args:
        where: `sqlite`, or a `postgresql://` address.
        folder: The thread's folder.
        make: Whether to make what is not there: who only reads must not bring back a thread that is being deleted.

    Raises:
        InputError: The address is of no known kind, or its driver is not installed.
        NotFoundError: There are none, and none shall be made.
    """
    if where == "sqlite":
        if make:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / STATE).exists():
                _make(folder / STATE)
        with closing(_connect(folder / STATE)) as connection:
            saver = ThreadSaver(connection, serde=_serializer())
            yield saver
            # Who only reads does not write: a page that looks at a thread never keeps its turn waiting.
            if connection.total_changes:
                saver.trim()
    elif where.startswith(("postgresql://", "postgres://")):
        with _database_saver().from_conn_string(where) as saver:
            saver.serde = _serializer()
            saver.setup()
            yield saver
            if saver.written:
                saver.prune([key_of(where, folder)])
    else:
        raise InputError(
            "conversations cannot be kept there", where="DOMAINSMITH_CONVERSATIONS", mend="`sqlite` or postgresql://…"
        )


def _database_saver() -> Any:
    """Return the class of savers in Postgres, which know whether they wrote anything."""
    try:
        from langgraph.checkpoint.postgres import PostgresSaver
    except ImportError as error:
        raise InputError(
            "conversations in Postgres need a driver", mend="install domainsmith with the extra `postgres`"
        ) from error

    class DatabaseSaver(PostgresSaver):  # type: ignore[misc]
        written = False

        def put(self, *arguments: Any, **named: Any) -> Any:
            self.written = True
            return super().put(*arguments, **named)

    return DatabaseSaver


def _home_id(path: Path) -> str:
    """Return the id that a home keeps; it gets one when it is first asked for."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _placed(path) as part:
            write_text(part, secrets.token_hex(16))
    kept = path.read_text(encoding="utf-8")
    if not _ID.fullmatch(kept):
        raise InputError("this is no id of a home", where=path.name, mend="restore the file from a backup")
    return kept


def _make(path: Path) -> None:
    """Make an empty file of checkpoints."""
    with _placed(path) as part, closing(sqlite3.connect(part)) as connection:
        ThreadSaver(connection).make()


@contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """Let a file be made; it is there whole or not at all, and never over one that another process has made."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        with suppress(FileExistsError):
            path.hardlink_to(part)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there; SQLite by itself would make an empty one, if only the folder is there.

    Raises:
        NotFoundError: It is not there.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(address, timeout=WAIT_SECONDS, check_same_thread=False, uri=True)
    except sqlite3.OperationalError:
        if path.exists():
            raise
        raise NotFoundError("no such conversation", where=path.parent.name) from None


def _serializer() -> JsonPlusSerializer:
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)
