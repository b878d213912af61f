"""Where a long epoch is validated, and how long a run may go on without getting better."""

from __future__ import annotations

import pytest

from tools.tuning.patience import is_exhausted, validation_interval


@pytest.mark.parametrize(
    ("steps", "examples", "validated", "interval"),
    [
        (1, 8, 2, 1),
        (130, 1040, 20, 130),
        (399, 3192, 20, 399),
        (400, 3200, 20, 200),
        (1001, 8000, 20, 201),
        (10_000, 80_000, 100, 1250),
        (1125, 9000, 1000, 563),
        (1125, 9000, 9000, 1125),
    ],
    ids=["one step", "short", "nearly", "two parts", "odd", "most parts", "dear", "too dear"],
)
def test_long_epochs_are_validated_within(steps: int, examples: int, validated: int, interval: int) -> None:
    assert validation_interval(steps, examples, validated) == interval
    assert 0 < interval <= steps


@pytest.mark.parametrize(
    ("stale", "interval", "exhausted"),
    [(1, 130, False), (2, 130, True), (3, 65, False), (4, 65, True)],
)
def test_patience_is_two_epochs_or_four_readings_within_one(stale: int, interval: int, exhausted: bool) -> None:
    assert is_exhausted(stale, interval, 130) is exhausted
