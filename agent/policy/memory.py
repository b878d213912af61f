"""Which methods fit a device, and on which rung of the ladder a training starts.

What a training takes is worked out part by part for the work of a step (`agent.policy.memory_parts`): for the model's
architecture, or for a typical one of its size where no more is known. Together with the published range
(`agent.policy.memory_published`) that is the range which decides, and only a range that fits whole is a fit. Plan,
forecast, decision, gate of a training, ladder and benchmark all ask `fit`: one question has one answer everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.policy.memory_details import Subject, answering, detail_notes, detailed
from agent.policy.memory_parts import USUAL
from agent.policy.model_parameters import typical_shape
from agent.prompts.device_notes import device_note
from agent.prompts.phrases import fill, gib, gib_range, model_size
from agent.prompts.training import MEMORY, METHOD_NAMES
from agent.records.base import Language
from agent.records.hardware import Device, MemoryPlan, MethodFit, ModelShape, Workload
from agent.records.tuning import Method

LADDER: Final[tuple[Method, ...]] = ("qlora", "lora", "full")
"""The rungs in the guide's order."""
TOKENS: Final = 1_000_000
"""Training tokens that times are for where nothing else is asked."""


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
        shape: The model's architecture; a typical one of that size where it is not known.
        workloads: What a step of each method computes; the usual work where a method has none.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    if count < 1:
        raise ValueError("a plan needs at least 1 device")
    known, asked = shape or typical_shape(params_b), workloads or {}
    subjects = {method: Subject(device, count, params_b, known, asked.get(method, USUAL)) for method in LADDER}
    return tuple(_fit_range(subject, method, subject.needed(method), lang) for method, subject in subjects.items())


def detailed_plan(
    device: Device,
    count: int,
    params_b: float,
    workload: Workload = USUAL,
    tokens: int = TOKENS,
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
        shape: The model's architecture; a typical one of that size where it is not known.
        cores: Of the processor, where it trains.
        lang: Language of reasons and notes.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    carried = fit(device, count, params_b, lang, shape=shape, workloads=dict.fromkeys(LADDER, workload))
    subject = Subject(device, count, params_b, shape or typical_shape(params_b), workload, tokens, cores)
    methods = tuple(detailed(one, subject) for one in carried)
    whole, quantised = answering(subject)
    ladder = tuple(one.method for one in methods if one.available and one.fits)
    plan = MemoryPlan(
        device=device.name,
        count=count,
        params_b=params_b,
        methods=methods,
        start_at=ladder[0] if ladder else None,
        ladder=ladder,
        compute_type=device.compute_type,
        notes=(),
        shape=subject.shape,
        workload=workload,
        tokens=tokens,
        inference=whole,
        inference_4bit=quantised,
    )
    figures = detail_notes(subject, plan, lang)
    notes = (
        *_start_notes(device, count, params_b, methods, lang),
        *_device_notes(device, count, methods, lang),
        *figures,
    )
    return plan.model_copy(update={"notes": notes, "figure_notes": len(figures)})


def supports(device: Device, method: Method) -> bool:
    """Return whether the device can run the method at all."""
    match method:
        case "qlora":
            return device.qlora
        case "lora":
            return device.lora
        case "full":
            return device.full


def _fit_range(subject: Subject, method: Method, needed: tuple[float, float], lang: Language) -> MethodFit:
    device, count, capacity = subject.device, subject.count, subject.capacity(method)
    low, high = needed
    available = supports(device, method)
    if not available:
        why = fill(MEMORY, "unavailable", lang, device=device.name, why=_why_not(device, method, lang))
    else:
        key = "fits" if high <= capacity else "tight" if low <= capacity else "too_big"
        name = device.name
        if count > 1:  # what shares no weights has the memory of one
            shares = capacity > device.gib
            name = f"{count} × {name}" if shares else fill(MEMORY, "one_of", lang, device=name)
        why = fill(
            MEMORY,
            key,
            lang,
            need=gib_range(round(low, 2), round(high, 2)),  # as every other place reads it from the record
            size=model_size(subject.params_b),
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
        return device_note(device.why_not[method], lang)
    if method == "qlora" and generic in MEMORY and (lang != "en" or method not in device.why_not):
        return fill(MEMORY, generic, lang)
    why = device.why_not.get(method)
    return device_note(why, lang) if why else fill(MEMORY, "why_unknown", lang)


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
    possible = [one for one in methods if one.available]
    if not possible:
        return [*notes, fill(MEMORY, "no_training", lang, device=device.name)]
    best = max(possible, key=lambda one: one.largest_params_b or 0.0)
    size, name = model_size(best.largest_params_b or 0.0), METHOD_NAMES[best.method][lang]
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
    return [*notes, *(device_note(one, lang) for one in device.notes)]
