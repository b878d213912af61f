"""Climbing the ladder: train a rung, measure its gates, and go up only where the policy says so.

    result = climb(project, settings, request, project.new_run("tune"), reporter)
    result.ladder          # "done", "mend_data", "awaiting_approval" or "ask"

Every training and every measurement is done once (`tools.ladder.trials`), so a killed climb goes on where it stood, and
a climb that stopped for a yes repeats nothing once it is given. Why it went as it did stands in `ladder.json` and
`ladder.md`; the weights chosen lie in the run as those of any training do.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Final, Literal

from agent.errors import DoesNotFitError
from agent.policy.data_checks import check_data
from agent.policy.ladder import first_rung, next_measurement, next_rung
from agent.policy.ladder_fixes import fixes_after
from agent.policy.memory import LADDER as RUNGS
from agent.policy.memory import fit
from agent.policy.rung_gates import gates, needed_pilot, settled_loss
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.progress import Reporter
from agent.prompts.climbing import climb_text, rank_text
from agent.prompts.phrases import listed, percent
from agent.prompts.training import METHOD_NAMES
from agent.records.decision import RungDecision
from agent.records.hardware import MethodFit
from agent.records.ladder import (
    CurvePoint,
    DataCheck,
    DataFigures,
    Extrapolation,
    LadderOutcome,
    LadderRecord,
    LadderStep,
    Pilot,
    Rung,
    RungEvidence,
)
from agent.records.mixture import MixManifest
from agent.records.pairs import Pair
from agent.records.profile import Profile
from agent.records.tuning import ClimbPlan, Hyperparameters, Method, TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import read_record, read_records, write_record, write_text
from tools.hardware import this_machine
from tools.ladder.curve import extrapolate
from tools.ladder.data import data_figures
from tools.ladder.portion import portion_of
from tools.ladder.progress import Parts
from tools.ladder.report import markdown
from tools.ladder.trials import Scored, Trial, Trials, paired
from tools.models import parameter_count, resolve_base_model
from tools.tuning.checkpoints import MANIFEST, publish
from tools.tuning.choice import Choice, Taught, choose_among, free_gib, taught_by, what_fits
from tools.workspace import Project

RECORD: Final = "ladder.json"
SHARES: Final = (0.25, 0.5)
"""Parts of the data beside the whole that the learning curve is measured at."""
_PARTS_OF_RUNG: Final = 8
"""Parts of the work on one rung: training and measuring it, two points of the curve, and a pilot."""


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
    return _Climb(project, settings, request, run, reporter, thresholds, trials, fits).go()


@dataclass(frozen=True)
class _Stand:
    """A rung after its measurements."""

    rung: Rung
    trial: Trial | None
    scored: Scored | None


@dataclass
class _Log:
    """What a climb has done so far."""

    steps: list[LadderStep] = field(default_factory=list)
    stands: list[_Stand] = field(default_factory=list)


class _Climb:
    def __init__(
        self,
        project: Project,
        settings: Settings,
        request: TuneRequest,
        run: Path,
        reporter: Reporter,
        thresholds: Thresholds,
        trials: Trials | None,
        fits: Sequence[MethodFit] | None,
    ) -> None:
        self._project, self._settings, self._request, self._run = project, settings, request, run
        self._plan = request.climb or ClimbPlan()
        self._thresholds = thresholds
        self._lang = settings.lang
        self._parts = Parts(reporter)
        self._trials = trials or Trials(project, settings, self._parts)
        self._trials.reporter = self._parts
        folder = resolve_base_model(settings.model_copy(update={"base_model": request.base_model}), reporter)
        self._params = parameter_count(folder)
        self._fits = tuple(fits) if fits is not None else self._measured_fits()
        self._mix = read_record(project.mixes / request.mix / "manifest.json", MixManifest)
        self._taught = self._what_is_taught()
        self._target, self._target_from = self._find_target()
        self._scores: dict[str, Scored] = {}
        self._log = _Log()

    def go(self) -> TuneResult:
        """Climb."""
        lang = self._lang
        start = first_rung(self._fits, lang)
        if start.method is None:
            where = "; ".join(reason.text for reason in start.reasons)[:300]
            raise DoesNotFitError("no method fits this machine", where=where, mend=what_fits(self._fits))
        self._start: Method = start.method
        self._parts.foresee(1 + _PARTS_OF_RUNG)
        self._parts.begin(climb_text("data", lang))
        figures = data_figures(self._project, self._request.mix, self._parts)
        checks = check_data(figures, self._thresholds, lang)
        self._parts.end()
        for check in checks:
            if not check.passed:
                self._parts.note(check.reason.text)
        outcome = self._up(start.method, checks)
        return self._finish(start, figures, checks, outcome)

    def _up(self, method: Method, checks: Sequence[DataCheck]) -> LadderOutcome:
        """Go up rung by rung; returns how it ended."""
        rank: int | None = None
        pilots: tuple[Pilot, ...] = ()
        while True:
            self._parts.foresee(_PARTS_OF_RUNG)
            stand = self._stand(method, rank, checks, pilots)
            self._log.stands.append(stand)
            decision = stand.rung.decision
            for reason in decision.reasons:
                self._parts.note(reason.text)
            match decision.outcome:
                case "stay":
                    rank, pilots = self._thresholds.full_after_rank, stand.rung.evidence.pilots
                case "climb" if decision.method is not None:
                    if RUNGS.index(decision.method) > RUNGS.index(self._plan.climb_to):
                        name = METHOD_NAMES[decision.method][self._lang]
                        self._parts.note(climb_text("awaiting", self._lang, method=name))
                        return "awaiting_approval"
                    method, rank, pilots = decision.method, None, ()
                case "done" | "mend_data":
                    return decision.outcome
                case _:
                    return "ask"

    def _stand(
        self, method: Method, rank: int | None, checks: Sequence[DataCheck], pilots: tuple[Pilot, ...]
    ) -> _Stand:
        """Train a rung and measure its gates until they decide."""
        evidence = RungEvidence(
            method=method,
            rank=rank,
            target=self._target,
            data_checks={check.name: check.passed for check in checks},
            pilots=pilots,
            fits=self._fits,
        )
        try:
            settings = self._chosen(method, rank).settings
            known = {"rank": settings.rank, "epochs": settings.epochs, "batch_size": settings.batch_size}
            evidence = evidence.model_copy(update=known)
            what = climb_text(
                "why_rung", self._lang, method=METHOD_NAMES[method][self._lang], rank=self._said(settings)
            )
            trial = self._train("rung", self._asked(method, settings), what)
        except DoesNotFitError as error:
            self._parts.note(str(error))
            evidence = evidence.model_copy(update={"out_of_memory": True})
            return self._decided(evidence, None, None, None)
        losses = tuple(point.loss for point in trial.result.history)
        evidence = evidence.model_copy(update={"losses": losses})
        foreseen: Extrapolation | None = None
        while (gate := next_measurement(evidence, self._thresholds)) is not None:
            if gate == "target" and self._trials.has_items(self._plan.dimension):
                evidence = evidence.model_copy(update={"score": self._score(trial, what).estimate})
            elif gate == "curve":
                evidence, foreseen = self._curve(evidence, trial, settings)
            elif gate == "pilot" and (wanted := needed_pilot(evidence, self._thresholds)) is not None:
                evidence = self._pilot(evidence, trial, settings, wanted)
            else:
                break  # nothing more can be known, as where no item is sealed
        return self._decided(evidence, trial, self._scores.get(trial.run.name), foreseen)

    def _decided(
        self, evidence: RungEvidence, trial: Trial | None, scored: Scored | None, foreseen: Extrapolation | None
    ) -> _Stand:
        before = self._log.stands[-1] if self._log.stands else None
        gain = None
        if before and before.scored and scored and before.rung.evidence.method == evidence.method:
            gain = paired(before.scored, scored)
        rung = Rung(
            evidence=evidence,
            gates=gates(evidence, self._thresholds, self._lang),
            extrapolation=foreseen,
            rank_gain=gain,
            decision=next_rung(evidence, self._thresholds, self._lang),
            run=trial.run.name if trial else "",
        )
        return _Stand(rung, trial, scored)

    def _curve(
        self, evidence: RungEvidence, trial: Trial, settings: Hyperparameters
    ) -> tuple[RungEvidence, Extrapolation]:
        """Train on nested parts of the data in as many steps as the rung had, and fit a line through the scores.

        As many steps, because in as many epochs a quarter of the data would also be trained a quarter as long, and the
        curve would rise for that alone; each stops early and keeps its best epoch by the validation loss.
        """
        steps = _steps(trial.result)
        scores: dict[float, Scored] = {1.0: self._scores[trial.run.name]}
        pairs = {1.0: self._mix.domain_examples}
        runs = {1.0: trial.run.name}
        for share in SHARES:
            part = portion_of(self._project, self._request.mix, share, self._request.seed)
            what = climb_text("why_curve", self._lang, share=percent(share))
            asked = self._asked(evidence.method, _in_steps(settings, steps, part.examples), mix=part.id)
            one = self._train("curve", asked, what, share=share)
            scores[share], pairs[share], runs[share] = self._score(one, what), part.domain_examples, one.run.name
        points = tuple(
            CurvePoint(
                share=share,
                score=scores[share].estimate.mean,
                low=scores[share].estimate.low,
                high=scores[share].estimate.high,
                pairs=pairs[share],
                run=runs[share],
            )
            for share in sorted(scores)
        )
        shared = [item for item in scores[1.0].by_item if all(item in one.by_item for one in scores.values())]
        foreseen = extrapolate(
            pairs,
            {share: [one.by_item[item] for item in shared] for share, one in scores.items()},
            [scores[1.0].clusters[item] for item in shared],
            self._target,
        )
        gain = paired(scores[0.5], scores[1.0])
        return evidence.model_copy(update={"learning_curve": points, "curve_gain": gain}), foreseen

    def _pilot(self, evidence: RungEvidence, trial: Trial, settings: Hyperparameters, wanted: Method) -> RungEvidence:
        """Train a pilot of a higher rung beside a run of this one in as many steps, with the same data and seed."""
        planned = _steps(trial.result)
        steps = min(planned, self._thresholds.pilot_steps)
        lang, examples = self._lang, self._mix.examples
        try:
            above = self._chosen(wanted, settings.rank if wanted != "full" else None).settings
            above = _in_steps(above, steps, examples, batch=settings.batch_size)
            what = climb_text("why_pilot", lang, method=METHOD_NAMES[wanted][lang], rank=self._said(above))
            one = self._train("pilot", self._asked(wanted, above), what)
        except DoesNotFitError as error:
            # The policy is told that it does not fit, and nothing smaller is tried in its place.
            self._parts.note(str(error))
            fits = tuple(
                fit.model_copy(update={"fits": False}) if fit.method == wanted else fit for fit in evidence.fits
            )
            return evidence.model_copy(update={"fits": fits})
        reference, loss = trial, None
        if steps < planned:
            name = METHOD_NAMES[evidence.method][lang]
            like = climb_text("why_reference", lang, method=name, rank=self._said(settings))
            reference = self._train(
                "reference", self._asked(evidence.method, _in_steps(settings, steps, examples)), like
            )
            loss = _settled(reference.result, self._thresholds)
            self._score(reference, like)
        pilot = Pilot(
            method=wanted,
            rank=above.rank,
            steps=steps,
            loss=_settled(one.result, self._thresholds),
            reference=loss,
            gain=paired(self._scores[reference.run.name], self._score(one, what)),
            seconds=one.result.seconds,
            run=one.run.name,
        )
        return evidence.model_copy(update={"pilots": (*evidence.pilots, pilot)})

    def _train(self, purpose: str, request: TuneRequest, what: str, *, share: float = 1.0) -> Trial:
        self._parts.begin(what, readings=purpose == "rung")
        trial = self._trials.trained(request, what)
        self._parts.end()
        result = trial.result
        consent = "rung" if purpose == "rung" and request.method != self._start else "plan"
        self._log.steps.append(
            LadderStep.model_validate(
                {
                    "purpose": purpose,
                    "method": result.method,
                    "rank": result.hyperparameters.rank,
                    "share": share,
                    "run": trial.run.name,
                    "steps": result.steps,
                    "seconds": result.seconds,
                    "peak_gib": result.peak_gib,
                    "loss": _settled(result, self._thresholds),
                    "score": None,
                    "taken_over": trial.taken_over,
                    "why": what,
                    "consent": consent,
                }
            )
        )
        return trial

    def _score(self, trial: Trial, what: str) -> Scored:
        name = trial.run.name
        if name not in self._scores:
            self._parts.begin(what)
            self._scores[name] = self._trials.scored(trial, self._plan.dimension, self._plan.items)
            self._parts.end()
        scored = self._scores[name]
        one = scored.estimate
        told = {"score": percent(one.mean), "low": percent(one.low), "high": percent(one.high), "n": one.n}
        self._parts.note(climb_text("scored", self._lang, what=what, **told))
        self._log.steps = [
            step.model_copy(update={"score": one.mean}) if step.run == name else step for step in self._log.steps
        ]
        return scored

    def _finish(
        self, start: RungDecision, figures: DataFigures, checks: Sequence[DataCheck], outcome: LadderOutcome
    ) -> TuneResult:
        """Write the record and the chosen weights; returns the result of the chosen training."""
        last = self._log.stands[-1]
        chosen = _chosen_of(self._log.stands, outcome)
        record = LadderRecord(
            run=self._run.name,
            project=self._project.info.name,
            mix=self._request.mix,
            dimension=self._plan.dimension,
            target=self._target,
            target_from=self._target_from,
            climb_to=self._plan.climb_to,
            start=start,
            figures=figures,
            checks=tuple(checks),
            rungs=tuple(stand.rung for stand in self._log.stands),
            steps=tuple(self._log.steps),
            outcome=outcome,
            chosen=chosen.trial.run.name if chosen and chosen.trial else "",
            fixes=fixes_after(
                last.rung.evidence,
                last.rung.gates,
                last.rung.decision,
                checks,
                last.rung.extrapolation,
                self._project.info.name,
                dimension=self._plan.dimension,
                thresholds=self._thresholds,
                lang=self._lang,
            ),
            seconds=sum(step.seconds for step in self._log.steps if not step.taken_over),
            thresholds=_changed(self._thresholds),
        )
        write_text(self._run / "ladder.en.md", markdown(record, "en", self._thresholds))
        write_text(self._run / "ladder.zh.md", markdown(record, "zh", self._thresholds))
        write_record(self._run / RECORD, record)
        if chosen is None or chosen.trial is None:
            choices = listed(tuple(fix.command for fix in record.fixes), self._lang)
            why = last.rung.decision.reasons[0].text
            raise DoesNotFitError("the first rung ran out of memory", where=why, mend=choices)
        result = chosen.trial.result
        _hand_over(chosen.trial.run / result.adapter, self._run / result.adapter)
        told = (*start.reasons, *(reason for stand in self._log.stands for reason in stand.rung.decision.reasons))
        reasons = (*(reason.text for reason in told), *result.reasons)
        return result.model_copy(
            update={"run": self._run.name, "reasons": tuple(dict.fromkeys(reasons)), "ladder": outcome}
        )

    def _asked(self, method: Method, settings: Hyperparameters, *, mix: str | None = None) -> TuneRequest:
        return TuneRequest(
            method=method,
            base_model=self._request.base_model,
            mix=mix or self._request.mix,
            hyperparameters=settings,
            seed=self._request.seed,
        )

    def _chosen(self, method: Method, rank: int | None) -> Choice:
        """Return the settings of a rung; a higher rank keeps alpha, so that the same rate serves every rank.

        Source: LoRA Without Regret (with updates scaled by alpha / rank the best rate hardly depends on the rank).
        """
        changes: dict[str, object] = {"method": method, "climb": None}
        given = self._request.hyperparameters
        if method == "full":
            # What was set for adapters is not meant for all weights: they take no rank and another rate.
            named = self._request.overrides.items()
            changes["overrides"] = {name: value for name, value in named if name not in ("rank", "learning_rate")}
            if given is not None:
                rate = given.learning_rate * self._thresholds.full_learning_rate_factor
                adapterless = {"rank": None, "alpha": None, "dropout": 0.0, "learning_rate": rate}
                changes["hyperparameters"] = given.model_copy(update=adapterless)
        choice = choose_among(
            self._request.model_copy(update=changes),
            self._fits,
            this_machine().compute_type,
            self._params,
            self._mix.examples,
            self._taught,
            self._lang,
        )
        if rank is None or method == "full":
            return choice
        return Choice(method, choice.settings.model_copy(update={"rank": rank}), choice.reasons)

    def _said(self, settings: Hyperparameters) -> str:
        return rank_text(settings.rank, self._lang)

    def _measured_fits(self) -> tuple[MethodFit, ...]:
        device = this_machine()
        carries = device.model_copy(update={"gib": min(device.gib, free_gib())})
        return fit(carries, 1, self._params / 1e9, self._lang)

    def _what_is_taught(self) -> Taught:
        with (self._project.mixes / self._request.mix / "train.jsonl").open(encoding="utf-8") as file:
            ids = {json.loads(line)["id"] for line in file}
        return taught_by(read_records(self._project.pairs, Pair), ids)

    def _find_target(self) -> tuple[float, Literal["request", "profile", "default"]]:
        if self._plan.target is not None:
            return self._plan.target, "request"
        path = self._project.profile
        named = read_record(path, Profile).target if path.exists() else None
        return (named, "profile") if named is not None else (self._thresholds.default_target, "default")


def _chosen_of(stands: Sequence[_Stand], outcome: LadderOutcome) -> _Stand | None:
    """Return the rung whose weights are the result: the one that met the target, else the best by its score.

    Of equal scores the lower rung counts, which costs less to train and to keep.
    """
    trained = [stand for stand in stands if stand.trial]
    if not trained or outcome == "done":
        return trained[-1] if trained else None
    return max(trained, key=lambda stand: stand.scored.estimate.mean if stand.scored else -1.0)


def _hand_over(source: Path, target: Path) -> None:
    """Publish the weights of a trial in another run; hard links where the disk can, so that they take no more room."""
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


def _steps(result: TuneResult) -> int:
    """Return the optimizer steps a training was planned with; an early stop made fewer of them."""
    settings = result.hyperparameters
    return ceil(round(ceil(result.examples / settings.batch_size) * settings.epochs, 6))


def _in_steps(settings: Hyperparameters, steps: int, examples: int, *, batch: int | None = None) -> Hyperparameters:
    """Return settings under which so many examples are trained on for so many optimizer steps."""
    size = batch or settings.batch_size
    epoch = ceil(examples / size)
    # A part of an epoch is rounded up to whole steps, so half a step less meets the number safely.
    epochs = steps / epoch if steps % epoch == 0 else (steps - 0.5) / epoch
    return settings.model_copy(update={"epochs": epochs, "batch_size": size})


def _settled(result: TuneResult, thresholds: Thresholds) -> float:
    found = settled_loss([point.loss for point in result.history], thresholds)
    return result.last_loss if found is None else found


def _changed(thresholds: Thresholds) -> dict[str, float]:
    """Return the numbers that differ from the defaults."""
    usual = THRESHOLDS.model_dump()
    return {
        name: float(value)
        for name, value in thresholds.model_dump().items()
        if isinstance(value, int | float) and value != usual[name]
    }
