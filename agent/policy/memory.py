"""Which methods fit a device, and on which rung of the ladder a training starts.

By parameters alone the published range decides (`agent.policy.memory_published`), and a typical architecture explains.
Where the architecture is known, its parts are worked out for the work of a step (`agent.policy.memory_parts`), and they
decide together with the published range. Only a range that fits whole is a fit. Plan, gate of a training, ladder and
benchmark all ask `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.policy.memory_details import Subject, answering, detail_notes, detailed
from agent.policy.memory_parts import typical_shape
from agent.policy.memory_published import largest_model, memory_range
from agent.prompts.phrases import fill, gib, gib_range, model_size
from agent.prompts.training import MEMORY, METHOD_NAMES
from agent.records.base import Language
from agent.records.hardware import Device, MemoryPlan, MethodFit, ModelShape, Workload
from agent.records.tuning import Method

LADDER: Final[tuple[Method, ...]] = ("qlora", "lora", "full")
"""The rungs in the guide's order."""


def fit(
    device: Device,
    count: int,
    params_b: float,
    lang: Language = "en",
    *,
    shape: ModelShape | None = None,
    workloads: Mapping[Method, Workload] | None = None,
) -> tuple[MethodFit, ...]:
    """Return for every rung whether `count` devices support and carry it; only a range that fits whole is a fit.

    LoRA and full fine-tuning share their weights over the devices; Q-LoRA is planned for one.

    Args:
        device: What trains; `gib` is what a training may take of it.
        count: How many of them.
        params_b: Parameters of the model, in thousand millions.
        lang: Language of the reasons.
        shape: The model's architecture; without it the published range alone decides.
        workloads: What a step of each method computes; the usual work where a method has none. It counts together with
            `shape` only.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    if count < 1:
        raise ValueError("a plan needs at least 1 device")
    if shape is None:
        published = {method: memory_range(method, params_b, device.compute_type) for method in LADDER}
        return tuple(_fit_range(device, count, params_b, method, published[method], lang) for method in LADDER)
    asked = workloads or {}
    return tuple(
        _fit_range(
            device,
            count,
            params_b,
            method,
            Subject(device, count, shape, asked.get(method, Workload())).needed(method),
            lang,
        )
        for method in LADDER
    )


def memory_plan(device: Device, count: int, params_b: float, lang: Language = "en") -> MemoryPlan:
    """Return what fits, where the ladder starts, and why rungs before that were skipped.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    methods = fit(device, count, params_b, lang)
    notes = (
        *_start_notes(device, count, params_b, methods, lang),
        *_device_notes(device, count, methods, lang),
        fill(MEMORY, "estimated", lang),
    )
    return _plan(device, count, params_b, methods, notes)


