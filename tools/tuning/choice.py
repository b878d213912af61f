"""Which rung and which settings a run takes, and whether they fit this machine.

Deciding is the policy's; here it is asked with what is known of model, data and memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.errors import DoesNotFitError
from agent.policy.hyperparameters import Aim, starting_hyperparameters
from agent.policy.ladder import first_rung
from agent.policy.memory import LADDER
from agent.records.base import Language
from agent.records.hardware import Device, MethodFit
from agent.records.pairs import Pair
from agent.records.tuning import ComputeType, Hyperparameters, Method, TuneRequest
from tools.tuning.examples import Example
from tools.tuning.room import Model, carried, workload_of

_FACT_KINDS: Final = {"factual", "numeric", "definitional", "table", "faq"}


@dataclass(frozen=True)
class Taught:
    """What a mix teaches."""

    aim: Aim
    wordings: float
    """Trained wordings a fact has on average."""


@dataclass(frozen=True)
class Choice:
    """What a run will do."""

    method: Method
    settings: Hyperparameters
    reasons: tuple[str, ...]


def choose(
    request: TuneRequest,
    device: Device,
    free_gib: float,
    model: Model,
    examples: Sequence[Example],
    taught: Taught,
    lang: Language,
) -> Choice:
    """Return method and settings for a request, by the memory that its own examples and settings need.

    Args:
        request: What was asked; what it fixes is taken as it is.
        device: Where the run will be.
        free_gib: Memory that is free there now, GiB.
        model: The base model.
        examples: Training examples.
        taught: What the run teaches.
        lang: Language of the reasons.

    Raises:
        DoesNotFitError: The device cannot do the method or has too little memory; the mend says what would fit.
    """
    workloads = {}
    for method in LADDER:
        settings, _ = settings_for(request, method, device.compute_type, model.params, len(examples), taught, lang)
        workloads[method] = workload_of(examples, settings)
    fits = carried(device, free_gib, model, workloads, lang)
    return choose_among(request, fits, device.compute_type, model.params, len(examples), taught, lang)


def choose_among(
    request: TuneRequest,
    fits: tuple[MethodFit, ...],
    compute_type: ComputeType,
    params: int,
    examples: int,
    taught: Taught,
    lang: Language,
) -> Choice:
    """Return method and settings for a request where it is known what fits; otherwise as `choose`.

    Raises:
        DoesNotFitError: The device cannot do the method or has too little memory; the mend says what would fit.
    """
    method, reasons = _method(request, fits, lang)
    settings, why = settings_for(request, method, compute_type, params, examples, taught, lang)
    return Choice(method, settings, (*reasons, *why))


def settings_for(
    request: TuneRequest,
    method: Method,
    compute_type: ComputeType,
    params: int,
    examples: int,
    taught: Taught,
    lang: Language,
) -> tuple[Hyperparameters, tuple[str, ...]]:
    """Return the settings that a request means for a method, and why each is what it is where the policy chose.

    Raises:
        pydantic.ValidationError: An override is no field of `Hyperparameters` or has no valid value.
    """
    if request.hyperparameters is not None:
        given = {**request.hyperparameters.model_dump(), **request.overrides}
        return Hyperparameters.model_validate(given), ()
    settings, why = starting_hyperparameters(
        method,
        params / 1e9,
        examples,
        compute_type,
        request.seed,
        aim=taught.aim,
        wordings=taught.wordings,
        overrides=request.overrides,
        lang=lang,
    )
    return settings, tuple(reason.text for reason in why)


def taught_by(pairs: Iterable[Pair], ids: set[str]) -> Taught:
    """Return what the domain examples of a mix teach: facts if at least half of them come from facts.

    Args:
        pairs: The project's pairs.
        ids: Ids of the examples in the mix.
    """
    chosen = [pair for pair in pairs if pair.id in ids]
    facts = [pair.fact or pair.id for pair in chosen if pair.kind in _FACT_KINDS]
    if not facts or 2 * len(facts) < len(chosen):
        return Taught("skill", 1.0)
    return Taught("facts", len(facts) / len(set(facts)))


def what_fits(fits: Iterable[MethodFit]) -> str:
    """Return a mend that names the methods that fit."""
    names = [one.method for one in fits if one.available and one.fits]
    if names:
        return "what fits here: " + ", ".join(names)
    return "nothing fits here: take a smaller base model, free memory, or see `domainsmith plan --device NAME`"


def _method(request: TuneRequest, fits: tuple[MethodFit, ...], lang: Language) -> tuple[Method, tuple[str, ...]]:
    if request.method == "auto":
        decision = first_rung(fits, lang)
        reasons = tuple(reason.text for reason in decision.reasons)
        if decision.method is None:
            raise DoesNotFitError("no method fits this machine", where="; ".join(reasons)[:300], mend=what_fits(fits))
        return decision.method, reasons
    asked = next(one for one in fits if one.method == request.method)
    if not asked.available or not asked.fits:
        raise DoesNotFitError(f"{asked.method} does not fit this machine", where=asked.why, mend=what_fits(fits))
    return asked.method, (asked.why,)
