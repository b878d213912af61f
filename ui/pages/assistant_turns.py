"""Turns under way: each conversation does one thing at a time, whoever looks on.

A turn belongs to the conversation and not to the page it was asked from: it runs in a thread of its own, so a page
that is closed or loaded anew breaks nothing off, and what is asked while another turn runs waits its turn.

    ask = turns.put(key, Ask(text, lambda: assistant.history(thread), lambda: assistant.stream(thread, text)))
    for _ in turns.watch(ask):  # whenever something has changed, until it is done
        draw(turns.of(key))
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from agent.records.conversation import ChatMessage, Part, TextPiece, ToolStep

Key: TypeAlias = tuple[Path, str]
"""Home and id of a conversation."""

IDLE: Final = 0.5
"""Seconds after which who watches hears that nothing has changed; only then can a closed page let go."""


@dataclass(eq=False)
class Ask:
    """One thing to do in a conversation."""

    said: str
    """What the person typed, shown until the conversation keeps it; empty for a click."""
    look: Callable[[], tuple[ChatMessage, ...]]
    """Reads the conversation."""
    make: Callable[[], Iterable[Part]]
    """Does it; yields the steps as they run and the reply as it is written."""
    once: str = ""
    """Names the occasion: what is under way already is not asked again."""
    state: Literal["waiting", "running", "done"] = "waiting"
    before: tuple[ChatMessage, ...] | None = None
    """The conversation as it was when this began."""
    steps: tuple[ToolStep, ...] = ()
    """Steps so far, each in its newest state."""
    text: str = ""
    """The reply as far as it is written."""
    error: BaseException | None = None
    """What broke it off."""
    version: int = field(default=0, repr=False)


class Turns:
    """What runs and waits, by conversation."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asks: dict[Key, list[Ask]] = {}

    def put(self, key: Key, ask: Ask) -> Ask:
        """Let something be done after what is under way; returns the same thing where it is under way already."""
        with self._changed:
            known = self._asks.get(key)
            for one in known or ():
                if ask.once and one.once == ask.once:
                    return one
            if known is not None:
                known.append(ask)
                self._changed.notify_all()
                return ask
            self._asks[key] = [ask]
        threading.Thread(target=self._run, args=(key,), name="turns", daemon=True).start()
        return ask

    def of(self, key: Key) -> tuple[Ask, ...]:
        """Return what runs and what waits in a conversation, in order."""
        with self._changed:
            return tuple(self._asks.get(key, ()))

    def watch(self, ask: Ask) -> Iterator[bool]:
        """Yield at once, whenever anything has changed, and every now and then, until it is done.

        Yields:
            Whether anything has changed.

        Raises:
            Exception: Whatever broke it off.
        """
        last: int | None = None
        while True:
            with self._changed:
                seen, done = ask.version, ask.state == "done"
            if done:
                break
            yield seen != last
            last = seen
            with self._changed:
                self._changed.wait_for(lambda seen=seen: ask.version != seen, IDLE)  # type: ignore[misc]
        if ask.error is not None:
            raise ask.error

    def _run(self, key: Key) -> None:
        while True:
            with self._changed:
                ask = self._asks[key][0]
            try:
                before = ask.look()
                with self._telling(key):
                    ask.before, ask.state = before, "running"
                for part in ask.make():
                    with self._telling(key):
                        if isinstance(part, ToolStep):
                            ask.steps = with_step(ask.steps, part)
                        elif isinstance(part, TextPiece):
                            ask.text = part.text if part.fresh else ask.text + part.text
            except BaseException as error:  # handed to whoever watches, in whose thread it belongs
                ask.error = error
            with self._telling(key):
                ask.state = "done"
                self._asks[key].remove(ask)
                ask.version += 1
                if not self._asks[key]:
                    del self._asks[key]
                    return

    @contextmanager
    def _telling(self, key: Key) -> Iterator[None]:
        """Change something of a conversation's turns and wake who watches them."""
        with self._changed:
            yield
            for one in self._asks.get(key, ()):
                one.version += 1
            self._changed.notify_all()


def with_step(steps: tuple[ToolStep, ...], step: ToolStep) -> tuple[ToolStep, ...]:
    """Return the steps with one that has begun, or in place of the running one, how it ended."""
    if steps and steps[-1].state == "running" and steps[-1].tool == step.tool:
        return (*steps[:-1], step)
    return (*steps, step)
