"""Settings with another number of steps have exactly so many."""

from __future__ import annotations

from math import ceil

import pytest

from agent.records.tuning import Hyperparameters
from tools.ladder.lengths import in_steps

SETTINGS = Hyperparameters(epochs=3, learning_rate=1e-3, batch_size=8, max_length=128, rank=16, alpha=32)


@pytest.mark.parametrize("examples", [1, 7, 8, 9, 18, 100])
@pytest.mark.parametrize("steps", [1, 2, 9, 30, 101])
@pytest.mark.parametrize("batch", [None, 3])
def test_a_run_has_the_steps_it_was_asked_for(examples: int, steps: int, batch: int | None) -> None:
    found = in_steps(SETTINGS, steps, examples, batch=batch)
    epoch = ceil(examples / (batch or 8))
    assert ceil(round(epoch * found.epochs, 6)) == steps
    assert found.batch_size == (batch or 8)
    assert (found.learning_rate, found.rank) == (1e-3, 16)
