"""What a climb leaves behind: its record, the pages made from it, and the chosen weights as those of any training.

Example: `chosen_of(stands, "done")` is the last rung, `hand_over(trial, run)` publishes its weights in the climb's run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.policy.ladder_fixes import fixes_after
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.records.decision import RungDecision
from agent.records.ladder import DataCheck, DataFigures, LadderOutcome, LadderRecord, LadderStep
from knowledge.files import write_record, write_text
from tools.ladder.report import markdown
from tools.ladder.stands import Stand
from tools.ladder.terms import Terms
from tools.ladder.trials import Trial
from tools.tuning.checkpoints import MANIFEST, publish

RECORD: Final = "ladder.json"
"""Name of the record in the run folder."""


def written_record(
    run: Path,
    terms: Terms,
    start: RungDecision,
    figures: DataFigures,
    checks: Sequence[DataCheck],
    stands: Sequence[Stand],
    steps: Sequence[LadderStep],
    outcome: LadderOutcome,
) -> LadderRecord:
    """Write the record of a climb and its page in both languages, and return the record.

    Args:
        run: The climb's run folder.
        terms: What the climb was held to.
        start: Why it began where it did.
        figures: What was found in the data.
        checks: The checks of the data.
        stands: Its rungs, at least one.
        steps: Its trainings.
        outcome: How it ended.
    """
    last, chosen = stands[-1], chosen_of(stands, outcome)
    record = LadderRecord(
        run=run.name,
        project=terms.project.info.name,
        mix=terms.request.mix,
        dimension=terms.plan.dimension,
        target=terms.target,
        target_from=terms.target_from,
        climb_to=terms.plan.climb_to,
        start=start,
        figures=figures,
        checks=tuple(checks),
        rungs=tuple(stand.rung for stand in stands),
        steps=tuple(steps),
        outcome=outcome,
        chosen=chosen.trial.run.name if chosen and chosen.trial else "",
        fixes=fixes_after(
            last.rung.evidence,
            last.rung.gates,
            last.rung.decision,
            checks,
            last.rung.extrapolation,
            terms.project.info.name,
            dimension=terms.plan.dimension,
            thresholds=terms.thresholds,
            lang=terms.lang,
        ),
        seconds=sum(step.seconds for step in steps if not step.taken_over),
        thresholds=_changed(terms.thresholds),
    )
    write_text(run / "ladder.en.md", markdown(record, "en", terms.thresholds))
    write_text(run / "ladder.zh.md", markdown(record, "zh", terms.thresholds))
    write_record(run / RECORD, record)
    return record


def chosen_of(stands: Sequence[Stand], outcome: LadderOutcome) -> Stand | None:
    """Return the rung whose weights are the result: the one that met the target, else the best by its score.

    Of equal scores the lower rung counts, which costs less to train and to keep; `None` if no training came to its end.
    """
    trained = [stand for stand in stands if stand.trial]
    if not trained or outcome == "done":
        return trained[-1] if trained else None
    return max(trained, key=lambda stand: stand.scored.estimate.mean if stand.scored else -1.0)


def hand_over(trial: Trial, run: Path) -> None:
    """Publish the weights of a trial in another run; hard links where the disk can, so that they take no more room."""
    source, target = trial.run / trial.result.adapter, run / trial.result.adapter
    manifest = json.loads((source / MANIFEST).read_bytes())

    def write(folder: Path) -> None:
        for file in sorted(source.iterdir()):
            if file.name == MANIFEST:
                continue
            try:
                os.link(file, folder / file.name)
            except OSError:
                shutil.copy2(file, folder / file.name)

    publish(target, write, {name: value for name, value in manifest.items() if name != "files"})


def _changed(thresholds: Thresholds) -> dict[str, float]:
    """Return the numbers that differ from the defaults."""
    usual = THRESHOLDS.model_dump()
    return {
        name: float(value)
        for name, value in thresholds.model_dump().items()
        if isinstance(value, int | float) and value != usual[name]
    }
