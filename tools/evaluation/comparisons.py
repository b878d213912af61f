"""From scored answers to estimates and paired comparisons, each with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Final, Literal

from agent.policy.power import items_to_add, smallest_shown
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.records.evaluation import ARMS, Arm, Comparison, Dimension, Estimate, Item, ItemAnswer
from tools.evaluation.clusters import t_reach
from tools.evaluation.dimensions import DOMAIN
from tools.evaluation.statistics import (
    ClusteredBy,
    PairedDifference,
    clusters_of,
    effective_items,
    holm,
    mean_interval,
    paired_difference,
)

_ALL_PAIRS: Final[tuple[tuple[Arm, Arm], ...]] = (
    ("base", "tuned"),
    ("base", "rag"),
    ("rag", "oracle"),
    ("rag", "tuned"),
    ("rag", "tuned+rag"),
    ("tuned", "tuned+rag"),
)
PAIRS_OF: Final[dict[Dimension, tuple[tuple[Arm, Arm], ...]]] = {
    **dict.fromkeys(DOMAIN, _ALL_PAIRS),
    "faithfulness": (("base", "tuned"), ("rag", "tuned+rag")),
    "understanding": (("base", "tuned"),),
    "syntax": (("base", "tuned"),),
    "disambiguation": (("base", "tuned"),),
    "instruction_following": (("base", "tuned"),),
    "general_ability": (("base", "tuned"),),
}
"""Differences that answer a question; tokenization has none, since an adapter does not change the tokenizer."""

Verdict = Literal["a_better", "b_better", "no_difference_shown", "too_few_items"]
Scores = dict[tuple[Arm, Dimension], dict[str, ItemAnswer]]


def scores_by_spoke(items: Sequence[Item], answers: Sequence[ItemAnswer]) -> Scores:
    """Group answers by arm and dimension, then by item id."""
    dimension_of = {item.id: item.dimension for item in items}
    grouped: Scores = defaultdict(dict)
    for answer in answers:
        grouped[answer.arm, dimension_of[answer.item]][answer.item] = answer
    return grouped


def estimates(
    items: Sequence[Item], answers: Sequence[ItemAnswer], *, seed: int
) -> dict[Arm, dict[Dimension, Estimate]]:
    """Return the mean of every arm on every spoke it was asked; a spoke with nothing but errors is left out."""
    by_id = {item.id: item for item in items}
    found: dict[Arm, dict[Dimension, Estimate]] = {}
    for (arm, dimension), spoke in sorted(
        scores_by_spoke(items, answers).items(), key=lambda pair: ARMS.index(pair[0][0])
    ):
        scored = {name: answer.score for name, answer in spoke.items() if answer.score is not None}
        if not scored:
            continue
        asked = [by_id[name] for name in scored]
        values = list(scored.values())
        mean = sum(values) / len(values)
        labels, _ = item_clusters(asked)
        low, high = mean_interval(values, labels, seed=seed)
        chance = sum(chance_of(item) for item in asked) / len(asked)
        found.setdefault(arm, {})[dimension] = Estimate(
            mean=mean,
            low=low,
            high=high,
            n=len(values),
            effective_n=effective_items(values, labels),
            chance=chance,
            normalised=normalised(mean, chance),
            normalised_low=normalised(low, chance),
            normalised_high=normalised(high, chance),
            errors=len(spoke) - len(values),
        )
    return found


def compare(
    items: Sequence[Item], answers: Sequence[ItemAnswer], *, seed: int, thresholds: Thresholds = THRESHOLDS
) -> tuple[Comparison, ...]:
    """Return every comparison the arms allow, with Holm-adjusted p over all of them."""
    by_id = {item.id: item for item in items}
    spokes = scores_by_spoke(items, answers)
    found: list[tuple[Arm, Arm, Dimension, PairedDifference, float]] = []
    for dimension, pairs in PAIRS_OF.items():
        for a, b in pairs:
            first, second = spokes.get((a, dimension), {}), spokes.get((b, dimension), {})
            shared = [
                (name, before.score, after.score)
                for name, before in first.items()
                if (after := second.get(name)) is not None and before.score is not None and after.score is not None
            ]
            if not shared:
                continue
            labels, _ = item_clusters([by_id[name] for name, _, _ in shared])
            result = paired_difference([x for _, x, _ in shared], [y for _, _, y in shared], labels, seed=seed)
            found.append((a, b, dimension, result, detectable(result, thresholds)))
    adjusted = holm(result.p for *_, result, _ in found)
    return tuple(
        Comparison(
            a=a,
            b=b,
            dimension=dimension,
            difference=result.difference,
            low=result.low,
            high=result.high,
            p=p,
            n=result.n,
            verdict=verdict(result, p, least, thresholds),
            smallest_detectable=least,
            more_items=further_items(result, least, thresholds),
            discordance=result.discordance,
            design=result.design,
        )
        for (a, b, dimension, result, least), p in zip(found, adjusted, strict=True)
    )


def detectable(result: PairedDifference, thresholds: Thresholds = THRESHOLDS) -> float:
    """Return the smallest difference these pairs can show with the thresholds' power.

    For right/wrong scores from the share of discordant pairs and from what their clusters are worth, with t in place of
    the normal where pairs share clusters; for graded scores from the width of the interval.
    """
    alpha = 1 - thresholds.confidence
    normal = NormalDist()
    z_alpha, z_power = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(thresholds.power)
    if result.discordance is not None:
        least = smallest_shown(result.n, result.discordance, result.design, thresholds.power, alpha)
        if result.clusters < 2 or result.clusters == result.n:
            return least
        t_alpha = t_reach(result.clusters, thresholds.confidence)
        t_power = t_reach(result.clusters, 2 * thresholds.power - 1)
        return min(1.0, least * (t_alpha + t_power) / (z_alpha + z_power))
    return min(1.0, (result.high - result.low) / (2 * z_alpha) * (z_alpha + z_power))


def further_items(result: PairedDifference, least: float, thresholds: Thresholds = THRESHOLDS) -> int:
    """Return how many items more would show a difference of `thresholds.fine_difference`; `least` is `detectable`'s."""
    fine, alpha = thresholds.fine_difference, 1 - thresholds.confidence
    return items_to_add(result.n, fine, least, result.discordance, result.design, thresholds.power, alpha)


