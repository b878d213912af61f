from __future__ import annotations

from typing import Any

import pytest

from agent.policy.ladder import first_rung, next_rung
from agent.policy.memory import fit
from agent.records.decision import RungDecision
from agent.records.ladder import CurvePoint, RungEvidence
from tests.agent.policy.builders import A800, ARTICLES, ASCEND_910A, S3000, T4, device, estimate

FLAT = tuple(CurvePoint(share=share, score=score) for share, score in ((0.25, 0.48), (0.5, 0.50), (1.0, 0.51)))
RISING = tuple(CurvePoint(share=share, score=score) for share, score in ((0.25, 0.30), (0.5, 0.40), (1.0, 0.51)))
PLATEAU = (2.0, 1.5, 1.2, 1.01, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
FALLING = (2.0, 1.8, 1.6, 1.4, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6)
EVERYTHING = fit(device("Big", 2000), 1, 7)


def evidence(**changes: Any) -> RungEvidence:
    """A Q-LoRA run after which all conditions for climbing hold, changed as named."""
    values: dict[str, Any] = {
        "method": "qlora",
        "rank": 16,
        "target": 0.8,
        "score": estimate(0.5, 200),
        "data_checks": {"duplicates": True, "leakage": True},
        "learning_curve": FLAT,
        "losses": PLATEAU,
        "pilot_loss": 0.8,
        "fits": EVERYTHING,
    }
    return RungEvidence(**(values | changes))


def texts(decision: RungDecision) -> str:
    assert {one.article for one in decision.reasons} <= ARTICLES
    return "\n".join(one.text for one in decision.reasons)


@pytest.mark.parametrize(
    ("on", "params_b", "outcome", "method", "says"),
    [
        (A800, 7, "start", "qlora", "needs 6–14 GiB"),
        (ASCEND_910A, 7, "start", "lora", "Q-LoRA skipped"),
        (T4, 7, "start", "qlora", "first rung"),
        (T4, 70, "ask", None, "choose a smaller model"),
        (S3000, 7, "ask", None, "full fine-tuning skipped"),
    ],
    ids=["1-a800", "1-910a-skips-qlora", "1-t4", "1-nothing-fits", "1-nothing-available"],
)
def test_row_1_a_rung_is_available_only_if_the_device_supports_and_carries_it(
    on: Any, params_b: float, outcome: str, method: str | None, says: str
) -> None:
    decision = first_rung(fit(on, 1, params_b))
    assert (decision.outcome, decision.method) == (outcome, method)
    assert says in texts(decision)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data_checks": {}}, "have not run"),
        ({"data_checks": {"duplicates": False, "leakage": True}}, "fail: duplicates"),
        ({"learning_curve": ()}, "not measured"),
        ({"learning_curve": FLAT[1:]}, "not measured"),
        ({"learning_curve": RISING}, "still rises: +11 points"),
        ({"losses": ()}, "not both measured"),
        ({"pilot_loss": None}, "not both measured"),
        ({"losses": FALLING}, "has not plateaued"),
        ({"pilot_loss": 1.1}, "does not go below"),
        ({"score": None}, "score on the sealed items"),
        ({"score": estimate(0.75, 50)}, "lies within the interval"),
        ({"losses": (0.0,) * 10}, "does not go below"),
    ],
    ids=[
        "2-data-unchecked",
        "2-data-fails",
        "2-curve-unknown",
        "2-curve-incomplete",
        "2-curve-rises",
        "2-loss-unknown",
        "2-pilot-unknown",
        "2-loss-falls",
        "2-pilot-no-better",
        "2-score-unknown",
        "2-gap-within-interval",
        "2-loss-already-zero",
    ],
)
def test_row_2_one_condition_missing_means_mending_data(changes: dict[str, Any], says: str) -> None:
    decision = next_rung(evidence(**changes))
    assert decision.outcome == "mend_data"
    assert decision.method == "qlora"
    assert says in texts(decision)


def test_row_2_all_conditions_leave_the_rung() -> None:
    decision = next_rung(evidence())
    assert (decision.outcome, decision.method) == ("climb", "lora")
    assert "on to LoRA" in texts(decision)


def test_row_2_every_missing_condition_is_named() -> None:
    decision = next_rung(evidence(data_checks={}, learning_curve=(), losses=(), score=None))
    assert len(decision.reasons) == 4


@pytest.mark.parametrize("score", [0.95, 0.8], ids=["beyond doubt", "at the mean"])
def test_row_3_meeting_the_target_ends_the_climb(score: float) -> None:
    decision = next_rung(evidence(score=estimate(score, 200)))
    assert (decision.outcome, decision.method) == ("done", "qlora")
    assert "target of 80%" in texts(decision)


def test_row_3_without_a_target_the_default_holds() -> None:
    assert next_rung(evidence(target=None, score=estimate(0.72, 200))).outcome == "done"


@pytest.mark.parametrize(
    ("fits", "says"),
    [(EVERYTHING, "What fits: Q-LoRA, full fine-tuning"), ((), "shorter length")],
    ids=["4-says-what-fits", "4-nothing-else-fits"],
)
def test_row_4_out_of_memory_stops_and_asks(fits: Any, says: str) -> None:
    decision = next_rung(evidence(method="lora", out_of_memory=True, fits=fits, score=estimate(0.95, 200)))
    assert (decision.outcome, decision.method) == ("ask", None)
    assert says in texts(decision)


@pytest.mark.parametrize(
    ("changes", "outcome", "method", "says"),
    [
        ({"rank": 16}, "stay", "lora", "rank 256 on all linear layers has to show"),
        ({"rank": None}, "stay", "lora", "now rank ?"),
        ({"rank": 256}, "climb", "full", "has shown a capacity gap"),
        ({"pretraining_tokens": 5_000_000_000}, "climb", "full", "5,000,000,000 tokens"),
        ({"rank": 256, "fits": fit(A800, 1, 14)}, "ask", None, "no higher rung"),
        ({"method": "full", "rank": None, "pilot_loss": None}, "ask", None, "last rung"),
        ({"method": "qlora", "fits": fit(T4, 1, 7)}, "stay", "qlora", "rank 256"),
    ],
    ids=[
        "5-rank-16-stays",
        "5-rank-unknown-stays",
        "5-rank-256-gap",
        "5-large-pretraining",
        "5-full-does-not-fit",
        "5-full-is-the-last",
        "5-qlora-without-lora",
    ],
)
def test_row_5_full_only_after_a_capacity_gap_or_for_large_pretraining(
    changes: dict[str, Any], outcome: str, method: str | None, says: str
) -> None:
    decision = next_rung(evidence(**({"method": "lora"} | changes)))
    assert (decision.outcome, decision.method) == (outcome, method)
    assert says in texts(decision)


@pytest.mark.parametrize("changes", [{}, {"out_of_memory": True}, {"learning_curve": RISING}, {"score": None}])
def test_the_ladder_speaks_chinese(changes: dict[str, Any]) -> None:
    decision = next_rung(evidence(**changes), lang="zh")
    assert all(any("\u4e00" <= c <= "\u9fff" for c in one.text) for one in decision.reasons)
