"""How often a run is validated, and when it has gone on long enough without getting better."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 2
"""Epochs without a better validation loss after which training stops, where it is read once an epoch."""
PATIENCE_WITHIN: Final = 4
"""Readings without a better one after which training stops, where there are several an epoch: half an epoch at least,
so that one flat stretch at the highest rate does not end a run."""
MOST_READINGS: Final = 8
"""Readings an epoch at most."""
LEAST_STEPS: Final = 200
"""Steps between two readings within an epoch at least; a shorter epoch is validated at its end only."""
COST: Final = 0.1
"""Share of the training time that readings may take; a pass forward costs a third of a step on the same examples."""


def validation_interval(steps: int, examples: int, validated: int) -> int:
    """Return how many steps lie between two validations of an epoch; its end is always validated.

    Depends on sizes alone, so that a resumed run validates where an uninterrupted one does.

    Args:
        steps: Optimizer steps of an epoch.
        examples: Training examples.
        validated: Validation examples, at least one.
    """
    readings = min(steps // LEAST_STEPS, int(3 * COST * examples / validated), MOST_READINGS)
    return -(-steps // max(readings, 1))


def is_exhausted(stale: int, interval: int, steps: int) -> bool:
    """Return whether training should stop.

    Args:
        stale: Readings since the best one.
        interval: Steps between two readings.
        steps: Optimizer steps of an epoch.
    """
    return stale >= (PATIENCE if interval == steps else PATIENCE_WITHIN)
