"""The ladder Q-LoRA → LoRA → full: where to start, and when a rung may be left.

A rung is left upward only when all four conditions hold; anything else is mended in the data first. Running out of
memory changes nothing by itself: it stops and asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from agent.policy.memory import LADDER as RUNGS
from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import fill, listed, percent, points
from agent.prompts.training import LADDER, MEMORY, METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import Reason, RungDecision
from agent.records.hardware import MethodFit
from agent.records.ladder import RungEvidence
from agent.records.tuning import Method


def first_rung(fits: Sequence[MethodFit], lang: Language = "en") -> RungDecision:
    """Return the rung to start on: the first that the device supports and carries, with the reason for each skip."""
    reasons: list[Reason] = []
    for one in fits:
        name, evidence = METHOD_NAMES[one.method][lang], f"plan.{one.method}"
        if one.available and one.fits:
            reasons.insert(0, reason(LADDER, "start", lang, "ladder", evidence, method=name, why=one.why))
            return RungDecision(outcome="start", method=one.method, reasons=tuple(reasons))
        article = "memory" if one.available else one.method
        reasons.append(reason(MEMORY, "skipped", lang, article, evidence, method=name, why=one.why))
    reasons.insert(0, reason(LADDER, "ask_nothing_fits", lang, "memory", "hardware", "base_model_params_b"))
    return RungDecision(outcome="ask", method=None, reasons=tuple(reasons))


def next_rung(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS, lang: Language = "en") -> RungDecision:
    """Return whether to stop, mend data, stay with a higher rank, climb, or ask.

    Args:
        evidence: What the run on the present rung has shown.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.
    """
    if evidence.out_of_memory:
        name, fitting = METHOD_NAMES[evidence.method][lang], _fitting(evidence.fits, evidence.method, lang)
        why = reason(LADDER, "out_of_memory", lang, "out-of-memory", "out_of_memory", method=name, fitting=fitting)
        return RungDecision(outcome="ask", method=None, reasons=(why,))
    met = _target_met(evidence, thresholds, lang)
    if met is not None:
        return RungDecision(outcome="done", method=evidence.method, reasons=(met,))
    against = [
        why
        for why in (
            _data_reason(evidence, lang),
            _curve_reason(evidence, thresholds, lang),
            _loss_reason(evidence, thresholds, lang),
            _gap_reason(evidence, thresholds, lang),
        )
        if why is not None
    ]
    if against:
        return RungDecision(outcome="mend_data", method=evidence.method, reasons=tuple(against))
    return _climb(evidence, thresholds, lang)


def _target_met(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    score, target = evidence.score, _target(evidence, thresholds)
    if score is None or score.mean < target:
        return None
    return reason(
        LADDER,
        "done",
        lang,
        "ladder",
        "score",
        "target",
        score=percent(score.mean),
        target=percent(target),
        low=percent(score.low),
        high=percent(score.high),
        n=score.n,
    )


def _data_reason(evidence: RungEvidence, lang: Language) -> Reason | None:
    if not evidence.data_checks:
        return reason(LADDER, "data_unchecked", lang, "data-first", "data_checks")
    failed = tuple(name for name, passed in evidence.data_checks.items() if not passed)
    if not failed:
        return None
    names = listed(failed, lang)
    return reason(LADDER, "data_fails", lang, "data-first", *(f"data_checks.{name}" for name in failed), checks=names)


def _curve_reason(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    scores = {point.share: point.score for point in evidence.learning_curve}
    if not {0.25, 0.5, 1.0} <= scores.keys():
        return reason(LADDER, "curve_unknown", lang, "data-first", "learning_curve")
    gain = scores[1.0] - scores[0.5]
    if gain <= thresholds.flat_gain:
        return None
    return reason(LADDER, "curve_rises", lang, "data-first", "learning_curve", gain=points(gain))


def _loss_reason(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    losses, pilot = evidence.losses, evidence.pilot_loss
    window = max(1, round(len(losses) * thresholds.plateau_part))
    # Full fine-tuning is the last rung: there is no next pilot to compare with.
    if len(losses) < 2 * window or (pilot is None and evidence.method != "full"):
        return reason(LADDER, "loss_unknown", lang, "ladder", "losses", "pilot_loss")
    last, before = fmean(losses[-window:]), fmean(losses[-2 * window : -window])
    change = (before - last) / before if before else 0.0
    if change > thresholds.plateau_change:
        return reason(LADDER, "loss_falls", lang, "ladder", "losses", change=percent(change))
    if pilot is not None and pilot >= last:
        return reason(
            LADDER, "pilot_no_better", lang, "ladder", "losses", "pilot_loss", pilot=f"{pilot:.3g}", loss=f"{last:.3g}"
        )
    return None


def _gap_reason(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    score, target = evidence.score, _target(evidence, thresholds)
    if score is None:
        return reason(LADDER, "score_unknown", lang, "validation-set", "score")
    if score.high < target:
        return None
    return reason(
        LADDER,
        "gap_within",
        lang,
        "statistics",
        "score",
        "target",
        target=percent(target),
        low=percent(score.low),
        high=percent(score.high),
        n=score.n,
    )


def _climb(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> RungDecision:
    """Choose the next rung once all conditions for leaving this one hold."""
    fitting = {one.method for one in evidence.fits if one.available and one.fits}
    basis = ("data_checks", "learning_curve", "losses", "pilot_loss", "score")
    if evidence.method == "full":
        why = reason(LADDER, "top", lang, "full", *basis)
        return RungDecision(outcome="ask", method=None, reasons=(why,))
    if evidence.method == "qlora" and "lora" in fitting:
        why = reason(LADDER, "climb", lang, "ladder", *basis, method=METHOD_NAMES["lora"][lang])
        return RungDecision(outcome="climb", method="lora", reasons=(why,))
    permission = _full_reason(evidence, thresholds, lang)
    if permission is None:
        now = evidence.rank if evidence.rank is not None else "?"
        rank = thresholds.full_after_rank
        why = reason(LADDER, "rank_first", lang, "full", "rank", rank=rank, now=now)
        return RungDecision(outcome="stay", method=evidence.method, reasons=(why,))
    if "full" in fitting:
        why = reason(LADDER, "climb", lang, "ladder", *basis, method=METHOD_NAMES["full"][lang])
        return RungDecision(outcome="climb", method="full", reasons=(why, permission))
    text = _fitting(evidence.fits, evidence.method, lang)
    why = reason(LADDER, "next_missing", lang, "memory", "fits", fitting=text)
    return RungDecision(outcome="ask", method=None, reasons=(why, permission))


def _full_reason(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    if evidence.pretraining_tokens >= thresholds.large_pretraining_tokens:
        tokens = f"{evidence.pretraining_tokens:,}"
        return reason(LADDER, "pretraining", lang, "full", "pretraining_tokens", tokens=tokens)
    if evidence.rank is not None and evidence.rank >= thresholds.full_after_rank:
        return reason(LADDER, "capacity_gap", lang, "full", "rank", "score", rank=evidence.rank)
    return None


def _target(evidence: RungEvidence, thresholds: Thresholds) -> float:
    return thresholds.default_target if evidence.target is None else evidence.target


def _fitting(fits: Sequence[MethodFit], but: Method, lang: Language) -> str:
    names = tuple(
        METHOD_NAMES[method][lang]
        for method in RUNGS
        if method != but and any(one.method == method and one.available and one.fits for one in fits)
    )
    return fill(LADDER, "fitting", lang, methods=listed(names, lang)) if names else fill(LADDER, "fitting_none", lang)
