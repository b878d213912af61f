"""Benchmarks as records, for tests of what is done with them; their figures are made up and say so by being round."""

from __future__ import annotations

from typing import Any

from agent.records.benchmark import BenchmarkResult, Capability, Machine, Measurement, Roofline, TrainingStep
from tools.benchmark.backends import detect

SUPPORTED = Capability(outcome="supported")
PROBED = {
    "memory_sum": Capability(outcome="supported", figure=20.0, unit="GB/s"),
    "memory_copy": Capability(outcome="supported", figure=16.0, unit="GB/s"),
    "matmul_fp32": Capability(outcome="supported", figure=0.5, unit="TFLOPS"),
    "matmul_bf16": Capability(outcome="emulated", figure=0.25, unit="TFLOPS", message="slower than fp32"),
    "matmul_int8": Capability(outcome="refused", message="no kernel"),
    "qlora_step": Capability(outcome="crashed", message="took its process along"),
    "lora_step": SUPPORTED,
    "full_step": SUPPORTED,
    "attention_flash_package": Capability(outcome="not_tried", message="flash-attn is not installed"),
}
"""One outcome of each kind: 5 of 8 things that were tried are native, and 2 of the 4 of the catalogue."""


def point(speed: float, **changed: Any) -> Measurement:
    """Return one point of a sweep; changes go over it."""
    values: dict[str, Any] = {
        "model": "Tiny-1M",
        "compute_type": "fp32",
        "batch": 1,
        "prompt_tokens": 64,
        "output_tokens": 32,
        "ttft_ms": 1000 / speed,
        "tpot_ms": 500 / speed,
        "tokens_per_s": speed,
        "peak_gib": 1.5,
        "decode_tokens_per_s": 2 * speed,
        "label": "measured",
    }
    return Measurement.model_validate(values | changed)


def here(speed: float = 40.0, **changed: Any) -> BenchmarkResult:
    """Return a benchmark that calls itself one of the machine at hand; changes go over it."""
    device = detect()
    machine = Machine(name=device.name(), backend=device.backend, gib=16.0, fingerprint="0123456789ab")
    return result(speed=speed, **{"device": machine, **changed})


def result(name: str = "Chip One", speed: float = 40.0, **changed: Any) -> BenchmarkResult:
    """Return a whole benchmark of a machine; changes go over it."""
    values: dict[str, Any] = {
        "place": "local",
        "at": "2026-05-01T10:00:00Z",
        "device": Machine(name=name, backend="cpu", gib=16.0, fingerprint="0123456789ab"),
        "capabilities": PROBED,
        "measurements": (point(speed), point(3 * speed, batch=4), point(speed / 2, prompt_tokens=256)),
        "training": (
            TrainingStep(method="lora", batch=2, tokens=128, seconds=2.0, tokens_per_s=128.0, peak_gib=2.0, steps=3),
        ),
        "roofline": Roofline(
            bandwidth_gb_s=20.0,
            bandwidth_label="measured",
            tflops=0.5,
            tflops_label="measured",
            compute_type="fp32",
            decode_share=0.5,
        ),
    }
    return BenchmarkResult.model_validate(values | changed)