def verdict(result: PairedDifference, adjusted_p: float, least: float, thresholds: Thresholds = THRESHOLDS) -> Verdict:
    """Name a difference only if its interval excludes zero and its Holm-adjusted p stays below the level.

    Otherwise say whether these pairs could have shown a difference worth having (`thresholds.worthwhile`).
    """
    if adjusted_p < 1 - thresholds.confidence:
        if result.low > 0:
            return "b_better"
        if result.high < 0:
            return "a_better"
    return "no_difference_shown" if least <= thresholds.worthwhile else "too_few_items"


def item_clusters(items: Sequence[Item]) -> tuple[tuple[str, ...], ClusteredBy]:
    """Return what the bootstrap resamples for these items."""
    return clusters_of([i.document for i in items], [i.fact for i in items], [i.id for i in items])


def chance_of(item: Item) -> float:
    """Return what guessing scores on an item."""
    if item.form == "minimal_pair":
        return 0.5
    if item.form == "choice" and item.options:
        return 1 / len(item.options)
    return 0.0


def normalised(value: float, chance: float) -> float:
    """Return the radar value: the share of the way from chance to perfect, cut at 0 and 1."""
    return min(1.0, max(0.0, (value - chance) / (1 - chance))) if chance < 1 else 0.0


def find(comparisons: Sequence[Comparison], a: Arm, b: Arm, dimension: Dimension) -> Comparison | None:
    """Return one comparison of a report, if it was made."""
    for comparison in comparisons:
        if (comparison.a, comparison.b, comparison.dimension) == (a, b, dimension):
            return comparison
    return None


def retrieval_recall(items: Sequence[Item], answers: Sequence[ItemAnswer]) -> float | None:
    """Return the share of answerable knowledge items whose retrieved context held an accepted answer.

    Counted on the `rag` arm; `None` if it answered none. It is recall of what the model saw, after cutting.
    """
    wanted = {item.id for item in items if item.dimension in DOMAIN and item.answerable}
    seen = [
        a.context_has_gold for a in answers if a.arm == "rag" and a.item in wanted and a.context_has_gold is not None
    ]
    return sum(seen) / len(seen) if seen else None


def abstention_rates(items: Sequence[Item], answers: Sequence[ItemAnswer]) -> Mapping[Arm, tuple[int, int, int]]:
    """Return per arm, on faithfulness items, how often it abstained rightly, abstained, and should have abstained."""
    by_id = {item.id: item for item in items}
    rates: dict[Arm, tuple[int, int, int]] = {}
    for answer in answers:
        item = by_id[answer.item]
        if (
            item.dimension != "faithfulness"
            or answer.score is None
            or (answer.context_has_gold is None and item.answerable)
        ):
            continue
        silent = not item.answerable or not answer.context_has_gold
        right, said, due = rates.get(answer.arm, (0, 0, 0))
        rates[answer.arm] = (right + (answer.abstained and silent), said + answer.abstained, due + silent)
    return rates
