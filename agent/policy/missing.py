"""Which unknown would change the decision most.

Each unknown field of the profile is tried with each value it might have; the share of values that change the method
(and, a tenth as heavy, the first rung) ranks it. So the one question asked is the one whose answer matters.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
from typing import Final

from agent.records.decision import MethodChoice
from agent.records.profile import Profile
from agent.records.tuning import Method

Outcome = tuple[MethodChoice, Method | None]

CANDIDATES: Final[dict[str, tuple[object, ...]]] = {
    "task_kind": ("facts", "style", "format", "classification", "extraction", "reasoning", "mixed"),
    "labelled_pairs": (10, 70, 200, 5000),
    "needs_citations": (True, False),
    "knowledge_change": ("never", "yearly", "monthly", "weekly", "daily"),
    "per_document_access_control": (True, False),
    "target": (0.5, 0.7, 0.9),
    "base_model_params_b": (0.135, 7.0, 14.0, 70.0),
}
"""Values that stand for what a field might turn out to be; the order breaks ties."""
_RUNG_WEIGHT: Final = 0.1


def missing_fields(profile: Profile, outcome: Callable[[Profile], Outcome]) -> tuple[str, ...]:
    """Return the unknown fields whose value could change the outcome, the weightiest first.

    Args:
        profile: What is known.
        outcome: The decision as a function of the profile.
    """
    method, rung = outcome(profile)
    weights: dict[str, float] = {}
    for name, values in CANDIDATES.items():
        if getattr(profile, name) is not None:
            continue
        changes = []
        for value in values:
            other_method, other_rung = outcome(profile.model_copy(update={name: value}))
            changes.append(1.0 if other_method != method else _RUNG_WEIGHT if other_rung != rung else 0.0)
        if any(changes):
            weights[name] = fmean(changes)
    ranked = sorted(weights, key=lambda name: -weights[name])
    if "finetune" in method and profile.hardware is None:
        ranked.append("hardware")
    if "task_kind" in ranked and profile.goal is None:
        # A goal decides nothing by itself, but it is how people name their task.
        ranked.insert(ranked.index("task_kind") + 1, "goal")
    return tuple(ranked)
