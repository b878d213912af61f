"""The ladder Q-LoRA → LoRA → full: where to start, and when a rung may be left.

A rung is left upward only when all gates of `agent.policy.rung_gates` are open; anything else is mended in the data
first. Running out of memory changes nothing by itself: it stops and asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.policy.memory import LADDER as RUNGS
from agent.policy.reasons import reason
from agent.policy.rung_gates import (
    GATES,
    WAITS_FOR_PILOT,
    better,
    counts,
    fitting_methods,
    full_permission,
    gates,
    pilot_of,
    target_of,
)
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import fill, listed, percent
from agent.prompts.training import LADDER, MEMORY, METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import Reason, RungDecision
from agent.records.hardware import MethodFit
from agent.records.ladder import GateName, RungEvidence
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

    A gate that is shut decides; gates that were not measured are reasons only where none is shut.

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
    found = gates(evidence, thresholds, lang)
    shut = tuple(gate.reason for gate in found if gate.state == "shut")
    unmeasured = tuple(gate.reason for gate in found if gate.state == "unmeasured")
    if shut or unmeasured:
        return RungDecision(outcome="mend_data", method=evidence.method, reasons=shut or unmeasured)
    return _climb(evidence, thresholds, lang)


def next_measurement(evidence: RungEvidence, thresholds: Thresholds = THRESHOLDS) -> GateName | None:
    """Return the gate to measure next, cheap ones first; `None` once what is known decides.

    Args:
        evidence: What is known so far.
        thresholds: The numbers to decide by.
    """
    if evidence.out_of_memory or _target_met(evidence, thresholds, "en") is not None:
        return None
    found = gates(evidence, thresholds)
    states = {gate.name: gate.state for gate in found}
    if evidence.score is None and states["data"] != "unmeasured":
        return "target"  # a run that meets the target needs no other gate, whatever its data look like
    shut = [gate.reason.rule for gate in found if gate.state == "shut"]
    # What a pilot has to tell is measured by the pilot gate, after the cheaper ones.
    waiting = {gate.name for gate in found if gate.reason.rule in WAITS_FOR_PILOT}
    if shut == ["loss_fitted"] and states["curve"] == "unmeasured" and "curve" not in waiting:
        return "curve"  # the answer is more data then, and the curve says how much
    if shut:
        return None
    return next((name for name in GATES if states[name] == "unmeasured" and name not in waiting), None)


def _target_met(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> Reason | None:
    """Return why the climb ends on this rung; `None` if the score misses the target.

    A score that reaches it without showing it ends the climb too: a costlier method waits until a miss is shown.
    """
    score, target = evidence.score, target_of(evidence, thresholds)
    if score is None or score.mean < target or not counts(score, thresholds):
        return None
    return reason(
        LADDER,
        "done" if score.low >= target else "done_open",
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


def _climb(evidence: RungEvidence, thresholds: Thresholds, lang: Language) -> RungDecision:
    """Choose what comes next once all gates are open."""
    fitting = fitting_methods(evidence)
    basis = ("data_checks", "learning_curve", "losses", "pilots", "score")
    if evidence.method == "full":
        why = reason(LADDER, "top", lang, "full", *basis)
        return RungDecision(outcome="ask", method=None, reasons=(why,))
    lora = pilot_of(evidence, "lora") if evidence.method == "qlora" and "lora" in fitting else None
    if lora is not None and better(lora, evidence, thresholds):
        why = reason(LADDER, "climb", lang, "ladder", *basis, method=METHOD_NAMES["lora"][lang])
        return RungDecision(outcome="climb", method="lora", reasons=(why,))
    permission = full_permission(evidence, thresholds, lang)
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


def _fitting(fits: Sequence[MethodFit], but: Method, lang: Language) -> str:
    names = tuple(
        METHOD_NAMES[method][lang]
        for method in RUNGS
        if method != but and any(one.method == method and one.available and one.fits for one in fits)
    )
    return fill(LADDER, "fitting", lang, methods=listed(names, lang)) if names else fill(LADDER, "fitting_none", lang)
