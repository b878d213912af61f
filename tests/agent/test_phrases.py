"""Sentences exist in both languages with the same gaps, and numbers are written the same way everywhere."""

from __future__ import annotations

from string import Formatter
from typing import Any

import pytest

from agent.prompts import decisions, iterating, mending, road, training
from agent.prompts.forms import ABSTENTION, SYSTEM, closed_book, with_context
from agent.prompts.phrases import (
    count_points,
    duration,
    fill,
    gib,
    gib_range,
    listed,
    model_size,
    percent,
    points,
)

TABLES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": getattr(module, name)
    for module in (decisions, iterating, mending, road, training)
    for name in vars(module)
    if name.isupper()
}


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize(("table", "key"), [(t, key) for t, phrases in TABLES.items() for key in phrases])
def test_both_languages_say_the_same_with_the_same_gaps(table: str, key: str) -> None:
    sentence = TABLES[table][key]
    assert set(sentence) == {"en", "zh"}
    assert gaps(sentence["en"]) == gaps(sentence["zh"])


def test_a_missing_gap_or_sentence_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill(decisions.RULES, "no such sentence", "en")
    with pytest.raises(KeyError):
        fill(decisions.RULES, "few_examples", "en", pairs=3)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.7), "70%"),
        (points(0.04), "+4"),
        (points(-0.021), "−2"),
        (points(0.0), "0"),
        (points(-0.0), "0"),
        (points(0.004), "+0.4"),
        (points(-0.0001), "0"),
        (points(0.1), "+10"),
        (count_points(0.1), "10"),
        (count_points(0.125), "12.5"),
        (gib(119.6), "120"),
        (gib(6), "6"),
        (gib(1.25), "1.2"),
        (gib_range(6, 14), "6–14"),
        (gib_range(48, 48), "48"),
        (model_size(7.0), "7B"),
        (model_size(0.135), "135M"),
        (model_size(1.7), "1.7B"),
        (duration(45, "en"), "45 s"),
        (duration(89, "zh"), "89 秒"),
        (duration(240, "en"), "4 min"),
        (duration(7200, "zh"), "2.0 小时"),
        (listed(("a", "b"), "en"), "a, b"),
        (listed(("a", "b"), "zh"), "a、b"),
    ],
)
def test_numbers_as_written(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_two_prompt_forms_share_their_frame(lang: Any) -> None:
    system, user = closed_book("Q?", lang)
    assert (system.role, system.content, user.content) == ("system", SYSTEM[lang], "Q?")
    first, *shots, filled = with_context("Q?", ("one", "two"), lang)
    assert first == system
    assert [shot.role for shot in shots] == ["user", "assistant"] * 3
    assert "one\n\ntwo" in filled.content
    assert filled.content.endswith("Q?")
    assert ABSTENTION[lang]
