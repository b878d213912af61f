"""A stream of events that a page reads, whatever becomes of the page.

An arm's stream holds the one model until it ends, and a handler that waits for its next event can be closed by nobody:
a page that is left, or a click on Stop, would keep everybody else waiting. So a thread of its own reads the stream, and
the handler hears `None` while nothing comes, at which it can be closed.

    with Pump(lambda reporter: stream_arms(..., reporter=reporter)) as events:
        for event in events:
            yield draw(event)
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from agent.progress import Reporter
from ui.web.feed import End, Stop

Event = TypeVar("Event")

IDLE: Final = 0.5
"""Seconds without an event after which the reader hears so; a closed page lets the model go within them."""


class Pump(Generic[Event]):
    """Iterates over events that another thread produces; leaving the `with` stops it."""

    def __init__(self, make: Callable[[Reporter], Iterator[Event]]) -> None:
        """Take what makes the stream; it starts with the `with`.

        Args:
            make: Returns the stream, given a listener that asks it to stop.
        """
        self._make = make
        self._events: queue.SimpleQueue[Event | End] = queue.SimpleQueue()
        self._stop = Stop()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __iter__(self) -> Iterator[Event | None]:
        """Yield the events as they come, and `None` while none comes.

        Raises:
            CancelledError: `stop` was called.
            Exception: Whatever the stream raised.
        """
        while True:
            try:
                event = self._events.get(timeout=IDLE)
            except queue.Empty:
                yield None
                continue
            if isinstance(event, End):
                if event.error is not None:
                    raise event.error
                return
            yield event

    def stop(self) -> None:
        """Ask the stream to end at its next token; does not wait for it."""
        self._stop.ask()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for event in self._make(self._stop):
                self._events.put(event)
        except BaseException as raised:  # handed to whoever reads, in whose thread it belongs
            error = raised
        self._events.put(End(error))
