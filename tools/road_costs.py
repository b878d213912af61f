"""What the steps ahead of a project cost, as far as it is known before they are asked for: the cost part of a plan.

costs(project, settings, profile, ("extract", "validate", "evaluate"))["extract"].seconds_high
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from agent.errors import NotFoundError
from agent.policy.devices import best_to_train
from agent.policy.ladder import first_rung
from agent.records.base import Record
from agent.records.evaluation import EvaluateRequest
from agent.records.facts import StepFacts
from agent.records.hardware import Device
from agent.records.job import JobKind
from agent.records.profile import Profile
from agent.settings import Settings
from tools.extraction.request import ExtractRequest
from tools.forecast import step_facts
from tools.hardware import find_device, this_machine
from tools.mixing.request import MixRequest
from tools.plan import model_at_hand, rungs_on
from tools.validation.request import ValidateRequest
from tools.workspace import Project

_REQUESTS: Final[dict[str, type[Record]]] = {
    "extract": ExtractRequest,
    "validate": ValidateRequest,
    "mix": MixRequest,
    "evaluate": EvaluateRequest,
}
"""Steps whose plain request can be estimated as soon as there are documents."""


def costs(project: Project | None, settings: Settings, profile: Profile, steps: Sequence[str]) -> dict[str, StepFacts]:
    """Return what is known of each step; a step of which nothing is known is left out.

    Args:
        project: Where documents, jobs and speeds are read; `None` before there is one.
        settings: Name the models.
        profile: Names the hardware and the size of the base model, where a person told them.
        steps: Actions ahead, e.g. `extract`.
    """
    known: dict[str, StepFacts] = {}
    for step in steps:
        if step == "tune":
            facts = _training(settings, profile)
        elif step in _REQUESTS and project is not None and project.chunks.exists():
            facts = step_facts(project, settings, cast("JobKind", step), _REQUESTS[step]())
        else:
            continue
        if (facts.seconds_high, facts.gib_high) != (None, None):
            known[step] = facts
    return known


def _training(settings: Settings, profile: Profile) -> StepFacts:
    """Return the memory of the first rung; its time depends on a mix that does not stand yet."""
    nothing = StepFacts(subject="")
    model = profile.base_model_params_b or model_at_hand(settings.base_model, settings)
    devices = _devices(profile)
    if not model or devices is None:
        return nothing
    fits = rungs_on(devices[0], devices[1], model)
    rung = first_rung(fits)
    chosen = next((one for one in fits if one.method == rung.method), None)
    return StepFacts(subject="", gib_low=chosen.gib_low, gib_high=chosen.gib_high) if chosen is not None else nothing


def _devices(profile: Profile) -> tuple[Device, int] | None:
    """Return what training would run on, as the decision has it; `None` where the catalogue knows none of the devices.

    The rung of a decision is chosen by the profile's own size of a model, so the devices are as well.
    """
    if not profile.hardware:
        return this_machine(), 1
    known = []
    for item in profile.hardware:
        try:
            known.append((item, find_device(item.device)))
        except NotFoundError:
            continue  # A profile names hardware in the team's own words; what the catalogue lacks has no figures.
    if not known:
        return None
    item, device = best_to_train(known, profile.base_model_params_b)
    return device, item.count
