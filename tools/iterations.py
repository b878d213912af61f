"""The iteration log of a project, read from the records that its evaluations, tunings and mixes left; nothing is kept.

    log = iterations(project)
    log.iterations[-1].finding      # "gain" | "loss" | "mixed" | "nothing" | "not_comparable"
    log.stop.reasons[0].text

A round is compared with the newest earlier one that scored the same items with the same arm: dimension by dimension,
each with the arm that would be shipped of those that answer it. Nothing is pooled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final, get_args

from agent.policy.iterating import count_changes, finding_of, when_to_stop
from agent.policy.measurements import KNOWLEDGE_DIMENSIONS, deciding_dimension
from agent.records.base import Language
from agent.records.evaluation import Arm, Dimension, Estimate, EvaluateRequest, EvaluationReport, Item, ItemAnswer
from agent.records.iteration import DimensionChange, Iteration, IterationLog, NotComparable
from agent.settings import Settings
from knowledge.files import read_record, read_records
from tools.diagnosis.case import passed
from tools.diagnosis.change import difference_of
from tools.diagnosis.weakest import SHIPPED_FIRST
from tools.evaluation.comparisons import detectable
from tools.evaluation.dimensions import DOMAIN
from tools.evaluation.statistics import holm
from tools.evaluation.wording import dimension_name
from tools.jobs.snapshot import SNAPSHOT, load_snapshot
from tools.round_changes import Measured, changed_facts
from tools.status import read_profile
from tools.workspace import Project, run_moment

_ORDER: Final[tuple[Dimension, ...]] = tuple(dict.fromkeys((*DOMAIN, *KNOWLEDGE_DIMENSIONS, *get_args(Dimension))))
"""Which dimension speaks for a round that did not measure the deciding one: the first of these."""
NEARLY_ALL: Final = 0.9
"""A newer round is preferred to an older one if it shares at least so many of the items that the older one shares."""

Pairs = list[tuple[Item, bool, bool]]
Compared = dict[Dimension, tuple[Arm, Arm, Pairs]]
"""Arm before, arm after, and the items that both scored, by dimension."""


@dataclass(frozen=True)
class _Round:
    """One finished evaluation."""

    number: int
    seen: Measured
    items: Mapping[str, Item]
    scored: Mapping[Dimension, Mapping[Arm, Mapping[str, bool]]]
    """Whether an answer was right, by dimension, arm and item."""

    @property
    def deciding(self) -> Dimension:
        """The dimension that decides the verdict."""
        return deciding_dimension(self.seen.report)

    def score(self) -> Estimate | None:
        """Return what the arm that would be shipped scored on the deciding dimension; `None` if it was not measured."""
        arms = self.scored.get(self.deciding, {})
        return self.seen.report.arms[_shipped(arms)].get(self.deciding) if arms else None


def iterations(project: Project, lang: Language = "en") -> IterationLog:
    """Return every finished evaluation as a round, what it changed, and whether to go on.

    Args:
        project: The project.
        lang: Language of the reasons.

    Raises:
        InputError: A record of a run is damaged; names file and field.
    """
    rounds = [_read(number, run) for number, run in enumerate(_finished(project), start=1)]
    found = tuple(_iteration(project, rounds[:index], one) for index, one in enumerate(rounds))
    score = rounds[-1].score() if rounds else None
    name = dimension_name(rounds[-1].deciding, lang) if rounds else ""
    stop = when_to_stop(found, score, name, read_profile(project).target, lang=lang)
    return IterationLog(project=project.info.name, iterations=found, stop=stop)


def _finished(project: Project) -> list[Path]:
    """Return the run folders of finished evaluations, in the order in which they began."""
    found = [run for run in project.run_folders("evaluate") if (run / "eval" / "report.json").exists()]
    return [run for run in found if (run / "result.json").exists()]


def _read(number: int, run: Path) -> _Round:
    folder = run / "eval"
    items = {item.id: item for item in read_records(folder / "items.jsonl", Item)}
    scored: dict[Dimension, dict[Arm, dict[str, bool]]] = {}
    contexts: dict[tuple[Arm, str], tuple[str, ...]] = {}
    for answer in read_records(folder / "answers.jsonl", ItemAnswer):
        right, item = passed(answer), items.get(answer.item)
        # A tokenizer splits words as it does whatever was changed beside the base model.
        if right is None or item is None or item.dimension == "tokenization":
            continue
        scored.setdefault(item.dimension, {}).setdefault(answer.arm, {})[item.id] = right
        contexts[answer.arm, item.id] = answer.retrieved
    request = run / "request.json"
    seen = Measured(
        run=run,
        report=read_record(folder / "report.json", EvaluationReport),
        request=read_record(request, EvaluateRequest) if request.exists() else EvaluateRequest(),
        settings=_settings(run),
        items=len(items),
        contexts=contexts,
    )
    return _Round(number, seen, items, scored)


def _settings(run: Path) -> Settings | None:
    return load_snapshot(run) if (run / SNAPSHOT).exists() else None


def _iteration(project: Project, earlier: Sequence[_Round], one: _Round) -> Iteration:
    make = partial(Iteration, number=one.number, run=one.seen.run.name, began=run_moment(one.seen.run.name))
    if not earlier:
        return make(finding="not_comparable", why="first")
    matches = {before.number: _matched(before, one) for before in earlier}
    chosen = _choose(earlier, one, matches)
    if chosen is None:
        why: NotComparable = "no_arm" if any(matches.values()) else "other_items"
        return make(finding="not_comparable", why=why)
    before, compared, deciding = chosen
    seed = one.seen.request.seed
    main = _changed(deciding, *compared[deciding], seed)
    others = [_changed(dimension, *found, seed) for dimension, found in compared.items() if dimension != deciding]
    adjusted = holm(other.p for other in others)
    others = [other.model_copy(update={"p": p}) for other, p in zip(others, adjusted, strict=True)]
    asked = {item.id for *_, pairs in compared.values() for item, _, _ in pairs}
    match = {name: matches[before.number][name] for name in asked}
    corrected = sum(old != new for new, old in match.items())
    facts = changed_facts(project, before.seen, one.seen, main, {arm for _, arm, _ in compared.values()}, match)
    return make(
        compared=before.seen.run.name,
        compared_number=before.number,
        changed=facts,
        changes=count_changes(facts),
        corrected=corrected,
        deciding=main,
        others=tuple(others),
        finding=finding_of(main, others),
    )


def _matched(before: _Round, after: _Round) -> dict[str, str]:
    """Return the earlier id of every item that both rounds asked.

    A corrected reference gives an item a new id; where its question stands once on either side it is still the same.
    """
    found = {name: name for name in after.items if name in before.items}
    old = _by_question(item for name, item in before.items.items() if name not in found)
    new = _by_question(item for name, item in after.items.items() if name not in found)
    found |= {names[0]: old[key][0] for key, names in new.items() if len(names) == 1 and len(old.get(key, ())) == 1}
    return found


def _by_question(items: Iterable[Item]) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in items:
        if item.question:
            found.setdefault((item.dimension, item.document, item.question), []).append(item.id)
    return found


def _choose(
    earlier: Sequence[_Round], one: _Round, matches: Mapping[int, Mapping[str, str]]
) -> tuple[_Round, Compared, Dimension] | None:
    """Return the earlier round to compare with, what is compared, and the dimension that decides.

    The same arm on the deciding dimension goes before another arm on it, and both before the other dimensions.
    """
    for decided, same in product((True, False), (True, False)):
        found = []
        for before in reversed(earlier):
            compared = _compared(before, one, matches[before.number], same=same)
            dimension = one.deciding if decided else next((name for name in _ORDER if name in compared), one.deciding)
            if dimension in compared:
                count = sum(len(pairs) for *_, pairs in compared.values())
                found.append((count, before, compared, dimension))
        if found:
            most = max(count for count, *_ in found)
            _, before, compared, dimension = next(one for one in found if one[0] >= NEARLY_ALL * most)
            return before, compared, dimension
    return None


def _compared(before: _Round, after: _Round, match: Mapping[str, str], *, same: bool) -> Compared:
    found: Compared = {}
    for dimension, arms in after.scored.items():
        arm, old = _shipped(arms), before.scored.get(dimension, {})
        if not old or (same and arm not in old):
            continue
        arm_before = arm if arm in old else _shipped(old)
        pairs = [
            (after.items[name], old[arm_before][match[name]], right)
            for name, right in arms[arm].items()
            if name in match and match[name] in old[arm_before]
        ]
        if pairs:
            found[dimension] = (arm_before, arm, pairs)
    return found


def _changed(dimension: Dimension, arm_before: Arm, arm: Arm, pairs: Pairs, seed: int) -> DimensionChange:
    result = difference_of(pairs, seed=seed)
    return DimensionChange(
        dimension=dimension,
        arm_before=arm_before,
        arm=arm,
        n=result.n,
        right_before=sum(before for _, before, _ in pairs),
        right_after=sum(after for _, _, after in pairs),
        difference=result.difference,
        low=result.low,
        high=result.high,
        p=result.p,
        smallest=detectable(result),
    )


def _shipped(arms: Mapping[Arm, object]) -> Arm:
    return next(arm for arm in SHIPPED_FIRST if arm in arms)
