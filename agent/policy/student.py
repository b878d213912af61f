"""Quantiles of Student's t, and the interval of a difference of two means whose variances differ.

Sources: Welch (1947), degrees of freedom after Satterthwaite (1946); the distribution by the regularized incomplete
beta function (Abramowitz and Stegun 26.7.1), that by its continued fraction in Lentz's form (Numerical Recipes 6.4).
Example: `t_quantile(0.975, 2)` is 4.303, where the normal distribution has 1.960.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, log1p, sqrt
from statistics import fmean, variance
from typing import Final

from agent.policy.power import Interval

_EXACT: Final = 1e-14
"""Relative change below which the fraction, or the bisection, has come to its end."""


def t_quantile(probability: float, degrees: float) -> float:
    """Return the value below which Student's t lies with a probability.

    Args:
        probability: Between 0 and 1, both excluded.
        degrees: Degrees of freedom, at least 1; need not be whole.

    Raises:
        ValueError: The probability or the degrees of freedom are out of range.
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError("a probability lies between 0 and 1, and degrees of freedom are at least 1")
    if probability <= 0.5:
        return 0.0 if probability == 0.5 else -t_quantile(1 - probability, degrees)
    beyond = 2 * (1 - probability)
    low, high = 0.0, 1.0
    while _beyond(high, degrees) > beyond:
        low, high = high, 2 * high
    while high - low > _EXACT * high:
        middle = (low + high) / 2
        if _beyond(middle, degrees) > beyond:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def welch_interval(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the interval of mean(first) - mean(second), in the unit of the values.

    Args:
        first: At least two values, independent of each other.
        second: At least two values.
        confidence: Level of the interval.

    Raises:
        ValueError: One of the two has fewer than two values, of which no variance can be told.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError("a variance takes two values")
    difference = fmean(first) - fmean(second)
    parts = [(variance(values) / len(values), len(values) - 1) for values in (first, second)]
    error = sum(part for part, _ in parts)
    if not error:
        return difference, difference
    degrees = 1 / sum((part / error) ** 2 / free for part, free in parts)
    margin = t_quantile((1 + confidence) / 2, degrees) * sqrt(error)
    return difference - margin, difference + margin


def _beyond(t: float, degrees: float) -> float:
    """Return the probability that |t| is larger: I_x(v/2, 1/2) at x = v / (v + t²)."""
    a, b, square = degrees / 2, 0.5, t * t
    x, rest = degrees / (degrees + square), square / (degrees + square)
    # The logarithm of x from t itself: x lies so near to 1 that its own would lose its digits.
    logarithm = lgamma(a + b) - lgamma(a) - lgamma(b) - a * log1p(square / degrees) + b * log(rest)
    front = exp(logarithm)
    return front * _fraction(a, b, x) / a if x < (a + 1) / (a + b + 2) else 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function, for x < (a + 1) / (a + b + 2): no zero in it."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found, m, step = d, 0, 0.0
    while abs(step - 1) > _EXACT:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d, c = 1 / (1 + part * d), 1 + part / c
            step = c * d
            found *= step
    return found
