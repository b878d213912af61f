"""Vectors of chunks and of their sentences by chunk, on disk: what a found chunk is compared to the question with.

Chroma finds the nearest chunks; this file then gives, for a hundred of them, the rows that tell the near from the
right. One SQLite file in rollback-journal mode, half precision; hashes and vectors, never text.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class ChunkVectors:
    """Rows by key; one process owns the file. Every method raises `sqlite3.DatabaseError` where it is damaged."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, digest TEXT NOT NULL, width INTEGER NOT NULL, "
            "rows BLOB NOT NULL) WITHOUT ROWID"
        )

    def digests(self) -> dict[str, str]:
        """Return what every key's rows stand for."""
        with self._lock:
            return dict(self._connection.execute("SELECT key, digest FROM rows"))

    def put(self, entries: Iterable[tuple[str, str, Vectors]]) -> None:
        """Add or replace (key, digest, rows), all or none."""
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)",
                [(key, digest, rows.shape[1], rows.astype("<f2").tobytes()) for key, digest, rows in entries],
            )

    def drop(self, keys: Sequence[str]) -> None:
        """Delete the rows of some keys."""
        with self._lock, self._connection:
            self._connection.executemany("DELETE FROM rows WHERE key = ?", [(key,) for key in keys])

    def get(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """Return the rows of those keys that are there: the chunk's first, then its sentences'."""
        marks = ",".join("?" * len(keys))
        with self._lock:
            found = self._connection.execute(f"SELECT key, width, rows FROM rows WHERE key IN ({marks})", keys)
            return {key: np.frombuffer(rows, "<f2").astype(np.float32).reshape(-1, width) for key, width, rows in found}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
