"""How long work tells what it is doing, without knowing who listens.

A terminal bar, a job's `events.jsonl` and a test all implement `Reporter`; the work only calls it.
"""

from __future__ import annotations

from typing import Any, Protocol


class Reporter(Protocol):
    """Listener of long work."""

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Say that `done` of `total` units are finished."""

    def metric(self, **data: Any) -> None:
        """Hand over readings, e.g. `loss=0.7, tokens_per_s=180`."""

    def note(self, message: str) -> None:
        """Say something worth a line in the log."""

    def check(self) -> None:
        """Raise `CancelledError` if somebody asked to stop; call it often (at least every two seconds of work)."""


class Silent:
    """A reporter that listens to nothing and never cancels."""

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Ignore the progress."""

    def metric(self, **data: Any) -> None:
        """Ignore the readings."""

    def note(self, message: str) -> None:
        """Ignore the note."""

    def check(self) -> None:
        """Never cancel."""
