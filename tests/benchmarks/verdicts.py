"""Whether the verdict is right: simulated projects with known truth, through the product's own path.

    python -m tests.benchmarks.verdicts [--projects 2160] [--json]

Every project is drawn (`simulated_projects`), its answers go through `estimates`, `compare` and `decide_from_report`,
and what the decision says is held against what is true. A *call* is one statement of the decision, read from the rule
and the evidence of its reasons; it is *wrong* where

- `tuning_pays`, `rag_helps`, `harm`: the true difference is zero or has the other sign;
- `ship_rag`, `tuning_fails`, `rag_useless`, `rag_dropped`: the true gain is worth having (at least `worthwhile`);
- `fix_retrieval`, `distractors`, `knowledge_gap`, `held_out`: the true difference does not exceed `gap`;
- `forgetting`: the true drop does not exceed `general_drop`;
- `weak_reader`: the true accuracy with the gold passage reaches the target; `form_fails`: the form truly reaches it, or
  RAG truly does not.

A project is wrong if any one of its calls is, misled if that is the call that decided; open if none is wrong and the
decision is "not enough evidence"; else right. Apart from the verdict, the differences that the report names (Holm over
all comparisons) are held against the truth too: a project is misnamed if one of them is zero or the other way round.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

import numpy as np

from agent.policy.method import decide_from_report
from agent.policy.thresholds import THRESHOLDS
from agent.records.decision import MethodDecision, Reason
from agent.records.evaluation import ARMS, Arm, Dimension, EvaluationReport
from agent.records.profile import Profile
from tests.benchmarks.simulated_projects import Accuracy, Simulated, Truth, simulate
from tools.evaluation.comparisons import compare, estimates, retrieval_recall
from tools.evaluation.statistics import wilson

SIZES: Final = (20, 50, 100, 200, 400, 800)
DOCUMENTS: Final = (3, 6, 12, 30)
TARGET: Final = 0.70
NOTHING: Final = 1e-9
"""Differences below it are zero but for rounding."""


def arms(base: float, rag: float, oracle: float, tuned: float | None = None, both: float | None = None) -> Accuracy:
    """Return accuracies by arm; without the last two nothing was tuned."""
    found: dict[Arm, float] = {"base": base, "rag": rag, "oracle": oracle}
    if tuned is not None and both is not None:
        found |= {"tuned": tuned, "tuned+rag": both}
    return found


_HELD_OUT: Final = arms(0.10, 0.60, 0.68, 0.10, 0.60)
_FAITHFUL: Final[Accuracy] = {"base": 0.70, "rag": 0.70, "tuned": 0.70, "tuned+rag": 0.70}
FAMILIES: Final[tuple[Truth, ...]] = (
    Truth("nothing helps", arms(0.40, 0.40, 0.42, 0.40, 0.40), arms(0.4, 0.4, 0.4, 0.4, 0.4), faithful=_FAITHFUL),
    Truth("only RAG helps", arms(0.15, 0.75, 0.80, 0.15, 0.75), _HELD_OUT, faithful=_FAITHFUL),
    Truth("tuning helps on top of RAG", arms(0.15, 0.60, 0.68, 0.45, 0.78), _HELD_OUT, faithful=_FAITHFUL),
    Truth("tuned alone equals both", arms(0.15, 0.50, 0.60, 0.80, 0.80), faithful=_FAITHFUL),
    Truth("retrieval is broken", arms(0.15, 0.40, 0.80, 0.15, 0.42), _HELD_OUT, faithful=_FAITHFUL),
    Truth("distractors lead astray", arms(0.15, 0.55, 0.85, 0.30, 0.60), _HELD_OUT, recall=0.98),
    Truth(
        "tuning forgets",
        arms(0.15, 0.60, 0.68, 0.40, 0.75),
        _HELD_OUT,
        general=(0.65, 0.50),
        faithful={**_FAITHFUL, "tuned": 0.5, "tuned+rag": 0.5},
    ),
    Truth("tuning harms", arms(0.15, 0.75, 0.80, 0.10, 0.62), _HELD_OUT, general=(0.65, 0.58), form=(0.72, 0.5)),
    Truth("nothing tuned, RAG helps", arms(0.15, 0.70, 0.76)),
    Truth("nothing tuned, RAG useless", arms(0.70, 0.70, 0.74)),
    Truth(
        "zero or exactly at a gate",
        arms(0.50, 0.60, 0.70, 0.60, 0.60),
        arms(0.5, 0.6, 0.7, 0.5, 0.6),
        general=(0.62, 0.60),
        faithful=_FAITHFUL,
    ),
    Truth(
        "gain exactly worth having",
        arms(0.50, 0.60, 0.70, 0.60, 0.70),
        arms(0.5, 0.6, 0.7, 0.5, 0.6),
        general=(0.62, 0.60),
        faithful=_FAITHFUL,
    ),
    Truth(
        "just above the gates",
        arms(0.48, 0.60, 0.72, 0.55, 0.63),
        arms(0.48, 0.6, 0.72, 0.48, 0.6),
        general=(0.62, 0.59),
        faithful=_FAITHFUL,
    ),
    Truth(
        "just below the gates",
        arms(0.52, 0.60, 0.68, 0.55, 0.58),
        arms(0.52, 0.6, 0.68, 0.52, 0.6),
        general=(0.62, 0.61),
        faithful=_FAITHFUL,
    ),
)
ANY: Final = "any truth"
"""The family whose accuracies are drawn anew for every project."""


@dataclass(frozen=True)
class Judged:
    """One project's verdict beside its truth."""

    family: str
    items: int
    documents: int
    outcome: str
    """`right`, `wrong` or `open`."""
    method: str
    calls: tuple[str, ...]
    wrong: tuple[str, ...]
    """Rules whose call is wrong."""
    misled: bool
    """Whether the call that decided, the first reason, is wrong."""
    named: int
    """Differences that the report names."""
    misnamed: int
    """Those that are zero or the other way round."""


