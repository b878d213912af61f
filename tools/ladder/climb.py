"""Climbing the ladder: train a rung, measure its gates, and go up only where the policy says so.

    result = climb(project, settings, request, project.new_run("tune"), reporter)
    result.ladder          # "done", "mend_data", "awaiting_approval" or "ask"

Every training and every measurement is done once (`tools.ladder.trials`), so a killed climb goes on where it stood, and
a climb that stopped for a yes repeats nothing once it is given. Why it went as it did stands in `ladder.json` and
`ladder.md`; the weights chosen lie in the run as those of any training do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.errors import DoesNotFitError
from agent.policy.data_checks import check_data
from agent.policy.ladder import first_rung
from agent.policy.memory import LADDER as RUNGS
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.progress import Reporter
from agent.prompts.climbing import climb_text
from agent.prompts.phrases import listed
from agent.prompts.training import METHOD_NAMES
from agent.records.decision import RungDecision
from agent.records.hardware import MethodFit
from agent.records.ladder import DataCheck, DataFigures, LadderOutcome, Pilot
from agent.records.tuning import Method, TuneRequest, TuneResult
from agent.settings import Settings
from tools.ladder.data import data_figures
from tools.ladder.progress import Parts
from tools.ladder.result import chosen_of, hand_over, written_record
from tools.ladder.stands import PARTS_OF_RUNG, Stands
from tools.ladder.terms import Terms, terms_of
from tools.ladder.trials import Trials
from tools.tuning.choice import what_fits
from tools.workspace import Project


def climb(
    project: Project,
    settings: Settings,
    request: TuneRequest,
    run: Path,
    reporter: Reporter,
    *,
    thresholds: Thresholds = THRESHOLDS,
    trials: Trials | None = None,
    fits: Sequence[MethodFit] | None = None,
) -> TuneResult:
    """Climb as far as the gates and the yes given in advance allow, and write the chosen weights into the run.

    Args:
        project: The project, held by the caller.
        settings: Threads, cache, language; the base model is the request's.
        request: With a `climb`.
        run: The run's folder.
        reporter: Hears of the progress; may stop the work.
        thresholds: The numbers the gates are decided by.
        trials: Does the trainings and measurements; tests hand in scripted ones.
        fits: What this machine carries; measured by default.

    Raises:
        DoesNotFitError: Not even the first rung fits; the mend says what would.
        InputError: The base model or the mix cannot be used.
        CancelledError: Somebody cancelled; what was finished is kept.
    """
    parts = Parts(reporter)
    doer = trials or Trials(project, settings, parts)
    doer.reporter = parts
    terms = terms_of(project, settings, request, reporter, thresholds=thresholds, fits=fits)
    start = first_rung(terms.fits, terms.lang)
    if start.method is None:
        where = "; ".join(reason.text for reason in start.reasons)[:300]
        raise DoesNotFitError("no method fits this machine", where=where, mend=what_fits(terms.fits))
    parts.foresee(1 + PARTS_OF_RUNG)
    parts.begin(climb_text("data", terms.lang))
    figures = data_figures(project, request.mix, parts)
    checks = check_data(figures, thresholds, terms.lang)
    parts.end()
    for check in checks:
        if not check.passed:
            parts.note(check.reason.text)
    stands = Stands(terms, doer, parts, start.method)
    outcome = _up(start.method, terms, stands, parts, checks)
    return _finished(run, terms, start, figures, checks, stands, outcome)


def _up(method: Method, terms: Terms, stands: Stands, parts: Parts, checks: Sequence[DataCheck]) -> LadderOutcome:
    """Go up rung by rung; returns how it ended."""
    rank: int | None = None
    pilots: tuple[Pilot, ...] = ()
    while True:
        parts.foresee(PARTS_OF_RUNG)
        stand = stands.measured(method, rank, checks, pilots)
        decision = stand.rung.decision
        for reason in decision.reasons:
            parts.note(reason.text)
        match decision.outcome:
            case "stay":
                rank, pilots = terms.thresholds.full_after_rank, stand.rung.evidence.pilots
            case "climb" if decision.method is not None:
                if RUNGS.index(decision.method) > RUNGS.index(terms.plan.climb_to):
                    name = METHOD_NAMES[decision.method][terms.lang]
                    parts.note(climb_text("awaiting", terms.lang, method=name))
                    return "awaiting_approval"
                method, rank, pilots = decision.method, None, ()
            case "done" | "mend_data":
                return decision.outcome
            case _:
                return "ask"


def _finished(
    run: Path,
    terms: Terms,
    start: RungDecision,
    figures: DataFigures,
    checks: Sequence[DataCheck],
    stands: Stands,
    outcome: LadderOutcome,
) -> TuneResult:
    """Write the record and the chosen weights; returns the result of the chosen training."""
    record = written_record(run, terms, start, figures, checks, stands.stands, stands.steps, outcome)
    chosen = chosen_of(stands.stands, outcome)
    if chosen is None or chosen.trial is None:
        choices = listed(tuple(fix.command for fix in record.fixes), terms.lang)
        why = record.rungs[-1].decision.reasons[0].text
        raise DoesNotFitError("the first rung ran out of memory", where=why, mend=choices)
    hand_over(chosen.trial, run)
    told = (*start.reasons, *(reason for rung in record.rungs for reason in rung.decision.reasons))
    reasons = (*(reason.text for reason in told), *chosen.trial.result.reasons)
    return chosen.trial.result.model_copy(
        update={"run": run.name, "reasons": tuple(dict.fromkeys(reasons)), "ladder": outcome}
    )
