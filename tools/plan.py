"""What a device can train: the catalogue and the memory policy together, as `domainsmith plan` prints it."""

from __future__ import annotations

import math
from pathlib import Path

from agent.errors import InputError
from agent.policy.memory import LADDER, TOKENS, detailed_plan, fit
from agent.policy.memory_parts import USUAL
from agent.prompts.memory import PLAN
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.hardware import Device, MemoryPlan, MethodFit, ModelShape, Workload
from agent.settings import BUILTIN, Settings
from tools.hardware import find_device
from tools.model_shape import BUILTIN_MODEL, ReadModel, read_shape
from tools.model_size import parameters_of
from tools.processor import usable_cores

MOST_DEVICES = 100_000
"""A larger number is a slip of the finger."""
MOST_PARAMS_B = 100_000.0
"""Thousand millions of parameters; likewise."""


def plan(
    device: str,
    count: int,
    model: float | ReadModel,
    workload: Workload = USUAL,
    lang: Language = "en",
    *,
    tokens: int = TOKENS,
    name: str = "",
    threads: int | None = None,
) -> MemoryPlan:
    """Return a plan with parts, times, and the largest model, batch and length.

    Args:
        device: Name in the catalogue.
        count: How many of them.
        model: What `read_shape` returned, or thousand millions of parameters where nothing else is known.
        workload: What a step computes.
        lang: Language of the reasons.
        tokens: Training tokens that times are for.
        name: Of the model, as it was asked for.
        threads: The processor's that training may use; all by default.

    Raises:
        NotFoundError: The catalogue has no such device.
        InputError: The count or the size is no sensible number.
    """
    params_b, shape = _known(model)
    found = _device(device, count, params_b, lang)
    made = detailed_plan(
        found,
        count,
        params_b,
        workload,
        tokens,
        shape=shape,
        cores=(threads or usable_cores()) if found.backend == "cpu" else None,
        lang=lang,
    )
    return made.model_copy(update={"model": name})


def rungs_on(
    device: Device, count: int, model: float | ReadModel, workload: Workload = USUAL, lang: Language = "en"
) -> tuple[MethodFit, ...]:
    """Return what `plan` says of every method, without parts and times: for a forecast of a training.

    Raises:
        ValueError: The count is below 1, or the size not above 0.
    """
    params_b, shape = _known(model)
    return fit(device, count, params_b, lang, shape=shape, workloads=dict.fromkeys(LADDER, workload))


def model_at_hand(name: str, settings: Settings) -> ReadModel | float | None:
    """Return what a plan needs to know of a base model, which is neither loaded, unpacked nor fetched for it.

    Returns:
        Its architecture, or its thousand millions of parameters where that is not known; `None` if it is not at hand.
    """
    if name == BUILTIN:
        return BUILTIN_MODEL
    try:
        return read_shape(Path(name).expanduser())
    except InputError:
        params = parameters_of(name, settings)
        return params / 1e9 if params else None


def model_of(name: str, settings: Settings) -> ReadModel:
    """Return the architecture of a model: `builtin`, a folder with a config.json, or a hub id that is at hand.

    Raises:
        InputError: There is no such model here, or its architecture is not known.
    """
    from tools.models import resolve_base_model

    if name == BUILTIN:
        return BUILTIN_MODEL  # unpacking it takes half a minute, and a plan needs nothing but its shape
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        return read_shape(folder)
    return read_shape(resolve_base_model(settings.model_copy(update={"base_model": name})))


def usual_model(settings: Settings) -> ReadModel | float:
    """Return the architecture of the base model that is set, or its thousand millions of parameters if it is unknown.

    Raises:
        InputError: It is not on this machine.
    """
    from tools.models import parameter_count, resolve_base_model

    if settings.base_model == BUILTIN:
        return BUILTIN_MODEL
    folder = resolve_base_model(settings)
    try:
        return read_shape(folder)
    except InputError:  # a checked model of another family: its size still tells something
        return parameter_count(folder) / 1e9


def trained_like_here(**asked: object) -> Workload:
    """Return what a step computes with this product's trainer; what is not asked for (`None`) is the usual."""
    given = {name: value for name, value in asked.items() if value is not None}
    return Workload.model_validate({**USUAL.model_dump(), **given})


def _known(model: float | ReadModel) -> tuple[float, ModelShape | None]:
    """Return thousand millions of parameters, and the architecture where it is known."""
    return (model.params / 1e9, model.shape) if isinstance(model, ReadModel) else (model, None)


def _device(device: str, count: int, params_b: float, lang: Language) -> Device:
    if not 1 <= count <= MOST_DEVICES:
        mend = fill(PLAN, "count_mend", lang, most=f"{MOST_DEVICES:,}")
        raise InputError(fill(PLAN, "count", lang, count=count), where="count", mend=mend)
    if not math.isfinite(params_b) or not 0 < params_b <= MOST_PARAMS_B:
        mend = fill(PLAN, "size_mend", lang)
        raise InputError(fill(PLAN, "size", lang, size=f"{params_b:g}"), where="params_b", mend=mend)
    return find_device(device, lang)
