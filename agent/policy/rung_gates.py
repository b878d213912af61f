"""The gates of a rung: what must hold before it is left upward, each with the figures it is decided by.

A gate nobody measured is not open, and a gain opens none by its figure alone: it goes by the interval of the paired
difference, and where that leaves too much room, by a pilot that gains more at least than the most of it.
Example: `gates(evidence)[0].state` is `shut` where a check of the data fails.
"""

from __future__ import annotations

from typing import Final, get_args

from agent.policy.memory import LADDER as RUNGS
from agent.policy.plateau import plateau_gate, settled_loss
from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.climbing import check_names
from agent.prompts.phrases import count_points, fill, listed, percent, points
from agent.prompts.training import LADDER, METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import Reason
from agent.records.evaluation import Estimate
from agent.records.ladder import Gate, GateName, GateState, Paired, Pilot, RungEvidence
from agent.records.tuning import Method

GATES: Final[tuple[GateName, ...]] = get_args(GateName)
"""All gates, in the order in which they are measured."""
_NUMBER: Final = "{:.3g}"
_UNSCORED: Final[tuple[str, GateState, str]] = ("gap_unscored", "shut", "validation-set")
_BY_PILOT: Final = {
    "half_unclear": ("half_pilot", "pilot_outruns"),
    "curve_unclear": ("curve_pilot", "pilot_outruns_data"),
}
"""What is said instead where a pilot will tell what a doubling cannot, and where one has."""
WAITS_FOR_PILOT: Final = frozenset(waits for waits, _ in _BY_PILOT.values())
"""Rules of gates that are measured as far as they can be themselves, and unmeasured until a pilot has run."""


def gates(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS, lang: Language = "en") -> tuple[Gate, ...]:
    """Return every gate of a rung in the order of `GATES`.

    Args:
        evidence: What the run on the rung has shown.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.
    """
    return (
        _data_gate(evidence, lang),
        _target_gate(evidence, thresholds, lang),
        _plateau_gate(evidence, thresholds, lang),
        _curve_gate(evidence, thresholds, lang),
        _pilot_gate(evidence, thresholds, lang),
    )


def fitting_methods(evidence: RungEvidence) -> frozenset[Method]:
    """Return the methods that the device supports and carries."""
    return frozenset(one.method for one in evidence.fits if one.available and one.fits)


def pilot_of(evidence: RungEvidence, method: Method) -> Pilot | None:
    """Return the newest pilot of a method, if there was one."""
    return next((pilot for pilot in reversed(evidence.pilots) if pilot.method == method), None)


