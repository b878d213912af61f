"""When a run counts as plateaued: by the validation loss, the end of the run, or the run in half as many steps."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from agent.policy.ladder import next_measurement
from agent.policy.plateau import fall_from, plateau_gate, settled_loss
from agent.policy.rung_gates import gates
from agent.policy.thresholds import THRESHOLDS
from agent.records.ladder import Pilot, RungEvidence, ShorterRun
from tests.agent.policy.test_ladder import PLATEAU, evidence, gain

FALLING = (2.0,) * 6 + (0.85, 0.85, 0.65, 0.65)
"""Falls at its end by 23.5%; the steps of a part of it do not differ."""

NOISY = (2.0, 1.8, 1.6, 1.4, 1.2, 1.1, 1.1, 1.0, 0.9, 1.0, 1.1, 1.0, 0.8, 1.0, 0.6)
"""Falls at its end; its last three steps lie 0.2 apart."""
UNSURE = (2.0,) * 6 + (0.9, 1.1, 0.9, 1.1)
"""Its last two parts have the same mean, each of two steps that lie 0.2 apart."""


def half(*end: float, **changes: Any) -> ShorterRun:
    """A run in half as many steps whose last part is as given."""
    start = (2.0,) * (4 * len(end))
    return ShorterRun(**({"steps": 5, "losses": (*start, *end)} | changes))


@pytest.mark.parametrize(
    ("changes", "state", "rule"),
    [
        ({"losses": ()}, "unmeasured", "losses_unknown"),
        ({"losses": (1.0,)}, "unmeasured", "losses_unknown"),
        ({"losses": PLATEAU}, "open", "loss_flat"),
        ({"losses": (0.01,) * 10}, "shut", "loss_fitted"),
        ({"losses": FALLING}, "unmeasured", "half_unknown"),
        ({"losses": FALLING, "shorter": half()}, "unmeasured", "half_unknown"),
        ({"losses": FALLING, "shorter": half(0.655, 0.655)}, "open", "half_flat"),
        ({"losses": FALLING, "shorter": half(0.60, 0.60)}, "open", "half_flat"),
        ({"losses": FALLING, "shorter": half(0.0, 0.0)}, "shut", "half_unclear"),
        ({"losses": UNSURE}, "unmeasured", "half_unknown"),
        ({"losses": UNSURE, "shorter": half(0.9, 1.1)}, "shut", "half_unclear"),
        ({"losses": UNSURE, "shorter": half(0.9, 1.1, gain=gain(-0.02, 0.021))}, "shut", "half_unclear"),
        ({"losses": UNSURE, "shorter": half(0.9, 1.1, gain=gain(-0.02, 0.02))}, "open", "half_still"),
        ({"losses": FALLING, "shorter": half(1.21, 1.20)}, "shut", "loss_falls"),
        ({"losses": FALLING, "shorter": half(1.21, 1.20, gain=gain(-0.1, 0.1))}, "shut", "loss_falls"),
        ({"losses": FALLING, "shorter": half(0.9)}, "shut", "loss_falls"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9)}, "shut", "half_unclear"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9, gain=gain(0.0, 0.2))}, "shut", "half_unclear"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9, gain=gain(-0.25, 0.02))}, "open", "half_still"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9, gain=gain(-0.04, 0.04))}, "shut", "half_unclear"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9, gain=gain(-1.0, 0.55))}, "shut", "half_unclear"),
        ({"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8, 0.8, 0.8)}, "open", "validation_flat"),
        ({"losses": FALLING, "validation_losses": (1.0, 0.8, 0.9, 1.1)}, "open", "validation_flat"),
        ({"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8)}, "unmeasured", "half_unknown"),
        ({"losses": PLATEAU, "validation_losses": (1.0, 0.9, 0.8)}, "unmeasured", "half_unknown"),
        ({"losses": PLATEAU, "validation_losses": (1.0,)}, "open", "loss_flat"),
        (
            {"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8), "shorter": half(2.0, 2.0, validation_loss=0.81)},
            "shut",
            "half_unclear",
        ),
        (
            {
                "losses": FALLING,
                "validation_losses": (1.0, 0.9, 0.8),
                "shorter": half(2.0, 2.0, validation_loss=0.81, gain=gain(-0.02, 0.01)),
            },
            "open",
            "half_still",
        ),
        (
            {"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8), "shorter": half(0.6, 0.6, validation_loss=1.0)},
            "shut",
            "loss_falls",
        ),
    ],
    ids=[
        "nothing measured",
        "too short to tell",
        "flat at its end",
        "known by heart",
        "falls at its end, as a rate that goes down makes it",
        "half without losses",
        "half ends as low",
        "half ends lower",
        "half ends at nothing",
        "no fall at its end, but the steps leave room for one",
        "no fall from half, but the steps leave room for one",
        "no fall from half, the items leave room for more than the threshold",
        "no fall from half, the items leave no room",
        "half ends far higher",
        "half ends far higher, the items notwithstanding",
        "half too short for an interval",
        "unclear by the loss, no items",
        "unclear by the loss, better on the items",
        "unclear by the loss, shown no better on the items",
        "unclear by the loss, the same on the items by their mean alone",
        "unclear by the loss, worse on the items by their mean alone",
        "validation loss has stopped falling",
        "validation loss rises, the training loss falls by learning by heart",
        "validation loss falls at its end",
        "validation loss falls at its end, the training loss does not",
        "one validation loss tells nothing",
        "validation loss of the half as low, one figure against another",
        "validation loss of the half as low, shown no better on the items",
        "validation loss of the half higher",
    ],
)
def test_a_run_has_plateaued_where_more_steps_would_not_help(changes: dict[str, Any], state: str, rule: str) -> None:
    gate = plateau_gate(evidence(**changes))
    assert (gate.state, gate.reason.rule) == (state, rule)


def test_a_loss_that_falls_at_the_end_asks_for_the_run_in_half_as_many_steps() -> None:
    assert next_measurement(evidence(losses=FALLING, learning_curve=())) == "plateau"
    assert next_measurement(evidence(losses=FALLING, learning_curve=(), shorter=half(0.65, 0.65))) == "curve"
    assert next_measurement(evidence(losses=FALLING, learning_curve=(), shorter=half(1.21, 1.20))) is None


@pytest.mark.parametrize(
    ("shorter", "says"),
    [
        (
            None,
            "the training loss fell by 23.5% (23.5%…23.5%) over the last part of the run, to 0.65, where the learning",
        ),
        (half(1.3, 1.3), "fell by 50.0% (50.0%…50.0%), to 0.65"),
        (half(0.65, 0.65, gain=gain(-0.02, 0.04)), "plateaued at 0.65: from half of the steps to all of them it fell"),
        (
            half(0.2, 1.2, gain=gain(-0.1, 0.1)),
            "0 points on the items (−10…+10, n = 60): that cannot tell whether it has plateaued, which takes an "
            "interval that ends at or below 2% of the loss or 2 points of the score; more items, or a longer run, come",
        ),
        (
            half(0.2, 1.2, gain=gain(-0.1, 0.02)),
            "whole interval of the score's gain stays at or below 2 points; −4 points on the items (−10…+2, n = 60)",
        ),
        (half(0.65, 0.65, gain=gain(-0.02, 0.04)), "+1 points on the items (−2…+4, n = 60)"),
    ],
)
def test_the_reason_names_its_figures(shorter: ShorterRun | None, says: str) -> None:
    assert says in plateau_gate(evidence(losses=FALLING, shorter=shorter)).reason.text


def test_the_figures_stand_in_the_gate() -> None:
    found = plateau_gate(
        evidence(losses=FALLING, shorter=half(1.3, 1.3, gain=gain(0.0, 0.2)), validation_losses=(1.0,))
    ).figures
    assert found["loss"] == pytest.approx(0.65)
    assert found["half_fall"] == pytest.approx(0.5)
    assert [found["half_fall_low"], found["half_fall_high"]] == pytest.approx([0.5, 0.5])
    assert [found["fall_low"], found["fall_high"]] == pytest.approx([4 / 17, 4 / 17])
    assert (found["half_steps"], found["half_gain"]) == (5.0, 0.1)
    assert "validation_loss" not in found
    read = plateau_gate(evidence(losses=FALLING, validation_losses=(1.0, 0.8, 0.9))).figures
    assert read["validation_loss"] == 0.8
    assert read["validation_fall"] == pytest.approx(-0.125)


def test_the_interval_of_a_fall_is_welchs() -> None:
    """Checked against scipy's own test on the same steps; two and four of them, their variances 0.04 and 0.0033."""
    end = (0.95, 1.05, 0.95, 1.05)
    before = (1.0 + 0.02**0.5, 1.0 - 0.02**0.5)
    found = fall_from(half(*before), evidence(losses=((2.0,) * 16 + end)))
    assert found is not None
    checked = stats.ttest_ind(before, end, equal_var=False).confidence_interval(0.95)
    assert found == pytest.approx((0.0, checked.low, checked.high))
    assert found.high == pytest.approx(1.5287, abs=1e-4)  # the normal interval would have ended at 0.28


