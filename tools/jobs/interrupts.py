"""Ctrl-C while a job is at stake: it is noted, and acted upon where that leaves nothing half done.

Python raises `KeyboardInterrupt` between any two steps, so also between the record of a job and the start of its
worker, and between that and the code that follows it. Whoever starts and follows a job therefore holds interrupts and
looks at them where it can cancel.

    with held() as interrupts:
        job = submit(...)
        ...                       # interrupts.take(): somebody pressed Ctrl-C
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """What was pressed while interrupts were held."""

    def __init__(self) -> None:
        self._pressed = False
        self._open = False

    def take(self) -> bool:
        """Return whether Ctrl-C was pressed since the last time that this was asked."""
        pressed, self._pressed = self._pressed, False
        return pressed

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if Ctrl-C was pressed."""
        if self.take():
            raise KeyboardInterrupt

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Let Ctrl-C break in as usual meanwhile: for long work that the caller undoes."""
        self.check()
        self._open = True
        try:
            yield
        finally:
            self._open = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self._open:
            # Once: what the first interrupt undoes, a second one does not break.
            self._open = False
            raise KeyboardInterrupt
        self._pressed = True


_holding: list[Interrupts] = []
"""Those of the main thread, which alone hears signals; empty or one."""


@contextmanager
def held() -> Iterator[Interrupts]:
    """Hold interrupts; one that nobody took is raised at the end. Within another `held` that one goes on.

    Outside the main thread nothing is held, since no interrupt arrives there.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, nobody took it, and nothing else was raised.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Interrupts()
        return
    if _holding:
        yield _holding[0]
        return
    own = Interrupts()
    before = signal.signal(signal.SIGINT, own.note)
    _holding.append(own)
    try:
        yield own
    finally:
        _holding.clear()
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
    own.check()
