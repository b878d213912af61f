"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.understanding.numbers import amount, chinese_number, fraction


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2,000 manuals", 2000),
        ("about 2k", 2000),
        ("1.5 million", 1_500_000),
        ("3 thousand", 3000),
        ("two hundred", 200),
        ("a dozen", 12),
        ("fifty", 50),
        ("两千份", 2000),
        ("两千三百", 2300),
        ("十五本", 15),
        ("3万", 30_000),
        ("一百零五", 105),
        ("twelve", 12),
        ("none at all", None),
        ("若干", None),
    ],
)
def test_amounts(text: str, value: int | None) -> None:
    assert amount(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30%", 0.3),
        ("30 percent", 0.3),
        ("0.25", 0.25),
        ("百分之三十", 0.3),
        ("三成", 0.3),
        ("七成五", 0.75),
        ("八成半", 0.85),
        ("half of it", 0.5),
        ("a third", 0.3333),
        ("95分", 0.95),
        ("rank 32", None),
        ("120%", None),
    ],
)
def test_fractions(text: str, value: float | None) -> None:
    assert fraction(text) == value


@given(st.integers(min_value=1, max_value=99_999))
def test_every_number_in_chinese_digits_is_read_back(number: int) -> None:
    assert chinese_number(_spelled(number)) == number


@given(st.integers(min_value=0, max_value=10**9))
def test_every_number_with_separators_is_read_back(number: int) -> None:
    assert amount(f"{number:,} files") == number


def _spelled(number: int) -> str:
    digits = "零一二三四五六七八九"
    if number >= 10_000:
        rest = number % 10_000
        return _spelled(number // 10_000) + "万" + (("零" if rest < 1000 else "") + _spelled(rest) if rest else "")
    said = ""
    gap = False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit
        number %= unit
        if digit:
            said += ("零" if gap and said else "") + digits[digit] + name
            gap = False
        elif said:
            gap = True
    return said
