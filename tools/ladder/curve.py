"""What more data would bring: a line through the score over the logarithm of the pairs, with its uncertainty. Pure.

Three points do not tell a power law's three numbers apart, and scores between 0 and 1 bend both ways; over the range
from a quarter of the data to twice of it a line over the logarithm serves. Its interval comes from resampling the items
in clusters, all three points with the same draw, and goes as far out as few clusters ask for; a training's own luck is
not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from agent.records.ladder import Extrapolation
from tools.evaluation.clusters import SAME, expanded_tail
from tools.evaluation.statistics import bootstrap_means, wilson

MOST: Final = 1000
"""Times the present pairs beyond which a line promises nothing any more."""


def extrapolate(
    pairs: Mapping[float, int],
    scores: Mapping[float, Sequence[float]],
    clusters: Sequence[str],
    target: float,
    *,
    seed: int = 0,
) -> Extrapolation:
    """Return the gain of twice the pairs, and the pairs at which the target is met.

    Args:
        pairs: Domain examples by share of the data, e.g. `{0.25: 20, 0.5: 40, 1.0: 80}`.
        scores: Score of every item by share, the items in the same order.
        clusters: What the bootstrap resamples, one label an item.
        target: Accuracy aimed at, a fraction.
        seed: Seed of the bootstrap.
    """
    shares = sorted(scores)
    places = np.log2([pairs[share] / pairs[shares[-1]] for share in shares])
    means = np.array([np.mean(scores[share]) for share in shares])
    slope, level = _line(places, means[None, :])
    # The same seed and clusters give the same draws, so the three points of a resample belong to the same items.
    drawn = np.stack([bootstrap_means(scores[share], clusters, seed=seed) for share in shares], axis=1)
    slopes, levels = _line(places, drawn)
    count, total = len(set(clusters)), pairs[shares[-1]]
    tail = expanded_tail(count) if count > 1 else 0.0
    low, high = _limits(slopes, count, tail, float(np.ptp(places)))
    times = np.sort(_times(slopes, levels, target))
    few, many = (times[round(part * (len(times) - 1))] for part in (tail, 1 - tail)) if count > 1 else (1.0, np.inf)
    return Extrapolation(
        pairs=total,
        doubling=float(slope[0]),
        low=min(low, float(slope[0])),
        high=max(high, float(slope[0])),
        at_double=float(np.clip(level[0] + slope[0], 0, 1)),
        pairs_for_target=_pairs(total, float(_times(slope, level, target)[0])),
        pairs_low=_pairs(total, float(few)),
        pairs_high=_pairs(total, float(many)),
    )


def _limits(slopes: np.ndarray, clusters: int, tail: float, doublings: float) -> tuple[float, float]:
    """Return the 95% interval of the gain by twice the pairs; one cluster tells nothing of it.

    Where no answer differs between the points, what may differ in other items is bounded as a rate of none (Wilson).
    """
    if clusters < 2:
        return -1.0, 1.0
    low, high = (float(value) for value in np.quantile(slopes, [tail, 1 - tail]))
    if high - low < SAME:
        reach = wilson(0, clusters)[1] / doublings
        return low - reach, high + reach
    return low, high


def _line(places: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and level at all of the data of the least-squares line through each row of means."""
    centred = places - places.mean()
    slope = (means * centred).sum(axis=1) / (centred**2).sum()
    return slope, means.mean(axis=1) - slope * places.mean()


def _times(slopes: np.ndarray, levels: np.ndarray, target: float) -> np.ndarray:
    """Return how many times the present pairs meet the target; infinite where the line never does."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        doublings = (target - levels) / slopes
    doublings = np.where(levels >= target, 0.0, np.where(slopes > 0, doublings, np.inf))
    return np.where(doublings > np.log2(MOST), np.inf, np.exp2(np.minimum(doublings, np.log2(MOST))))


def _pairs(total: int, times: float) -> int | None:
    return None if np.isinf(times) else int(np.ceil(total * times))
