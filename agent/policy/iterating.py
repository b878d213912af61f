"""The rules of iterating: what a round brought, how much was changed for it, and when to stop.

One change at a time; the same items before and after; stop when two rounds in a row gain nothing measurable, or the
target is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.policy.reasons import reason
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.prompts.decisions import GATES
from agent.prompts.iterating import STOP
from agent.prompts.phrases import count_points, fill, percent
from agent.records.base import Language
from agent.records.decision import Reason
from agent.records.evaluation import Estimate
from agent.records.iteration import (
    ChangedFact,
    ChangeKind,
    DimensionChange,
    Finding,
    Iteration,
    StopDecision,
)

_TUNING: Final[frozenset[ChangeKind]] = frozenset(
    {"tune_run", "method", "hyperparameter", "followed", "mix", "domain_share", "pairs", "general"}
)
_ONE_THING: Final[dict[ChangeKind, str]] = {
    "passages": "room",
    "passage_characters": "room",
    "hyperparameter": "hyperparameters",
}
"""What belongs together: room for more passages needs both figures, hyperparameters are set for one run."""


def count_changes(facts: Sequence[ChangedFact]) -> int:
    """Return how many things were changed at once.

    What merely follows from another change does not count; a training on the same data with the same settings does,
    and tuning that is measured for the first time is one change, whatever it was tuned with.
    """
    introduced = any(fact.what == "tune_run" and not fact.before for fact in facts)
    counted = {
        _ONE_THING.get(fact.what, fact.what)
        for fact in facts
        if not fact.follows and not (introduced and fact.what in _TUNING)
    }
    trained = any(fact.what == "tune_run" for fact in facts)
    explained = introduced or any(fact.what in _TUNING and not fact.follows for fact in facts)
    again = trained and not explained and "base_model" not in counted
    return len(counted) + again


def finding_of(
    deciding: DimensionChange, others: Sequence[DimensionChange], thresholds: Thresholds = THRESHOLDS
) -> Finding:
    """Return what a round brought.

    On the deciding dimension the interval decides, as in the verdict; another dimension counts only if its p, adjusted
    for how many there are, is below the level too.

    Args:
        deciding: The change on the dimension that decides the verdict.
        others: The changes on the other dimensions, p adjusted by Holm.
        thresholds: Name the level.
    """
    shown = [deciding, *moved(others, thresholds)]
    gained, lost = any(one.low > 0 for one in shown), any(one.high < 0 for one in shown)
    if gained and lost:
        return "mixed"
    return "gain" if gained else "loss" if lost else "nothing"


def moved(others: Sequence[DimensionChange], thresholds: Thresholds = THRESHOLDS) -> tuple[DimensionChange, ...]:
    """Return the dimensions beside the deciding one that changed by interval and adjusted p."""
    alpha = 1 - thresholds.confidence
    return tuple(one for one in others if one.p < alpha and (one.low > 0 or one.high < 0))


def when_to_stop(
    iterations: Sequence[Iteration],
    score: Estimate | None = None,
    dimension: str = "",
    target: float | None = None,
    *,
    thresholds: Thresholds = THRESHOLDS,
    lang: Language = "en",
) -> StopDecision:
    """Return whether to go on.

    Args:
        iterations: All rounds, oldest first.
        score: Of the newest round: the arm that would be shipped, on the deciding dimension; `None` if not measured.
        dimension: That dimension in words.
        target: Accuracy that is good enough, a fraction; `None` takes the default and says so.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.
    """
    if not iterations:
        return StopDecision(outcome="nothing_yet", reasons=(_say("nothing_yet", lang),))
    newest = iterations[-1]
    limit = thresholds.default_target if target is None else target
    goal = fill(GATES, "target_assumed" if target is None else "target", lang, target=percent(limit))
    level = _level(score, dimension, newest, goal)
    if score is not None and score.low >= limit:
        return StopDecision(outcome="target_met", reasons=(_say("target_met", lang, newest, **level),))
    # A round for which nothing was changed is a measurement and no try.
    tried = [one for one in iterations if one.deciding is not None and one.changes]
    last = tried[-thresholds.rounds_without_gain :]
    reasons = [*_hints(tried[-1:], lang), *([_say("level", lang, newest, **level)] if score is not None else [])]
    if len(last) == thresholds.rounds_without_gain and all(one.finding in ("nothing", "loss") for one in last):
        head = _say("no_gain", lang, last[-1], before=last[0].number, after=last[-1].number)
        return StopDecision(outcome="no_gain", reasons=(head, *_power(last, thresholds, lang), *reasons))
    return StopDecision(outcome="go_on", reasons=(_go_on(iterations, tried, goal, lang), *reasons))


def _go_on(iterations: Sequence[Iteration], tried: Sequence[Iteration], goal: str, lang: Language) -> Reason:
    if len(iterations) == 1:
        return _say("first", lang, iterations[0])
    if not tried:
        return _say("not_tried", lang, iterations[-1])
    if tried[-1].finding in ("gain", "mixed"):
        return _say("gained", lang, tried[-1], target=goal)
    return _say("once", lang, tried[-1])


def _hints(last: Sequence[Iteration], lang: Language) -> list[Reason]:
    """Return what the newest try asks for before the next."""
    found = []
    for one in last:
        if one.finding == "loss":
            found.append(_say("take_back", lang, one))
        if one.finding == "mixed":
            found.append(_say("mixed", lang, one))
        if one.changes > 1:
            found.append(_say("several", lang, one, count=one.changes))
    return found


def _power(last: Sequence[Iteration], thresholds: Thresholds, lang: Language) -> list[Reason]:
    """Say that what was not shown need not be absent, where the items can show only large differences."""
    smallest = max(one.deciding.smallest for one in last if one.deciding is not None)
    if smallest <= thresholds.fine_difference:
        return []
    text = count_points(round(smallest, 2))
    return [reason(STOP, "small", lang, "statistics", last[-1].run, smallest=text)]


def _level(score: Estimate | None, dimension: str, newest: Iteration, goal: str) -> dict[str, object]:
    if score is None:
        return {}
    shares = {"score": percent(score.mean), "low": percent(score.low), "high": percent(score.high)}
    return {**shares, "n": score.n, "dimension": dimension, "target": goal, "number": newest.number}


def _say(key: str, lang: Language, about: Iteration | None = None, **values: object) -> Reason:
    evidence = () if about is None else (about.run,)
    number = {} if about is None else {"number": about.number}
    return reason(STOP, key, lang, "qa-iterating", *evidence, **{**number, **values})
