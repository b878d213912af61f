"""Plant faults in a healthy project, one by one and in pairs, and see whether the diagnosis names and mends them.

    python -m tests.benchmarks.diagnosis --work planted --only few_chunks,corrupt_golds

Healthy is the example company's project with the items that it answers; what fails after a fault was planted is the
fault's doing. An item is affected if an arm under diagnosis answered it rightly before and wrongly after. Training anew
changes answers by itself, so a fault in the weights affects an item only if a clean training with another seed answers
it rightly too, and, where the fault is about certain facts, if the item asks for one of them. Prints the
confusion matrix of planted against found causes, whether the planted cause leads the list, and whether the first fix
brings the score back into the interval of the healthy project; writes all of it as JSON.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import Arm, Item, ItemAnswer
from knowledge.files import read_records, write_json
from tests.planted.faults import FAULTS, Fault
from tests.planted.mends import mend
from tests.planted.world import MOST_DOMAIN, Trial, World
from tools.diagnosis.case import passed
from tools.diagnosis.run import diagnose
from tools.evaluation.statistics import wilson

ARMS: tuple[Arm, ...] = ("tuned+rag", "tuned")


@dataclass(frozen=True)
class Outcome:
    """What one planted trial showed."""

    name: str
    faults: tuple[Fault, ...]
    strength: str
    affected: tuple[tuple[Arm, str], ...]
    """(arm, item) right before and wrong after."""
    found: dict[tuple[Arm, str], str]
    """Cause named for each failed (arm, item)."""
    leads: str
    """The cause that leads the list; empty without failures."""
    fix: str
    """Commands of the fixes that were applied: as many as faults were planted, from the top of the list."""
    right: tuple[int, int, int, int]
    """Items right when healthy, when broken, after the first fix, and their number."""
    restored: bool | None
    """Whether the fix brought the score back; `None` where nothing had failed or it was not tried."""

    @property
    def causes(self) -> set[str]:
        """The planted causes."""
        return {fault.cause for fault in self.faults}

    @property
    def named(self) -> int:
        """Affected items whose cause is a planted one."""
        return sum(self.found.get(one) in self.causes for one in self.affected)


def main() -> None:
    """Run the matrix."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, default=Path("planted"))
    parser.add_argument("--only", default="", help="faults by comma; all by default")
    parser.add_argument("--pairs", action="store_true", help="also pairs of faults, at their middle strength")
    parser.add_argument("--strengths", default="0,1,2", help="which strengths, from 0 slight to 2 heavy; `-` for none")
    parser.add_argument("--no-weights", action="store_true", help="leave out the faults that need training")
    parser.add_argument("--no-fixes", action="store_true", help="plant and diagnose only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most-domain", type=int, default=MOST_DOMAIN, help="domain examples of the training mix")
    parser.add_argument("--verbose", action="store_true", help="print the items whose cause was missed")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    chosen = [
        f
        for f in FAULTS
        if (not asked.only or f.name in asked.only.split(",")) and not (asked.no_weights and f.in_weights)
    ]
    bench = Bench(World(asked.work, asked.seed, asked.most_domain), verbose=asked.verbose, fixes=not asked.no_fixes)
    levels = [int(one) for one in asked.strengths.split(",") if one != "-"]
    outcomes = list(bench.run(chosen, levels, pairs=asked.pairs))
    report(outcomes, bench, asked.json)


