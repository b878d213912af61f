"""Which steps need a person's yes, and to what exactly.

Costly steps (training always, anything else that takes long or for an unknown time), destructive ones, and steps that
send text of the documents elsewhere. A direct command is itself the yes; what the policy refuses it does not allow
(see `agent.policy.readiness.refusal` and the memory plan).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.phrases import duration, fill, gib_range, listed
from agent.prompts.road import CONSENT
from agent.records.base import Language
from agent.records.decision import Action, Consent, Effect, Reason
from agent.records.facts import StepFacts

Step: TypeAlias = Action | Literal["delete", "judge", "bench"]
"""Every action; deleting, which no conversation may do unasked; asking a judge, which only a command does; and
measuring the machine, which a conversation only tells of."""

EFFECTS: Final[dict[Step, Effect]] = {
    "setup": "write",
    "ingest": "write",
    "decide": "read",
    "extract": "costly",
    "review": "write",
    "mix": "write",
    "plan": "read",
    "tune": "costly",
    "validate": "write",
    "evaluate": "costly",
    "diagnose": "read",
    "compare": "read",
    "benchmark": "costly",
    "export": "write",
    "status": "read",
    "guide": "read",
    "clarify": "read",
    "smalltalk": "read",
    "refuse": "read",
    "delete": "write",
    "judge": "costly",
    "bench": "costly",
}
"""What each step does: only look, write into the project, or take long as well."""


def consent(step: Step, facts: StepFacts, thresholds: Thresholds = THRESHOLDS, lang: Language = "en") -> Consent:
    """Return whether the step needs a yes, with a summary of what it does, how long, how much memory, what changes.

    Args:
        step: The step.
        facts: What is known of it before it starts.
        thresholds: The numbers to decide by.
        lang: Language of the summary and the reasons.
    """
    grounds = _grounds(step, facts, thresholds, lang)
    if grounds and facts.approved:
        grounds = [*grounds, reason(CONSENT, "approved", lang, "consent", "approved")]
    return Consent(needed=bool(grounds) and not facts.approved, summary=_summary(facts, lang), reasons=tuple(grounds))


def _grounds(step: Step, facts: StepFacts, thresholds: Thresholds, lang: Language) -> list[Reason]:
    grounds: list[Reason] = []
    if step == "delete":
        grounds.append(reason(CONSENT, "destructive", lang, "consent", "changes"))
    if facts.sends_to is not None:
        grounds.append(reason(CONSENT, "leaves", lang, "personal-data", "sends_to", host=facts.sends_to))
    if step == "bench":
        grounds.append(reason(CONSENT, "machine", lang, "consent", "seconds_high", "changes"))
    if step == "tune":
        grounds.append(reason(CONSENT, "training", lang, "consent", "seconds_high", "gib_high"))
    elif EFFECTS[step] != "read":
        longest = facts.seconds_high if facts.seconds_high is not None else facts.seconds_low
        if longest is not None and longest > thresholds.consent_seconds:
            limit = duration(thresholds.consent_seconds, lang)
            grounds.append(reason(CONSENT, "long", lang, "consent", "seconds_high", limit=limit))
        elif longest is None and EFFECTS[step] == "costly":
            grounds.append(reason(CONSENT, "unknown_time", lang, "consent", "seconds_high"))
    return grounds


def _summary(facts: StepFacts, lang: Language) -> str:
    text = fill(
        CONSENT,
        "summary",
        lang,
        subject=facts.subject,
        time=time_needed(facts, lang),
        memory=memory_needed(facts, lang),
        changes=fill(CONSENT, "changes", lang, changes=listed(facts.changes, lang))
        if facts.changes
        else fill(CONSENT, "changes_nothing", lang),
    )
    return text + fill(CONSENT, "sends", lang, host=facts.sends_to) if facts.sends_to is not None else text


def time_needed(facts: StepFacts, lang: Language) -> str:
    """Return the estimated duration in words: a range, one figure, or that it is unknown."""
    known = dict.fromkeys(duration(s, lang) for s in (facts.seconds_low, facts.seconds_high) if s is not None)
    match list(known):
        case [low, high]:
            return fill(CONSENT, "between", lang, low=low, high=high)
        case [about]:
            return fill(CONSENT, "about", lang, low=about)
        case _:
            return fill(CONSENT, "unknown", lang)


def memory_needed(facts: StepFacts, lang: Language) -> str:
    """Return the estimated memory in words, or that it is unknown."""
    known = [amount for amount in (facts.gib_low, facts.gib_high) if amount is not None]
    if not known:
        return fill(CONSENT, "unknown", lang)
    need = fill(CONSENT, "memory", lang, need=gib_range(known[0], known[-1]))
    return need + fill(CONSENT, "memory_note", lang, note=facts.gib_note) if facts.gib_note else need
