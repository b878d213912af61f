"""How much memory a method needs for a model, and what fits a device.

Source: published estimates for 7B, 14B and 70B, which disagree by about two, so each figure is a range. Behind them
stand bytes per parameter: full fine-tuning 18 with mixed precision (2 weights, 2 gradients, 4 master weights, 8 Adam
moments, 2 buffers) down to about 9 in pure bf16 with a lean optimizer; LoRA 2 for the frozen weights plus the adapter's
share and activations; Q-LoRA about half a byte for the 4-bit weights plus quantization constants, adapter and
activations. Between the published sizes the range is interpolated, above them it grows with the parameters, and below
them it runs down to what a process needs before the first parameter. Example: `memory_range("full", 14)` is
`(120.0, 240.0)`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from agent.prompts.phrases import fill, gib, gib_range, model_size
from agent.prompts.training import MEMORY, METHOD_NAMES
from agent.records.base import Language
from agent.records.hardware import Device, MemoryPlan, MethodFit
from agent.records.tuning import ComputeType, Method

LADDER: Final[tuple[Method, ...]] = ("qlora", "lora", "full")
"""The rungs in the guide's order."""

Anchors = tuple[tuple[float, float, float], ...]

_ANCHORS: Final[dict[Method, Anchors]] = {
    # thousand millions of parameters, low GiB, high GiB; the row at 0 is ours: the process itself, and with the high
    # estimate 1.4 GB of device context and a short batch's activations.
    "qlora": ((0, 0.4, 2), (7, 6, 14), (14, 12, 20), (70, 48, 48)),
    "lora": ((0, 0.4, 2), (7, 16, 22), (14, 32, 33), (70, 160, 164)),
    "full": ((0, 0.4, 2), (7, 60, 120), (14, 120, 240), (70, 600, 1200)),
}
_BYTES_TO_GIB: Final = 1e9 / 2**30
_FP32_EXTRA_BYTES: Final = 2.0  # frozen weights of LoRA in fp32 take 4 bytes where the anchors count 2


def memory_range(method: Method, params_b: float, compute_type: ComputeType = "bf16") -> tuple[float, float]:
    """Return the low and high estimate of training memory, GiB.

    Args:
        method: The method.
        params_b: Parameters of the model, in thousand millions.
        compute_type: Without bf16 there is no lean full fine-tuning, so its low estimate becomes the high one; in fp32
            LoRA's frozen weights take twice the room.

    Raises:
        ValueError: `params_b` is not above 0.
    """
    if params_b <= 0:
        raise ValueError("a model has more than 0 parameters")
    low, high = _interpolate(_ANCHORS[method], params_b)
    if method == "full" and compute_type != "bf16":
        low = high
    if method == "lora" and compute_type == "fp32":
        extra = _FP32_EXTRA_BYTES * params_b * _BYTES_TO_GIB
        low, high = low + extra, high + extra
    return low, high


def fit(device: Device, count: int, params_b: float, lang: Language = "en") -> tuple[MethodFit, ...]:
    """Return for every rung whether `count` devices support and carry it; only a range that fits whole is a fit.

    LoRA and full fine-tuning share their weights over the devices; Q-LoRA is planned for one.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    if count < 1:
        raise ValueError("a plan needs at least 1 device")
    return tuple(_fit_one(device, count, params_b, method, lang) for method in LADDER)


def memory_plan(device: Device, count: int, params_b: float, lang: Language = "en") -> MemoryPlan:
    """Return what fits, where the ladder starts, and why rungs before that were skipped.

    Raises:
        ValueError: `count` is below 1 or `params_b` not above 0.
    """
    methods = fit(device, count, params_b, lang)
    ladder = tuple(one.method for one in methods if one.available and one.fits)
    start_at = ladder[0] if ladder else None
    return MemoryPlan(
        device=device.name,
        count=count,
        params_b=params_b,
        methods=methods,
        start_at=start_at,
        ladder=ladder,
        compute_type=device.compute_type,
        notes=(*_start_notes(device, count, params_b, methods, lang), *_device_notes(device, count, methods, lang)),
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


def largest_model(method: Method, capacity: float, compute_type: ComputeType = "bf16") -> float:
    """Return the largest model whose whole range fits `capacity` GiB, in thousand millions; 0 if none does."""
    low, high = 0.0, 10_000.0
    for _ in range(60):
        middle = (low + high) / 2
        if memory_range(method, middle, compute_type)[1] <= capacity:
            low = middle
        else:
            high = middle
    return low if low > 1e-3 else 0.0


def _interpolate(anchors: Anchors, params_b: float) -> tuple[float, float]:
    for (left, left_low, left_high), (right, right_low, right_high) in pairwise(anchors):
        if params_b <= right:
            part = (params_b - left) / (right - left)
            return left_low + part * (right_low - left_low), left_high + part * (right_high - left_high)
    size, low, high = anchors[-1]
    return low * params_b / size, high * params_b / size


def _capacity(device: Device, count: int, method: Method) -> float:
    return device.gib if method == "qlora" else device.gib * count


def _fit_one(device: Device, count: int, params_b: float, method: Method, lang: Language) -> MethodFit:
    low, high = memory_range(method, params_b, device.compute_type)
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
    method = max(possible, key=lambda m: largest_model(m, _capacity(device, count, m), device.compute_type))
    largest = largest_model(method, _capacity(device, count, method), device.compute_type)
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
    return [*notes, *device.notes, fill(MEMORY, "estimated", lang)]
