"""The set-up interview: one question at a time, the one whose answer would change the plan most.

First the unknowns that could change the method, weightiest first (`agent.policy.missing`); then what the plan needs
anyway. What a person does not know is left open and not asked again.
Example: `next_field(Profile(), choose_method(Profile()), ())` is `"goal"`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from agent.records.decision import MethodDecision
from agent.records.profile import Profile

PLAN_FIELDS: Final = ("documents", "knowledge_change", "needs_citations", "privacy", "hardware")
"""What a plan needs whatever the method: where the text is, what must stay fresh or cited, where it may run."""

FIELDS: Final = (
    "goal",
    "task_kind",
    "knowledge_change",
    "needs_citations",
    "per_document_access_control",
    "labelled_pairs",
    "documents",
    "languages",
    "privacy",
    "hardware",
    "base_model_params_b",
    "latency_target_ms",
    "general_ability_matters",
    "target",
)
"""Every field that a person may be asked for or may tell, in the order in which a profile is shown."""


def open_fields(profile: Profile, decision: MethodDecision, skipped: Collection[str] = ()) -> tuple[str, ...]:
    """Return what is still worth asking, most important first.

    Args:
        profile: What is known.
        decision: The decision for that profile.
        skipped: Fields that a person could not or would not answer.
    """
    wanted = [name for name in decision.missing if name in FIELDS]
    if "goal" in wanted:
        # People begin with their task in their own words, and what they say there answers other questions with it.
        wanted.insert(0, wanted.pop(wanted.index("goal")))
    wanted += [name for name in PLAN_FIELDS if getattr(profile, name) is None]
    return tuple(name for name in dict.fromkeys(wanted) if name not in skipped)


def next_field(profile: Profile, decision: MethodDecision, skipped: Collection[str] = ()) -> str | None:
    """Return the field to ask for next; `None` when nothing that matters is open."""
    fields = open_fields(profile, decision, skipped)
    return fields[0] if fields else None
