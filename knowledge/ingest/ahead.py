"""Several files read side by side, handed over in their order.

    with Ahead(files, reporter, kept, is_needed) as ahead:
        for file in files:
            read = ahead.read(file)

Each process is limited for itself (`knowledge.ingest.worker`). What was read is kept on disk at once, so a kill loses
the files in hand and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.errors import CancelledError
from agent.progress import Reporter, Silent
from knowledge.ingest.kept import KeptReadings
from knowledge.ingest.limits import LARGEST_FILE
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.reading import Reading
from knowledge.ingest.sources import SourceFile

PROCESSES: Final = min(2, os.cpu_count() or 1)
"""Processes that read; each may take 512 MiB."""
_AHEAD: Final = 2
"""Files for each process that are taken up before it is their turn."""


_WORTH_FILES: Final = 8
_WORTH_BYTES: Final = 2 * 2**20
"""From either on, a second process reads more than its start costs, which is half a second."""


def processes_for(files: Sequence[SourceFile]) -> int:
    """Return how many processes read these files fastest."""
    if len(files) > _WORTH_FILES:
        return PROCESSES
    size = sum(_size_of(file.path) for file in files)
    return PROCESSES if len(files) > 1 and size > _WORTH_BYTES else 1


def _size_of(path: Path) -> int:
    """Return the bytes of a file; 0 for one that went away meanwhile or is out of reach, which its reading tells."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


@dataclass
class Turn:
    """One file, and what became of it."""

    file: SourceFile
    digest: str = ""
    """SHA-256 of its bytes, in hex; empty if it was not opened."""
    refused: UnreadableError | None = None
    """Why it was not opened."""
    reading: Future[list[Parsed]] | None = field(default=None, repr=False)


class _Cancellable(Silent):
    """A listener for the threads: it knows only whether to stop."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def check(self) -> None:
        """Raise `CancelledError` once the reading was given up."""
        if self._stop.is_set():
            raise CancelledError("cancelled")


class Ahead:
    """A context in which files are read before it is their turn."""

    def __init__(
        self, reporter: Reporter, kept: KeptReadings, *, processes: int = PROCESSES, recognise: bool = False
    ) -> None:
        """Prepare; processes start with the first files.

        Args:
            reporter: Asked whether somebody cancelled; only from the thread that made this.
            kept: Where readings are kept and found again.
            processes: How many read side by side.
            recognise: Whether pages that are pictures are read by text recognition.
        """
        self._recognise = recognise
        self._reporter = reporter
        self._kept = kept
        self._window = processes * _AHEAD
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(processes, thread_name_prefix="reading")
        self._own = threading.local()
        self._readings: list[Reading] = []

    def turns(self, files: Sequence[SourceFile], is_needed: Callable[[Turn], bool]) -> Iterator[Turn]:
        """Yield the files in their order, with the reading of those that are needed under way.

        Args:
            files: All of them.
            is_needed: Whether a file will be asked for, by its hash; a wrong yes costs time, a wrong no as well.
        """
        waiting: list[Turn] = []
        for file in files:
            self._reporter.check()
            turn = _looked_at(file)
            if turn.digest and is_needed(turn):
                self._submit(turn)
            waiting.append(turn)
            if len(waiting) > self._window:
                yield waiting.pop(0)
        yield from waiting

    def read(self, turn: Turn) -> list[Parsed]:
        """Return the documents in a file.

        Raises:
            UnreadableError: It cannot be read.
            CancelledError: Somebody cancelled.
        """
        if turn.reading is None:
            self._submit(turn)
        assert turn.reading is not None
        while True:
            try:
                return turn.reading.result(timeout=0.5)
            except NotYetError:
                self._reporter.check()

    def _submit(self, turn: Turn) -> None:
        turn.reading = self._pool.submit(self._read, turn)

    def _read(self, turn: Turn) -> list[Parsed]:
        form = turn.file.format
        assert form is not None
        known = self._kept.find(turn.digest, form)
        if known is not None:
            return known
        reading: Reading | None = getattr(self._own, "reading", None)
        if reading is None:
            reading = self._own.reading = Reading(_Cancellable(self._stop), recognise=self._recognise)
            self._readings.append(reading)
        try:
            read = reading.read(turn.file.path, form)
        except UnreadableError as error:
            self._kept.keep(turn.digest, form, error)
            raise
        self._kept.keep(turn.digest, form, read)
        return read

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for reading in self._readings:
            reading.close()


def _looked_at(file: SourceFile) -> Turn:
    """Open a file as far as its hash."""
    if file.format is None:
        return Turn(file)
    try:
        if not file.is_named:
            raise UnreadableError("its name is in no known encoding: rename the file")
        if file.path.stat().st_size > LARGEST_FILE:
            raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MiB: split the file")
        with file.path.open("rb") as opened:
            return Turn(file, hashlib.file_digest(opened, "sha256").hexdigest())
    except OSError as error:
        return Turn(file, refused=UnreadableError(f"cannot be opened: {error.strerror or error}"))
    except UnreadableError as error:
        return Turn(file, refused=error)
