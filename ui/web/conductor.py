"""Carries conversations on while nobody looks: reports jobs that ended, and goes on with what was approved.

At the start it finishes the turns that an earlier process left in the middle; afterwards it looks every few seconds for
conversations whose job has ended. A page that is open does the same for its own conversation; whoever comes first holds
the thread, and the other finds nothing left to do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from agent.errors import DomainsmithError
from ui.web.desk import Desk

PERIOD_SECONDS: Final = 3.0

_log = logging.getLogger(__name__)


class Conductor:
    """A thread that follows the jobs of every account's conversations."""

    def __init__(self, desks: Callable[[], Iterable[Desk]], period: float = PERIOD_SECONDS) -> None:
        """Take the desks to look after.

        Args:
            desks: Returns the desks of all accounts, those made meanwhile included.
            period: Seconds between two looks.
        """
        self._desks = desks
        self._period = period
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="conductor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the turn at hand; what is unfinished is found again at the next start."""
        self._stop.set()
        self._thread.join(timeout=10)

    def look(self) -> int:
        """Report every job that has ended; returns how many turns that made."""
        turns = 0
        for desk in self._everybody() or ():
            with _guarded(_whose(desk)):
                for thread in desk.assistant.threads():
                    if thread.job is None or self._stop.is_set():
                        continue
                    with _guarded(f"conversation {thread.id}"):
                        turns += desk.assistant.follow(thread.id) is not None
        return turns

    def _run(self) -> None:
        while (desks := self._everybody()) is None:
            if self._stop.wait(self._period):
                return
        for desk in desks:
            with _guarded(_whose(desk)):
                desk.assistant.recover()
        while not self._stop.wait(self._period):
            self.look()

    def _everybody(self) -> tuple[Desk, ...] | None:
        """Return the desks of all accounts; `None` if they cannot be told just now."""
        with _guarded("accounts"):
            return tuple(self._desks())
        return None


@contextmanager
def _guarded(whose: str) -> Iterator[None]:
    """Log what goes wrong inside, and go on: one account or conversation must not keep the others waiting."""
    try:
        yield
    except DomainsmithError as error:
        _log.warning("%s: %s", whose, error)
    except Exception:
        _log.exception("%s", whose)


def _whose(desk: Desk) -> str:
    return f"conversations of {desk.account or 'this machine'}"