def projects(count: int, seed: int, sizes: Sequence[int] = SIZES) -> Iterator[tuple[Truth, int, int, int]]:
    """Yield truth, items, documents and seed of every project; families, sizes and documents take turns."""
    for number in range(count):
        place, family = divmod(number, len(FAMILIES) + 1)
        turn, size = divmod(place, len(sizes))
        own = seed + number
        truth = FAMILIES[family] if family < len(FAMILIES) else any_truth(own)
        if (turn + family) % 3 == 2:
            # Graded scores keep a step from the ends of the scale.
            near = {arm: min(max(rate, 0.16), 0.84) for arm, rate in truth.domain.items()}
            truth = replace(truth, domain=near, graded=True)
        yield truth, sizes[size], DOCUMENTS[(turn + family) % len(DOCUMENTS)], own


def any_truth(seed: int) -> Truth:
    """Draw accuracies at random: every effect may be there or not."""
    dice = np.random.default_rng(seed + 10**6)
    base, rag = dice.uniform(0.1, 0.6), dice.uniform(0.3, 0.85)
    oracle = min(0.95, rag + dice.choice([0.0, dice.uniform(0, 0.3)]))
    tuned = min(0.9, base + dice.choice([0.0, dice.uniform(0, 0.5)]))
    both = float(np.clip(rag + dice.choice([0.0, dice.uniform(-0.15, 0.25)]), 0.05, 0.95))
    after = 0.62 - dice.choice([0.0, dice.uniform(0, 0.15)])
    domain = arms(base, rag, oracle, tuned, both)
    return Truth(ANY, domain, arms(base, rag, oracle, base, both), general=(0.62, after), faithful=_FAITHFUL)


def judge(truth: Truth, items: int, documents: int, seed: int) -> Judged:
    """Draw a project, evaluate it as the product does, and hold the verdict against the truth."""
    drawn = simulate(truth, items, documents, seed)
    report = evaluated(drawn, seed)
    decision = decide_from_report(report, Profile(target=TARGET), recall=report.recall)
    wrong = wrong_calls(decision, drawn)
    named = [one for one in report.comparisons if one.verdict in ("a_better", "b_better")]
    misnamed = [
        one
        for one in named
        if _difference(drawn, one.dimension, one.a, one.b) * (1 if one.verdict == "b_better" else -1) <= NOTHING
    ]
    open_ = decision.method == "insufficient_evidence"
    return Judged(
        truth.family,
        items,
        documents,
        "wrong" if wrong else "open" if open_ else "right",
        decision.method,
        tuple(one.rule for one in decision.reasons if one.rule in _SAID_OF),
        wrong,
        decision.reasons[0].rule in wrong,
        len(named),
        len(misnamed),
    )


def wrong_calls(decision: MethodDecision, drawn: Simulated) -> tuple[str, ...]:
    """Return the rules of a decision that say what is not true of the project."""
    calls = [one for one in decision.reasons if one.rule in _SAID_OF]
    return tuple(one.rule for one in calls if not _SAID_OF[one.rule](_evidence(one), drawn))


def evaluated(drawn: Simulated, seed: int) -> EvaluationReport:
    """Return the report of a drawn project."""
    return EvaluationReport(
        run="simulated",
        tune_run=None,
        base_model="simulated",
        items_sha256="0" * 64,
        languages=("en",),
        arms=estimates(drawn.items, drawn.answers, seed=seed),
        comparisons=compare(drawn.items, drawn.answers, seed=seed),
        seconds={},
        recall=retrieval_recall(drawn.items, drawn.answers),
    )


Evidence = tuple[Dimension, tuple[Arm, ...]]


def _evidence(reason: Reason) -> list[Evidence]:
    """Return what a reason rests on: dimension and arms, `b` after `a`; a level has one arm."""
    found: list[Evidence] = []
    for one in reason.evidence:
        _, dimension, compared = one.split(":")
        named = tuple(arm for arm in reversed(compared.split("-")))
        assert dimension in get_args(Dimension)
        assert set(named) <= set(ARMS)
        found.append((dimension, named))  # type: ignore[arg-type]
    return found


def _difference(drawn: Simulated, dimension: Dimension, a: Arm, b: Arm) -> float:
    return drawn.truth[dimension, b] - drawn.truth[dimension, a]


