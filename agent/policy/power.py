"""How many items a paired difference needs, and how sure a difference from given counts is.

Sources: sample size for McNemar's test after Miettinen (1968) and Connor (1987); interval of a paired difference of
proportions after Bonett and Price (2012); interval of a rate after Wilson (1927). Example: `items_needed(0.10)` is 155.
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

Interval = tuple[float, float]


def items_needed(difference: float, discordance: float = 0.20, power: float = 0.80, alpha: float = 0.05) -> int:
    """Return how many paired items show a difference with the given power (two-sided).

    Args:
        difference: Size of the difference as a fraction; its sign does not matter.
        discordance: Share of items on which the two arms disagree; raised to `difference` where it is smaller.
        power: Chance to show the difference if it is there.
        alpha: Two-sided level.

    Raises:
        ValueError: The difference is 0 or beyond 1: no number of items shows it.
    """
    size = abs(difference)
    if not 0 < size <= 1:
        raise ValueError("a difference lies between 0 and 1 and is not 0")
    disagree = min(1.0, max(discordance, size))
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    root = z_alpha * sqrt(disagree) + z_power * sqrt(disagree - size**2)
    return ceil(root**2 / size**2)


def smallest_detectable(items: int, discordance: float = 0.20, power: float = 0.80, alpha: float = 0.05) -> float:
    """Return the smallest difference that `items` paired items show with the given power, as a fraction.

    Returns:
        The difference; 1.0 if the items show no difference short of the whole.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if items_needed(middle, discordance, power, alpha) <= items:
            high = middle
        else:
            low = middle
    return high


def smallest_shown(
    items: int, discordance: float, design: float = 1.0, power: float = 0.80, alpha: float = 0.05
) -> float:
    """Return the smallest difference that pairs show whose disagreement was measured, as a fraction.

    Args:
        items: Pairs.
        discordance: Share of them on which exactly one arm is right.
        design: How many times the variance of independent pairs their clusters make it; so many fewer they are worth.
        power: Chance to show the difference if it is there.
        alpha: Two-sided level.
    """
    return smallest_detectable(max(1, int(items / design)), _smoothed(discordance, items), power, alpha)


def items_to_add(
    items: int,
    difference: float,
    smallest: float,
    discordance: float | None = None,
    design: float = 1.0,
    power: float = 0.80,
    alpha: float = 0.05,
) -> int:
    """Return how many items more show a difference; 0 only where those there are show it.

    The items needed go by the disagreement where that was measured, and grow besides with the square of how far the
    clusters, few as they may be, let an interval reach beyond the normal one. Without it they fall with the square of
    the difference to be shown.

    Args:
        items: Pairs there are.
        difference: What shall be shown, as a fraction.
        smallest: The smallest difference that they show, as a fraction.
        discordance: Share of the pairs on which exactly one arm is right; `None` for graded scores.
        design: How many times the variance of independent pairs their clusters make it.
        power: Chance to show the difference if it is there.
        alpha: Two-sided level.
    """
    if smallest <= difference:
        return 0
    if discordance is None:
        return max(1, ceil(items * (smallest / difference) ** 2) - items)
    reach = max(1.0, smallest / smallest_shown(items, discordance, design, power, alpha))
    needed = items_needed(difference, _smoothed(discordance, items), power, alpha)
    return max(1, ceil(needed * design * reach**2) - items)


def _smoothed(discordance: float, items: int) -> float:
    """Add a pair on either side, so that a handful of concordant pairs does not promise the moon."""
    return (discordance * items + 1) / (items + 2)


def paired_interval(
    first: float, second: float, items: int, discordance: float = 0.20, confidence: float = 0.95
) -> Interval:
    """Return the interval of `second - first` where only the two means and the number of shared items are known.

    How often the arms disagree is not known from means alone. The least possible is the difference itself; we assume
    `discordance` on top of it, as far as the two rates leave room, so the interval errs on the wide side.

    Args:
        first: Mean of the first arm, a fraction.
        second: Mean of the second arm on the same items.
        items: Number of items; 0 leaves everything open.
        discordance: Share of disagreement that cancels out, on top of the net difference.
        confidence: Level of the interval.
    """
    difference = second - first
    disagree = min(abs(difference) + discordance, first + second, 2 - first - second)
    wins, losses = items * (disagree + difference) / 2, items * (disagree - difference) / 2
    up, down = (wins + 1) / (items + 2), (losses + 1) / (items + 2)
    middle = up - down
    half = _z(confidence) * sqrt((up + down - middle**2) / (items + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)


def wilson_interval(rate: float, items: float, confidence: float = 0.95) -> Interval:
    """Return the interval of a rate seen on `items` items; 0 items leave everything open."""
    if items == 0:
        return 0.0, 1.0
    z = _z(confidence)
    middle = (rate + z**2 / (2 * items)) / (1 + z**2 / items)
    half = z * sqrt(rate * (1 - rate) / items + z**2 / (4 * items**2)) / (1 + z**2 / items)
    return max(0.0, middle - half), min(1.0, middle + half)


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
