"""When a run counts as plateaued: by the validation loss, the end of the run, or the run in half as many steps."""

from __future__ import annotations

from typing import Any

import pytest

from agent.policy.ladder import next_measurement
from agent.policy.plateau import fall_from, plateau_gate, settled_loss
from agent.policy.thresholds import THRESHOLDS
from agent.records.ladder import ShorterRun
from tests.agent.policy.test_ladder import FALLING, PLATEAU, evidence, gain

NOISY = (2.0, 1.8, 1.6, 1.4, 1.2, 1.1, 1.1, 1.0, 0.9, 1.0, 1.1, 1.0, 0.8, 1.0, 0.6)
"""Falls at its end; its last three steps lie 0.2 apart."""


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
        ({"losses": FALLING, "shorter": half(0.66, 0.65)}, "open", "half_flat"),
        ({"losses": FALLING, "shorter": half(0.60, 0.60)}, "open", "half_flat"),
        ({"losses": FALLING, "shorter": half(0.0, 0.0)}, "open", "half_flat"),
        ({"losses": FALLING, "shorter": half(1.21, 1.20)}, "shut", "loss_falls"),
        ({"losses": FALLING, "shorter": half(1.21, 1.20, gain=gain(-0.1, 0.1))}, "shut", "loss_falls"),
        ({"losses": FALLING, "shorter": half(0.9)}, "shut", "loss_falls"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9)}, "shut", "half_unclear"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9, gain=gain(0.0, 0.2))}, "shut", "half_unclear"),
        ({"losses": NOISY, "shorter": half(0.6, 1.0, 0.9, gain=gain(-0.02, 0.04))}, "open", "half_still"),
        ({"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8, 0.8, 0.8)}, "open", "validation_flat"),
        ({"losses": FALLING, "validation_losses": (1.0, 0.8, 0.9, 1.1)}, "open", "validation_flat"),
        ({"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8)}, "unmeasured", "half_unknown"),
        ({"losses": PLATEAU, "validation_losses": (1.0, 0.9, 0.8)}, "unmeasured", "half_unknown"),
        ({"losses": PLATEAU, "validation_losses": (1.0,)}, "open", "loss_flat"),
        (
            {"losses": FALLING, "validation_losses": (1.0, 0.9, 0.8), "shorter": half(2.0, 2.0, validation_loss=0.81)},
            "open",
            "half_flat",
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
        "half ends far higher",
        "half ends far higher, the items notwithstanding",
        "half too short for an interval",
        "unclear by the loss, no items",
        "unclear by the loss, better on the items",
        "unclear by the loss, the same on the items",
        "validation loss has stopped falling",
        "validation loss rises, the training loss falls by learning by heart",
        "validation loss falls at its end",
        "validation loss falls at its end, the training loss does not",
        "one validation loss tells nothing",
        "validation loss of the half as low",
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
        (None, "the training loss fell by 23.5% over the last part of the run, to 0.65, where the learning rate goes"),
        (half(1.3, 1.3), "fell by 50.0% (42.5%…57.5%), to 0.65"),
        (half(0.65, 0.65, gain=gain(-0.02, 0.04)), "plateaued at 0.65: from half of the steps to all of them it fell"),
        (
            half(0.2, 1.2, gain=gain(-0.1, 0.1)),
            "within its uncertainty, and the score did not rise; 0 points on the items",
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
    assert found["half_fall_low"] == pytest.approx(0.425, abs=0.001)
    assert (found["half_steps"], found["half_gain"]) == (5.0, 0.1)
    assert "validation_loss" not in found
    read = plateau_gate(evidence(losses=FALLING, validation_losses=(1.0, 0.8, 0.9))).figures
    assert read["validation_loss"] == 0.8
    assert read["validation_fall"] == pytest.approx(-0.125)


def test_the_interval_of_a_fall_is_that_of_a_difference_of_two_means() -> None:
    """Checked by hand: variances 0.04 and 0.0025 of two and four steps; 1.96 * sqrt(0.02 + 0.000625) = 0.2815."""
    end = (0.95, 1.05, 0.95, 1.05)
    whole = evidence(losses=((2.0,) * 16 + end))
    shorter = half(1.0 + 0.02**0.5, 1.0 - 0.02**0.5)
    found = fall_from(shorter, whole)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.of == pytest.approx(0.0)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * (0.04 / 2 + 0.1**2 / 3 / 4) ** 0.5, rel=1e-3)


def test_the_loss_of_a_run_is_that_of_its_last_part() -> None:
    assert settled_loss(PLATEAU) == 1.0
    assert settled_loss(()) is None


SPREAD = half(0.2, 1.2, gain=gain(-0.1, 0.1))


@pytest.mark.parametrize("shorter", [None, half(0.65, 0.65), half(1.3, 1.3), half(0.9, gain=gain(0, 0.2)), SPREAD])
@pytest.mark.parametrize("validated", [(), (1.0, 0.9, 0.8), (1.0, 1.0, 1.0)])
def test_it_speaks_chinese(shorter: ShorterRun | None, validated: tuple[float, ...]) -> None:
    gate = plateau_gate(evidence(losses=FALLING, shorter=shorter, validation_losses=validated), THRESHOLDS, "zh")
    assert "损失" in gate.reason.text
    assert "loss" not in gate.reason.text