def test_the_loss_of_a_run_is_that_of_its_last_part() -> None:
    assert settled_loss(PLATEAU) == 1.0
    assert settled_loss(()) is None


SPREAD = half(0.2, 1.2, gain=gain(-0.1, 0.1))
STILL = half(0.2, 1.2, gain=gain(-0.1, 0.0))


@pytest.mark.parametrize(
    "shorter", [None, half(0.65, 0.65), half(1.3, 1.3), half(0.9, gain=gain(0, 0.2)), SPREAD, STILL]
)
@pytest.mark.parametrize("validated", [(), (1.0, 0.9, 0.8), (1.0, 1.0, 1.0)])
def test_it_speaks_chinese(shorter: ShorterRun | None, validated: tuple[float, ...]) -> None:
    gate = plateau_gate(evidence(losses=FALLING, shorter=shorter, validation_losses=validated), THRESHOLDS, "zh")
    assert "损失" in gate.reason.text
    assert "loss" not in gate.reason.text


def piloted(most: float, *pilots: Pilot) -> RungEvidence:
    """A run whose plateau its loss cannot tell, the last doubling having brought at most so much on the items."""
    return evidence(losses=FALLING, shorter=half(0.2, 1.2, gain=gain(-0.2, most)), pilots=pilots, rank=64)


