from __future__ import annotations

from typing import Any

import pytest

from agent.policy.ladder import first_rung, next_measurement, next_rung
from agent.policy.memory import fit
from agent.policy.rung_gates import GATES, gates, needed_pilot
from agent.records.decision import RungDecision
from agent.records.ladder import CurvePoint, Paired, Pilot, RungEvidence, ShorterRun
from tests.agent.policy.builders import A800, ARTICLES, ASCEND_910A, S3000, T4, device, estimate

FLAT = tuple(CurvePoint(share=share, score=score) for share, score in ((0.25, 0.48), (0.5, 0.50), (1.0, 0.51)))
STILL = Paired(difference=0.01, low=0.0, high=0.02, p=0.5, n=900)
"""What the flat curve gained from half of the data to all of it: its interval leaves room for no more than that."""
RISING = tuple(CurvePoint(share=share, score=score) for share, score in ((0.25, 0.30), (0.5, 0.40), (1.0, 0.51)))
PLATEAU = (2.0, 1.5, 1.2, 1.01, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
FALLING = (2.0, 1.8, 1.6, 1.4, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6)
BETTER = (Pilot(method="lora", rank=16, loss=0.8),)
LONGER_HELPS = ShorterRun(steps=5, losses=(2.0,) * 10)
FULL = (Pilot(method="full", loss=0.8),)
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
        "curve_gain": STILL,
        "losses": PLATEAU,
        "pilots": BETTER,
        "fits": EVERYTHING,
    }
    return RungEvidence(**(values | changes))


def gain(low: float, high: float) -> Paired:
    return Paired(difference=(low + high) / 2, low=low, high=high, p=0.5, n=60)


RISES = gain(0.02, 0.20)


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
        ({"data_checks": {"grounded": False, "own check": False}}, "fail: wrong or ungrounded pairs, own check"),
        ({"learning_curve": ()}, "not measured"),
        ({"learning_curve": FLAT[1:]}, "not measured"),
        ({"learning_curve": RISING, "curve_gain": None}, "still rises: +11 points from half of the data"),
        ({"learning_curve": RISING, "curve_gain": RISES}, "+11 points from half of the data to all of it (+2…+20"),
        ({"learning_curve": RISING, "curve_gain": gain(-0.05, 0.27)}, "cannot tell whether the learning curve is flat"),
        ({"curve_gain": gain(-0.03, 0.021)}, "an interval that ends at or below 2 points; more items, or more data"),
        ({"curve_gain": None}, "cannot tell whether the learning curve is flat"),
        ({"losses": ()}, "training loss is not measured"),
        ({"pilots": ()}, "no pilot of LoRA is measured"),
        ({"losses": FALLING}, "in half as many steps, which tells whether more would help, is not measured"),
        ({"losses": FALLING, "shorter": LONGER_HELPS}, "has not plateaued"),
        ({"losses": (0.01,) * 10}, "known by heart"),
        ({"score": None}, "score on the sealed items"),
        ({"score": estimate(0.75, 50)}, "lies within the interval"),
        ({"score": estimate(0.1, 40).model_copy(update={"errors": 41})}, "41 of 81 items could not be scored"),
        ({"score": estimate(1.0, 4).model_copy(update={"errors": 12})}, "12 of 16 items could not be scored"),
        ({"rank": 256, "pilots": (Pilot(method="lora", loss=1.0),)}, "no pilot of full fine-tuning"),
        (
            {"rank": 256, "pilots": (Pilot(method="lora", loss=1.0), Pilot(method="full", loss=0.99))},
            "does not go clearly below this rung's loss (0.99 against 1)",
        ),
        (
            {"method": "lora", "rank": 256, "pilots": (Pilot(method="full", loss=0.5, gain=gain(-0.30, -0.10)),)},
            "is shown worse on the items; −20 points",
        ),
    ],
    ids=[
        "2-data-unchecked",
        "2-data-fails",
        "2-data-fails-by-name",
        "2-curve-unknown",
        "2-curve-incomplete",
        "2-curve-rises",
        "2-curve-rises-by-its-interval",
        "2-curve-unclear",
        "2-curve-flat-by-its-figure-alone",
        "2-curve-flat-without-an-interval",
        "2-loss-unknown",
        "2-pilot-unknown",
        "2-loss-falls-at-the-end",
        "2-loss-falls",
        "2-loss-fitted",
        "2-score-unknown",
        "2-gap-within-interval",
        "2-mostly-unscored",
        "2-mostly-unscored-but-right",
        "2-full-pilot-unknown",
        "2-full-pilot-no-better",
        "2-pilot-worse-on-the-items",
    ],
)
def test_row_2_one_condition_missing_means_mending_data(changes: dict[str, Any], says: str) -> None:
    decision = next_rung(evidence(**changes))
    assert decision.outcome == "mend_data"
    assert decision.method == changes.get("method", "qlora")
    assert says in texts(decision)


