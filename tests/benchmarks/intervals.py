"""How often the intervals hold the truth, and how often a report names a difference that is none.

    python -m tests.benchmarks.intervals [--rounds 1000] [--json]

Coverage: two arms of known accuracy answer items of few and many documents (`simulated_projects`); counted is how
often the 95% interval of their difference, and of one arm's mean, holds the truth, and how often p is below 0.05: with
arms worth the same a false alarm, else the power, to be read beside the difference that the items are said to show.
Beside the product's intervals stands what the plain percentile bootstrap and the plain Wilson interval would have done,
which take no account of few clusters, or of clusters at all.

False alarms: five arms that are worth the same on every dimension go through `compare`; counted are the reports that
name a difference. Holm holds their share below 5% over all comparisons of a report together.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from agent.records.evaluation import ARMS, Arm
from tests.benchmarks.simulated_projects import (
    DOMAIN_SPREAD,
    WORDINGS,
    Spread,
    Truth,
    answered,
    document_of,
    simulate,
)
from tools.evaluation.comparisons import compare, detectable
from tools.evaluation.statistics import bootstrap_means, mean_interval, paired_difference, wilson

STRONG: Final = Spread(document=0.20, fact=0.20, item=0.20, document_arm=0.10, fact_arm=0.13, item_arm=0.17)
"""Documents differ much, and so does what arms make of them."""
RESAMPLES: Final = 1000


@dataclass(frozen=True)
class Setting:
    """One kind of evaluation."""

    clusters: str
    """`document`, `fact` or `item`: what is resampled."""
    items: int
    documents: int
    accuracy: tuple[float, float]
    graded: bool
    strong: bool = False


SETTINGS: Final = (
    *(
        Setting("document", 90, documents, accuracy, graded, strong)
        for documents in (5, 10, 30)
        for accuracy in ((0.6, 0.7), (0.6, 0.6))
        for graded in (False, True)
        for strong in (False, True)
    ),
    Setting("document", 90, 10, (0.85, 0.95), False),
    Setting("document", 90, 5, (0.5, 0.77), False),
    Setting("document", 90, 10, (0.55, 0.76), False),
    Setting("document", 250, 60, (0.6, 0.7), False),
    Setting("document", 400, 60, (0.6, 0.68), False),
    Setting("fact", 40, 0, (0.6, 0.7), False),
    Setting("fact", 90, 0, (0.6, 0.7), False),
    Setting("fact", 90, 0, (0.6, 0.7), True),
    Setting("item", 20, 0, (0.6, 0.8), False),
    Setting("item", 100, 0, (0.62, 0.60), False),
    Setting("item", 100, 0, (0.62, 0.60), True),
)


def coverage(one: Setting, rounds: int, seed: int = 0) -> dict[str, Any]:
    """Return how often the intervals of a setting hold the truth, and what else was counted."""
    dice = np.random.default_rng(seed)
    spread = STRONG if one.strong else DOMAIN_SPREAD
    labels = [_label(one, number) for number in range(one.items)]
    counted = dict.fromkeys(("difference", "percentile", "mean", "plain", "rejected"), 0)
    width = smallest = 0.0
    if one.clusters == "item":
        spread = Spread(document=0, fact=0, item=0.5, document_arm=0, fact_arm=0, item_arm=0.5)
    elif one.clusters == "fact":
        spread = Spread(document=0, fact=0.3, item=0.3, document_arm=0, fact_arm=0.2, item_arm=0.2)
    for number in range(rounds):
        pair = {"base": one.accuracy[0], "tuned": one.accuracy[1]}
        scores, _ = answered(pair, one.items, one.documents, spread, dice, graded=one.graded)  # type: ignore[arg-type]
        a, b = (scores[arm].tolist() for arm in ("base", "tuned"))
        truth = one.accuracy[1] - one.accuracy[0]
        found = paired_difference(a, b, labels, seed=number, resamples=RESAMPLES)
        counted["difference"] += found.low <= truth <= found.high
        counted["rejected"] += found.p < 0.05
        width += found.high - found.low
        smallest += detectable(found)
        means = bootstrap_means(np.subtract(b, a).tolist(), labels, seed=number, resamples=RESAMPLES)
        low, high = np.percentile(means, [2.5, 97.5])
        counted["percentile"] += bool(low <= truth <= high)
        low, high = mean_interval(a, labels, seed=number, resamples=RESAMPLES)
        counted["mean"] += low <= one.accuracy[0] <= high
        low, high = wilson(sum(a), len(a))
        counted["plain"] += low <= one.accuracy[0] <= high
    shares = {name: _share(count, rounds) for name, count in counted.items()}
    return {**one.__dict__, "rounds": rounds, "width": width / rounds, "smallest": smallest / rounds, **shares}


def false_alarms(items: int, documents: int, rounds: int, seed: int = 0, *, graded: bool = False) -> dict[str, Any]:
    """Return how often a report of arms that are all worth the same names a difference."""
    same = dict.fromkeys(ARMS, 0.5)
    faithful: dict[Arm, float] = {arm: 0.7 for arm in ARMS if arm != "oracle"}
    truth = Truth("the same", same, same, faithful=faithful, graded=graded)
    named = count = 0
    for number in range(rounds):
        drawn = simulate(truth, items, documents, seed + number)
        found = compare(drawn.items, drawn.answers, seed=number)
        count = len(found)
        named += any(one.verdict in ("a_better", "b_better") for one in found)
    setting = {"items": items, "documents": documents, "graded": graded, "comparisons": count}
    return {**setting, "rounds": rounds, "false_alarms": _share(named, rounds)}


def _label(one: Setting, number: int) -> str:
    match one.clusters:
        case "document":
            return f"d{document_of(number, one.items, one.documents)}"
        case "fact":
            return f"f{number // WORDINGS}"
        case _:
            return f"i{number}"


def _share(count: int, n: int) -> dict[str, float]:
    low, high = wilson(count, n)
    return {"share": count / n, "low": low, "high": high}


def _alarms(rounds: int) -> Iterator[dict[str, Any]]:
    for documents in (6, 12, 30):
        for items in (50, 200):
            yield false_alarms(items, documents, rounds)
    yield false_alarms(100, 12, rounds, graded=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure coverage and false alarms, print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    covered = [coverage(one, given.rounds, seed) for seed, one in enumerate(SETTINGS)]
    alarms = list(_alarms(max(1, given.rounds // 2)))
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    if given.json:
        print(json.dumps({"coverage": covered, "false_alarms": alarms}))
        return
    print(
        "clusters  items docs accuracies  scores  effects  difference (percentile)  width  mean (plain)  p < .05  shows"
    )
    for row in covered:
        kind = ("graded" if row["graded"] else "binary", "strong" if row["strong"] else "usual")
        print(
            f"{row['clusters']:9} {row['items']:5} {row['documents']:4} {row['accuracy']!s:11} {kind[0]:7} {kind[1]:7}"
            f"  {row['difference']['share']:.3f} ({row['percentile']['share']:.3f})  {row['width']:.2f}"
            f"  {row['mean']['share']:.3f} ({row['plain']['share']:.3f})  {row['rejected']['share']:.3f}"
            f"    {row['smallest']:.3f}"
        )
    print("\narms worth the same: reports that name a difference")
    for row in alarms:
        share = row["false_alarms"]
        print(
            f"{row['items']:5} items {row['documents']:3} documents {row['comparisons']} comparisons"
            f"{' graded' if row['graded'] else ''}: {share['share']:.1%} [{share['low']:.1%}, {share['high']:.1%}]"
        )


if __name__ == "__main__":
    main()
