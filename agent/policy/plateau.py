"""Whether a run has stopped gaining: the gate that tells a rung trained too short from one that can do no more.

A learning rate that falls to nothing takes the loss down with it, so the end of a run alone does not show that more
steps would help: a run is comparable only at the end of its own schedule (2203.15556). Where the loss falls at the end,
the same run in half as many steps, its rate gone down as far, is the comparison; that twice the steps would bring no
more than the last doubling did is assumed. What the batches of single steps make uncertain states no plateau: the
upper end of the interval must lie at or below the threshold. Example: `plateau_gate(evidence).state`.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final, NamedTuple

from agent.policy.reasons import reason
from agent.policy.student import welch_interval
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import count_points, fill, points
from agent.prompts.training import LADDER
from agent.records.base import Language
from agent.records.ladder import Gate, GateState, Paired, RungEvidence, ShorterRun

_NUMBER: Final = "{:.3g}"
_Decided = tuple[str, GateState]
_FITTED: Final[_Decided] = ("loss_fitted", "shut")
_FLAT: Final[_Decided] = ("loss_flat", "open")
_VALIDATED: Final[_Decided] = ("validation_flat", "open")


class Fall(NamedTuple):
    """How far a loss fell, as a share of what it fell from."""

    of: float
    low: float | None
    high: float | None
    """Interval by the spread of the steps' losses; `None` where there are too few steps to tell."""

    def at_most(self, threshold: float) -> bool:
        """Return whether the interval leaves no room for a larger fall, which a single figure never shows."""
        return self.high is not None and self.high <= threshold


def plateau_gate(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS, lang: Language = "en") -> Gate:
    """Return whether more steps on the rung are not foreseen to help.

    Data known by heart shut it. The validation loss decides where it was read, since a training loss can fall by
    learning by heart alone; else the training loss. Where that may still fall at the end of the run, the run in half
    as many steps decides; where its loss cannot tell, the interval of the score's gain on the items does. Readings of
    the validation loss are all of the same examples, so that no luck of the batches lies between them: one that no
    longer falls is a plateau without an interval. Two runs differ by more, and one figure of each shows none.

    Args:
        evidence: What the run on the rung has shown.
        thresholds: The numbers to decide by.
        lang: Language of the reason.
    """
    losses, window = evidence.losses, _window(evidence.losses, thresholds)
    if len(losses) < 2 * window:
        why = reason(LADDER, "losses_unknown", lang, "ladder", "losses")
        return Gate(name="plateau", state="unmeasured", reason=why)
    last, before = losses[-window:], losses[-2 * window : -window]
    end = _fall(before, last, thresholds)
    figures: dict[str, float | None] = {
        "loss": fmean(last),
        "loss_before": fmean(before),
        "fall": end.of,
        "fall_low": end.low,
        "fall_high": end.high,
        "steps": float(len(losses)),
    }
    validated = _validated(evidence.validation_losses, thresholds)
    if validated is not None:
        figures |= {"validation_loss": min(evidence.validation_losses), "validation_fall": validated}
    shorter = evidence.shorter
    halved = fall_from(shorter, evidence, thresholds) if shorter is not None else None
    if shorter is not None and halved is not None:
        figures |= {"half_steps": float(shorter.steps), "half_fall": halved.of}
        figures |= {"half_fall_low": halved.low, "half_fall_high": halved.high}
        if shorter.gain is not None:
            gain = shorter.gain
            figures |= {"half_gain": gain.difference, "half_gain_low": gain.low, "half_gain_high": gain.high}
    if fmean(last) < thresholds.fitted_loss:
        key, state = _FITTED
    elif validated is None and end.at_most(thresholds.plateau_change):
        key, state = _FLAT
    elif validated is not None and validated <= thresholds.plateau_change:
        key, state = _VALIDATED
    else:
        key, state = _by_half(halved, shorter.gain if shorter is not None else None, thresholds)
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
        change=_said(end) if validated is None else f"{validated:.1%}",
        loss=_NUMBER.format(fmean(last) if validated is None else min(evidence.validation_losses)),
        fall="" if halved is None else _said(halved),
        items="" if shorter is None or shorter.gain is None else _on_items(shorter.gain, lang),
        limit=f"{thresholds.plateau_change:.0%}",
        most=count_points(thresholds.flat_gain),
    )
    return Gate(name="plateau", state=state, reason=why, figures=figures)


def fall_from(shorter: ShorterRun, evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS) -> Fall | None:
    """Return how far the loss at the end falls from half of the steps to all of them; `None` without losses.

    The interval is Welch's, over the steps of the last part of each run; a validation loss is one figure a run and has
    none.

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
    return _fall(ends[0], ends[1], thresholds)


def settled_loss(losses: Sequence[float], thresholds: Thresholds = THRESHOLDS) -> float | None:
    """Return the mean loss over the last part of a run; `None` without losses."""
    return fmean(losses[-_window(losses, thresholds) :]) if losses else None


def _fall(before: Sequence[float], after: Sequence[float], thresholds: Thresholds) -> Fall:
    start = fmean(before)
    of = _share(start, fmean(after))
    if not start or min(len(before), len(after)) < 2:
        return Fall(of, None, None)
    low, high = welch_interval(before, after, thresholds.confidence)
    return Fall(of, low / start, high / start)


def _by_half(fall: Fall | None, gain: Paired | None, thresholds: Thresholds) -> _Decided:
    if fall is None:
        return "half_unknown", "unmeasured"
    if fall.at_most(thresholds.plateau_change):
        return "half_flat", "open"
    if fall.of > thresholds.plateau_change and (fall.low is None or fall.low > 0):
        return "loss_falls", "shut"
    still = gain is not None and gain.high <= thresholds.flat_gain
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
