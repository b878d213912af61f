"""The sentence that a verdict rests on."""

from __future__ import annotations

from typing import Any

import pytest

from agent.records.base import Language
from agent.records.decision import MethodDecision, Reason
from agent.records.evaluation import Comparison
from agent.records.profile import Profile
from tests.agent.policy.builders import report
from tools.evaluation.report import comparison_sentence, decided, deciding, power_sentence


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


@pytest.mark.parametrize(
    ("lang", "design", "said"),
    [
        ("en", 1.0, "On this comparison the set can show 9 points; 310 more items would show 5."),
        (
            "en",
            2.0,
            "the set can show 9 points; 310 more items, from further documents, would show 5.",
        ),
        ("zh", 1.0, "就此比较，这套题可检出 9 个百分点；再加 310 题可检出 5 个。"),
    ],
)
def test_what_the_set_can_show_and_what_more_items_would(lang: Language, design: float, said: str) -> None:
    shown = comparison(smallest_detectable=0.09, more_items=310, design=design)
    assert power_sentence(shown, lang).endswith(said)


def test_a_set_that_shows_enough_asks_for_no_more() -> None:
    enough = comparison(smallest_detectable=0.04, more_items=0)
    assert power_sentence(enough, "en") == "On this comparison the set can show 4 points."
    assert power_sentence(comparison(smallest_detectable=None), "en") == ""


def made(*reasons: Reason, method: str = "rag") -> MethodDecision:
    return MethodDecision.model_validate(
        {
            "method": method,
            "first_rung": None,
            "reasons": reasons,
            "missing": (),
            "next_action": "diagnose",
            "confidence": "measured",
        }
    )


RUN = "20261101T000000Z-evaluate"
LOST = comparison(a="rag", b="oracle", difference=0.3, low=0.2, high=0.4)
GAIN = comparison()


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (f"{RUN}:domain_knowledge:oracle-rag", LOST),
        (f"{RUN}:domain_knowledge:rag-oracle", LOST),
        (f"{RUN}:domain_knowledge:tuned+rag-rag", GAIN),
        (f"{RUN}:domain_knowledge:oracle", GAIN),
        ("needs_citations", GAIN),
    ],
    ids=["as compared", "the other way round", "another", "a level", "a rule on the profile"],
)
def test_the_comparison_that_decides_is_the_one_the_first_reason_quotes(evidence: str, expected: Comparison) -> None:
    found = report({"rag": 0.5, "oracle": 0.8, "tuned+rag": 0.67}, GAIN, LOST)
    decision = made(Reason(text="so", evidence=(evidence,), article="verdict", rule="fix_retrieval"))
    assert deciding(found, decision) == expected
    profile = Profile(needs_citations=True)
    kept = decided(found, decision, profile)
    assert kept.profile_sha256 == profile.sha256()
    assert (kept.method, kept.rule, kept.reasons, kept.comparison) == ("rag", "fix_retrieval", ("so",), expected)
    assert kept.measured


def test_a_report_without_comparisons_has_none_that_decides() -> None:
    assert deciding(report({"rag": 0.5}), made()) is None
    assert decided(report({"rag": 0.5}), made(), Profile()).rule == ""
