"""Clusters of scores that rise and fall together: their sums, the error of their mean, and its bootstrap interval.

A percentile bootstrap of few clusters is too narrow, so its percentiles are expanded (Hesterberg 2015), and the
interval by t over the clusters widens it.

    Clusters.of([1.0, 0.0, 1.0], ["a", "a", "b"]).interval(seed=0, resamples=4000)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SAME: Final = 1e-12
"""Spread below which values are the same but for rounding."""
_AT_ONCE: Final = 2_000_000
"""Draws held in memory at once."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clusters:
    """Sums and sizes of whole clusters."""

    sums: Floats
    sizes: Floats

    @classmethod
    def of(cls, values: Sequence[float], clusters: Sequence[str]) -> Clusters:
        """Gather values by their labels."""
        _, inverse = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
        sums: Floats = np.bincount(inverse, weights=np.asarray(values, dtype=np.float64)).astype(np.float64)
        sizes: Floats = np.bincount(inverse).astype(np.float64)
        return cls(sums, sizes)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sums)

    @property
    def mean(self) -> float:
        """Mean of all values; a cluster of m weighs m."""
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def error(self) -> float:
        """Standard error of the mean from the spread of the clusters, a ratio estimate (Obuchowski 1998)."""
        left = self.sums - self.mean * self.sizes
        scale = self.count / max(1, self.count - 1)
        return math.sqrt(scale * float(left @ left)) / float(self.sizes.sum())

    @property
    def is_alike(self) -> bool:
        """Whether several clusters have one mean, so that no spread between them is seen."""
        return self.count > 1 and self.error < SAME

    def resampled(self, seed: int, resamples: int) -> Floats:
        """Return the means of samples of as many clusters, drawn with replacement."""
        dice = np.random.default_rng(seed)
        at_once = max(1, _AT_ONCE // self.count)
        parts = []
        for start in range(0, resamples, at_once):
            drawn = dice.integers(0, self.count, size=(min(at_once, resamples - start), self.count))
            parts.append(self.sums[drawn].sum(axis=1) / self.sizes[drawn].sum(axis=1))
        means: Floats = np.concatenate(parts)
        return means

    def interval(self, seed: int, resamples: int) -> tuple[float, float]:
        """Return the 95% interval of the mean."""
        if self.count < 2:
            return -1.0, 1.0
        means = self.resampled(seed, resamples)
        tail = expanded_tail(self.count)
        low, high = (float(limit) for limit in np.quantile(means, [tail, 1 - tail]))
        # Of five clusters the resamples do not reach far enough out, however far the percentiles go.
        reach = t_reach(self.count) * self.error
        return min(low, self.mean - reach), max(high, self.mean + reach)


def expanded_tail(clusters: int, level: float = 0.95) -> float:
    """Return the share of resamples beyond each limit, for an interval that few clusters do not make too narrow.

    A percentile interval is too narrow by sqrt((G - 1) / G), and by taking the normal for the t distribution with G - 1
    degrees of freedom; both are mended by going further out (expanded percentiles, Hesterberg 2015).
    """
    from scipy.special import ndtr

    return float(ndtr(-t_reach(clusters, level) * math.sqrt(clusters / (clusters - 1))))


def t_reach(clusters: int, level: float = 0.95) -> float:
    """Return how many standard errors an interval reaches to either side, by t with one degree less than clusters."""
    from scipy.special import stdtrit

    return float(stdtrit(clusters - 1, (1 + level) / 2))
