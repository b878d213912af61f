"""What is known of the device behind each subject of a comparison: its own measurements, else what it itself cites.

A benchmark's own figures come before the catalogue's within it; nothing is filled in from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from agent.records.hardware import Backend, Device, Figure, Label
from tools.benchmark.roofline import best_rate
from tools.benchmark.subjects import Chosen, said_moment

_16_BIT: Final = ("matmul_bf16", "matmul_fp16")


@dataclass(frozen=True)
class Known:
    """One figure of a device, and how it is known."""

    value: float
    label: Label
    source: str


@dataclass(frozen=True)
class Limits:
    """What is known of one subject's device."""

    backend: Backend | None
    """`None` where only an endpoint was seen."""
    gib: Known | None
    bandwidth: Known | None
    """GB/s."""
    tflops_16: Known | None
    tflops_32: Known | None
    tops_8: Known | None


def limits_of(one: Chosen, lang: Language) -> Limits:
    """Return what is known of a subject's device."""
    if one.result is not None:
        return _measured_limits(one.result, lang)
    assert one.device is not None
    device = one.device
    return Limits(
        device.backend,
        _listed(device, "gib"),
        _listed(device, "bandwidth_gb_s"),
        _listed(device, "fp16_tflops"),
        None,
        _listed(device, "int8_tops"),
    )


def _listed(device: Device, field: str) -> Known | None:
    value = getattr(device, field)
    if value is None:
        return None
    known = device.figures.get(field, Figure(label=device.label, source=device.source))
    return Known(float(value), known.label, known.source)


def _measured_limits(result: BenchmarkResult, lang: Language) -> Limits:
    own = fill(COMPARISON, "from_benchmark", lang, at=said_moment(result.at))
    listed = fill(COMPARISON, "from_catalogue", lang, at=said_moment(result.at))
    roofline = result.roofline

    def rate(names: Sequence[str], unit: str) -> Known | None:
        found = best_rate(result.capabilities, names, unit)
        return None if found is None else Known(found, "measured", own)

    def known(value: float | None, label: Label | None) -> Known | None:
        if not value or label is None:
            return None
        return Known(value, label, own if label == "measured" else listed)

    bandwidth, arithmetic = None, None
    if roofline is not None:
        bandwidth = known(roofline.bandwidth_gb_s, roofline.bandwidth_label)
        arithmetic = known(roofline.tflops, roofline.tflops_label)
    type_of = roofline.compute_type if roofline is not None else None
    return Limits(
        result.device.backend,
        Known(result.device.gib, "measured", own) if result.device.gib else None,
        bandwidth or rate(("memory_sum", "memory_copy"), "GB/s"),
        rate(_16_BIT, "TFLOPS") or (arithmetic if type_of in ("bf16", "fp16") else None),
        rate(("matmul_fp32",), "TFLOPS") or (arithmetic if type_of == "fp32" else None),
        rate(("matmul_int8",), "TOPS"),
    )