@pytest.mark.parametrize(
    ("most", "pilots", "state", "rule", "next_one"),
    [
        (0.3, (), "unmeasured", "half_pilot", "pilot"),
        (0.3, (Pilot(method="lora", loss=0.1, gain=gain(0.31, 0.9)),), "open", "pilot_outruns", None),
        (0.3, (Pilot(method="lora", loss=0.1, gain=gain(0.29, 0.9)),), "shut", "half_unclear", None),
        (0.3, (Pilot(method="lora", loss=0.1),), "shut", "half_unclear", None),
        (0.3, (Pilot(method="lora", loss=2.0, gain=gain(0.31, 0.9)),), "shut", "half_unclear", None),
        (1.0, (), "shut", "half_unclear", None),
    ],
    ids=[
        "a pilot can tell",
        "its least is more than the most of a doubling",
        "its least is not",
        "it was not scored",
        "it is better by items and not by loss",
        "no pilot can gain more than everything",
    ],
)
def test_a_pilot_that_outruns_a_longer_run_makes_the_plateau_needless(
    most: float, pilots: tuple[Pilot, ...], state: str, rule: str, next_one: str | None
) -> None:
    known = piloted(most, *pilots)
    found = next(gate for gate in gates(known) if gate.name == "plateau")
    assert (found.state, found.reason.rule) == (state, rule)
    assert next_measurement(known) == next_one


def test_the_curve_is_measured_before_the_pilot_that_has_to_tell() -> None:
    assert next_measurement(piloted(0.3).model_copy(update={"learning_curve": ()})) == "curve"


def test_why_a_pilot_opens_the_plateau_names_both_intervals() -> None:
    known = piloted(0.3, Pilot(method="lora", loss=0.1, gain=gain(0.31, 0.9)))
    text = next(gate for gate in gates(known) if gate.name == "plateau").reason.text
    assert "pilot gained (+31…+90, n = 60) is more than the most" in text
    assert "brought (−20…+30, n = 60)" in text
