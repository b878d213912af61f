"""How many steps a training has, and the settings under which it has another number of them. Pure.

in_steps(settings, planned_steps(result) // 2, examples)      # the same run, half as long
"""

from __future__ import annotations

from math import ceil

from agent.records.tuning import Hyperparameters, TuneResult


def planned_steps(result: TuneResult) -> int:
    """Return the optimizer steps a training was planned with; an early stop made fewer of them."""
    settings = result.hyperparameters
    return ceil(round(ceil(result.examples / settings.batch_size) * settings.epochs, 6))


def in_steps(settings: Hyperparameters, steps: int, examples: int, *, batch: int | None = None) -> Hyperparameters:
    """Return settings under which so many examples are trained on for so many optimizer steps.

    Args:
        settings: The settings to change.
        steps: Optimizer steps, at least one.
        examples: Training examples.
        batch: Examples a step; those of the settings by default.
    """
    size = batch or settings.batch_size
    epoch = ceil(examples / size)
    # A part of an epoch is rounded up to whole steps, so half a step less meets the number safely.
    epochs = steps / epoch if steps % epoch == 0 else (steps - 0.5) / epoch
    return settings.model_copy(update={"epochs": epochs, "batch_size": size})
