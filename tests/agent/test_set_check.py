"""What is said of a spot-check, in both languages."""

from __future__ import annotations

import pytest

from agent.prompts.set_check import check_line, item_mend
from agent.records.base import Language
from agent.records.set_check import CheckFigures


def figures(reviewed: int, wrong: int = 0, low: float = 0.0, high: float = 1.0) -> CheckFigures:
    rate = wrong / reviewed if reviewed else None
    return CheckFigures(drawn=30, reviewed=reviewed, wrong=wrong, rate=rate, low=low, high=high)


@pytest.mark.parametrize(
    ("seen", "lang", "told"),
    [
        (
            figures(0),
            "en",
            "Nobody has looked at an item yet, so the error rate is unknown; 30 items are drawn for a look.",
        ),
        (figures(0), "zh", "还没有人看过任何一题，错误率未知；已抽出30题供检查。"),
        (
            figures(12, 1, 0.0149, 0.3539),
            "en",
            "1 of 12 reviewed items were wrong: 8.3%, 95% interval 1.5% to 35.4%. "
            "18 of the 30 drawn items wait for a look.",
        ),
        (figures(30, 0, 0.0, 0.1135), "zh", "抽查30题，其中0题有误：0.0%，95%区间0.0%至11.3%。"),
    ],
)
def test_the_rate_comes_with_its_interval_and_with_what_is_left(seen: CheckFigures, lang: Language, told: str) -> None:
    assert check_line(seen, lang) == told


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"file": "team.csv"}, "import that file again (`seal -p x --questions team.csv`)"),
        ({"document": "manual.md"}, "If manual.md is wrong, correct it"),
        ({}, "Leave it out: `seal -p x` seals the set without it."),
    ],
)
def test_a_wrong_item_is_mended_where_it_comes_from(names: dict[str, str], told: str) -> None:
    assert told in item_mend("en", "seal -p x", **names)
    assert "`seal -p x`封存时不再收入此题" in item_mend("zh", "seal -p x", **names)
