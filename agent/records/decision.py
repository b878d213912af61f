"""Decisions: what to do, why, on which evidence, and what a person must agree to."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record
from agent.records.tuning import Method

MethodChoice = Literal["prompt", "rag", "finetune", "rag+finetune", "insufficient_evidence"]
Confidence = Literal["measured", "rule", "default"]
Action = Literal[
    "setup",
    "ingest",
    "decide",
    "extract",
    "review",
    "mix",
    "plan",
    "tune",
    "validate",
    "evaluate",
    "diagnose",
    "compare",
    "benchmark",
    "export",
    "status",
    "guide",
    "clarify",
    "smalltalk",
    "refuse",
]
Effect = Literal["read", "write", "costly"]


class Reason(Record):
    """Why a decision came out as it did."""

    text: str
    evidence: tuple[str, ...] = ()
    """Ids or field names of what was known or measured."""
    article: str
    """Id of the guide article behind it."""
    rule: str = ""
    """Name of the rule that speaks, as `ship_rag`; the same in every language."""


class MethodDecision(Record):
    """The shape of `decide --json`."""

    method: MethodChoice
    first_rung: Method | None
    reasons: tuple[Reason, ...]
    """The one that decided stands first."""
    missing: tuple[str, ...]
    """Fields or measurements that would change the answer most, most important first."""
    next_action: Action
    confidence: Confidence
    question: str = ""
    """The one question to ask next; empty if nothing is missing."""


class RungDecision(Record):
    """Whether to stay on a rung of the ladder, climb, or mend data."""

    outcome: Literal["start", "stay", "climb", "mend_data", "done", "ask"]
    method: Method | None
    reasons: tuple[Reason, ...]


class ShareDecision(Record):
    """The share of domain data to use."""

    share: float
    reasons: tuple[Reason, ...]
    confidence: Confidence


class Station(Record):
    """One station of the road and its state."""

    name: Literal["profile", "documents", "pairs", "mix", "tune", "evaluate", "decide"]
    state: Literal["done", "current", "waiting", "needs_you"]
    detail: str


class Readiness(Record):
    """Where a project stands and the next sensible step."""

    stations: tuple[Station, ...]
    next_action: Action
    reasons: tuple[Reason, ...]


class Consent(Record):
    """Whether a step needs a person's yes, and to what exactly."""

    needed: bool
    summary: str
    """What happens, how long, how much memory, what changes."""
    reasons: tuple[Reason, ...] = ()
