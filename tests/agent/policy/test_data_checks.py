from __future__ import annotations

from typing import Any

import pytest

from agent.policy.data_checks import check_data
from agent.policy.thresholds import Thresholds
from agent.records.ladder import DataFigures
from tests.agent.policy.builders import ARTICLES


def figures(**changes: Any) -> DataFigures:
    """Data in which nothing is wrong, changed as named."""
    sound: dict[str, Any] = {"pairs": 100, "documents": 10, "balance": 4.0, "wordings": 4.0, "general_share": 0.7}
    return DataFigures(**(sound | changes))


def ids(count: int) -> tuple[str, ...]:
    return tuple(f"p{number}" for number in range(count))


@pytest.mark.parametrize(
    ("changes", "failed", "says"),
    [
        ({}, [], ""),
        ({"ungrounded": ids(2)}, [], ""),
        ({"ungrounded": ids(3)}, ["grounded"], "3 of 100 pairs are wrong"),
        ({"ungrounded": ids(2), "conflicting": ("x", "p0")}, ["grounded"], "2 of them contradict"),
        ({"duplicates": ids(5)}, [], ""),
        ({"duplicates": ids(6)}, ["duplicates"], "6 of 100 pairs repeat another"),
        ({"leaks": ids(1)}, ["leakage"], "1 pairs share something"),
        ({"malformed": ids(2)}, ["form"], "marks of a chat template"),
        ({"uncovered": ("a.md",)}, [], ""),
        ({"uncovered": ("a.md", "b.md")}, ["coverage"], "8 of 10 documents"),
        ({"documents": 0}, [], ""),
        ({"balance": 10.5, "unbalanced": "kind: table 21 / factual 2"}, ["balance"], "(kind: table 21 / factual 2)"),
        ({"balance": None}, [], ""),
        ({"wordings": 3.96}, [], ""),
        ({"wordings": 3.0}, ["wordings"], "3.0 wordings"),
        ({"wordings": None}, [], ""),
        ({"general_share": 0.005}, ["replay"], "at least 1%"),
        ({"pairs": 0}, [], ""),
    ],
)
def test_each_check_has_its_limit(changes: dict[str, Any], failed: list[str], says: str) -> None:
    checks = check_data(figures(**changes))
    assert [check.name for check in checks if not check.passed] == failed
    assert {check.reason.article for check in checks} <= ARTICLES
    assert all(says in check.reason.text for check in checks if not check.passed)


def test_the_order_is_that_of_the_data_first_rule() -> None:
    names = [check.name for check in check_data(figures())]
    assert names == ["grounded", "duplicates", "leakage", "form", "coverage", "balance", "wordings", "replay"]


def test_what_is_concerned_is_named_once() -> None:
    (grounded, *_) = check_data(figures(ungrounded=("a", "b"), conflicting=("b", "c")))
    assert grounded.targets == ("a", "b", "c")


def test_limits_can_be_overridden_and_the_words_are_chinese_too() -> None:
    strict = check_data(figures(ungrounded=ids(1)), Thresholds(wrong_pairs=0.0), "zh")
    assert not strict[0].passed
    assert all(any("\u4e00" <= c <= "\u9fff" for c in check.reason.text) for check in strict)
