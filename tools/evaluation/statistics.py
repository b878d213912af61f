"""Intervals and tests for a report on a few hundred items that come from a handful of documents.

Items of one document fail together, so nothing here takes them for independent. Rates get Wilson's interval (1927) of
as many items as their documents are worth (Korn and Graubard 1998). Differences between arms are paired on the item
and resampled by document (cluster bootstrap; Field and Welsh 2007). A percentile bootstrap of few clusters is too
narrow, so its percentiles are expanded (Hesterberg 2015); the interval by t over the clusters widens it, and for
right/wrong scores Newcombe's paired score interval (1998, method 10). Binary pairs are tested by McNemar's exact test,
clustered ones besides by its clustered form (Obuchowski 1998), several tests at once by Holm's step-down. How often
the intervals hold the truth is measured by `make bench-intervals`.

    >>> wilson(8, 10)
    (0.4901..., 0.9433...)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np

from agent.policy.power import wilson_interval
from tools.evaluation.clusters import SAME, Clusters, Floats, t_reach

RESAMPLES: Final = 4000
"""Bootstrap resamples; the Monte Carlo error of a 95% limit is then about 1% of the interval's width."""
FEWEST_DOCUMENTS: Final = 5
"""Below so many documents resampling documents says nothing, and the items' facts are resampled instead."""
FEW: Final = 20
"""Below so many clusters an interval is only approximate, and reports say so."""

_Z: Final = NormalDist().inv_cdf(0.975)

ClusteredBy = Literal["document", "fact", "item"]


@dataclass(frozen=True)
class PairedDifference:
    """The mean of b - a on the same items."""

    difference: float
    low: float
    high: float
    """95% interval."""
    p: float
    """Two-sided. Right/wrong scores: McNemar's exact test; where pairs share clusters, the larger of it and that of
    the clusters. Graded scores: by t over the clusters."""
    n: int
    """Pairs."""
    clusters: int
    binary: bool
    discordance: float | None
    """Share of pairs in which exactly one arm is right; `None` for graded scores."""
    design: float = 1.0
    """How many times the variance of as many independent items the clusters make it (Kish 1965); at least 1."""


def wilson(successes: float, n: float) -> tuple[float, float]:
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
    return Clusters.of(values, clusters).resampled(seed, resamples)


def mean_interval(
    values: Sequence[float], clusters: Sequence[str], *, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95% interval of a mean of scores in [0, 1]: Wilson's for rates, else the clustered bootstrap's.

    Both know that the items of a cluster fail together.
    """
    if is_binary(values):
        rate, worth = sum(values) / len(values), effective_items(values, clusters)
        return wilson(rate * worth, worth)
    grouped = Clusters.of(values, clusters)
    low, high = grouped.interval(seed, resamples)
    if grouped.is_alike:
        # Clusters that score alike tell no spread. Right or wrong answers vary most of all scores of one mean.
        low, high = wilson(sum(values), len(values))
    return max(0.0, min(grouped.mean, low)), min(1.0, max(grouped.mean, high))


def effective_items(values: Sequence[float], clusters: Sequence[str]) -> float:
    """Return how many independent items would tell as much about a mean as these clusters do (Korn and Graubard 1998).

    The items over the design effect, fewer still where the clusters are so few that the effect itself is uncertain;
    never more than there are items.
    """
    grouped = Clusters.of(values, clusters)
    design = design_effect(values, grouped)
    if design == 1.0:
        return float(len(values))
    return len(values) / design * (_Z / t_reach(grouped.count)) ** 2


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
    grouped = Clusters.of(deltas, clusters)
    low, high = grouped.interval(seed, resamples)
    binary = is_binary(a) and is_binary(b)
    discordance: float | None = None
    p = clustered_p(grouped)
    if grouped.is_alike and not binary:
        low, high, p = _alike(deltas, seed, resamples)
    if binary:
        a_only = sum(delta < 0 for delta in deltas)
        b_only = sum(delta > 0 for delta in deltas)
        both = sum(bool(first == second == 1) for first, second in zip(a, b, strict=True))
        discordance = (a_only + b_only) / len(deltas)
        p = mcnemar(a_only, b_only) if grouped.count == len(deltas) else max(p, mcnemar(a_only, b_only))
        score_low, score_high = newcombe(both, a_only, b_only, len(deltas) - both - a_only - b_only)
        low, high = min(low, score_low), max(high, score_high)
    low, high = max(-1.0, min(low, difference)), min(1.0, max(high, difference))
    design = design_effect(deltas, grouped)
    return PairedDifference(difference, low, high, p, len(deltas), grouped.count, binary, discordance, design)


def _alike(deltas: Sequence[float], seed: int, resamples: int) -> tuple[float, float, float]:
    """Return interval and p of graded pairs whose clusters differ alike, which tells no spread between clusters.

    The pairs then stand for themselves, and the interval is no narrower than one that adds a gain and a loss to pairs
    none of which moved (Bonett and Price 2012): a few pairs that agree do not show that all would.
    """
    alone = Clusters.of(deltas, [f"{number:09}" for number in range(len(deltas))])
    low, high = alone.interval(seed, resamples)
    least = _Z * math.sqrt(2) / (len(deltas) + 2)
    return min(low, alone.mean - least), max(high, alone.mean + least), clustered_p(alone)


def clustered_p(grouped: Clusters) -> float:
    """Return the two-sided p of a mean difference of zero by t with one degree of freedom less than clusters.

    For right/wrong pairs this is McNemar's test for clustered pairs (Obuchowski 1998), with t in place of the normal
    for few clusters (Cameron and Miller 2015).
    """
    from scipy.special import stdtr

    mean, error = grouped.mean, grouped.error
    if grouped.count < 2 or mean == 0:
        return 1.0
    if error < SAME:
        # Every pair shifts alike: nothing to estimate a spread from, so the sign test of the pairs.
        return min(1.0, float(2.0 ** (1 - grouped.sizes.sum())))
    return min(1.0, 2 * float(stdtr(grouped.count - 1, -abs(mean) / error)))


def design_effect(values: Sequence[float], grouped: Clusters) -> float:
    """Return how many times the variance of independent items the clusters make it; 1 where they make it no larger."""
    if grouped.count == len(values):
        return 1.0
    alone = float(np.var(values, ddof=1)) / len(values)
    return max(1.0, grouped.error**2 / alone) if alone > SAME else 1.0


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
