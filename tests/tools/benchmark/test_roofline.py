"""The formulas of hardware limits: their own examples, and what must hold for any device and model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.records.benchmark import Capability, Measurement
from tests.tools.benchmark.compared import result
from tools.benchmark.known_limits import limits_of
from tools.benchmark.roofline import (
    Shape,
    best_rate,
    decode_limit,
    decode_share,
    memory_bound_below,
    peaks,
    roofline,
    ttft_bound_ms,
)
from tools.benchmark.subjects import of_result
from tools.hardware import find_device

SEVEN = Shape(int(6.5e9), 14e9, layers=32, kv_heads=8, head_size=128, kv_value_bytes=2)
SHAPES = st.builds(
    Shape,
    prompt_parameters=st.integers(10**6, 10**11),
    weight_bytes=st.floats(1e6, 1e11),
    layers=st.integers(1, 100),
    kv_heads=st.integers(1, 64),
    head_size=st.sampled_from([64, 128]),
    kv_value_bytes=st.sampled_from([1, 2, 4]),
)
BANDWIDTHS = st.floats(1, 10_000)


def test_figures_that_are_easily_checked_by_hand() -> None:
    assert SEVEN.kv_bytes == 2 * 32 * 8 * 128 * 2 == 131072
    assert decode_limit(SEVEN, 1400, 1, 0) == pytest.approx(100)
    assert decode_limit(SEVEN, 1400, 8, 1000) == pytest.approx(8 * 1400e9 / (14e9 + 8 * 1000 * 131072))
    assert ttft_bound_ms(SEVEN, 312, 512) == pytest.approx(2 * 6.5e9 * 512 / 312e12 * 1000)


@pytest.mark.parametrize(
    ("name", "batch"), [("NVIDIA A800 SXM", 153), ("NVIDIA H100 SXM", 295), ("S4000", 130), ("910A", 213)]
)
def test_the_batches_of_known_devices(name: str, batch: float) -> None:
    device = find_device(name)
    assert device.fp16_tflops is not None
    assert device.bandwidth_gb_s is not None
    assert memory_bound_below(device.fp16_tflops, device.bandwidth_gb_s) == pytest.approx(batch, rel=0.01)


@given(SHAPES, BANDWIDTHS, st.integers(1, 256), st.floats(0, 1e5))
def test_more_bandwidth_and_batch_help_and_context_costs(
    shape: Shape, bandwidth: float, batch: int, context: float
) -> None:
    limit = decode_limit(shape, bandwidth, batch, context)
    assert limit > 0
    assert decode_limit(shape, 2 * bandwidth, batch, context) == pytest.approx(2 * limit)
    assert decode_limit(shape, bandwidth, 2 * batch, context) >= limit * (1 - 1e-9)
    assert decode_limit(shape, bandwidth, 2 * batch, context) <= 2 * limit * (1 + 1e-9)
    assert decode_limit(shape, bandwidth, batch, context + 1) <= limit
    halved = replace(shape, weight_bytes=shape.weight_bytes / 2)
    assert limit <= decode_limit(halved, bandwidth, batch, context) <= 2 * limit * (1 + 1e-9)


def point(**given: Any) -> Measurement:
    fields: dict[str, Any] = {
        "batch": 1, "prompt_tokens": 512, "output_tokens": 128, "ttft_ms": 100.0, "tpot_ms": 20.0,
        "tokens_per_s": 45.0, "peak_gib": None, "label": "measured", "decode_tokens_per_s": 50.0,
    }  # fmt: skip
    return Measurement(**fields | given)


@given(SHAPES, BANDWIDTHS)
def test_a_device_that_reaches_its_limit_has_a_share_of_one(shape: Shape, bandwidth: float) -> None:
    reached = decode_limit(shape, bandwidth, 8, 512 + 64)
    assert decode_share(point(batch=8, decode_tokens_per_s=reached), shape, bandwidth) == pytest.approx(1)
    assert decode_share(point(decode_tokens_per_s=None), shape, bandwidth) is None
    assert decode_share(point(), shape, None) is None


def rates(**figures: tuple[float, str]) -> dict[str, Capability]:
    return {name: Capability(outcome="supported", figure=figure, unit=unit) for name, (figure, unit) in figures.items()}


def test_what_was_measured_comes_before_the_catalogue() -> None:
    found = rates(memory_copy=(900, "GB/s"), memory_sum=(1100, "GB/s"), matmul_bf16=(200, "TFLOPS"))
    listed = find_device("NVIDIA A800 PCIe")
    names = ("memory_sum", "memory_copy"), ("matmul_bf16",)
    both = peaks(found, *names, "bf16", listed)
    assert (both.bandwidth_gb_s, both.bandwidth_label, both.tflops, both.tflops_label) == (
        1100,
        "measured",
        200,
        "measured",
    )
    told = peaks({}, *names, "bf16", listed)
    assert (told.bandwidth_gb_s, told.bandwidth_label, told.tflops, told.tflops_label) == (
        1935,
        "datasheet",
        312,
        "datasheet",
    )
    single = peaks({}, *names, "fp32", listed)
    assert (single.tflops, single.tflops_label) == (None, None)
    nothing = peaks({}, *names, "fp32")
    assert (nothing.bandwidth_gb_s, nothing.bandwidth_label) == (None, None)


def test_what_did_not_run_has_no_rate() -> None:
    found = rates(memory_copy=(900, "GB/s"), memory_sum=(9000, "GB/s"), matmul_bf16=(200, "TFLOPS"))
    for outcome in ("refused", "crashed", "not_tried"):
        found["memory_sum"] = found["memory_sum"].model_copy(update={"outcome": outcome})
        names = ("memory_sum", "memory_copy")
        assert best_rate(found, names, "GB/s") == 900
        told = peaks(found, names, ("matmul_bf16",), "bf16")
        assert (told.bandwidth_gb_s, told.bandwidth_label) == (900, "measured")
        seen = limits_of(of_result(result(capabilities=found, roofline=None)), "en")
        assert seen.bandwidth is not None
        assert seen.bandwidth.value == 900
    emulated = {"matmul_bf16": found["matmul_bf16"].model_copy(update={"outcome": "emulated"})}
    assert best_rate(emulated, ("matmul_bf16",), "TFLOPS") == 200
    assert best_rate(found, ("matmul_bf16",), "TOPS") is None


def test_the_roofline_takes_the_best_measurements() -> None:
    limits = peaks(rates(a=(1400, "GB/s"), b=(100, "TFLOPS")), ("a",), ("b",), "bf16")
    points = [
        (point(decode_tokens_per_s=40.0), SEVEN),
        (point(decode_tokens_per_s=60.0, ttft_ms=133.12), SEVEN),
        (point(batch=8, decode_tokens_per_s=400.0, ttft_ms=2000.0), SEVEN),
    ]
    told = roofline(points, limits)
    limit = decode_limit(SEVEN, 1400, 1, 576)
    assert told.decode_reached_tokens_per_s == 60
    assert told.decode_limit_tokens_per_s == pytest.approx(limit)
    assert told.decode_share == pytest.approx(60 / limit)
    assert told.prefill_share == pytest.approx(2 * 6.5e9 * 512 / 100e12 * 1000 / 100)
    assert told.memory_bound_below_batch == pytest.approx(100e12 / 1400e9)
    empty = roofline([], peaks({}, (), (), "fp32"))
    assert empty.model_dump(exclude={"compute_type"}, exclude_none=True) == {}
