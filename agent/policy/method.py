"""Prompting, RAG, fine-tuning, both, or not enough evidence yet: the main decision.

Rules speak from the profile (`rules`), gates from measurements (`gates`); where both speak, what was measured wins.
Example: `choose_method(Profile(task_kind="facts", needs_citations=True)).method` is `"rag"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.policy.devices import starting_rung
from agent.policy.gates import Gates, apply_gates, rag_dropped
from agent.policy.measurements import FIELDS, Measurements, from_report, profile_measurements
from agent.policy.missing import missing_fields
from agent.policy.reasons import reason
from agent.policy.rules import Rules, apply_rules, tuning_advice
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.decisions import GATES, QUESTIONS
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from agent.records.decision import Action, Confidence, MethodChoice, MethodDecision, Reason
from agent.records.evaluation import Arm, EvaluationReport
from agent.records.hardware import Device
from agent.records.profile import Measured, Profile
from agent.records.tuning import Method

Devices = Mapping[str, Device] | None

_TESTED_BY: Final[dict[MethodChoice, tuple[Arm, ...]]] = {
    "prompt": ("base", "rag"),
    "rag": ("base", "rag"),
    "finetune": ("base", "tuned"),
    "rag+finetune": ("rag", "tuned+rag"),
}
"""The arms whose comparison would confirm or overturn a method."""
_OPEN: Final = ("too_few", "still_open")
"""Reasons for which the evidence does not suffice."""
_MEASURED: Final = (
    "fix_retrieval",
    "weak_reader",
    "form_fails",
    "distractors",
    "knowledge_gap",
    "rag_helps",
    "changes_fast",
    "must_cite",
    "access_differs",
    "held_out",
)
"""Reasons that keep retrieval before anything was tuned, the weightiest first."""


def choose_method(
    profile: Profile,
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
    *,
    devices: Devices = None,
) -> MethodDecision:
    """Decide from a profile, its measurements included.

    Args:
        profile: What is known; unknown fields are `None`.
        thresholds: The numbers to decide by.
        lang: Language of the reasons and the question.
        devices: The device catalogue by name; without it the first rung is not checked against memory.
    """
    return _decide(profile, profile_measurements(profile, thresholds), thresholds, lang, devices)


def decide_from_report(
    report: EvaluationReport,
    profile: Profile,
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
    *,
    recall: float | None = None,
    devices: Devices = None,
) -> MethodDecision:
    """Decide from an evaluation, on the intervals of its own comparisons; the first reason quotes the one that decided.

    Args:
        report: What was measured.
        profile: What is known beside it; its own `measured` is not looked at.
        thresholds: The numbers to decide by.
        lang: Language of the reasons and the question.
        recall: Share of items whose gold passage retrieval found, if known.
        devices: The device catalogue by name.
    """
    return _decide(profile, from_report(report, thresholds, recall), thresholds, lang, devices)


@dataclass(frozen=True)
class _Choice:
    method: MethodChoice
    confidence: Confidence
    drops_rag: bool = False
    rules: tuple[str, ...] = ()
    """Names of the reasons that can have decided; the first of them that was given did."""


def _decide(
    profile: Profile, seen: Measurements | None, thresholds: Thresholds, lang: Language, devices: Devices
) -> MethodDecision:
    def outcome(other: Profile) -> tuple[MethodChoice, Method | None]:
        rules = apply_rules(other, thresholds, lang, devices)
        found = None if seen is None else apply_gates(seen, other.target, thresholds, lang)
        method = _choose(rules, found).method
        return method, starting_rung(other, devices, lang)[0] if "finetune" in method else None

    rules = apply_rules(profile, thresholds, lang, devices)
    gates = None if seen is None else apply_gates(seen, profile.target, thresholds, lang)
    choice = _choose(rules, gates)
    reasons: list[Reason] = [] if gates is None else [*gates.verdict, *gates.reasons]
    if choice.drops_rag and seen is not None:
        reasons.append(rag_dropped(seen, thresholds, lang))
    if profile.measured is not None and seen is None and _any_mean(profile):
        reasons.append(reason(GATES, "no_items", lang, "statistics", "measured.items"))
    measured = gates is not None and choice.confidence == "measured"
    # Where a measurement decided, ignorance of the task is no reason any more.
    reasons += [why for why in rules.reasons if not (measured and why.article == "not-enough-evidence")]
    rung: Method | None = None
    if "finetune" in choice.method:
        rung, why_rung = starting_rung(profile, devices, lang)
        reasons += [*why_rung, *tuning_advice(profile, thresholds, lang)]
    reasons = _deciding_first(reasons, choice.rules)
    missing = _missing(profile, seen, gates, choice, missing_fields(profile, outcome))
    return MethodDecision(
        method=choice.method,
        first_rung=rung,
        reasons=tuple(reasons),
        missing=missing,
        next_action=_next_action(profile, gates, choice, rung, thresholds),
        confidence=choice.confidence,
        question=_question(missing, gates, lang),
    )


def _choose(rules: Rules, gates: Gates | None) -> _Choice:
    """Return the method; measured evidence overrides a rule, an interval that decides nothing does not."""
    unmeasured = _Choice(rules.method, "rule" if rules.certain else "default")
    if gates is None:
        return unmeasured
    if gates.tuning_pays is not None:
        return _tuning_verdict(rules, gates)
    asked = gates.weak_reader or gates.form_fails or gates.distractors
    tune = rules.form or (asked and not gates.fix_retrieval)
    if gates.rag_helps == "undecided" and not rules.retrieval and not gates.fix_retrieval:
        return _Choice("insufficient_evidence", "measured", rules=_OPEN)
    fired = asked or gates.fix_retrieval or gates.rag_helps in ("yes", "no")
    if not fired:
        return unmeasured
    rag = _keeps_rag(rules, gates) or gates.weak_reader or gates.form_fails or gates.distractors
    if rag:
        return _Choice("rag+finetune" if tune else "rag", "measured", rules=_MEASURED)
    return _Choice("finetune" if tune else "prompt", "measured", rules=("rag_useless",))


def _keeps_rag(rules: Rules, gates: Gates) -> bool:
    if rules.required or gates.fix_retrieval or gates.held_out or gates.rag_helps == "yes":
        return True
    return rules.retrieval and gates.rag_helps != "no"


def _tuning_verdict(rules: Rules, gates: Gates) -> _Choice:
    match gates.tuning_pays:
        case "yes":
            keeps = _keeps_rag(rules, gates)
            if gates.rag_beside_tuned == "no" and not keeps:
                return _Choice("finetune", "measured", drops_rag=True, rules=("tuning_pays",))
            both = keeps or gates.compared == ("rag", "tuned+rag")
            return _Choice("rag+finetune" if both else "finetune", "measured", rules=("tuning_pays",))
        case "no":
            stays = _keeps_rag(rules, gates) or gates.compared != ("base", "tuned")
            return _Choice("rag" if stays else "prompt", "measured", rules=("ship_rag", "tuning_fails"))
        case _ if gates.fix_retrieval:
            # Bad retrieval is mended first and everything is measured again, whatever tuning may be worth.
            return _Choice("rag", "measured", rules=("fix_retrieval",))
        case _:
            return _Choice("insufficient_evidence", "measured", rules=_OPEN)


def _deciding_first(reasons: list[Reason], rules: tuple[str, ...]) -> list[Reason]:
    """Put the reason that decided before the others."""
    named = {one.rule: one for one in reversed(reasons)}
    first = next((named[rule] for rule in rules if rule in named), None)
    return reasons if first is None else [first, *(one for one in reasons if one is not first)]


def _next_action(
    profile: Profile, gates: Gates | None, choice: _Choice, rung: Method | None, thresholds: Thresholds
) -> Action:
    if choice.method == "insufficient_evidence":
        return "validate" if choice.confidence == "measured" else "clarify"
    if gates is not None and choice.confidence == "measured":
        return _measured_action(gates, choice)
    if "finetune" in choice.method and rung is None:
        return "plan"
    if "rag" in choice.method:
        return "ingest"
    if choice.method == "finetune":
        return "validate"
    if profile.labelled_pairs is not None and profile.labelled_pairs >= thresholds.enough_examples:
        return "validate"
    has_documents = profile.documents is not None and bool(profile.documents.count)
    return "extract" if has_documents else "review"


def _measured_action(gates: Gates, choice: _Choice) -> Action:
    if gates.fix_retrieval:
        return "diagnose"
    if gates.tuning_pays == "yes":
        return "mix" if gates.forgetting else "export"
    if "finetune" in choice.method:
        return "extract"
    return "diagnose" if gates.rag_below_target else "compare"


def _missing(
    profile: Profile, seen: Measurements | None, gates: Gates | None, choice: _Choice, fields: tuple[str, ...]
) -> tuple[str, ...]:
    """Put measurements that decide before fields that would, and both before what would only confirm."""
    first: list[str] = []
    if gates is not None and gates.more_items and choice.method == "insufficient_evidence":
        first.append("measured.items")
    if profile.measured is not None and seen is None and _any_mean(profile):
        first.append("measured.items")
    last: list[str] = []
    if choice.method != "insufficient_evidence":
        means = profile.measured or Measured()
        last = [
            f"measured.{FIELDS[arm]}"
            for arm in _TESTED_BY[choice.method]
            if (getattr(means, FIELDS[arm]) is None if seen is None else arm not in seen.levels)
        ]
    if "rag" in choice.method and profile.documents is None and choice.confidence != "measured":
        last.insert(0, "documents")
    if gates is not None and gates.tuning_pays == "yes":
        fields = tuple(name for name in fields if name != "hardware")  # the run that paid found its device
    if gates is not None and gates.target_assumed and "target" not in fields:
        last.insert(0, "target")
    return tuple(dict.fromkeys((*first, *fields, *last)))


def _question(missing: tuple[str, ...], gates: Gates | None, lang: Language) -> str:
    if not missing:
        return ""
    name = missing[0]
    if name == "measured.items" and gates is not None:
        return fill(QUESTIONS, "more_items", lang, more=gates.more_items)
    if name in QUESTIONS:
        return fill(QUESTIONS, name, lang)
    arms = listed(tuple(one.removeprefix("measured.") for one in missing if one.startswith("measured.")), lang)
    return fill(QUESTIONS, "measure", lang, arms=arms)


def _any_mean(profile: Profile) -> bool:
    return profile.measured is not None and any(
        getattr(profile.measured, field) is not None for field in FIELDS.values()
    )
