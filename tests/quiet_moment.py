"""Timings on a machine that may be busy: a delay is looked at again, wrong arithmetic stays wrong.

@in_a_quiet_moment
def test_known_delays_are_recovered() -> None: ...
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Final, ParamSpec

P = ParamSpec("P")
TRIES: Final = 4
PAUSE: Final = 2.0
"""Seconds between tries, grown each time: other work passes."""


def in_a_quiet_moment(test: Callable[P, None]) -> Callable[P, None]:
    """Run a test of timings up to four times; its last failure stands."""

    @functools.wraps(test)
    def tried(*arguments: P.args, **named: P.kwargs) -> None:
        for number in range(1, TRIES):
            try:
                return test(*arguments, **named)
            except AssertionError:
                time.sleep(PAUSE * number)
        return test(*arguments, **named)

    return tried
