from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from agent.policy.judging import agreement, families, kappa, kept_to_a_place, kinship, outcome_of
from agent.policy.thresholds import THRESHOLDS
from agent.records.judging import Judgement, JudgeOutcome, JudgeRequest, Kinship, Preference


@pytest.mark.parametrize(
    ("a_first", "b_first", "outcome"),
    [
        ("a", "a", "a"),
        ("b", "b", "b"),
        ("tie", "tie", "tie"),
        ("a", "b", "tie"),
        ("b", "a", "tie"),
        ("a", "tie", "tie"),
        ("tie", "b", "tie"),
        (None, "a", "failed"),
        ("b", None, "failed"),
        (None, None, "failed"),
    ],
)
def test_only_a_verdict_that_both_orders_share_names_a_winner(
    a_first: Preference | None, b_first: Preference | None, outcome: JudgeOutcome
) -> None:
    assert outcome_of(a_first, b_first) == outcome


def test_what_the_order_decided_is_told_with_the_place_that_won() -> None:
    def said(a_first: Preference | None, b_first: Preference | None) -> Judgement:
        outcome = outcome_of(a_first, b_first)
        return Judgement(
            item="i", kind="item", model="m", a="rag", b="tuned", a_first=a_first, b_first=b_first, outcome=outcome
        )

    # First place twice, second place once; agreeing, half-hearted and failed ones are no sign of a place.
    judged = [said("a", "b"), said("a", "b"), said("b", "a"), said("a", "a"), said("a", "tie"), said(None, "b")]
    assert kept_to_a_place(judged) == (3, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("qwen3-8b", {"qwen"}),
        ("Qwen/QwQ-32B", {"qwen"}),
        ("smollm2-135m-instruct", {"smollm"}),
        ("DeepSeek-R1-Distill-Qwen-7B", {"deepseek", "qwen"}),
        ("gpt-4o-mini", {"gpt"}),
        ("o3-mini", {"gpt"}),
        ("EleutherAI/gpt-neo-125m", set()),
        ("Phi-3.5-mini-instruct", {"phi"}),
        ("graphite", set()),
        ("gemini-2.5-flash", {"gemma"}),
        ("chatglm3-6b", {"glm"}),
        ("01-ai/Yi-6B", {"yi"}),
        ("meta-llama/Llama-3.1-8B", {"llama"}),
        ("ollama/mistral:7b", {"mistral"}),
        ("Mixtral-8x7B", {"mistral"}),
        ("our-own-model", set()),
    ],
)
def test_families_are_known_by_name(name: str, expected: set[str]) -> None:
    assert families(name) == expected


@pytest.mark.parametrize(
    ("judge", "base", "expected"),
    [
        (["qwen3-8b"], ["smollm2-135m-instruct"], "other"),
        (["qwen3-8b"], ["my-pump-model", "Qwen/Qwen2.5-0.5B"], "same"),
        (["DeepSeek-R1-Distill-Qwen-7B"], ["qwen2"], "same"),
        (["our-own-model"], ["OUR-OWN-MODEL"], "same"),
        (["our-own-model"], ["qwen2"], "unknown"),
        (["qwen3-8b"], ["pump-model"], "unknown"),
    ],
)
def test_kin_are_told_from_strangers(judge: list[str], base: list[str], expected: Kinship) -> None:
    assert kinship(judge, base) == expected


PairsSaid = list[tuple[Preference, Preference]]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param([("a", "a")] * 5, None, id="always the same one thing has no kappa"),
        pytest.param([("a", "a"), ("b", "b")] * 5, 1.0, id="always agreed"),
        pytest.param([("a", "b"), ("b", "a")] * 5, -1.0, id="always opposed"),
        pytest.param([("a", "tie"), ("b", "tie")] * 5, 0.0, id="a judge that only ties"),
        # Observed 0.70, expected 0.50 (Cohen's two-by-two: 20, 5, 10, 15).
        pytest.param(
            [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15, 0.4, id="worked example"
        ),
    ],
)
def test_kappa(said: PairsSaid, expected: float | None) -> None:
    found = kappa(said)
    assert found == expected if expected is None or found is None else math.isclose(found, expected)


def test_agreement_counts_ties_and_says_when_too_few_people_were_asked() -> None:
    said: PairsSaid = [("a", "a"), ("b", "b"), ("a", "b"), ("tie", "tie"), ("tie", "a")]
    found = agreement(said, votes=2, named=3, unjudged=1)
    assert (found.n, found.agreed, found.share) == (5, 3, 0.6)
    assert (found.decided, found.decided_agreed) == (3, 2)
    assert found.low < 0.6 < found.high
    assert (found.votes, found.named, found.unjudged, found.enough) == (2, 3, 1, False)
    assert agreement([("a", "a")] * THRESHOLDS.judge_labels).enough
    assert not agreement([("a", "a")] * (THRESHOLDS.judge_labels - 1)).enough
    assert THRESHOLDS.judge_labels == 50


def test_without_labels_everything_is_open() -> None:
    found = agreement([])
    assert (found.n, found.share, found.low, found.high, found.kappa, found.enough) == (0, None, 0.0, 1.0, None, False)


def test_two_different_arms_are_compared() -> None:
    assert JudgeRequest(run="r", a="rag", b="tuned", model="m").dimensions is None
    with pytest.raises(ValidationError, match="two different arms"):
        JudgeRequest(run="r", a="rag", b="rag", model="m")
