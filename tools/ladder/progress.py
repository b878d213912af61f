"""One bar over many trainings and measurements: what each reports becomes a part of the whole."""

from __future__ import annotations

import time
from typing import Any

from agent.progress import Reporter


class Parts:
    """A reporter for the parts of a climb; to its listener they are one piece of work."""

    def __init__(self, listener: Reporter) -> None:
        """Begin with nothing foreseen."""
        self._listener = listener
        self._began = time.monotonic()
        self._finished = 0
        self._foreseen = 0
        self._what = ""
        self._readings = False

    def foresee(self, parts: int) -> None:
        """Count on so many parts after the present one; what is foreseen is the most, and often less is needed."""
        self._foreseen = self._finished + parts

    def begin(self, what: str, *, readings: bool = False) -> None:
        """Begin a part.

        Args:
            what: Its name for people.
            readings: Whether its single readings (loss, speed) are passed on; those of two trainings would mix.
        """
        self._what, self._readings = what, readings
        self._tell(0.0, "")

    def end(self) -> None:
        """End the present part."""
        self._finished += 1
        self._foreseen = max(self._foreseen, self._finished)
        self._readings = False
        self._tell(0.0, "")

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Pass on how far the present part is."""
        self._tell(min(1.0, done / total) if total > 0 else 0.0, message or f"{done:.0f}/{total:.0f} {unit}")

    def metric(self, **data: Any) -> None:
        """Pass on readings of the part whose readings are wanted, without its own time left."""
        data.pop("seconds_left", None)
        if self._readings and data:
            self._listener.metric(**data)

    def note(self, message: str) -> None:
        """Pass on a line."""
        self._listener.note(message)

    def check(self) -> None:
        """Raise if somebody asked to stop."""
        self._listener.check()

    def _tell(self, share: float, message: str) -> None:
        done = min(self._finished + share, float(self._foreseen))
        if self._finished:
            each = (time.monotonic() - self._began) / max(done, 1.0)
            self._listener.metric(seconds_left=round(each * (self._foreseen - done), 1))
        text = f"{self._what}: {message}" if message else self._what
        self._listener.progress(round(done, 3), self._foreseen, "parts", text)
