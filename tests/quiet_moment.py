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
PAUSES: Final = (2.0, 8.0, 24.0)
"""Seconds between tries: other work passes."""


def in_a_quiet_moment(test: Callable[P, None]) -> Callable[P, None]:
    """Run a test of timings up to four times; its last failure stands."""

    @functools.wraps(test)
    def tried(*arguments: P.args, **named: P.kwargs) -> None:
        for pause in PAUSES:
            try:
                return test(*arguments, **named)
            except AssertionError:
                time.sleep(pause)
        return test(*arguments, **named)

    return tried
