"""Where conversations are kept between steps: a SQLite file a thread, or Postgres by setting.

One file a thread keeps threads out of each other's way, makes one writer a matter of one lock, and deletes a
conversation for good when its folder is deleted. Serialization is strict: only plain values come back from disk, no
class is ever built from a file.
"""

from __future__ import annotations

import os

# Read by langgraph when it is imported: nothing but plain values may be restored.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.errors import InputError

STATE: Final = "state.sqlite"
WAIT_SECONDS: Final = 30.0
_KEPT: Final = 2
"""Checkpoints kept of a thread: the newest, and the one it came from."""


class ThreadSaver(SqliteSaver):
    """Checkpoints of one thread in a file of its own.

    The file uses a rollback journal and full synchronisation: SQLite's write-ahead log has a corruption bug with
    several connections before 3.51.3, and a turn that was answered must be on disk.
    """

    def setup(self) -> None:
        """Make the tables."""
        if self.is_setup:
            return
        super().setup()
        self.conn.commit()
        self.conn.execute("PRAGMA journal_mode = DELETE")
        self.conn.execute("PRAGMA synchronous = FULL")

    def trim(self) -> None:
        """Drop all but the newest checkpoints; each holds the whole state, and only the newest is ever resumed."""
        with self.cursor() as cursor:
            rows = cursor.execute("SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id DESC").fetchall()
            if len(rows) > _KEPT:
                oldest = rows[_KEPT - 1][0]
                cursor.execute("DELETE FROM checkpoints WHERE checkpoint_id < ?", (oldest,))
                cursor.execute("DELETE FROM writes WHERE checkpoint_id < ?", (oldest,))


@contextmanager
def open_checkpoints(where: str, folder: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    """Open the checkpoints of a thread.

    Args:
        where: `sqlite`, or a `postgresql://` address.
        folder: The thread's folder.

    Raises:
        InputError: The address is of no known kind, or its driver is not installed.
    """
    if where == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / STATE, timeout=WAIT_SECONDS, check_same_thread=False)
        with closing(connection):
            saver = ThreadSaver(connection, serde=_serializer())
            yield saver
            saver.trim()
    elif where.startswith(("postgresql://", "postgres://")):
        try:
            from langgraph.checkpoint.postgres import PostgresSaver
        except ImportError as error:
            raise InputError(
                "conversations in Postgres need a driver", mend="install domainsmith with the extra `postgres`"
            ) from error
        with PostgresSaver.from_conn_string(where) as saver:
            saver.setup()
            yield saver
    else:
        raise InputError(
            "conversations cannot be kept there", where="DOMAINSMITH_CONVERSATIONS", mend="`sqlite` or postgresql://…"
        )


def _serializer() -> JsonPlusSerializer:
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)