class Bench:
    """Runs trials against the healthy project."""

    def __init__(self, world: World, *, verbose: bool, fixes: bool) -> None:
        self.world = world
        self.verbose = verbose
        self.fixes = fixes
        self.items = self._healthy_items()
        run, self.healthy_diagnosis = self._diagnosed(self._trial("healthy"))
        self.before = scores(run)
        print(f"healthy: {len(self.items)} items, {sum(self.before.values())} of {len(self.before)} answers right")
        run, found = self.whole
        print(f"healthy, with the items it fails: {len(scores(run))} answers; " + accusations(found))

    def _healthy_items(self) -> list[Item]:
        """Return the sealed items that the healthy project answers on every arm under diagnosis."""
        trial = self.world.trial("whole")
        run = self.world.evaluate(trial)
        self.whole = (run, diagnose(trial.project, trial.settings, run))
        failed = {one.id for one in self.whole[1].items}
        asked = {item for _, item in scores(run)}
        return [item for item in read_records(run / "eval" / "items.jsonl", Item) if item.id in asked - failed]

    @cached_property
    def steady(self) -> dict[tuple[Arm, str], bool]:
        """Answers that are right after either of two clean trainings, which differ in their seed alone."""
        trial = self._trial("control", self._fewer())
        self.world.train(trial.project, seed=self.world.seed + 1)
        run, found = self._diagnosed(trial)
        control = scores(run)
        steady = {key: right and control.get(key, False) for key, right in self.before.items()}
        print(
            f"control: {sum(control.values())} of {len(control)} answers right, {sum(steady.values())} in both; "
            + accusations(found)
        )
        return steady

    def _trial(self, name: str, items: Sequence[Item] | None = None) -> Trial:
        trial = self.world.trial(name)
        trial.seal(self.items if items is None else items)
        return trial.asking(limits={})

    def _fewer(self) -> list[Item]:
        """Return what new weights are asked: all that was taught and all general items, a third of the rest."""
        rest = [item for item in self.items if item.dimension not in ("domain_knowledge", "general_ability")]
        kept = {item.id for item in rest[::3]}
        return [item for item in self.items if item not in rest or item.id in kept]

    def _diagnosed(self, trial: Trial) -> tuple[Path, Diagnosis]:
        run = self.world.evaluate(trial)
        return run, diagnose(trial.project, trial.settings, run)

    def run(self, faults: Sequence[Fault], levels: Sequence[int], *, pairs: bool) -> Iterator[Outcome]:
        """Yield the outcome of every fault at every strength, then of pairs."""
        for fault in faults:
            for level in levels:
                yield self.one((fault,), (fault.strengths[level],), f"{fault.name}-{level}")
        if pairs:
            for first, second in compatible(faults):
                yield self.one(
                    (first, second), (first.strengths[1], second.strengths[1]), f"{first.name}+{second.name}"
                )

    def one(self, faults: tuple[Fault, ...], strengths: tuple[float, ...], name: str) -> Outcome:
        """Plant, evaluate, diagnose, mend, evaluate again."""
        trial = self._trial(name, self._fewer() if any(fault.in_weights for fault in faults) else self.items)
        for fault, strength in zip(faults, strengths, strict=True):
            trial = fault.plant(
                self.world, trial, strength, random.Random(zlib.crc32(f"{fault.name}{strength}".encode()))
            )
        run, found = self._diagnosed(trial)
        after = scores(run)
        before = self.steady if any(fault.in_weights for fault in faults) else self.before
        facts = {item.id: item.fact for item in self.items}
        affected = tuple(
            key
            for key, right in before.items()
            if right
            and after.get(key) is False
            and self._seen(key, found)
            and (trial.touched is None or facts[key[1]] in trial.touched or (len(faults) > 1 and key[0] != "tuned"))
        )
        causes: dict[tuple[Arm, str], str] = {
            (arm, one.id): one.cause for one in found.items for arm in ARMS if arm == one.arm
        }
        fix, right, restored = self._mended(trial, found, after)
        outcome = Outcome(
            name=name,
            faults=faults,
            strength=", ".join(f"{one:g}" for one in strengths),
            affected=affected,
            found=causes,
            leads=found.causes[0].cause if found.causes else "",
            fix=fix,
            right=right,
            restored=restored,
        )
        self._print(outcome, run)
        return outcome

    def _seen(self, key: tuple[Arm, str], found: Diagnosis) -> bool:
        return any((one.arm, one.id) == key for one in found.items)

    def _mended(
        self, trial: Trial, found: Diagnosis, after: dict[tuple[Arm, str], bool]
    ) -> tuple[str, tuple[int, int, int, int], bool | None]:
        keys = [key for key in self.before if key in after]
        healthy, broken = sum(self.before[key] for key in keys), sum(after[key] for key in keys)
        if not found.fixes or not self.fixes or broken >= healthy:
            return (found.fixes[0].command if found.fixes else ""), (healthy, broken, broken, len(keys)), None
        fixes = found.fixes[: len(trial.faults)]
        for fix in fixes:
            trial = mend(self.world, trial, fix)
        again = scores(self.world.evaluate(trial))
        mended = sum(again.get(key, False) for key in keys)
        low, _ = wilson(healthy, len(keys))
        commands = "; ".join(fix.command for fix in fixes)
        return commands, (healthy, broken, mended, len(keys)), mended / len(keys) >= low

    def _print(self, one: Outcome, run: Path) -> None:
        share = f"named {one.named}/{len(one.affected)}, leads {one.leads or '-'}"
        print(f"{one.name} ({one.strength}): {share}, right {one.right}, {one.restored}, {one.fix}", flush=True)
        if self.verbose:
            texts = {(a.arm, a.item): a for a in read_records(run / "eval" / "answers.jsonl", ItemAnswer)}
            items = {item.id: item for item in read_records(run / "eval" / "items.jsonl", Item)}
            for key in one.affected:
                if one.found.get(key) not in one.causes:
                    item, answer = items[key[1]], texts[key]
                    print(
                        f"    {one.found.get(key)}: {key[0]} {item.question} | {item.answers[:1]} | {answer.text[:80]}"
                    )


