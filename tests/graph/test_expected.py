"""A yes, a no, an option: read by rules, and only where a message is nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.understanding.expected import option_in, verdict_in

YES = (
    "yes", "Yes.", "YES!", "y", "ok", "okay", "sure", "approved", "go ahead", "do it", "yes please", "yes, go ahead",
    "build it", "start", "是", "是的", "对", "好", "好的。", "可以", "同意", "批准", "确认", "没问题", "开始吧", "嗯",
    "就这样", "是，开始吧",
)  # fmt: skip
NO = (
    "no", "No.", "nope", "not now", "no thanks", "don't", "stop", "cancel", "later", "not yet", "never mind",
    "不", "不要", "不用", "不行", "先不要", "算了", "取消", "暂不", "以后再说", "拒绝", "等等",
)  # fmt: skip
NEITHER = (
    "", " ", "?", "yes and no", "yes, if it is quick", "no problem, do it", "yesterday", "know", "nothing", "okapi",
    "why not?", "yes or no?", "don't cancel", "do not stop", "approve it and delete the rest", "不对，是每月", "好吗？",
    "可以取消吗", "是不是", "对不对", "好像不行", "同意书在哪", "开始于2019年", "不同意见", "行动", "嗯？为什么",
    "ok but only the prices", "start with the prices", "stop asking me",
)  # fmt: skip
OPTIONS = (
    {"label": "Make training pairs", "message": "Make training pairs"},
    {"label": "Run the evaluation", "message": "evaluate it"},
    {"label": "领域知识，12 题对 3", "message": "领域知识方面为什么答错？"},
)


@pytest.mark.parametrize("text", YES)
def test_a_yes(text: str) -> None:
    assert verdict_in(text) == "approve"


@pytest.mark.parametrize("text", NO)
def test_a_no(text: str) -> None:
    assert verdict_in(text) == "decline"


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    assert verdict_in(text) is None


@given(st.sampled_from(YES), st.text(min_size=1, max_size=40))
def test_a_yes_with_other_words_is_no_yes(yes: str, more: str) -> None:
    """Whatever stands beside it: unless all of it is a yes by itself, it approves nothing."""
    words = re.sub(r"[\W_]+", "", more)
    if words:
        said = verdict_in(f"{yes} {more}")
        assert said != "approve" or verdict_in(re.sub(r"^[\s\W_]+|[\s\W_]+$", "", f"{yes} {more}")) == "approve"
        assert verdict_in(f"{yes} xq{words}") is None


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert verdict_in(text) in ("approve", "decline", None)
    at = option_in(text, OPTIONS)
    assert at is None or 0 <= at < len(OPTIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 0), ("2.", 1), ("3", 2), ("4", None), ("0", None), ("12", None),
        ("the first one", 0), ("second", 1), ("第三个", 2), ("前者", 0), ("b", 1), ("d", None),
        ("make training pairs", 0), ("Evaluate it", 1), ("领域知识方面为什么答错", 2),
        ("evaluation", 1), ("training", 0), ("领域知识", 2), ("in", None), ("", None), ("both", None),
    ],
)  # fmt: skip
def test_an_option_by_number_place_or_words(text: str, expected: int | None) -> None:
    assert option_in(text, OPTIONS) == expected


def test_words_that_fit_two_options_choose_none() -> None:
    options = [{"label": "prices, 29%", "message": "a"}, {"label": "prices abroad, 11%", "message": "b"}]
    assert option_in("prices", options) is None
    assert option_in("prices abroad", options) == 1


def test_no_options_no_choice() -> None:
    assert option_in("1", []) is None


@pytest.mark.parametrize(
    "text",
    ["don't start", "Please don't", "no, not now", "let's not", "never mind", "leave it", "skip it", "no thanks",
     "ok, cancel it", "不了", "不用了", "算了吧", "还是算了", "先别做", "先不开始", "别训练了", "不必了", "取消吧",
     "不要了"],
)  # fmt: skip
def test_a_no_has_many_words(text: str) -> None:
    assert verdict_in(text) == "decline"


@pytest.mark.parametrize(
    "text", ["not now but tomorrow", "no, monthly", "don't use LoRA", "不要用 LoRA", "别忘了出处", "不对"]
)
def test_what_says_more_than_no_is_no_verdict(text: str) -> None:
    assert verdict_in(text) is None
