"""Progress over parts of unequal length, with the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from agent.progress import Reporter
from agent.records.base import Language
from tools.benchmark.part_names import part_name


class Course:
    """Tells a reporter which part is under way and how long all the others will take.

    Args:
        reporter: Is told.
        total: Number of parts.
        weights: Roughly how long each part takes beside the others, by its name.
        clock: Seconds.
        lang: Language in which parts are named.
    """

    def __init__(
        self,
        reporter: Reporter,
        total: int,
        weights: Mapping[str, float],
        clock: Callable[[], float] = time.monotonic,
        *,
        lang: Language = "en",
    ) -> None:
        self._reporter = reporter
        self.total = total
        self._weights = dict(weights)
        self._clock = clock
        self._lang: Language = lang
        self._began = clock()
        self._weighed = 0.0
        self.done = 0

    def begin(self, name: object) -> None:
        """Say that a part begins."""
        self._reporter.check()
        self._tell(name)

    def end(self, name: object) -> None:
        """Say that a part is done."""
        self._weighed += self._weights.get(str(name), 0.0)
        self._finish(name)

    def skip(self, parts: Iterable[object]) -> None:
        """Say that parts are left out; they tell nothing of the speed."""
        for part in parts:
            self._weights.pop(str(part), None)
            self._finish(part)

    def _finish(self, name: object) -> None:
        self.done += 1
        self._tell(name)

    def _tell(self, name: object) -> None:
        now = self._clock() - self._began
        if self._weighed:
            left = sum(self._weights.values()) - self._weighed
            self._reporter.metric(seconds_left=max(0.0, left * now / self._weighed))
        self._reporter.progress(self.done, self.total, "parts", part_name(name, self._lang))
