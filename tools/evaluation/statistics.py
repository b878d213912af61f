"""Intervals and tests for a report on a few hundred items that come from a handful of documents.

Rates get Wilson's interval (Wilson 1927). Differences between arms are paired on the item and resampled by document,
because items of one document fail together (cluster bootstrap; Field and Welsh 2007). A percentile bootstrap of fewer
than `FEW` clusters is too narrow, so for right/wrong scores Newcombe's paired score interval (1998, method 10) widens
it. Binary pairs are tested by McNemar's exact test, several tests at once by Holm's step-down.

    >>> wilson(8, 10)
    (0.4901..., 0.9433...)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from agent.policy.power import wilson_interval

RESAMPLES: Final = 4000
"""Bootstrap resamples; the Monte Carlo error of a 95% limit is then about 1% of the interval's width."""
FEWEST_DOCUMENTS: Final = 5
"""Below so many documents resampling documents says nothing, and the items' facts are resampled instead."""
FEW: Final = 20
"""Below so many clusters the percentile bootstrap is known to be too narrow and is widened for binary scores."""

ClusteredBy = Literal["document", "fact", "item"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PairedDifference:
    """The mean of b - a on the same items."""

    difference: float
    low: float
    high: float
    """95% interval."""
    p: float
    """Two-sided; McNemar's exact test for right/wrong scores, else from the bootstrap."""
    n: int
    """Pairs."""
    clusters: int
    binary: bool
    discordance: float | None
    """Share of pairs in which exactly one arm is right; `None` for graded scores."""


def wilson(successes: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of the rate `successes / n`; `(0, 1)` if nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    rate = successes / n
    low, high = wilson_interval(rate, n)
    # Rounding must not push a limit past the rate or past 0 and 1.
    return max(0.0, min(rate, low)), min(1.0, max(rate, high))


def clusters_of(
    documents: Sequence[str], facts: Sequence[str], items: Sequence[str]
) -> tuple[tuple[str, ...], ClusteredBy]:
    """Choose what is resampled: documents; with fewer than five of them facts; without facts the items themselves.

    An item without a document or fact is a cluster of its own.
    """
    for kind, labels in (("document", documents), ("fact", facts)):
        named = {label for label in labels if label}
        if len(named) >= (FEWEST_DOCUMENTS if kind == "document" else 2):
            chosen = tuple(
                f"{kind}:{label}" if label else f"item:{item}" for label, item in zip(labels, items, strict=True)
            )
            return chosen, "document" if kind == "document" else "fact"
    return tuple(items), "item"


def bootstrap_means(
    values: Sequence[float], clusters: Sequence[str], *, seed: int, resamples: int = RESAMPLES
) -> Floats:
    """Return the means of `resamples` samples of whole clusters, drawn with replacement.

    A cluster of m items weighs m, as in the mean itself.
    """
    _, inverse = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    count = int(inverse.max()) + 1
    sums = np.bincount(inverse, weights=np.asarray(values, dtype=np.float64), minlength=count)
    sizes = np.bincount(inverse, minlength=count).astype(np.float64)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)
    means: Floats = (draws @ sums) / (draws @ sizes)
    return means


def mean_interval(
    values: Sequence[float], clusters: Sequence[str], *, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95% interval of a mean of scores in [0, 1]: Wilson's for rates, else the clustered bootstrap's."""
    if is_binary(values):
        return wilson(sum(values), len(values))
    low, high = np.percentile(bootstrap_means(values, clusters, seed=seed, resamples=resamples), [2.5, 97.5])
    mean = sum(values) / len(values)
    return min(mean, float(low)), max(mean, float(high))


def paired_difference(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[str], *, seed: int, resamples: int = RESAMPLES
) -> PairedDifference:
    """Compare two arms on the same items.

    Raises:
        ValueError: There is no pair, or the sequences differ in length.
    """
    if not a or not len(a) == len(b) == len(clusters):
        raise ValueError("paired scores must have the same positive length")
    deltas = [second - first for first, second in zip(a, b, strict=True)]
    difference = sum(deltas) / len(deltas)
    means = bootstrap_means(deltas, clusters, seed=seed, resamples=resamples)
    low, high = (float(limit) for limit in np.percentile(means, [2.5, 97.5]))
    count = len(set(clusters))
    binary = is_binary(a) and is_binary(b)
    discordance: float | None = None
    if binary:
        a_only = sum(delta < 0 for delta in deltas)
        b_only = sum(delta > 0 for delta in deltas)
        both = sum(bool(first == second == 1) for first, second in zip(a, b, strict=True))
        discordance = (a_only + b_only) / len(deltas)
        p = mcnemar(a_only, b_only)
        if count < FEW:
            score_low, score_high = newcombe(both, a_only, b_only, len(deltas) - both - a_only - b_only)
            low, high = min(low, score_low), max(high, score_high)
    else:
        # Counting the observed sample as one of the resamples keeps p above zero (Davison and Hinkley 1997).
        tail = 1 + min(int(np.sum(means <= 0)), int(np.sum(means >= 0)))
        p = min(1.0, 2 * tail / (resamples + 1))
    low, high = min(low, difference), max(high, difference)
    return PairedDifference(difference, low, high, p, len(deltas), count, binary, discordance)


def newcombe(both: int, a_only: int, b_only: int, neither: int) -> tuple[float, float]:
    """Return the 95% interval of the difference of two paired rates, b - a (Newcombe 1998, method 10)."""
    n = both + a_only + b_only + neither
    rate_a, rate_b = (both + a_only) / n, (both + b_only) / n
    low_a, high_a = wilson(both + a_only, n)
    low_b, high_b = wilson(both + b_only, n)
    product: float = both * neither - a_only * b_only
    if product > 0:
        product = max(product - n / 2, 0.0)
    margins = (both + b_only) * (a_only + neither) * (both + a_only) * (b_only + neither)
    phi = product / math.sqrt(margins) if margins else 0.0
    down, up_a = rate_b - low_b, high_a - rate_a
    up, down_a = high_b - rate_b, rate_a - low_a
    difference = rate_b - rate_a
    low = difference - math.sqrt(max(0.0, down * down - 2 * phi * down * up_a + up_a * up_a))
    high = difference + math.sqrt(max(0.0, up * up - 2 * phi * up * down_a + down_a * down_a))
    return max(-1.0, low), min(1.0, high)


def mcnemar(a_only: int, b_only: int) -> float:
    """Return the exact two-sided p of McNemar's test; 1 if no pair is discordant."""
    discordant = a_only + b_only
    if discordant == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(b_only, discordant, 0.5).pvalue)


def holm(p_values: Iterable[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p values, in the order given (Holm 1979)."""
    raw = tuple(p_values)
    adjusted = [0.0] * len(raw)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(raw)), key=raw.__getitem__)):
        highest = max(highest, min(1.0, raw[index] * (len(raw) - rank)))
        adjusted[index] = highest
    return tuple(adjusted)


def is_binary(values: Iterable[float]) -> bool:
    """Whether every score is right or wrong, nothing between."""
    return all(value in (0, 1) for value in values)
