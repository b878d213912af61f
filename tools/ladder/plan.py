"""What a climb costs at most, said before it starts.

climb_range(plan, "qlora", (60.0, 90.0), (0.2, 0.8), 200)    # seconds, at least and at most
"""

from __future__ import annotations

from typing import Final

from agent.policy.memory import LADDER as RUNGS
from agent.records.tuning import ClimbPlan, Method

AT_A_STAND: Final = 6
"""Trainings at most where a climb stands: its own, half of its steps, two parts of the data, a pilot, its reference."""
MEASURING: Final = 20.0
"""Seconds at most to load the model for one measurement with the built-in model, as for every evaluation."""


def most_trainings(plan: ClimbPlan, start: Method) -> int:
    """Return how many trainings a climb makes at most: Q-LoRA and LoRA stand at two ranks, full fine-tuning at none."""
    last = max(RUNGS.index(plan.climb_to), RUNGS.index(start))
    stands = sum(1 if method == "full" else 2 for method in RUNGS[RUNGS.index(start) : last + 1])
    return stands * AT_A_STAND


def climb_range(
    plan: ClimbPlan, start: Method, training: tuple[float, float], answer: tuple[float, float], items: int
) -> tuple[float, float]:
    """Return how long a climb takes, in seconds: at least one training that meets the target, at most every one.

    Args:
        plan: The climb.
        start: The first rung.
        training: One training, at least and at most.
        answer: One answer on a sealed item, at least and at most.
        items: Sealed items that count.
    """
    asked = items if plan.items is None else min(items, plan.items)
    most = most_trainings(plan, start)
    return training[0] + asked * answer[0], most * (training[1] + MEASURING + asked * answer[1])