def better(pilot: Pilot, evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Return whether a pilot fell clearly below this rung's loss and is not shown worse on the items."""
    ours = _reference(pilot, evidence, thresholds)
    if ours is None or pilot.loss > ours * (1 - thresholds.pilot_fall):
        return False
    return pilot.gain is None or pilot.gain.high >= 0


def full_permission(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    """Return why full fine-tuning may be asked for: large continued pre-training, or a capacity gap at the top rank."""
    if evidence.pretraining_tokens >= thresholds.large_pretraining_tokens:
        tokens = f"{evidence.pretraining_tokens:,}"
        return reason(LADDER, "pretraining", lang, "full", "pretraining_tokens", tokens=tokens)
    if evidence.rank is not None and evidence.rank >= thresholds.full_after_rank:
        return reason(LADDER, "capacity_gap", lang, "full", "rank", "score", rank=evidence.rank)
    return None


def needed_pilot(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS) -> Method | None:
    """Return the method whose pilot the pilot gate waits for; `None` if none would change anything.

    Of methods above the present one that fit, the first without a pilot, as long as those before it showed nothing;
    full fine-tuning only where its time has come.
    """
    for method in RUNGS[RUNGS.index(evidence.method) + 1 :]:
        if method not in fitting_methods(evidence) or (
            method == "full" and full_permission(evidence, thresholds, "en") is None
        ):
            continue
        pilot = pilot_of(evidence, method)
        if pilot is None:
            return method
        if better(pilot, evidence, thresholds):
            return None
    return None


def target_of(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS) -> float:
    """Return the accuracy that is good enough, a fraction."""
    return thresholds.default_target if evidence.target is None else evidence.target


def counts(score: Estimate, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Return whether enough of the items have a score to hold it against a target; what has none is no 0."""
    return score.n >= thresholds.scored_items * (score.n + score.errors)


def _data_gate(evidence: RungEvidence, lang: Language) -> Gate:
    checks = evidence.data_checks
    failed = tuple(name for name, passed in checks.items() if not passed)
    figures = {"checks": float(len(checks)), "failed": float(len(failed))}
    if not checks:
        why = reason(LADDER, "data_unchecked", lang, "data-first", "data_checks")
        return Gate(name="data", state="unmeasured", reason=why)
    if failed:
        names, ids = listed(check_names(failed, lang), lang), (f"data_checks.{name}" for name in failed)
        why = reason(LADDER, "data_fails", lang, "data-first", *ids, checks=names)
        return Gate(name="data", state="shut", reason=why, figures=figures)
    why = reason(LADDER, "data_passes", lang, "data-first", "data_checks", count=len(checks))
    return Gate(name="data", state="open", reason=why, figures=figures)


def _target_gate(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Gate:
    score = evidence.score
    target = target_of(evidence, thresholds)
    if score is None:
        why = reason(LADDER, "score_unknown", lang, "validation-set", "score")
        return Gate(name="target", state="unmeasured", reason=why, figures={"target": target})
    key, state, article = _gap(score.low, score.high, target) if counts(score, thresholds) else _UNSCORED
    why = reason(
        LADDER,
        key,
        lang,
        article,
        "score",
        "target",
        score=percent(score.mean),
        target=percent(target),
        low=percent(score.low),
        high=percent(score.high),
        n=score.n,
        errors=score.errors,
        items=score.n + score.errors,
    )
    figures = {"score": score.mean, "low": score.low, "high": score.high, "n": float(score.n), "target": target}
    figures |= {"errors": float(score.errors)}
    return Gate(name="target", state=state, reason=why, figures=figures)


def _gap(low: float, high: float, target: float) -> tuple[str, GateState, str]:
    if high < target:
        return "gap_shown", "open", "statistics"
    return ("gap_within", "shut", "statistics") if low < target else ("gap_none", "shut", "ladder")


def _plateau_gate(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Gate:
    """Return the gate of the plateau; where the run itself cannot tell, a pilot above may."""
    gate = plateau_gate(evidence, thresholds, lang)
    return _by_pilot(gate, evidence.shorter.gain if evidence.shorter is not None else None, evidence, thresholds, lang)


def _by_pilot(
    gate: Gate, doubled: Paired | None, evidence: RungEvidence, thresholds: Thresholds, lang: Language
) -> Gate:
    """Return a gate as a pilot above tells it, where the last doubling of the steps or the data leaves it unclear.

    Twice as much again is taken to bring no more than the last doubling did. A pilot whose least gain lies above the
    most that this may have been does better than that, flat or not, so the gate waits for it; nothing can gain more
    than everything, so where a doubling may have brought that, no pilot is waited for.
    """
    if gate.reason.rule not in _BY_PILOT or doubled is None or doubled.high >= 1:
        return gate
    waits, outruns = _BY_PILOT[gate.reason.rule]
    ahead = next((p for p in evidence.pilots if _outruns(p, doubled) and better(p, evidence, thresholds)), None)
    method = ahead.method if ahead is not None else needed_pilot(evidence, thresholds)
    if method is None:
        return gate
    why = reason(
        LADDER,
        waits if ahead is None else outruns,
        lang,
        "ladder",
        *gate.reason.evidence,
        "pilots",
        method=METHOD_NAMES[method][lang],
        doubled=_interval(doubled),
        items="" if ahead is None or ahead.gain is None else _interval(ahead.gain),
    )
    return gate.model_copy(update={"state": "unmeasured" if ahead is None else "open", "reason": why})


def _outruns(pilot: Pilot, doubled: Paired) -> bool:
    return pilot.gain is not None and pilot.gain.low > max(doubled.high, 0.0)


def _curve_gate(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Gate:
    """Return the gate of the learning curve, which goes by the interval of its last doubling on the same items.

    It rises where that lies above 0 and the gain above what counts as flat, and is flat only where no room for more
    than that is left. What no items were paired for has no interval: its figure can tell of a rise, the careful side,
    and never of flatness. Where the items cannot tell, a pilot above may.
    """
    scores = {point.share: point.score for point in evidence.learning_curve}
    if not {0.25, 0.5, 1.0} <= scores.keys():
        why = reason(LADDER, "curve_unknown", lang, "data-first", "learning_curve")
        return Gate(name="curve", state="unmeasured", reason=why)
    paired = evidence.curve_gain
    gain = paired.difference if paired is not None else scores[1.0] - scores[0.5]
    figures: dict[str, float | None] = {f"at_{share:.0%}".rstrip("%"): score for share, score in sorted(scores.items())}
    figures |= {"gain": gain, "low": paired.low if paired else None, "high": paired.high if paired else None}
    key, state = _slope(gain, paired, thresholds)
    why = reason(
        LADDER,
        key,
        lang,
        "data-first",
        "learning_curve",
        gain=points(gain),
        interval=_interval(paired),
        most=count_points(thresholds.flat_gain),
    )
    gate = Gate(name="curve", state=state, reason=why, figures=figures)
    return _by_pilot(gate, paired, evidence, thresholds, lang)


def _slope(gain: float, paired: Paired | None, thresholds: Thresholds) -> tuple[str, GateState]:
    if gain > thresholds.flat_gain and (paired is None or paired.low > 0):
        return "curve_rises", "shut"
    flat = paired is not None and paired.high <= thresholds.flat_gain
    return ("curve_flat", "open") if flat else ("curve_unclear", "shut")


def _pilot_gate(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Gate:
    """Return whether something above this rung went below its loss; open where no pilot could tell anything.

    Where the next thing to try is a higher rank, that run is itself the pilot; where nothing above fits, the policy
    asks. A pilot of LoRA that is no better than Q-LoRA shows that quantization is not what limits: the rank comes next.
    """
    figures: dict[str, float | None] = {}
    for pilot in evidence.pilots:
        ours = _reference(pilot, evidence, thresholds)
        figures |= {f"{pilot.method}_loss": pilot.loss, f"{pilot.method}_against": ours}
        if pilot.gain is not None:
            figures |= {
                f"{pilot.method}_gain": pilot.gain.difference,
                f"{pilot.method}_gain_low": pilot.gain.low,
                f"{pilot.method}_gain_high": pilot.gain.high,
            }
    waits = needed_pilot(evidence, thresholds)
    if waits is not None:
        why = reason(LADDER, "pilot_unknown", lang, "ladder", "pilots", method=METHOD_NAMES[waits][lang])
        return Gate(name="pilot", state="unmeasured", reason=why, figures=figures)
    shown = [pilot for pilot in evidence.pilots if better(pilot, evidence, thresholds)]
    if shown:
        why = _pilot_reason("pilot_better", shown[-1], evidence, thresholds, lang)
        return Gate(name="pilot", state="open", reason=why, figures=figures)
    permitted = full_permission(evidence, thresholds, lang) is not None and "full" in fitting_methods(evidence)
    if evidence.pilots and permitted:
        why = _pilot_reason("pilot_no_better", evidence.pilots[-1], evidence, thresholds, lang)
        return Gate(name="pilot", state="shut", reason=why, figures=figures)
    if evidence.pilots and evidence.method == "qlora":
        why = _pilot_reason("pilot_rank", evidence.pilots[-1], evidence, thresholds, lang)
        return Gate(name="pilot", state="open", reason=why, figures=figures)
    why = reason(LADDER, "pilot_needless", lang, "ladder", "fits", "rank")
    return Gate(name="pilot", state="open", reason=why, figures=figures)


def _pilot_reason(key: str, pilot: Pilot, evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason:
    ours = _reference(pilot, evidence, thresholds)
    return reason(
        LADDER,
        key,
        lang,
        "ladder",
        "losses",
        "pilots",
        method=METHOD_NAMES[pilot.method][lang],
        pilot=_NUMBER.format(pilot.loss),
        loss="?" if ours is None else _NUMBER.format(ours),
        items=""
        if pilot.gain is None
        else fill(LADDER, "on_items", lang, gain=points(pilot.gain.difference), interval=_interval(pilot.gain)),
    )


def _reference(pilot: Pilot, evidence: RungEvidence, thresholds: Thresholds) -> float | None:
    return pilot.reference if pilot.reference is not None else settled_loss(evidence.losses, thresholds)


def _interval(paired: Paired | None) -> str:
    return f" ({points(paired.low)}…{points(paired.high)}, n = {paired.n})" if paired else ""
