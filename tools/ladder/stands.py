"""A rung under measurement: its training and what its gates are decided by, each taken only where it is needed.

stand = Stands(terms, trials, parts, start).measured("qlora", None, checks, ())
stand.rung.decision.outcome      # "climb", "stay", "done", "mend_data" or "ask"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.errors import DoesNotFitError
from agent.policy.ladder import next_measurement, next_rung
from agent.policy.plateau import settled_loss
from agent.policy.rung_gates import gates, needed_pilot
from agent.prompts.climbing import climb_text, rank_text
from agent.prompts.phrases import percent
from agent.prompts.training import METHOD_NAMES
from agent.records.ladder import (
    CurvePoint,
    DataCheck,
    Extrapolation,
    LadderStep,
    Pilot,
    Rung,
    RungEvidence,
    ShorterRun,
)
from agent.records.tuning import Hyperparameters, Method, TuneRequest, TuneResult
from tools.ladder.curve import extrapolate
from tools.ladder.lengths import in_steps, planned_steps
from tools.ladder.portion import portion_of
from tools.ladder.progress import Parts
from tools.ladder.terms import Terms
from tools.ladder.trials import Scored, Trial, Trials, paired

SHARES: Final = (0.25, 0.5)
"""Parts of the data beside the whole that the learning curve is measured at."""
PARTS_OF_RUNG: Final = 10
"""Parts of the work on one rung: training and measuring it, half of its steps, two points of the curve, and a pilot."""


@dataclass(frozen=True)
class Stand:
    """A rung after its measurements."""

    rung: Rung
    trial: Trial | None
    """Its own training; `None` if it did not come to its end."""
    scored: Scored | None


class Stands:
    """The rungs of one climb, measured one after the other."""

    def __init__(self, terms: Terms, trials: Trials, parts: Parts, start: Method) -> None:
        """Prepare to measure.

        Args:
            terms: What the climb is held to.
            trials: Does the trainings and measurements.
            parts: Hears of the progress.
            start: The first rung, which the yes to the climb covers.
        """
        self._terms, self._trials, self._parts, self._start = terms, trials, parts, start
        self._thresholds, self._lang = terms.thresholds, terms.lang
        self._scores: dict[str, Scored] = {}
        self.steps: list[LadderStep] = []
        """Trainings so far, in their order."""
        self.stands: list[Stand] = []
        """Rungs so far, in their order."""

    def measured(
        self, method: Method, rank: int | None, checks: Sequence[DataCheck], pilots: tuple[Pilot, ...]
    ) -> Stand:
        """Train a rung and measure its gates until they decide.

        Args:
            method: The rung.
            rank: LoRA rank; `None` takes the one to start with.
            checks: The checks of the data.
            pilots: Pilots of higher rungs that were trained before.

        Raises:
            CancelledError: Somebody cancelled; what was finished is kept.
        """
        stand = self._measured(method, rank, checks, pilots)
        self.stands.append(stand)
        return stand

    def _measured(
        self, method: Method, rank: int | None, checks: Sequence[DataCheck], pilots: tuple[Pilot, ...]
    ) -> Stand:
        evidence = RungEvidence(
            method=method,
            rank=rank,
            target=self._terms.target,
            data_checks={check.name: check.passed for check in checks},
            pilots=pilots,
            fits=self._terms.fits,
        )
        try:
            settings = self._terms.choice(method, rank).settings
            known = {"rank": settings.rank, "epochs": settings.epochs, "batch_size": settings.batch_size}
            evidence = evidence.model_copy(update=known)
            what = self._named("why_rung", method, settings)
            trial = self._train("rung", self._terms.asked(method, settings), what)
        except DoesNotFitError as error:
            self._parts.note(str(error))
            evidence = evidence.model_copy(update={"out_of_memory": True})
            return self._decided(evidence, None, None, None)
        losses, validated = _losses(trial.result), _validation_losses(trial.result)
        evidence = evidence.model_copy(update={"losses": losses, "validation_losses": validated})
        foreseen: Extrapolation | None = None
        while (gate := next_measurement(evidence, self._thresholds)) is not None:
            if gate == "target" and self._trials.has_items(self._terms.plan.dimension):
                evidence = evidence.model_copy(update={"score": self._score(trial, what).estimate})
            elif gate == "plateau" and evidence.losses and evidence.shorter is None:
                evidence = self._half(evidence, trial, settings)
            elif gate == "curve":
                evidence, foreseen = self._curve(evidence, trial, settings)
            elif gate == "pilot" and (wanted := needed_pilot(evidence, self._thresholds)) is not None:
                evidence = self._pilot(evidence, trial, settings, wanted)
            else:
                break  # nothing more can be known, as where no item is sealed
        return self._decided(evidence, trial, self._scores.get(trial.run.name), foreseen)

    def _decided(
        self, evidence: RungEvidence, trial: Trial | None, scored: Scored | None, foreseen: Extrapolation | None
    ) -> Stand:
        before = self.stands[-1] if self.stands else None
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
        return Stand(rung, trial, scored)

    def _half(self, evidence: RungEvidence, trial: Trial, settings: Hyperparameters) -> RungEvidence:
        """Train the same run in half as many steps, its rate gone down as far, to see what the other half brought."""
        steps = max(1, planned_steps(trial.result) // 2)
        shorter = in_steps(settings, steps, self._terms.mix.examples)
        what = self._named("why_half", evidence.method, settings)
        one = self._train("half", self._terms.asked(evidence.method, shorter), what)
        record = ShorterRun(
            steps=steps,
            losses=_losses(one.result),
            validation_loss=min(_validation_losses(one.result), default=None),
            gain=paired(self._score(one, what), self._scores[trial.run.name]),
            run=one.run.name,
        )
        return evidence.model_copy(update={"shorter": record})

    def _curve(
        self, evidence: RungEvidence, trial: Trial, settings: Hyperparameters
    ) -> tuple[RungEvidence, Extrapolation]:
        """Train on nested parts of the data in as many steps as the rung had, and fit a line through the scores.

        As many steps, because in as many epochs a quarter of the data would also be trained a quarter as long, and the
        curve would rise for that alone; each stops early and keeps its best epoch by the validation loss.
        """
        steps, request = planned_steps(trial.result), self._terms.request
        scores: dict[float, Scored] = {1.0: self._scores[trial.run.name]}
        pairs = {1.0: self._terms.mix.domain_examples}
        runs = {1.0: trial.run.name}
        for share in SHARES:
            part = portion_of(self._terms.project, request.mix, share, request.seed)
            what = climb_text("why_curve", self._lang, share=percent(share))
            asked = self._terms.asked(evidence.method, in_steps(settings, steps, part.examples), mix=part.id)
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
            self._terms.target,
        )
        gain = paired(scores[0.5], scores[1.0])
        return evidence.model_copy(update={"learning_curve": points, "curve_gain": gain}), foreseen

    def _pilot(self, evidence: RungEvidence, trial: Trial, settings: Hyperparameters, wanted: Method) -> RungEvidence:
        """Train a pilot of a higher rung beside a run of this one in as many steps, with the same data and seed."""
        planned = planned_steps(trial.result)
        steps, examples = min(planned, self._thresholds.pilot_steps), self._terms.mix.examples
        try:
            above = self._terms.choice(wanted, settings.rank if wanted != "full" else None).settings
            above = in_steps(above, steps, examples, batch=settings.batch_size)
            what = self._named("why_pilot", wanted, above)
            one = self._train("pilot", self._terms.asked(wanted, above), what)
        except DoesNotFitError as error:
            # The policy is told that it does not fit, and nothing smaller is tried in its place.
            self._parts.note(str(error))
            fits = tuple(
                fit.model_copy(update={"fits": False}) if fit.method == wanted else fit for fit in evidence.fits
            )
            return evidence.model_copy(update={"fits": fits})
        reference, loss = trial, None
        if steps < planned:
            like = self._named("why_reference", evidence.method, settings)
            shorter = in_steps(settings, steps, examples)
            reference = self._train("reference", self._terms.asked(evidence.method, shorter), like)
            loss = self._settled(reference.result)
            self._score(reference, like)
        pilot = Pilot(
            method=wanted,
            rank=above.rank,
            steps=steps,
            loss=self._settled(one.result),
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
        self.steps.append(
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
                    "loss": self._settled(result),
                    "score": None,
                    "taken_over": trial.taken_over,
                    "why": what,
                    "consent": consent,
                }
            )
        )
        return trial

    def _score(self, trial: Trial, what: str) -> Scored:
        name, plan = trial.run.name, self._terms.plan
        if name not in self._scores:
            self._parts.begin(what)
            self._scores[name] = self._trials.scored(trial, plan.dimension, plan.items)
            self._parts.end()
        scored = self._scores[name]
        one = scored.estimate
        told = {"score": percent(one.mean), "low": percent(one.low), "high": percent(one.high), "n": one.n}
        self._parts.note(climb_text("scored", self._lang, what=what, **told))
        self.steps = [step.model_copy(update={"score": one.mean}) if step.run == name else step for step in self.steps]
        return scored

    def _settled(self, result: TuneResult) -> float:
        found = settled_loss(_losses(result), self._thresholds)
        return result.last_loss if found is None else found

    def _named(self, key: str, method: Method, settings: Hyperparameters) -> str:
        rank = rank_text(settings.rank, self._lang)
        return climb_text(key, self._lang, method=METHOD_NAMES[method][self._lang], rank=rank)


def _losses(result: TuneResult) -> tuple[float, ...]:
    return tuple(point.loss for point in result.history)


def _validation_losses(result: TuneResult) -> tuple[float, ...]:
    return tuple(point.validation_loss for point in result.history if point.validation_loss is not None)
