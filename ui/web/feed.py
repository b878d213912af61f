"""What a thread makes, read in the event loop: models and indexes block, the server must not.

feed = Feed(lambda reporter: stream_arms(..., reporter=reporter))
async for event in feed:
    ...
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from agent.errors import CancelledError
from agent.progress import Reporter, Silent

T = TypeVar("T")


class Stop(Silent):
    """A listener that says stop once somebody has asked for it."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """Have the work stop at its next check."""
        self._asked.set()

    def check(self) -> None:
        """Raise if the work shall stop."""
        if self._asked.is_set():
            raise CancelledError("nobody waits for this any more")


class End:
    """Marks the end of what a thread makes, with what broke it off, if anything."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Feed(Generic[T]):
    """An iterator that runs in a thread of its own, so that a slow reader never holds up what it holds.

    A thread of its own, not one of the pool: who waits for the model would take the pool's few threads from pages.
    """

    def __init__(self, produce: Callable[[Reporter], Iterator[T]]) -> None:
        """Start at once; call it inside the event loop.

        Args:
            produce: Makes the items; it hears from its listener when nobody waits for them any more.
        """
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | End] = asyncio.Queue()
        self._stop = Stop()
        threading.Thread(target=self._work, args=(produce,), name="feed", daemon=True).start()

    def stop(self) -> None:
        """Have the work stop; reading on then raises `CancelledError`, unless it had ended already."""
        self._stop.ask()

    def __aiter__(self) -> Feed[T]:
        return self

    async def __anext__(self) -> T:
        item = await self._items.get()
        if not isinstance(item, End):
            return item
        self._items.put_nowait(item)
        if item.error is not None:
            raise item.error
        raise StopAsyncIteration

    def _work(self, produce: Callable[[Reporter], Iterator[T]]) -> None:
        try:
            for item in produce(self._stop):
                self._hand(item)
            self._hand(End())
        except Exception as error:  # read again in the event loop
            self._hand(End(error))

    def _hand(self, item: T | End) -> None:
        # A server that is going away has closed its loop: nobody will read this.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
            return
        self._stop.ask()
