"""What the votes show: for every pair of arms how often each was preferred, with an interval that may hold even.

Only decided votes speak for an arm (sign test); ties and questions that nobody got right are counted apart. Votes of
one person on one question are no independent evidence, so the newest counts; votes on weights that were replaced since
are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final, Literal

from agent.policy.thresholds import THRESHOLDS
from agent.records.evaluation import ARMS, Arm
from agent.records.vote import PairTally, Standing, Vote, VoteTally
from tools.evaluation.statistics import holm, mcnemar, wilson
from tools.rounds import Backing, same_weights
from tools.votes import standing

Outcome = Literal["a", "b", "tie", "both_wrong"]
_EVEN: Final = 0.5


def tally(votes: Iterable[Vote], now: Backing) -> VoteTally:
    """Count the votes of a project.

    Args:
        votes: All votes; those taken back are left out.
        now: The base model and tuning run that would answer now.
    """
    newest: dict[tuple[Arm, Arm, str, str], tuple[Outcome, Vote]] = {}
    counted: set[str] = set()
    repeated: set[str] = set()
    other: set[str] = set()
    for vote in standing(votes):
        for a, b, outcome in _outcomes(vote):
            if not same_weights(vote, now, a, b):
                other.add(vote.id)
                continue
            key = (a, b, vote.account, " ".join(vote.question.split()).casefold())
            if key in newest:
                repeated.add(newest[key][1].id)
            newest[key] = (outcome, vote)
            counted.add(vote.id)
    still = {vote.id for _, vote in newest.values()}
    return VoteTally(
        pairs=_pairs(newest),
        votes=len(counted & still),
        repeated=len(repeated - still),
        other_models=len(other - counted),
    )


def _outcomes(vote: Vote) -> Iterator[tuple[Arm, Arm, Outcome]]:
    """Yield what a vote says of each pair; a winner says nothing of two others."""
    for a, b in combinations(sorted(vote.arms, key=ARMS.index), 2):
        match vote.verdict:
            case "tie":
                yield a, b, "tie"
            case "all_wrong":
                yield a, b, "both_wrong"
            case "better" if vote.winner == a:
                yield a, b, "a"
            case "better" if vote.winner == b:
                yield a, b, "b"


def _pairs(newest: dict[tuple[Arm, Arm, str, str], tuple[Outcome, Vote]]) -> tuple[PairTally, ...]:
    counts: dict[tuple[Arm, Arm], Counter[Outcome]] = {}
    blind: Counter[tuple[Arm, Arm]] = Counter()
    for (a, b, _, _), (outcome, vote) in newest.items():
        counts.setdefault((a, b), Counter())[outcome] += 1
        blind[a, b] += vote.blind
    pairs = sorted(counts, key=lambda pair: (ARMS.index(pair[0]), ARMS.index(pair[1])))
    # Without decided votes there is no test, and nothing for the others to be adjusted for.
    tested = [pair for pair in pairs if counts[pair]["a"] + counts[pair]["b"]]
    adjusted = dict(zip(tested, holm(mcnemar(counts[p]["b"], counts[p]["a"]) for p in tested), strict=True))
    return tuple(_tallied(a, b, counts[a, b], blind[a, b], adjusted.get((a, b), 1.0)) for a, b in pairs)


def _tallied(a: Arm, b: Arm, count: Counter[Outcome], blind: int, p: float) -> PairTally:
    decided = count["a"] + count["b"]
    low, high = wilson(count["a"], decided)
    return PairTally(
        a=a,
        b=b,
        a_preferred=count["a"],
        b_preferred=count["b"],
        ties=count["tie"],
        both_wrong=count["both_wrong"],
        blind=blind,
        share=count["a"] / decided if decided else None,
        low=low,
        high=high,
        p=p,
        standing=_standing(low, high, p),
    )


def _standing(low: float, high: float, p: float) -> Standing:
    """Return who is ahead; both the interval and the test must exclude even.

    Wilson's interval of five to nothing already excludes one half, which the exact test does not.
    """
    if p >= 1 - THRESHOLDS.confidence or low <= _EVEN <= high:
        return "not_enough"
    return "a_preferred" if low > _EVEN else "b_preferred"
