"""Sentences with gaps, English and Chinese side by side, and how numbers are written into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from agent.records.base import Language

Phrases: TypeAlias = Mapping[str, Mapping[Language, str]]
"""Sentence by key and language; `{name}` marks a gap."""


def fill(phrases: Phrases, key: str, lang: Language, **values: object) -> str:
    """Return the sentence `key` in `lang` with its gaps filled.

    Raises:
        KeyError: There is no such sentence, or a gap got no value.
    """
    return phrases[key][lang].format(**values)


def percent(fraction: float) -> str:
    """Write a fraction as a percentage, e.g. `0.7` as `70%`."""
    return f"{fraction * 100:.0f}%"


def points(fraction: float) -> str:
    """Write a difference of fractions in points, e.g. `-0.021` as `−2`; below one point with a decimal."""
    amount = abs(fraction) * 100
    number = f"{amount:.1f}" if amount < 1 else f"{amount:.0f}"
    if number == "0.0":
        return "0"
    return f"{'+' if fraction > 0 else '−'}{number}"


def count_points(fraction: float) -> str:
    """Write a size in points without a sign, e.g. `0.1` as `10`."""
    return f"{round(fraction * 100, 1):g}"


def gib(amount: float) -> str:
    """Write an amount of memory, with a decimal where it is small."""
    return f"{amount:.0f}" if amount >= 10 else f"{round(amount, 1):g}"


def gib_range(low: float, high: float) -> str:
    """Write a range of memory, or one amount where both ends read the same."""
    ends = dict.fromkeys((gib(low), gib(high)))
    return "–".join(ends)


def model_size(params_b: float) -> str:
    """Write a model's size as people name it, e.g. `7.0` as `7B`, `6.738416` as `6.74B` and `0.134515` as `135M`."""
    if params_b >= 1:
        return f"{round(params_b, 2):g}B"
    millions = params_b * 1000
    return f"{round(millions) if millions >= 10 else round(millions, 2):g}M"


def duration(seconds: float, lang: Language) -> str:
    """Write a duration in the coarsest unit that still says something."""
    names = {"en": ("s", "min", "h"), "zh": ("秒", "分钟", "小时")}[lang]
    if seconds < 90:
        return f"{seconds:.0f} {names[0]}"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} {names[1]}"
    return f"{seconds / 3600:.1f} {names[2]}"


def listed(parts: tuple[str, ...], lang: Language) -> str:
    """Join the parts of an enumeration."""
    return {"en": ", ", "zh": "、"}[lang].join(parts)
