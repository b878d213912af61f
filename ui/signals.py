"""Signals that end a command as Ctrl-C does, so that what it has finished is kept."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_ENDING: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let `kill` and a terminal that closes end what is inside as Ctrl-C does; in the main thread only.

    A signal that somebody has chosen to ignore, as `nohup` does, stays ignored. Not for commands that follow a job:
    the job outlives its terminal.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {one: signal.getsignal(one) for one in _ENDING}
    for one, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(one, end)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