def _gain(evidence: Sequence[Evidence], drawn: Simulated) -> float:
    (dimension, (a, b)), *_ = evidence
    return _difference(drawn, dimension, a, b)


def _level(evidence: Sequence[Evidence], drawn: Simulated, place: int = 0) -> float:
    dimension, (arm,) = evidence[place]
    return drawn.truth[dimension, arm]


def _some(evidence: Sequence[Evidence], drawn: Simulated) -> bool:
    return _gain(evidence, drawn) > NOTHING


def _not_worth(evidence: Sequence[Evidence], drawn: Simulated) -> bool:
    return _gain(evidence, drawn) < THRESHOLDS.worthwhile - NOTHING


def _over_the_gap(evidence: Sequence[Evidence], drawn: Simulated) -> bool:
    return _gain(evidence, drawn) > THRESHOLDS.gap + NOTHING


_SAID_OF: Final[dict[str, Any]] = {
    "tuning_pays": _some,
    "rag_helps": _some,
    "harm": lambda evidence, drawn: _gain(evidence, drawn) < -NOTHING,
    "ship_rag": _not_worth,
    "tuning_fails": _not_worth,
    "rag_useless": _not_worth,
    "rag_dropped": _not_worth,
    "fix_retrieval": _over_the_gap,
    "distractors": _over_the_gap,
    "knowledge_gap": _over_the_gap,
    "held_out": _over_the_gap,
    "forgetting": lambda evidence, drawn: _gain(evidence, drawn) < -THRESHOLDS.general_drop - NOTHING,
    "weak_reader": lambda evidence, drawn: _level(evidence, drawn) < TARGET - NOTHING,
    "form_fails": lambda evidence, drawn: (
        _level(evidence, drawn) > TARGET - NOTHING and _level(evidence, drawn, 1) < TARGET - NOTHING
    ),
}
"""When the call of a rule is true."""


def shares(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return how often verdicts were right, wrong and open, with Wilson's intervals, and the calls."""
    n = len(judged)
    outcomes = Counter(one.outcome for one in judged)
    calls, wrong = sum(len(one.calls) for one in judged), sum(len(one.wrong) for one in judged)
    found: dict[str, Any] = {"projects": n}
    for outcome in ("right", "wrong", "open"):
        low, high = wilson(outcomes[outcome], n)
        found[outcome] = {"count": outcomes[outcome], "share": outcomes[outcome] / n, "low": low, "high": high}
    low, high = wilson(wrong, calls)
    found["calls"] = {"made": calls, "wrong": wrong, "share": wrong / max(1, calls), "low": low, "high": high}
    misled = sum(one.misled for one in judged)
    low, high = wilson(misled, n)
    found["misled"] = {"count": misled, "share": misled / n, "low": low, "high": high}
    accused = sum(one.misnamed > 0 for one in judged)
    low, high = wilson(accused, n)
    found["misnamed"] = {"named": sum(one.named for one in judged), "count": accused, "share": accused / n}
    found["misnamed"] |= {"low": low, "high": high}
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the projects, judge them, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=2160)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    judged = [judge(*one) for one in projects(given.projects, given.seed)]
    print(f"{len(judged)} projects in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    found: dict[str, Any] = {"all": shares(judged)}
    for key in ("items", "documents", "family"):
        groups: dict[Any, list[Judged]] = {}
        for one in judged:
            groups.setdefault(getattr(one, key), []).append(one)
        found[key] = {str(name): shares(group) for name, group in groups.items()}
    found["family and items"] = {
        f"{family}, n = {size}": shares(group)
        for family in found["family"]
        for size in SIZES
        if (group := [one for one in judged if (one.family, one.items) == (family, size)])
    }
    found["rules"] = _rules(judged)
    if given.json:
        print(json.dumps(found))
        return
    for key in ("all", "items", "documents", "family", "family and items"):
        rows = {"": found[key]} if key == "all" else found[key]
        print(f"\n{key}")
        for name, row in rows.items():
            print(f"  {name:38} {_line(row)}")
    print("\nrule: calls, wrong")
    for rule, (made, wrong) in found["rules"].items():
        print(f"  {rule:16} {made:5} {wrong:4}")


def _rules(judged: Sequence[Judged]) -> dict[str, tuple[int, int]]:
    made = Counter(rule for one in judged for rule in one.calls)
    wrong = Counter(rule for one in judged for rule in one.wrong)
    return {rule: (count, wrong[rule]) for rule, count in made.most_common()}


def _line(row: dict[str, Any]) -> str:
    parts = [f"{row['projects']:5} projects"]
    for name in ("right", "wrong", "misled", "open"):
        one = row[name]
        parts.append(f"{name} {one['share']:6.1%} [{one['low']:5.1%}, {one['high']:5.1%}]")
    calls = row["calls"]
    parts.append(
        f"calls {calls['wrong']}/{calls['made']} ({calls['share']:.1%}) misnamed {row['misnamed']['share']:.1%}"
    )
    return "  ".join(parts)


if __name__ == "__main__":
    main()