def test_row_2_all_conditions_leave_the_rung() -> None:
    decision = next_rung(evidence())
    assert (decision.outcome, decision.method) == ("climb", "lora")
    assert "on to LoRA" in texts(decision)


def test_row_2_every_missing_condition_is_named() -> None:
    decision = next_rung(evidence(data_checks={}, learning_curve=(), losses=(), score=None))
    assert len(decision.reasons) == 4


def test_row_2_a_shut_gate_decides_and_what_was_not_measured_is_no_reason() -> None:
    decision = next_rung(evidence(data_checks={"leakage": False}, learning_curve=(), losses=(), pilots=()))
    assert [one.rule for one in decision.reasons] == ["data_fails"]


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"score": None, "data_checks": {}}, "data"),
        ({"score": None, "data_checks": {"leakage": False}}, "target"),
        ({"score": None, "learning_curve": (), "pilots": ()}, "target"),
        ({"learning_curve": (), "pilots": ()}, "curve"),
        ({"curve_gain": gain(-0.1, 0.1), "pilots": ()}, "pilot"),
        ({"losses": (0.01,) * 10, "curve_gain": gain(-0.1, 0.1), "pilots": ()}, None),
        ({"losses": (), "learning_curve": (), "pilots": ()}, "plateau"),
        ({"pilots": ()}, "pilot"),
        ({"data_checks": {"leakage": False}, "learning_curve": ()}, None),
        ({"losses": FALLING, "learning_curve": ()}, "plateau"),
        ({"losses": FALLING, "shorter": LONGER_HELPS, "learning_curve": ()}, None),
        ({"losses": (0.01,) * 10, "learning_curve": ()}, "curve"),
        ({"losses": (0.01,) * 10}, None),
        ({"score": estimate(0.9, 200), "learning_curve": (), "pilots": ()}, None),
        ({"score": estimate(0.75, 50), "learning_curve": ()}, None),
        ({"score": estimate(1.0, 4).model_copy(update={"errors": 12}), "learning_curve": ()}, None),
        ({"out_of_memory": True, "score": None}, None),
        ({}, None),
    ],
)
def test_gates_are_measured_cheap_ones_first_and_no_further_than_they_decide(
    changes: dict[str, Any], gate: str | None
) -> None:
    assert next_measurement(evidence(**changes)) == gate


def test_every_gate_has_a_state_a_reason_and_its_figures() -> None:
    found = gates(evidence(pilots=(BETTER[0].model_copy(update={"gain": gain(0, 0.2)}),)))
    assert tuple(gate.name for gate in found) == GATES
    assert {gate.state for gate in found} == {"open"}
    figures = {gate.name: gate.figures for gate in found}
    assert figures["curve"] == {
        "at_25": 0.48,
        "at_50": 0.5,
        "at_100": 0.51,
        "gain": pytest.approx(0.01),
        "low": 0.0,
        "high": 0.02,
    }
    assert figures["pilot"]["lora_loss"] == 0.8
    assert figures["pilot"]["lora_against"] == 1.0
    assert figures["pilot"]["lora_gain"] == 0.1
    assert figures["plateau"]["fall"] == pytest.approx(0.0)


def test_a_gate_of_a_met_target_is_shut() -> None:
    found = {gate.name: gate for gate in gates(evidence(score=estimate(0.99, 200)))}
    assert (found["target"].state, found["target"].reason.rule) == ("shut", "gap_none")


