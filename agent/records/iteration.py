"""The iteration log: every evaluation as a round, what was changed for it, and what that changed on the same items."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record
from agent.records.decision import Reason
from agent.records.evaluation import Arm, Dimension

ChangeKind = Literal[
    "arm",
    "base_model",
    "tune_run",
    "method",
    "hyperparameter",
    "followed",
    "mix",
    "domain_share",
    "pairs",
    "general",
    "documents",
    "search",
    "index",
    "k",
    "passages",
    "passage_characters",
    "abstain_below",
    "tokens",
    "references",
    "items",
]
"""What can differ between two rounds, in the order in which it is told."""
Finding = Literal["gain", "loss", "mixed", "nothing", "not_comparable"]
"""`mixed` gained on one dimension and lost on another; `nothing` is nothing measurable."""
NotComparable = Literal["first", "other_items", "no_arm"]
"""The first round; no earlier round asked these items; none asked them of an arm that was measured now."""
StopOutcome = Literal["nothing_yet", "go_on", "no_gain", "target_met"]


class ChangedFact(Record):
    """One recorded difference between a round and the one it is compared with."""

    what: ChangeKind
    before: str
    """As recorded; empty where there was none. A share is a fraction. Of `documents` how many were taken out, of
    `index` the questions whose passages changed."""
    after: str
    """As recorded. Of `documents` how many were read, of `index` the questions compared, of `references` the items."""
    name: str = ""
    """Which hyperparameter or setting."""

    @property
    def follows(self) -> bool:
        """Whether it changed along with something else.

        So do the names of runs and mixes, the number of items, and hyperparameters that the policy set anew since data
        or model had changed; a hyperparameter that changed by itself is a `hyperparameter`.
        """
        return self.what in ("tune_run", "followed", "mix", "items")


class DimensionChange(Record):
    """The paired difference of one dimension on the items that both rounds scored."""

    dimension: Dimension
    arm_before: Arm
    """Another than `arm` only where no earlier round had it, as when tuning is measured for the first time."""
    arm: Arm
    """The arm that would be shipped among those that answer these items."""
    n: int
    right_before: int
    right_after: int
    difference: float
    """After minus before, as a fraction."""
    low: float
    high: float
    """95% interval of the paired difference, resampled by document."""
    p: float
    """McNemar's test, two-sided; Holm-adjusted over the dimensions beside the deciding one."""
    smallest: float
    """Smallest difference that these pairs can show with 80% power at 5%, as a fraction."""


class Iteration(Record):
    """One round: an evaluation, and what it says of what was changed since the round it is compared with."""

    number: int
    """From 1, in the order in which the evaluations began."""
    run: str
    began: str
    """UTC, ISO 8601."""
    compared: str = ""
    """Run of the earlier round; empty if there is none to compare with."""
    compared_number: int | None = None
    changed: tuple[ChangedFact, ...] = ()
    changes: int = 0
    """Things changed at once that bear on what is compared; from two on the difference is nobody's in particular."""
    corrected: int = 0
    """Items among the compared ones whose reference or passage was corrected in between."""
    deciding: DimensionChange | None = None
    """On the dimension that decides the verdict; `None` if not comparable."""
    others: tuple[DimensionChange, ...] = ()
    """On the other dimensions that both rounds scored."""
    finding: Finding
    why: NotComparable | None = None
    """Why it is not comparable; `None` if it is."""


class StopDecision(Record):
    """Whether to go on with iterating."""

    outcome: StopOutcome
    reasons: tuple[Reason, ...]
    """The one that decides stands first."""


class IterationLog(Record):
    """What was tried and what it changed; the shape of `iterations --json`."""

    project: str
    """Name of the project."""
    iterations: tuple[Iteration, ...]
    """Oldest first."""
    stop: StopDecision
