"""The set-up interview in words: what was noted, the one next question, and the plan at its end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from agent.policy.consent import memory_needed, time_needed
from agent.policy.interview import open_fields
from agent.prompts.assistant import READINGS, TALK
from agent.prompts.decisions import METHOD_CHOICES, QUESTIONS
from agent.prompts.interview import ANSWERS, FIELD_NAMES, VALUES
from agent.prompts.phrases import fill, listed, model_size, percent
from agent.records.base import Language
from agent.records.conversation import Option
from agent.records.decision import MethodDecision
from agent.records.facts import StepFacts
from agent.records.profile import HardwareItem, Profile
from graph.replies.said import Said, joined, reasons_text

_FAST: Final = ("daily", "weekly")


def method_name(method: str, lang: Language) -> str:
    """Return a method in words."""
    return fill(METHOD_CHOICES, method, lang)


def facts_text(facts: Mapping[str, Any], lang: Language) -> str:
    """Return profile fields with their values in words."""
    colon = {"en": ": ", "zh": "："}[lang]
    return listed(
        tuple(f"{fill(FIELD_NAMES, name, lang)}{colon}{value_text(name, facts[name], lang)}" for name in facts), lang
    )


def value_text(name: str, value: Any, lang: Language) -> str:
    """Return the value of a profile field in words."""
    match name, value:
        case _, bool():
            return fill(VALUES, str(value).lower(), lang)
        case "documents", dict():
            return fill(VALUES, "documents", lang, count=f"{value.get('count') or 0:,}")
        case "hardware", list() | tuple():
            if not value:
                return fill(VALUES, "no_gpu", lang)
            items = [one if isinstance(one, HardwareItem) else HardwareItem.model_validate(one) for one in value]
            return listed(tuple(fill(VALUES, "hardware", lang, count=i.count, device=i.device) for i in items), lang)
        case "target", float() | int():
            return percent(value)
        case "base_model_params_b", float() | int():
            return model_size(value)
        case "latency_target_ms", int():
            return f"{value / 1000:g} s"
        case "languages", list() | tuple():
            return listed(tuple(value), lang)
        case _, str() if value in VALUES:
            return fill(VALUES, value, lang)
        case _:
            return str(value)


def noted(facts: Mapping[str, Any], corrected: bool, lang: Language) -> str:
    """Return what was taken from a message, and what it means at once."""
    if not facts:
        return ""
    text = fill(TALK, "corrected" if corrected else "noted", lang, facts=facts_text(facts, lang))
    pace = facts.get("knowledge_change")
    if pace in _FAST:
        text += " " + fill(TALK, "pace_kept", lang, pace=fill(VALUES, str(pace), lang))
    return text


def ask(field: str, profile: Profile, decision: MethodDecision, skipped: Collection[str], lang: Language) -> Said:
    """Return the question for a field, with answers as buttons."""
    count = len(open_fields(profile, decision, skipped))
    question = fill(QUESTIONS, field, lang)
    key = "first_question" if count > 1 else "only_question"
    options = tuple(Option(label=word, message=word) for word in ANSWERS.get(field, {}).get(lang, ()))
    return Said(
        fill(TALK, key, lang, count=count, question=question),
        question=question,
        options=options,
        articles=("not-enough-evidence",),
        expecting={"kind": "field", "field": field},
    )


def plan(
    profile: Profile, decision: MethodDecision, steps: tuple[str, ...], costs: Mapping[str, StepFacts], lang: Language
) -> Said:
    """Return the plan that the interview ends in: method, reasons, steps, and what is known of their cost."""
    known = sum(getattr(profile, name) is not None for name in type(profile).model_fields)
    head = fill(
        TALK,
        "plan_ready",
        lang,
        known=known,
        confidence=fill(TALK, f"confidence_{decision.confidence}", lang),
        method=method_name(decision.method, lang),
    )
    named = fill(TALK, "plan_steps", lang, steps=" → ".join(fill(READINGS, step, lang) for step in steps))
    return Said(
        joined(head, reasons_text(decision.reasons, lang), named, _costs(costs, lang)),
        evidence=tuple(dict.fromkeys(name for why in decision.reasons for name in why.evidence)),
        articles=tuple(dict.fromkeys(why.article for why in decision.reasons)),
    )


def _costs(costs: Mapping[str, StepFacts], lang: Language) -> str:
    if not costs:
        return fill(TALK, "plan_costs_open", lang)
    amounts = []
    for step, facts in costs.items():
        time = time_needed(facts, lang) if facts.seconds_high is not None else ""
        memory = memory_needed(facts, lang) if facts.gib_high is not None else ""
        amount = listed(tuple(one for one in (time, memory) if one), lang)
        amounts.append(fill(TALK, "cost", lang, step=fill(READINGS, step, lang), amount=amount))
    return fill(TALK, "plan_costs", lang, costs={"en": "; ", "zh": "；"}[lang].join(amounts))
