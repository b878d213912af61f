"""The sentence that a verdict rests on."""

from __future__ import annotations

from typing import Any

import pytest

from agent.records.evaluation import Comparison
from tools.evaluation.report import comparison_sentence


def comparison(**changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "a": "rag",
        "b": "tuned+rag",
        "dimension": "domain_knowledge",
        "difference": 0.174,
        "low": 0.022,
        "high": 0.326,
        "p": 0.26,
        "n": 46,
        "verdict": "too_few_items",
        "smallest_detectable": 0.21,
    }
    return Comparison.model_validate(values | changes)


@pytest.mark.parametrize(("lang", "said"), [("en", "the interval excludes zero"), ("zh", "区间不含零")])
def test_an_interval_that_decides_is_never_called_too_little(lang: Any, said: str) -> None:
    sentence = comparison_sentence(comparison(), lang, 17)
    assert said in sentence
    assert "17" in sentence
    assert "0.26" in sentence
    assert "too few" not in sentence


def test_a_difference_that_stands_among_all_is_named() -> None:
    sentence = comparison_sentence(comparison(p=0.001, verdict="b_better"), "en", 17)
    assert "tuned + RAG better" in sentence
    assert "corrected" not in sentence


def test_an_interval_across_zero_decides_nothing() -> None:
    sentence = comparison_sentence(comparison(low=-0.02), "en", 17)
    assert "too few items to tell" in sentence
    assert "excludes" not in sentence
