"""Plant faults in a healthy project, one by one and in pairs, and see whether the diagnosis names and mends them.

    python -m tests.benchmarks.diagnosis --work planted --only few_chunks,corrupt_golds

Healthy is the example company's project with the items that it answers; what fails after a fault was planted is the
fault's doing. An item is affected if an arm under diagnosis answered it rightly before and wrongly after. Training anew
changes answers by itself, so with faults in the weights only those items are asked that a clean training with another
seed answers too, and, where the fault is about certain facts, an item is affected only if it asks for one of them.
Prints the confusion matrix of planted against found causes, whether the planted cause leads the list, and whether the
first fix brings the score back into the interval of the healthy project; writes all of it as JSON.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import Arm, Item, ItemAnswer
from knowledge.files import read_records
from tests.planted.faults import FAULTS, Fault
from tests.planted.mends import mend
from tests.planted.outcomes import Outcome, report
from tests.planted.world import FEWER, LIMITS, MOST_DOMAIN, SHARE, TAUGHT, Trial, World
from tools.diagnosis.case import passed
from tools.diagnosis.run import diagnose
from tools.evaluation.statistics import wilson
from tools.extraction.fact import Fact
from tools.extraction.run import facts_file

ARMS: tuple[Arm, ...] = ("tuned+rag", "tuned")


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
    parser.add_argument("--share", type=float, default=SHARE, help="of domain examples in every mix that no fault sets")
    parser.add_argument("--taught", default=",".join(TAUGHT), help="documents that pairs are made of, by comma")
    parser.add_argument("--epochs", type=float, help="of every training that no fault sets; the policy's by default")
    parser.add_argument("--batch-size", type=int, help="of every training; the policy's by default")
    parser.add_argument("--verbose", action="store_true", help="print the items whose cause was missed")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    chosen = [
        f
        for f in FAULTS
        if (not asked.only or f.name in asked.only.split(",")) and not (asked.no_weights and f.in_weights)
    ]
    settings = {"epochs": asked.epochs, "batch_size": asked.batch_size}
    world = World(
        asked.work,
        asked.seed,
        asked.most_domain,
        limits=FEWER if all(fault.in_weights for fault in chosen) else LIMITS,
        overrides={name: value for name, value in settings.items() if value is not None},
        share=asked.share,
        taught=tuple(asked.taught.split(",")),
    )
    bench = Bench(world, verbose=asked.verbose, fixes=not asked.no_fixes)
    levels = [int(one) for one in asked.strengths.split(",") if one != "-"]
    outcomes = list(bench.run(chosen, levels, pairs=asked.pairs))
    report(outcomes, asked.json)


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
    def steady(self) -> list[Item]:
        """Items that either of two clean trainings answers, which differ in their seed: what new weights are asked.

        Of the general ones those that the base model answers, since only these can be forgotten.
        """
        trial = self._trial("control")
        self.world.train(trial.project, seed=self.world.seed + 1)
        run, found = self._diagnosed(trial)
        control = scores(run)
        failed = {one.id for one in found.items} | unknown_to_base(run)
        steady = [item for item in self.items if item.id not in failed]
        print(
            f"control: {sum(control.values())} of {len(control)} answers right, {len(steady)} items in both; "
            + accusations(found),
            flush=True,
        )
        return steady

    def _trial(self, name: str, items: Sequence[Item] | None = None) -> Trial:
        trial = self.world.trial(name)
        trial.seal(self.items if items is None else items)
        return trial.asking(limits={})

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
        trial = self._trial(name, self.steady if any(fault.in_weights for fault in faults) else self.items)
        for fault, strength in zip(faults, strengths, strict=True):
            trial = fault.plant(
                self.world, trial, strength, random.Random(zlib.crc32(f"{fault.name}{strength}".encode()))
            )
        run, found = self._diagnosed(trial)
        after = scores(run)
        touched = None if trial.touched is None else self._about(trial.touched)
        affected = tuple(
            key
            for key, right in self.before.items()
            if right
            and after.get(key) is False
            and self._seen(key, found)
            and (touched is None or key[1] in touched or (len(faults) > 1 and key[0] != "tuned"))
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

    def _about(self, facts: frozenset[str]) -> set[str]:
        """Return the items that ask for some facts: by the fact's id, or by document and answer.

        Questions that came with the documents know no fact of ours. An answer that two facts of a document share tells
        nothing.
        """
        told: dict[tuple[str, str], set[str]] = {}
        for fact in read_records(facts_file(self.world.healthy), Fact):
            told.setdefault((fact.document, fact.answer), set()).add(fact.id)
        return {
            item.id
            for item in self.items
            if item.fact in facts
            or any(
                len(found) == 1 and found <= facts
                for gold in item.answers
                if (found := told.get((item.document, gold)))
            )
        }

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


def unknown_to_base(run: Path) -> set[str]:
    """Return the general items that the base model fails."""
    general = {one.id for one in read_records(run / "eval" / "items.jsonl", Item) if one.dimension == "general_ability"}
    answers = read_records(run / "eval" / "answers.jsonl", ItemAnswer)
    return {one.item for one in answers if one.arm == "base" and one.item in general and not passed(one)}


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


if __name__ == "__main__":
    main()