def detailed_plan(
    device: Device,
    count: int,
    params_b: float,
    workload: Workload,
    tokens: int,
    *,
    shape: ModelShape | None = None,
    cores: int | None = None,
    lang: Language = "en",
) -> MemoryPlan:
    """Return a memory plan with parts, times, and the largest model, batch and length.

    Args:
        device: What trains.
        count: How many of them.
        params_b: Parameters of the model, in thousand millions.
        workload: What a step computes.
        tokens: Training tokens that times are for.
        shape: The model's architecture, which then decides what fits; without it the published range decides and a
            typical architecture explains.
        cores: Of the processor, where it trains.
        lang: Language of reasons and notes.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    subject = Subject(device, count, shape or typical_shape(params_b), workload, tokens, cores)
    carried = fit(device, count, params_b, lang, shape=shape, workloads=dict.fromkeys(LADDER, workload))
    methods = tuple(detailed(one, subject) for one in carried)
    if shape is None:
        methods = tuple(
            one.model_copy(update={"largest_params_b": float(f"{_largest(device, count, one.method):.2g}")})
            if one.available
            else one
            for one in methods
        )
    answers = answering(subject)
    figures = detail_notes(subject, answers, lang)
    notes = (
        *_start_notes(device, count, params_b, methods, lang),
        *_device_notes(device, count, methods, lang),
        *(() if shape is not None else (fill(MEMORY, "estimated", lang),)),
        *figures,
    )
    known = {"shape": subject.shape, "workload": workload, "tokens": tokens}
    answered = {"inference": answers, "figure_notes": len(figures)}
    return _plan(device, count, params_b, methods, notes).model_copy(update={**known, **answered})


def _plan(
    device: Device, count: int, params_b: float, methods: tuple[MethodFit, ...], notes: tuple[str, ...]
) -> MemoryPlan:
    ladder = tuple(one.method for one in methods if one.available and one.fits)
    return MemoryPlan(
        device=device.name,
        count=count,
        params_b=params_b,
        methods=methods,
        start_at=ladder[0] if ladder else None,
        ladder=ladder,
        compute_type=device.compute_type,
        notes=notes,
    )


def supports(device: Device, method: Method) -> bool:
    """Return whether the device can run the method at all."""
    match method:
        case "qlora":
            return device.qlora
        case "lora":
            return device.lora
        case "full":
            return device.full


def _capacity(device: Device, count: int, method: Method) -> float:
    return device.gib if method == "qlora" else device.gib * count


def _largest(device: Device, count: int, method: Method) -> float:
    return largest_model(method, _capacity(device, count, method), device.compute_type)


def _fit_range(
    device: Device, count: int, params_b: float, method: Method, needed: tuple[float, float], lang: Language
) -> MethodFit:
    low, high = needed
    capacity = _capacity(device, count, method)
    available = supports(device, method)
    if not available:
        why = fill(MEMORY, "unavailable", lang, device=device.name, why=_why_not(device, method, lang))
    else:
        key = "fits" if high <= capacity else "tight" if low <= capacity else "too_big"
        name = device.name if count == 1 else f"{count} × {device.name}"
        why = fill(
            MEMORY,
            key,
            lang,
            need=gib_range(low, high),
            size=model_size(params_b),
            device=name,
            capacity=gib(capacity),
        )
    return MethodFit(
        method=method,
        fits=available and high <= capacity,
        gib_low=round(low, 2),
        gib_high=round(high, 2),
        available=available,
        why=why,
    )


def _why_not(device: Device, method: Method, lang: Language) -> str:
    generic = f"why_{device.backend}"
    told = device.figures.get(method)
    if told is not None and told.label == "measured":
        return device.why_not[method]
    if method == "qlora" and generic in MEMORY and (lang != "en" or method not in device.why_not):
        return fill(MEMORY, generic, lang)
    return device.why_not.get(method) or fill(MEMORY, "why_unknown", lang)


def _start_notes(
    device: Device, count: int, params_b: float, methods: tuple[MethodFit, ...], lang: Language
) -> list[str]:
    notes: list[str] = []
    for one in methods:
        name = METHOD_NAMES[one.method][lang]
        if one.available and one.fits:
            notes.append(fill(MEMORY, "starts_at", lang, method=name))
            return notes
        notes.append(fill(MEMORY, "skipped", lang, method=name, why=one.why))
    possible = [one.method for one in methods if one.available]
    if not possible:
        return [*notes, fill(MEMORY, "no_training", lang, device=device.name)]
    known = {one.method: one.largest_params_b for one in methods}
    sizes = {m: _largest(device, count, m) if (told := known[m]) is None else told for m in possible}
    method = max(possible, key=lambda m: sizes[m])
    largest = sizes[method]
    size, name = model_size(float(f"{largest:.2g}")), METHOD_NAMES[method][lang]
    return [*notes, fill(MEMORY, "nothing_fits", lang, size=model_size(params_b), method=name, largest=size)]


def _device_notes(device: Device, count: int, methods: tuple[MethodFit, ...], lang: Language) -> list[str]:
    notes: list[str] = []
    trains = any(one.available for one in methods)
    if device.compute_type == "fp16" and (device.lora or device.full):
        notes.append(fill(MEMORY, "fp16_scaling", lang))
    if device.compute_type == "fp16" and device.qlora:
        notes.append(fill(MEMORY, "fp16_qlora", lang))
    if device.bf16 == "emulated":
        notes.append(fill(MEMORY, "bf16_emulated", lang))
    if count > 1 and trains:
        total, each = gib(device.gib * count), gib(device.gib)
        notes.append(fill(MEMORY, "shards", lang, count=count, total=total, each=each))
    return [*notes, *device.notes]
