"""Progress on a terminal: a bar where there is one, plain lines otherwise; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, TextIO

from agent.records.base import Language
from ui import progress_words as words
from ui.i18n import phrase
from ui.visible import in_line, in_text


class TerminalReporter:
    """A reporter for a person at a terminal, and for a log.

    On a terminal the last line is redrawn with share done and time left; elsewhere a line is written at most every
    five seconds and at the end of each step, so that a log stays readable.

    Args:
        stream: Where to write, stderr by default.
        step: Name of the work, shown before each line.
        lang: Language of what is written; the work says its steps in English (`ui.progress_words`).
    """

    def __init__(self, step: str = "", stream: TextIO | None = None, lang: Language = "en") -> None:
        self.step = words.work(step, lang)
        self._lang = lang
        self._stream = stream if stream is not None else sys.stderr
        self._bar = self._stream.isatty()
        self._began = time.monotonic()
        self._written = 0.0
        self._open = False
        self._left: float | None = None

    def __enter__(self) -> TerminalReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish_line()

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Show that `done` of `total` units are finished, with the time left where it can be told."""
        now = time.monotonic()
        if done <= 0:
            self._began, self._left = now, None
        finished = total > 0 and done >= total
        if not finished and now - self._written < (0.2 if self._bar else 5.0):
            return
        self._written = now
        share = min(1.0, done / total) if total > 0 else 0.0
        left = self._left if self._left is not None else self._guess(share, now)
        counted = words.unit(unit, self._lang)
        text = f"{done:.0f}/{total:.0f} {counted}" if total > 0 else f"{done:.0f} {counted}"
        message = in_line(words.step(message, self._lang))
        parts = (self._time_left(left) if left is not None and not finished else "", message)
        tail = "".join(f"  {part}" for part in parts if part)
        if self._bar:
            width = 24
            filled = "█" * round(share * width)
            line = f"{self.step:<10} {filled:<{width}} {share:4.0%}  {text}{tail}"
            self._stream.write(f"\r\x1b[K{line[:118]}")
            self._open = True
            if finished:
                self._finish_line()
        else:
            self._stream.write(f"{self.step}: {text} ({share:.0%}){tail}\n")
        self._stream.flush()

    def metric(self, **data: Any) -> None:
        """Take over the time left where the work knows it better than its share tells; the job keeps the rest."""
        if "seconds_left" in data:
            self._left = float(data["seconds_left"])

    def _guess(self, share: float, now: float) -> float | None:
        spent = now - self._began
        return spent * (1 - share) / share if 0.03 < share < 1 and spent > 2 else None

    def _time_left(self, seconds: float) -> str:
        whole = round(seconds)
        key = "progress_left_seconds" if whole < 60 else "progress_left"
        return phrase(key, self._lang, minutes=whole // 60, seconds=f"{whole % 60:02d}" if whole >= 60 else whole)

    def note(self, message: str) -> None:
        """Write one line above the bar."""
        self._finish_line()
        message = in_text(words.step(message, self._lang))
        self._stream.write(f"{self.step}: {message}\n" if self.step else f"{message}\n")
        self._stream.flush()

    def check(self) -> None:
        """Never cancel by itself: Ctrl-C raises in the main thread."""

    def _finish_line(self) -> None:
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
            self._open = False
