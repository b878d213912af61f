"""Quantiles of Student's t and Welch's interval, held against scipy."""

from __future__ import annotations

import pytest
from scipy import stats

from agent.policy.student import t_quantile, welch_interval


@pytest.mark.parametrize("degrees", [1, 1.3, 2, 2.5, 4, 9.7, 30, 100, 1e3, 1e6])
@pytest.mark.parametrize("probability", [0.0005, 0.025, 0.3, 0.5, 0.501, 0.6, 0.9, 0.975, 0.995, 0.99999])
def test_a_quantile_is_that_of_scipy(probability: float, degrees: float) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(float(stats.t.ppf(probability, degrees)), rel=1e-7)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 5), (1.0, 5), (-0.1, 5), (0.975, 0.5)])
def test_what_no_distribution_has_is_refused(probability: float, degrees: float) -> None:
    with pytest.raises(ValueError, match="degrees of freedom are at least 1"):
        t_quantile(probability, degrees)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1.0, 2.0), (3.0, 5.0)),
        ((1.0, 1.0, 1.001), (2.0, 2.5)),
        ((0.9, 1.0, 1.1, 1.0), (0.2, 3.0, -4.0)),
        (tuple(n / 7 for n in range(60)), tuple((n * n) % 11 for n in range(25))),
    ],
)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_of_a_difference_is_that_of_scipy(
    first: tuple[float, ...], second: tuple[float, ...], confidence: float
) -> None:
    checked = stats.ttest_ind(first, second, equal_var=False).confidence_interval(confidence)
    assert welch_interval(first, second, confidence) == pytest.approx((checked.low, checked.high))


def test_values_that_do_not_differ_leave_no_room() -> None:
    assert welch_interval((2.0, 2.0), (1.5, 1.5, 1.5)) == (0.5, 0.5)


def test_one_value_has_no_variance() -> None:
    with pytest.raises(ValueError, match="takes two values"):
        welch_interval((1.0,), (1.0, 2.0))
