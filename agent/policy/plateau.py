"""Whether a run has stopped gaining: the gate that tells a rung trained too short from one that can do no more.

A learning rate that falls to nothing takes the loss down with it, so the end of a run alone does not show that more
steps would help: a run is comparable only at the end of its own schedule (2203.15556). Where the loss falls at the end,
the same run in half as many steps, its rate gone down as far, is the comparison; that twice the steps would bring no
more than the last doubling did is assumed. Example: `plateau_gate(evidence).state`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Final, NamedTuple

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import fill, points
from agent.prompts.training import LADDER
from agent.records.base import Language
from agent.records.ladder import Gate, GateState, Paired, RungEvidence, ShorterRun

_NUMBER: Final = "{:.3g}"


class Fall(NamedTuple):
    """How far a loss fell, as a share of what it fell from."""

    of: float
    low: float | None
    high: float | None
    """Interval by the spread of the steps' losses; `None` where there are too few steps to tell."""


def plateau_gate(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS, lang: Language = "en") -> Gate:
    """Return whether more steps on the rung are not foreseen to help.

    Data known by heart shut it. The validation loss decides where it was read, since a training loss can fall by
    learning by heart alone; else the training loss. Where that falls at the end of the run, the run in half as many
    steps decides; where its loss cannot tell, the score on the items does.

    Args:
        evidence: What the run on the rung has shown.
        thresholds: The numbers to decide by.
        lang: Language of the reason.
    """
    losses, window = evidence.losses, _window(evidence.losses, thresholds)
    if len(losses) < 2 * window:
        why = reason(LADDER, "losses_unknown", lang, "ladder", "losses")
        return Gate(name="plateau", state="unmeasured", reason=why)
    last, before = fmean(losses[-window:]), fmean(losses[-2 * window : -window])
    change = _share(before, last)
    figures: dict[str, float | None] = {
        "loss": last,
        "loss_before": before,
        "fall": change,
        "steps": float(len(losses)),
    }
    validated = _validated(evidence.validation_losses, thresholds)
    if validated is not None:
        figures |= {"validation_loss": min(evidence.validation_losses), "validation_fall": validated}
    key, state = _decided(evidence, last, change if validated is None else validated, validated, thresholds)
    shorter = evidence.shorter
    halved = fall_from(shorter, evidence, thresholds) if shorter is not None else None
    if shorter is not None and halved is not None:
        figures |= {"half_steps": float(shorter.steps), "half_fall": halved.of}
        figures |= {"half_fall_low": halved.low, "half_fall_high": halved.high}
        if shorter.gain is not None:
            gain = shorter.gain
            figures |= {"half_gain": gain.difference, "half_gain_low": gain.low, "half_gain_high": gain.high}
    kind = fill(LADDER, "training_loss" if validated is None else "validation_loss", lang)
    why = reason(
        LADDER,
        key,
        lang,
        "ladder",
        "losses",
        *(() if validated is None else ("validation_losses",)),
        *(() if shorter is None else ("shorter",)),
        kind=kind,
        change=f"{change if validated is None else validated:.1%}",
        loss=_NUMBER.format(last if validated is None else min(evidence.validation_losses)),
        fall="" if halved is None else _said(halved),
        items="" if shorter is None or shorter.gain is None else _on_items(shorter.gain, lang),
    )
    return Gate(name="plateau", state=state, reason=why, figures=figures)


def fall_from(shorter: ShorterRun, evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS) -> Fall | None:
    """Return how far the loss at the end falls from half of the steps to all of them; `None` without losses.

    The interval is the normal one of a difference of two means, over the steps of the last part of each run; a
    validation loss is one figure a run and has none.

    Args:
        shorter: The run in half as many steps.
        evidence: The run on the rung.
        thresholds: The numbers to decide by.
    """
    if _validated(evidence.validation_losses, thresholds) is not None and shorter.validation_loss is not None:
        return Fall(_share(shorter.validation_loss, min(evidence.validation_losses)), None, None)
    ends = [losses[-_window(losses, thresholds) :] for losses in (shorter.losses, evidence.losses)]
    if not all(ends):
        return None
    half, whole = (fmean(end) for end in ends)
    fall = _share(half, whole)
    if not half or min(len(end) for end in ends) < 2:
        return Fall(fall, None, None)
    z = NormalDist().inv_cdf((1 + thresholds.confidence) / 2)
    margin = z * sqrt(sum(variance(end) / len(end) for end in ends)) / half
    return Fall(fall, fall - margin, fall + margin)


def settled_loss(losses: Sequence[float], thresholds: Thresholds = THRESHOLDS) -> float | None:
    """Return the mean loss over the last part of a run; `None` without losses."""
    return fmean(losses[-_window(losses, thresholds) :]) if losses else None


def _decided(
    evidence: RungEvidence, last: float, change: float, validated: float | None, thresholds: Thresholds
) -> tuple[str, GateState]:
    if last < thresholds.fitted_loss:
        return "loss_fitted", "shut"
    if change <= thresholds.plateau_change:
        return "loss_flat" if validated is None else "validation_flat", "open"
    shorter = evidence.shorter
    fall = None if shorter is None else fall_from(shorter, evidence, thresholds)
    if shorter is None or fall is None:
        return "half_unknown", "unmeasured"
    if fall.of <= thresholds.plateau_change:
        return "half_flat", "open"
    if fall.low is None or fall.low > 0:
        return "loss_falls", "shut"
    still = shorter.gain is not None and shorter.gain.difference <= thresholds.flat_gain
    return ("half_still", "open") if still else ("half_unclear", "shut")


def _validated(losses: Sequence[float], thresholds: Thresholds) -> float | None:
    """Return how far the lowest validation loss fell in the last part of its readings; `None` with too few of them."""
    window = _window(losses, thresholds)
    return _share(min(losses[:-window]), min(losses[-window:])) if len(losses) > window else None


def _share(before: float, after: float) -> float:
    return (before - after) / before if before else 0.0


def _said(fall: Fall) -> str:
    interval = "" if fall.low is None or fall.high is None else f" ({fall.low:.1%}…{fall.high:.1%})"
    return f"{fall.of:.1%}{interval}"


def _on_items(gain: Paired, lang: Language) -> str:
    interval = f" ({points(gain.low)}…{points(gain.high)}, n = {gain.n})"
    return fill(LADDER, "on_items", lang, gain=points(gain.difference), interval=interval)


def _window(losses: Sequence[float], thresholds: Thresholds) -> int:
    return max(1, round(len(losses) * thresholds.plateau_part))