def scores(run: Path) -> dict[tuple[Arm, str], bool]:
    """Return for every answer of the arms under diagnosis whether it is right."""
    return {
        (one.arm, one.item): bool(right)
        for one in read_records(run / "eval" / "answers.jsonl", ItemAnswer)
        if one.arm in ARMS and (right := passed(one)) is not None
    }


def accusations(found: Diagnosis) -> str:
    """Return how often a diagnosis blames the data, where nothing is wrong with it."""
    blamed = Counter(one.cause for one in found.items if one.cause in ACCUSATIONS)
    causes = Counter(one.cause for one in found.items)
    listed = ", ".join(f"{cause} {count}" for cause, count in causes.most_common())
    return f"{len(found.items)} failed ({listed}), {sum(blamed.values())} accusations"


ACCUSATIONS: Final = frozenset(
    {"wrong_reference", "missing_source", "ambiguous_question", "bad_training_pair", "truncated", "forgetting"}
)
"""Causes that are false wherever nothing was planted. A passage that was found and not shown is a fact, whoever is
to blame."""


def compatible(faults: Sequence[Fault]) -> Iterator[tuple[Fault, Fault]]:
    """Yield the pairs of faults that do not undo each other."""
    for place, first in enumerate(faults):
        for second in faults[place + 1 :]:
            if {first.name, second.name} not in EXCLUSIVE and not (first.in_weights and second.in_weights):
                yield first, second


EXCLUSIVE = ({"strict_gate", "open_gate"}, {"corrupt_golds", "swapped_golds"})


def report(outcomes: Sequence[Outcome], bench: Bench, path: Path | None) -> None:
    """Print the matrix and the shares, and write them."""
    single = [one for one in outcomes if len(one.faults) == 1 and one.affected]
    matrix: dict[str, Counter[str]] = {}
    for one in single:
        row = matrix.setdefault(one.faults[0].name, Counter())
        row.update(one.found.get(key, "-") for key in one.affected)
    for name, row in matrix.items():
        print(f"{name:20} " + ", ".join(f"{cause} {count}" for cause, count in row.most_common()))
    for label, group in (
        ("alone", single),
        ("pairs", [one for one in outcomes if len(one.faults) > 1 and one.affected]),
    ):
        if not group:
            continue
        named, affected = sum(one.named for one in group), sum(len(one.affected) for one in group)
        leads = sum(one.leads in one.causes for one in group)
        tried = [one for one in group if one.restored is not None]
        back = sum(bool(one.restored) for one in tried)
        named_share, leading, restored = _share(named, affected), _share(leads, len(group)), _share(back, len(tried))
        print(f"{label}: {len(group)} runs; named {named_share}; leads in {leading}; restored {restored}")
    if path:
        write_json(path, [as_json(one) for one in outcomes])


def as_json(one: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    return {
        "name": one.name,
        "causes": sorted(one.causes),
        "strength": one.strength,
        "affected": len(one.affected),
        "named": one.named,
        "found": dict(Counter(one.found.get(key, "-") for key in one.affected)),
        "leads": one.leads,
        "fix": one.fix,
        "right": list(one.right),
        "restored": one.restored,
    }


def _share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part}/{whole} ({part / whole:.0%}, {low:.0%}-{high:.0%})" if whole else "0/0"


if __name__ == "__main__":
    main()