def test_a_pilot_is_compared_with_its_own_reference_where_it_was_shorter() -> None:
    shorter = Pilot(method="lora", loss=1.2, reference=1.4)
    assert next_rung(evidence(pilots=(shorter,))).outcome == "climb"
    assert next_rung(evidence(pilots=(shorter.model_copy(update={"reference": 1.21}),))).outcome == "stay"


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({"pilots": ()}, "lora"),
        ({}, None),
        ({"pilots": (Pilot(method="lora", loss=1.0),)}, None),
        ({"pilots": (Pilot(method="lora", loss=1.0),), "rank": 256}, "full"),
        ({"pilots": (), "fits": fit(T4, 1, 7)}, None),
        ({"method": "lora", "pilots": ()}, None),
        ({"method": "lora", "pilots": (), "pretraining_tokens": 5_000_000_000}, "full"),
        ({"method": "full", "pilots": ()}, None),
    ],
)
def test_a_pilot_is_wanted_only_where_it_would_change_something(changes: dict[str, Any], method: str | None) -> None:
    assert needed_pilot(evidence(**changes)) == method


def test_where_quantization_does_not_limit_the_rank_comes_next() -> None:
    decision = next_rung(evidence(pilots=(Pilot(method="lora", loss=0.99),)))
    assert (decision.outcome, decision.method) == ("stay", "qlora")
    shown = gates(evidence(pilots=(Pilot(method="lora", loss=0.99),)))[-1]
    assert "quantization is not what limits" in shown.reason.text


@pytest.mark.parametrize("score", [0.95, 0.8], ids=["beyond doubt", "at the mean"])
def test_row_3_meeting_the_target_ends_the_climb(score: float) -> None:
    decision = next_rung(evidence(score=estimate(score, 200)))
    assert (decision.outcome, decision.method) == ("done", "qlora")
    assert "target of 80%" in texts(decision)


def test_row_3_as_many_errors_as_scores_are_still_held_against_the_target() -> None:
    assert next_rung(evidence(score=estimate(0.95, 40).model_copy(update={"errors": 40}))).outcome == "done"


def test_row_3_without_a_target_the_default_holds() -> None:
    assert next_rung(evidence(target=None, score=estimate(0.72, 200))).outcome == "done"


@pytest.mark.parametrize(("score", "n", "rule"), [(0.95, 200, "done"), (0.85, 40, "done_open"), (0.8, 20, "done_open")])
def test_a_target_that_is_reached_but_not_shown_is_said_to_be_so(score: float, n: int, rule: str) -> None:
    decision = next_rung(evidence(target=0.8, score=estimate(score, n)))
    assert (decision.outcome, decision.reasons[0].rule) == ("done", rule)
    assert ("not yet shown" in decision.reasons[0].text) == (rule == "done_open")


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
        ({"rank": 16, "pilots": ()}, "stay", "lora", "rank 256 on all linear layers has to show"),
        ({"rank": None, "pilots": ()}, "stay", "lora", "now rank ?"),
        ({"rank": 256}, "climb", "full", "has shown a capacity gap"),
        ({"pretraining_tokens": 5_000_000_000}, "climb", "full", "5,000,000,000 tokens"),
        ({"rank": 256, "fits": fit(A800, 1, 14)}, "ask", None, "no higher rung"),
        ({"method": "full", "rank": None, "pilots": ()}, "ask", None, "last rung"),
        ({"method": "qlora", "fits": fit(T4, 1, 7), "pilots": ()}, "stay", "qlora", "rank 256"),
        (
            {"method": "qlora", "rank": 256, "pilots": (Pilot(method="lora", loss=1.0), *FULL)},
            "climb",
            "full",
            "has shown a capacity gap",
        ),
    ],
    ids=[
        "5-rank-16-stays",
        "5-rank-unknown-stays",
        "5-rank-256-gap",
        "5-large-pretraining",
        "5-full-does-not-fit",
        "5-full-is-the-last",
        "5-qlora-without-lora",
        "5-qlora-past-a-lora-that-shows-nothing",
    ],
)
def test_row_5_full_only_after_a_capacity_gap_or_for_large_pretraining(
    changes: dict[str, Any], outcome: str, method: str | None, says: str
) -> None:
    decision = next_rung(evidence(**({"method": "lora", "pilots": FULL} | changes)))
    assert (decision.outcome, decision.method) == (outcome, method)
    assert says in texts(decision)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"out_of_memory": True},
        {"learning_curve": RISING, "curve_gain": RISES},
        {"curve_gain": gain(-0.1, 0.1)},
        {"score": None},
    ],
)
def test_the_ladder_speaks_chinese(changes: dict[str, Any]) -> None:
    decision = next_rung(evidence(**changes), lang="zh")
    assert all(any("\u4e00" <= c <= "\u9fff" for c in one.text) for one in decision.reasons)
