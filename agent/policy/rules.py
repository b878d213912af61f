"""What the profile alone says about the method, before anything is measured: one rule for each row of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.policy.devices import runs_without_gpu
from agent.policy.reasons import reason
from agent.policy.thresholds import Thresholds
from agent.prompts.decisions import PACE, RULES
from agent.prompts.phrases import fill, model_size
from agent.records.base import Language
from agent.records.decision import MethodChoice, Reason
from agent.records.hardware import Device
from agent.records.profile import Profile

FACT_KINDS: Final = frozenset({"facts", "mixed"})
FORM_KINDS: Final = frozenset({"style", "format", "classification", "extraction", "mixed"})


@dataclass(frozen=True)
class Rules:
    """Which rules fired."""

    known: bool
    """Something of the task is known that a rule can use."""
    required: bool
    """Retrieval stays in whatever is measured: pace of change, citations or access."""
    retrieval: bool
    """Retrieval is in, as required or because of a facts problem."""
    form: bool
    """Fine-tuning a stable form on enough examples."""
    certain: bool
    """The rules fired on something known, not for want of knowledge."""
    reasons: tuple[Reason, ...]

    @property
    def method(self) -> MethodChoice:
        """What the rules alone say."""
        if self.retrieval:
            return "rag+finetune" if self.form else "rag"
        if self.form:
            return "finetune"
        return "prompt" if self.known else "insufficient_evidence"


def apply_rules(
    profile: Profile, thresholds: Thresholds, lang: Language, devices: Mapping[str, Device] | None = None
) -> Rules:
    """Return every rule that fires on the profile, with its reason."""
    required = _required(profile, lang)
    kind, pairs = profile.task_kind, profile.labelled_pairs
    facts = kind in FACT_KINDS
    form = kind in FORM_KINDS and pairs is not None and pairs >= thresholds.enough_examples
    retrieval = bool(required) or facts
    reasons = list(required)
    if facts:
        paraphrases = thresholds.paraphrases_per_fact
        reasons.append(reason(RULES, "facts", lang, "retrieval-first", "task_kind", paraphrases=paraphrases))
    if form:
        reasons.append(
            reason(
                RULES,
                "form",
                lang,
                "fine-tuning",
                "task_kind",
                "labelled_pairs",
                kind=kind,
                pairs=pairs,
                enough=thresholds.enough_examples,
            )
        )
    if form and retrieval:
        reasons.append(reason(RULES, "both", lang, "both", *_evidence(profile)))
    prompting = _prompting(profile, thresholds, lang) if not form and not facts and kind is not None else None
    if prompting is not None:
        reasons.append(prompting)
    known = kind is not None or retrieval
    if not known:
        reasons.append(reason(RULES, "nothing_known", lang, "not-enough-evidence", "task_kind", "measured"))
    reasons.extend(_surroundings(profile, thresholds, lang, devices))
    return Rules(
        known=known,
        required=bool(required),
        retrieval=retrieval,
        form=form,
        certain=retrieval or form or (kind is not None and pairs is not None and pairs < thresholds.few_examples),
        reasons=tuple(reasons),
    )


def tuning_advice(profile: Profile, thresholds: Thresholds, lang: Language) -> list[Reason]:
    """Return what holds beside any decision that includes fine-tuning."""
    reasons: list[Reason] = []
    pairs = profile.labelled_pairs
    if pairs is not None and pairs < thresholds.scarce_examples:
        scarce = thresholds.scarce_examples
        reasons.append(reason(RULES, "scarce", lang, "scarce-data", "labelled_pairs", pairs=pairs, scarce=scarce))
    if profile.general_ability_matters:
        share = f"{thresholds.domain_share:.0%}"
        reasons.append(reason(RULES, "keep_general", lang, "domain-share", "general_ability_matters", share=share))
    return reasons


def _required(profile: Profile, lang: Language) -> list[Reason]:
    reasons: list[Reason] = []
    if profile.knowledge_change in ("weekly", "daily"):
        pace = fill(PACE, profile.knowledge_change, lang)
        reasons.append(reason(RULES, "changes_fast", lang, "two-remedies", "knowledge_change", pace=pace))
    if profile.needs_citations:
        reasons.append(reason(RULES, "must_cite", lang, "rag", "needs_citations"))
    if profile.per_document_access_control:
        reasons.append(reason(RULES, "access_differs", lang, "rag", "per_document_access_control"))
    return reasons


def _prompting(profile: Profile, thresholds: Thresholds, lang: Language) -> Reason:
    pairs = profile.labelled_pairs
    if pairs is None:
        return reason(RULES, "examples_unknown", lang, "prompting-first", "task_kind")
    evidence = ("task_kind", "labelled_pairs")
    if pairs < thresholds.few_examples:
        few = thresholds.few_examples
        return reason(RULES, "few_examples", lang, "prompting-first", *evidence, pairs=pairs, few=few)
    if profile.task_kind in FORM_KINDS:
        enough = thresholds.enough_examples
        return reason(RULES, "some_examples", lang, "prompting-first", *evidence, pairs=pairs, enough=enough)
    return reason(RULES, "reasoning", lang, "prompting-first", "task_kind")


def _surroundings(
    profile: Profile, thresholds: Thresholds, lang: Language, devices: Mapping[str, Device] | None
) -> list[Reason]:
    reasons: list[Reason] = []
    if profile.privacy == "air_gapped":
        reasons.append(reason(RULES, "air_gapped", lang, "small-models", "privacy"))
    if runs_without_gpu(profile, devices):
        size = model_size(thresholds.small_device_params_b)
        reasons.append(reason(RULES, "no_gpu", lang, "no-gpu", "hardware", size=size))
    return reasons


def _evidence(profile: Profile) -> tuple[str, ...]:
    names = ("task_kind", "labelled_pairs", "knowledge_change", "needs_citations", "per_document_access_control")
    return tuple(name for name in names if getattr(profile, name))
