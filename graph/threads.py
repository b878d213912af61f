"""The list of conversations of one home, and the lock that gives each one writer at a time.

home/threads/<id>/{thread.json, state.sqlite, .lock}
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from agent.errors import BusyError, InputError, NotFoundError
from agent.records.conversation import Thread
from knowledge.files import read_record, write_record

WAIT_SECONDS: Final = 120.0
"""How long a turn waits for the one before it: a turn may hold a model's answer."""
_POLL_SECONDS: Final = 0.02
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
TITLE_LENGTH: Final = 60
_GONE: Final = ".deleted-"
_log = logging.getLogger(__name__)


@dataclass
class Threads:
    """Conversations in a folder."""

    folder: Path
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _damaged: set[str] = field(default_factory=set)

    def path(self, thread: str) -> Path:
        """Return the folder of a thread.

        Raises:
            InputError: The id could leave the folder.
        """
        if not _NAME.fullmatch(thread):
            raise InputError(
                "a thread id has letters, digits, points and dashes", where=thread[:40], mend="choose another id"
            )
        return self.folder / thread

    def list(self) -> tuple[Thread, ...]:
        """Return all threads, the newest first; one whose record is damaged is left out, and logged."""
        found = []
        for name in self.ids():
            try:
                known = self.known(name)
            except InputError as error:
                if name not in self._damaged:  # the list is asked for every few seconds
                    _log.warning("conversation %s is not listed: %s", name, error)
                self._damaged.add(name)
                continue
            if known is not None:
                found.append(known)
        return tuple(sorted(found, key=lambda one: one.updated, reverse=True))

    def note(self, thread: Thread) -> None:
        """Keep what the list shows of a thread."""
        write_record(self.path(thread.id) / "thread.json", thread)

    def known(self, thread: str) -> Thread | None:
        """Return what the list shows of a thread; `None` before its first turn, and once it is deleted.

        Raises:
            InputError: Its record is damaged.
        """
        with suppress(NotFoundError):  # not asked for first: it may be deleted in between
            return read_record(self.path(thread) / "thread.json", Thread)
        return None

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all threads, those included that died before they came into the list."""
        folders = self.folder.iterdir() if self.folder.is_dir() else []
        return tuple(sorted(one.name for one in folders if _NAME.fullmatch(one.name)))

    def delete(self, thread: str, before: Callable[[str], None] = lambda _thread: None) -> None:
        """Delete a conversation; nothing of it stays.

        Args:
            thread: Its id.
            before: Deletes what is kept of it elsewhere; called while nobody writes.

        Raises:
            NotFoundError: There is none.
        """
        path = self.path(thread)
        if not (path / "thread.json").exists():
            raise NotFoundError("no such conversation", where=thread)
        with self.held(thread):
            before(thread)
            gone = self.folder / f"{_GONE}{secrets.token_hex(8)}"
            path.rename(gone)  # at once, whoever opens it meanwhile
            _remove(gone)
        with self._guard:
            self._locks.pop(thread, None)

    def purge(self) -> None:
        """Delete what a process that died while it deleted has left."""
        for gone in self.folder.glob(f"{_GONE}*"):
            _remove(gone)

    @contextmanager
    def held(self, thread: str) -> Iterator[None]:
        """Be the one writer of a thread, in this process and among all; waits for the turn before.

        Raises:
            BusyError: The turn before takes too long.
        """
        path = self.path(thread)
        with self._guard:
            lock = self._locks.setdefault(thread, threading.Lock())
        if not lock.acquire(timeout=WAIT_SECONDS):
            raise _busy(thread)
        try:
            with _locked(path, thread):
                yield
        finally:
            lock.release()


def new_thread() -> str:
    """Return the id of a fresh thread."""
    return secrets.token_hex(6)


def title_of(text: str) -> str:
    """Return a thread's title: the beginning of its first message."""
    plain = " ".join(text.split())
    return plain if len(plain) <= TITLE_LENGTH else plain[: TITLE_LENGTH - 1] + "…"


@contextmanager
def _locked(folder: Path, thread: str) -> Iterator[None]:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        with _opened(folder, thread, until) as file:
            _wait_for(file.fileno(), thread, until)
            if _is(folder / ".lock", file.fileno()):
                yield
                return
        # The thread was deleted while this waited: what it waited for is the lock of a file that is gone.


def _opened(folder: Path, thread: str, until: float) -> IO[str]:
    """Open the file of a thread's lock, in a folder that another process may take away at any moment."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return (folder / ".lock").open("a")
        except (FileNotFoundError, FileExistsError):
            # Deleted between two steps: `mkdir` tells so by an error that says that the folder exists.
            if folder.exists() and not folder.is_dir():
                raise
            if time.monotonic() > until:
                raise _busy(thread) from None


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove(folder: Path) -> None:
    """Delete a folder of a deleted thread, which another process may be deleting too."""

    def failed(_function: object, _path: str, error: Any) -> None:
        if not isinstance(error[1], FileNotFoundError):
            raise error[1]

    shutil.rmtree(folder, onerror=failed)


def _wait_for(descriptor: int, thread: str, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise _busy(thread) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _busy(thread: str) -> BusyError:
    return BusyError("this conversation is still answering", where=thread, mend="wait for the answer")
