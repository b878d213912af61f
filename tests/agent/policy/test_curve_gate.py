"""When a learning curve counts as flat: by the interval of its last doubling, or by a pilot that outruns it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.policy.ladder import next_measurement, next_rung
from agent.policy.rung_gates import gates
from agent.records.base import Language
from agent.records.ladder import Gate, Paired, Pilot, RungEvidence
from tests.agent.policy.builders import ARTICLES
from tests.agent.policy.test_ladder import EVERYTHING, FLAT, RISING, STILL, evidence, gain
from tests.agent.policy.test_plateau import FALLING, half


def curve(known: RungEvidence, lang: Language = "en") -> Gate:
    return next(gate for gate in gates(known, lang=lang) if gate.name == "curve")


def piloted(low: float, loss: float = 0.1) -> Pilot:
    """A pilot of LoRA that gained at least so much."""
    return Pilot(method="lora", loss=loss, gain=gain(low, 1.0))


@pytest.mark.parametrize(
    ("paired", "points", "state", "rule"),
    [
        (STILL, FLAT, "open", "curve_flat"),
        (gain(-0.30, -0.10), FLAT, "open", "curve_flat"),
        (gain(0.005, 0.02), FLAT, "open", "curve_flat"),
        (gain(-0.03, 0.021), FLAT, "shut", "curve_unclear"),
        (gain(-0.81, 0.31), FLAT, "shut", "curve_unclear"),
        (gain(0.001, 0.03), FLAT, "shut", "curve_unclear"),
        (gain(0.0, 0.20), RISING, "shut", "curve_unclear"),
        (gain(0.02, 0.20), RISING, "shut", "curve_rises"),
        (gain(0.01, 0.03001), RISING, "shut", "curve_rises"),
        (None, RISING, "shut", "curve_rises"),
        (None, FLAT, "shut", "curve_unclear"),
        (STILL, FLAT[1:], "unmeasured", "curve_unknown"),
    ],
    ids=[
        "the interval ends at the threshold",
        "shown worse",
        "shown better, by no more than the threshold",
        "no gain by its figure, room for more than the threshold",
        "worse by its figure, room for much",
        "shown better, by less than the threshold and perhaps by more",
        "a gain that may be none",
        "a gain that is shown",
        "a gain that is shown, just above the threshold",
        "a gain without an interval",
        "no gain, without an interval",
        "a point is missing",
    ],
)
def test_a_curve_is_flat_only_where_its_interval_leaves_no_room(
    paired: Paired | None, points: Any, state: str, rule: str
) -> None:
    found = curve(evidence(curve_gain=paired, learning_curve=points))
    assert (found.state, found.reason.rule) == (state, rule)


@pytest.mark.parametrize(
    ("most", "changes", "state", "rule", "next_one"),
    [
        (0.3, {"pilots": ()}, "unmeasured", "curve_pilot", "pilot"),
        (0.3, {"pilots": (piloted(0.31),)}, "open", "pilot_outruns_data", None),
        (0.3, {"pilots": (piloted(0.30),)}, "shut", "curve_unclear", None),
        (0.3, {"pilots": (Pilot(method="lora", loss=0.1),)}, "shut", "curve_unclear", None),
        (0.3, {"pilots": (piloted(0.31, loss=2.0),)}, "shut", "curve_unclear", None),
        (0.3, {"pilots": (piloted(0.31, loss=2.0),), "rank": 256}, "unmeasured", "curve_pilot", "pilot"),
        (0.3, {"pilots": (), "fits": ()}, "shut", "curve_unclear", None),
        (0.3, {"pilots": (), "method": "full", "rank": None}, "shut", "curve_unclear", None),
        (1.0, {"pilots": ()}, "shut", "curve_unclear", None),
        (0.3, {"pilots": (), "curve_gain": gain(0.1, 0.3)}, "shut", "curve_rises", None),
        (0.3, {"pilots": (), "curve_gain": None}, "shut", "curve_unclear", None),
        (0.3, {"pilots": (), "losses": FALLING}, "unmeasured", "curve_pilot", "plateau"),
        (0.3, {"pilots": (), "losses": FALLING, "shorter": half(1.3, 1.3)}, "unmeasured", "curve_pilot", None),
        (0.3, {"pilots": (), "losses": (0.01,) * 10}, "unmeasured", "curve_pilot", None),
        (0.3, {"pilots": (), "losses": (0.01,) * 10, "learning_curve": ()}, "unmeasured", "curve_unknown", "curve"),
    ],
    ids=[
        "a pilot can tell",
        "its least is more than the most of a doubling",
        "its least is not",
        "it was not scored",
        "it is better by items and not by loss",
        "that of LoRA tells nothing, that of full can",
        "no pilot fits",
        "nothing is above",
        "no pilot can gain more than everything",
        "a curve that rises waits for no pilot",
        "nothing to hold a pilot against",
        "a cheaper gate comes first",
        "a gate that is shut comes first",
        "known by heart, no pilot would help and the curve is not measured again",
        "known by heart, the curve says how much more",
    ],
)
def test_a_pilot_that_outruns_more_data_makes_the_flat_curve_needless(
    most: float, changes: dict[str, Any], state: str, rule: str, next_one: str | None
) -> None:
    known = evidence(**({"curve_gain": gain(-0.4, most), "rank": 64} | changes))
    found = curve(known)
    assert (found.state, found.reason.rule) == (state, rule)
    assert found.reason.article in ARTICLES
    assert next_measurement(known) == next_one


def test_one_pilot_opens_the_plateau_and_the_curve_that_both_waited_for_it() -> None:
    unsure = {"losses": FALLING, "shorter": half(0.2, 1.2, gain=gain(-1.0, 0.55)), "curve_gain": gain(-0.81, 0.31)}
    assert next_measurement(evidence(**unsure, pilots=())) == "pilot"
    assert next_rung(evidence(**unsure, pilots=(piloted(0.73),))).outcome == "climb"
    both = next_rung(evidence(**unsure, pilots=(piloted(0.2),)))
    assert (both.outcome, [one.rule for one in both.reasons]) == ("mend_data", ["half_unclear", "curve_unclear"])
    one = next_rung(evidence(**unsure, pilots=(piloted(0.4),)))
    assert (one.outcome, [reason.rule for reason in one.reasons]) == ("mend_data", ["half_unclear"])


def test_every_measuring_ends() -> None:
    """A pilot is measured once a method: a curve that none of them tells is not measured again."""
    known = evidence(curve_gain=gain(-0.4, 0.3), rank=256, pilots=(), fits=EVERYTHING)
    asked = []
    for method in ("lora", "full"):
        asked.append(next_measurement(known))
        none_better = Pilot(method=method, loss=2.0, gain=gain(-0.5, 0.5))
        known = known.model_copy(update={"pilots": (*known.pilots, none_better)})
    assert asked == ["pilot", "pilot"]
    assert next_measurement(known) is None
    assert next_rung(known).outcome == "mend_data"


def test_the_gain_of_the_curve_is_that_of_the_items_both_answered() -> None:
    """The scores beside it are each over what that run answered, so their difference may be another."""
    paired = Paired(difference=-0.02, low=-0.05, high=0.01, p=0.4, n=500)
    figures = curve(evidence(curve_gain=paired)).figures
    assert (figures["at_50"], figures["at_100"], figures["gain"]) == (0.5, 0.51, -0.02)
    assert curve(evidence(curve_gain=None)).figures["gain"] == pytest.approx(0.01)


def test_the_reasons_name_their_intervals() -> None:
    unsure = evidence(curve_gain=gain(-0.4, 0.3), pilots=())
    assert "may have brought this (−40…+30, n = 60); a pilot of LoRA" in curve(unsure).reason.text
    told = curve(unsure.model_copy(update={"pilots": (piloted(0.31),)})).reason
    assert "LoRA does better than twice the data: the least its pilot gained (+31…+100, n = 60)" in told.text
    assert "may have brought (−40…+30, n = 60)" in told.text
    assert told.evidence == ("learning_curve", "pilots")
    flat = curve(evidence()).reason.text
    assert "+1 points from half of the data to all of it (0…+2, n = 900), and the whole interval stays at or" in flat


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"curve_gain": gain(0.1, 0.3)},
        {"curve_gain": gain(-0.4, 0.3)},
        {"curve_gain": gain(-0.4, 0.3), "pilots": ()},
        {"curve_gain": gain(-0.4, 0.3), "pilots": (piloted(0.5),)},
    ],
)
def test_it_speaks_chinese(changes: dict[str, Any]) -> None:
    text = curve(evidence(**changes), "zh").reason.text
    assert "数据" in text
    assert "curve" not in text
    assert "data" not in text
