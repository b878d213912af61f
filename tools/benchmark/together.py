"""Calls that are made at once and waited for no longer than they may take.

together([lambda stop: client.ask(text, 16, {}, stop) for text in texts], 120.0, reporter.check)
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from tools.benchmark.arriving import Stopped

Answer = TypeVar("Answer")

_LOOK: Final = 0.2
"""Seconds after which somebody's wish to cancel is looked for."""


def together(
    calls: Sequence[Callable[[threading.Event], Answer]], seconds: float, check: Callable[[], None]
) -> list[Answer]:
    """Make calls at once; returns what came back in time, in the order in which it came.

    Threads are daemons and are left behind when the time is over or somebody cancels: a silent server would hold a
    pool for minutes, one that trickles for ever.

    Args:
        calls: Each is given an event that is set as soon as nobody waits any more; it may raise `Stopped` then.
        seconds: After which nobody waits any more.
        check: Asked meanwhile; what it raises ends the waiting.
    """
    stop = threading.Event()
    answers: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()

    def make(call: Callable[[threading.Event], Answer]) -> None:
        try:
            answers.put(call(stop))
        except Stopped:
            return
        except BaseException as error:  # whoever waits is told, else he would wait in vain
            answers.put(error)

    until = time.monotonic() + seconds
    for call in calls:
        threading.Thread(target=make, args=(call,), daemon=True).start()
    got: list[Answer] = []
    try:
        while len(got) < len(calls) and (left := until - time.monotonic()) > 0:
            check()
            try:
                answer = answers.get(timeout=min(_LOOK, left))
            except queue.Empty:
                continue
            if isinstance(answer, BaseException):
                raise answer
            got.append(answer)
    finally:
        stop.set()
    return got
