"""Before and after: the same items, the same arm, two evaluations, the paired difference with its interval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from agent.errors import EmptyError
from agent.records.base import Record
from agent.records.evaluation import Arm, Item, ItemAnswer
from knowledge.files import read_records
from tools.diagnosis.case import passed
from tools.evaluation.comparisons import item_clusters
from tools.evaluation.statistics import PairedDifference, paired_difference


class Change(Record):
    """What a fix did to the same items."""

    before: str
    after: str
    """The two runs."""
    arm: Arm
    n: int
    """Items answered and scored in both."""
    right_before: int
    right_after: int
    difference: float
    """After minus before, as a fraction."""
    low: float
    high: float
    """95% interval of the paired difference."""
    p: float
    """McNemar's exact test, two-sided."""
    gained: tuple[str, ...]
    """Items that were wrong and are right."""
    lost: tuple[str, ...]
    """Items that were right and are wrong."""


def paired_change(before: Path, after: Path, arm: Arm, ids: Collection[str] | None = None, *, seed: int = 0) -> Change:
    """Compare one arm's answers in two evaluations.

    Args:
        before: Run folder of the earlier evaluation.
        after: Run folder of the later one.
        arm: The arm.
        ids: Items to look at; `None` takes all that both have.
        seed: Seed of the bootstrap.

    Raises:
        EmptyError: The two share no scored item.
    """
    items = {item.id: item for item in read_records(after / "eval" / "items.jsonl", Item)}
    first, second = _scored(before, arm), _scored(after, arm)
    shared = [name for name in items if name in first and name in second and (ids is None or name in ids)]
    if not shared:
        raise EmptyError("the two evaluations share no scored item", where=f"{before.name}, {after.name}")
    found = difference_of([(items[name], first[name], second[name]) for name in shared], seed=seed)
    return Change(
        before=before.name,
        after=after.name,
        arm=arm,
        n=len(shared),
        right_before=sum(first[name] for name in shared),
        right_after=sum(second[name] for name in shared),
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        gained=tuple(name for name in shared if second[name] and not first[name]),
        lost=tuple(name for name in shared if first[name] and not second[name]),
    )


def difference_of(pairs: Sequence[tuple[Item, bool, bool]], *, seed: int = 0) -> PairedDifference:
    """Return the paired difference of right answers, resampled by what the items share.

    Args:
        pairs: Each item with whether it was right before and after.
        seed: Seed of the bootstrap.
    """
    clusters, _ = item_clusters([item for item, _, _ in pairs])
    before, after = [float(one) for _, one, _ in pairs], [float(one) for _, _, one in pairs]
    return paired_difference(before, after, clusters, seed=seed)


def _scored(run: Path, arm: Arm) -> dict[str, bool]:
    scored = {}
    for answer in read_records(run / "eval" / "answers.jsonl", ItemAnswer):
        right = passed(answer)
        if answer.arm == arm and right is not None:
            scored[answer.item] = right
    return scored
