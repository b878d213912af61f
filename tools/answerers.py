"""Loaded models, kept between questions and used by one question at a time, in the order they were asked.

A server answers many people with one model in memory: two generations at once would each take twice as long, and a
second model might not fit. Who waits keeps its place, and may give it up.

    answerers = Answerers()
    with answerers.using(settings, run / "adapter") as generator:
        generator.generate([conversation], 48, adapter=True)
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from typing import Final

from agent.errors import BusyError
from agent.progress import Reporter, Silent
from agent.settings import Settings
from tools.benchmark.backends import detect
from tools.generation import Generator, load_generator

Load = Callable[[Settings, Path | None], Generator]
"""Loads the base model and, if a folder is given, its adapter; `load_generator`."""
LONGEST_LINE: Final = 64
"""Questions that wait at most; at a few seconds each, later ones would wait for minutes and better come again."""
_PATIENCE: Final = 0.25
"""Seconds between two looks at whether who waits still wants to."""


class Answerers:
    """Models by base model and adapter, the most recently used ones kept."""

    def __init__(self, load: Load = load_generator, *, keep: int = 1, longest_line: int = LONGEST_LINE) -> None:
        """Load nothing yet.

        Args:
            load: Loads a model.
            keep: Most models in memory.
            longest_line: Most questions that wait.
        """
        self._load = load
        self._keep = keep
        self._longest_line = longest_line
        self._held: dict[tuple[str, Path | None], Generator] = {}
        self._turn = Condition()
        self._line: deque[object] = deque()

    @property
    def waiting(self) -> int:
        """Questions that wait for their turn."""
        with self._turn:
            return max(0, len(self._line) - 1)

    @contextmanager
    def using(
        self, settings: Settings, adapter: Path | None = None, reporter: Reporter | None = None
    ) -> Iterator[Generator]:
        """Wait for a turn, then hand out the model until the `with` ends; the thread may change in between.

        Args:
            settings: Name the base model.
            adapter: Of the tuned arm, if one will be asked. Without, a model with any adapter of the same base may
                come: its base arm answers alike.
            reporter: Asked to stop while waiting.

        Raises:
            BusyError: Too many wait already.
            CancelledError: The listener asked to stop.
            InputError: The model or adapter cannot be loaded.
        """
        place = object()
        self._wait(place, reporter or Silent())
        try:
            yield self._model(settings, adapter)
        finally:
            self._leave(place)

    def release(self) -> None:
        """Let go of every model, e.g. before a training needs the memory; the next question loads its own again."""
        place = object()
        self._wait(place, Silent(), always=True)
        try:
            self._drop(0)
        finally:
            self._leave(place)

    def _wait(self, place: object, listener: Reporter, *, always: bool = False) -> None:
        with self._turn:
            if not always and len(self._line) > self._longest_line:
                raise BusyError(f"{len(self._line) - 1} questions wait already", mend="ask again in a minute")
            self._line.append(place)
        try:
            while True:
                listener.check()
                with self._turn:
                    if self._line[0] is place or self._turn.wait_for(lambda: self._line[0] is place, _PATIENCE):
                        return
        except BaseException:
            self._leave(place)
            raise

    def _leave(self, place: object) -> None:
        with self._turn:
            self._line.remove(place)
            self._turn.notify_all()

    def _model(self, settings: Settings, adapter: Path | None) -> Generator:
        """Return the model, called by who has the turn only."""
        key = next((key for key in self._held if _serves(key, settings.base_model, adapter)), None)
        if key is None:
            # Before the new one is loaded: both together may not fit.
            self._drop(self._keep - 1)
            key = (settings.base_model, adapter)
            self._held[key] = self._load(settings, adapter)
        else:
            self._held[key] = self._held.pop(key)
        return self._held[key]

    def _drop(self, left: int) -> None:
        """Let go of the models used longest ago until `left` are held."""
        if len(self._held) <= left:
            return
        for key in list(self._held)[: len(self._held) - left]:
            del self._held[key]
        gc.collect()
        detect().empty_cache()  # an accelerator's freed memory is for others


def _serves(key: tuple[str, Path | None], base_model: str, adapter: Path | None) -> bool:
    """Whether a held model answers for a base model and adapter."""
    return key[0] == base_model and (adapter is None or key[1] == adapter)
