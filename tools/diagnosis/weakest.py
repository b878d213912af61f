"""The dimensions of an evaluation by share of right answers of the arm that would be shipped, worst first."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Final

from agent.records.evaluation import Arm, Dimension, Item, ItemAnswer
from knowledge.files import read_records
from tools.diagnosis.case import passed

SHIPPED_FIRST: Final[tuple[Arm, ...]] = ("tuned+rag", "rag", "tuned", "base", "oracle")
"""The arm that would be shipped: the first of these that was measured."""


def shipped_arm(answers: list[ItemAnswer]) -> Arm:
    """Return the arm that would be shipped among those that answered."""
    present = {answer.arm for answer in answers}
    return next((arm for arm in SHIPPED_FIRST if arm in present), "base")


def arm_for(run: Path, dimension: Dimension) -> Arm | None:
    """Return the arm to look at for a dimension: the one that would be shipped, of those that answer its items."""
    names = {item.id for item in read_records(run / "eval" / "items.jsonl", Item) if item.dimension == dimension}
    answers = read_records(run / "eval" / "answers.jsonl", ItemAnswer)
    present = {one.arm for one in answers if one.item in names and passed(one) is not None}
    return _first(present) if present else None


def _first(arms: Container[Arm]) -> Arm:
    return next(arm for arm in SHIPPED_FIRST if arm in arms)


def weakest_dimensions(run: Path, arm: Arm | None = None) -> tuple[tuple[Dimension, int, int], ...]:
    """Return name, right answers and items of every dimension, the smallest share of right ones first.

    Args:
        run: Run folder of a finished evaluation.
        arm: The arm to look at; `None` takes, for every dimension, the arm that would be shipped, or where that one
            does not answer its items, the next one.
    """
    items = {item.id: item for item in read_records(run / "eval" / "items.jsonl", Item)}
    answers = list(read_records(run / "eval" / "answers.jsonl", ItemAnswer))
    counts: dict[Dimension, dict[Arm, list[int]]] = {}
    for answer in answers:
        right = passed(answer)
        if answer.item not in items or right is None or (arm is not None and answer.arm != arm):
            continue
        count = counts.setdefault(items[answer.item].dimension, {}).setdefault(answer.arm, [0, 0])
        count[0] += right
        count[1] += 1
    found = []
    for dimension, by_arm in counts.items():
        chosen = _first(by_arm)
        found.append((dimension, by_arm[chosen][0], by_arm[chosen][1]))
    return tuple(sorted(found, key=lambda one: one[1] / one[2]))
