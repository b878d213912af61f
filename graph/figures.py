"""No invented figures: every number in a model's reply must stand in something it was shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_SMALL: Final = 3
"""Counts up to this are words of ordinary speech (one step, two ways) and no measurement."""


def unknown_figures(reply: str, shown: Iterable[str]) -> tuple[str, ...]:
    """Return the numbers of a reply that none of the shown texts holds, in order.

    A share counts as shown in both its forms, `0.29` and `29%`, and rounded to whole points.
    """
    known: set[str] = set()
    for text in shown:
        for number in _NUMBER.findall(text):
            known |= _forms(number)
    found = (one for one in _NUMBER.findall(reply) if not _is_small(one))
    return tuple(dict.fromkeys(one for one in found if not _forms(one) & known))


def _is_small(number: str) -> bool:
    return number.isdigit() and int(number) <= _SMALL


def _forms(number: str) -> set[str]:
    plain = number.replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return {plain}
    forms = {f"{value:g}"}
    if 0 < value < 1:
        forms |= {f"{100 * value:g}", f"{100 * value:.0f}"}
    if "." in plain:
        forms |= {f"{value:.1f}", f"{value:.0f}"}
    return forms
