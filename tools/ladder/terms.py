"""What a climb is held to from its first rung to its last: model, data, target, and what the machine carries.

terms = terms_of(project, settings, request, reporter)
terms.choice("lora", 256).settings      # what to train that rung with
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.policy.memory import LADDER
from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.progress import Reporter
from agent.records.base import Language
from agent.records.hardware import MethodFit
from agent.records.mixture import MixManifest
from agent.records.pairs import Pair
from agent.records.profile import Profile
from agent.records.tuning import ClimbPlan, Hyperparameters, Method, TuneRequest
from agent.settings import Settings
from knowledge.files import read_record, read_records
from tools.hardware import this_machine
from tools.models import load_tokenizer, resolve_base_model
from tools.tuning.choice import Choice, Taught, choose_among, settings_for, taught_by
from tools.tuning.examples import Example, open_mix, read_examples
from tools.tuning.memory import free_gib
from tools.tuning.room import Model, carried, model_in, workload_of
from tools.workspace import Project


@dataclass(frozen=True)
class Terms:
    """The terms of one climb."""

    project: Project
    request: TuneRequest
    plan: ClimbPlan
    thresholds: Thresholds
    lang: Language
    params: int
    """Parameters of the base model."""
    fits: tuple[MethodFit, ...]
    """What this machine carries."""
    mix: MixManifest
    taught: Taught
    target: float
    """Accuracy aimed at, a fraction."""
    target_from: Literal["request", "profile", "default"]

    def choice(self, method: Method, rank: int | None) -> Choice:
        """Return the settings of a rung; a higher rank keeps alpha, so that the same rate serves every rank.

        Source: LoRA Without Regret (with updates scaled by alpha / rank the best rate hardly depends on the rank).

        Args:
            method: The rung.
            rank: LoRA rank; `None` takes the one to start with.

        Raises:
            DoesNotFitError: The method does not fit; the mend says what would.
        """
        choice = choose_among(
            _of_rung(self.request, method, self.thresholds),
            self.fits,
            this_machine().compute_type,
            self.params,
            self.mix.examples,
            self.taught,
            self.lang,
        )
        if rank is None or method == "full":
            return choice
        return Choice(method, choice.settings.model_copy(update={"rank": rank}), choice.reasons)

    def asked(self, method: Method, settings: Hyperparameters, *, mix: str | None = None) -> TuneRequest:
        """Return the request for one training of the climb, on the whole mix or on a part of it."""
        return TuneRequest(
            method=method,
            base_model=self.request.base_model,
            mix=mix or self.request.mix,
            hyperparameters=settings,
            seed=self.request.seed,
        )


def terms_of(
    project: Project,
    settings: Settings,
    request: TuneRequest,
    reporter: Reporter,
    *,
    thresholds: Thresholds = THRESHOLDS,
    fits: Sequence[MethodFit] | None = None,
) -> Terms:
    """Return the terms of a climb.

    Args:
        project: The project.
        settings: Cache and language; the base model is the request's.
        request: With a `climb`; without one the default plan holds.
        reporter: Hears of a model that is fetched or unpacked.
        thresholds: The numbers the gates are decided by.
        fits: What this machine carries; measured by default.

    Raises:
        InputError: The base model or the mix cannot be used.
    """
    plan = request.climb or ClimbPlan()
    folder = resolve_base_model(settings.model_copy(update={"base_model": request.base_model}), reporter)
    model, taught = model_in(folder), _what_is_taught(project, request.mix)
    if fits is None:
        train = open_mix(project.mixes / request.mix).train
        examples = read_examples(train, load_tokenizer(folder), reporter)
        fits = _measured_fits(request, thresholds, model, examples, taught, settings.lang)
    target, target_from = _target(project, plan, thresholds)
    return Terms(
        project=project,
        request=request,
        plan=plan,
        thresholds=thresholds,
        lang=settings.lang,
        params=model.params,
        fits=tuple(fits),
        mix=read_record(project.mixes / request.mix / "manifest.json", MixManifest),
        taught=taught,
        target=target,
        target_from=target_from,
    )


def _of_rung(request: TuneRequest, method: Method, thresholds: Thresholds) -> TuneRequest:
    """Return what the request of a climb asks of one rung."""
    changes: dict[str, object] = {"method": method, "climb": None}
    given = request.hyperparameters
    if method == "full":
        # What was set for adapters is not meant for all weights: they take no rank and another rate.
        named = request.overrides.items()
        changes["overrides"] = {name: value for name, value in named if name not in ("rank", "learning_rate")}
        if given is not None:
            rate = given.learning_rate * thresholds.full_learning_rate_factor
            adapterless = {"rank": None, "alpha": None, "dropout": 0.0, "learning_rate": rate}
            changes["hyperparameters"] = given.model_copy(update=adapterless)
    return request.model_copy(update=changes)


def _measured_fits(
    request: TuneRequest,
    thresholds: Thresholds,
    model: Model,
    examples: Sequence[Example],
    taught: Taught,
    lang: Language,
) -> tuple[MethodFit, ...]:
    """Return what this machine carries of every rung as it starts; its training asks again, with its own rank."""
    device, workloads = this_machine(), {}
    for method in LADDER:
        asked = _of_rung(request, method, thresholds)
        settings, _ = settings_for(asked, method, device.compute_type, model.params, len(examples), taught, lang)
        workloads[method] = workload_of(examples, settings)
    return carried(device, free_gib(), model, workloads, lang)


def _what_is_taught(project: Project, mix: str) -> Taught:
    with (project.mixes / mix / "train.jsonl").open(encoding="utf-8") as file:
        ids = {json.loads(line)["id"] for line in file}
    return taught_by(read_records(project.pairs, Pair), ids)


def _target(
    project: Project, plan: ClimbPlan, thresholds: Thresholds
) -> tuple[float, Literal["request", "profile", "default"]]:
    if plan.target is not None:
        return plan.target, "request"
    named = read_record(project.profile, Profile).target if project.profile.exists() else None
    return (named, "profile") if named is not None else (thresholds.default_target, "default")
