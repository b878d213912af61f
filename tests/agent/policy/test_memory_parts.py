from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.policy.memory import LADDER, detailed_plan, fit
from agent.policy.memory_details import MARGIN, parts_range
from agent.policy.memory_parts import GIB, activation_bytes, at_once, layer_bytes, memory_parts
from agent.policy.memory_published import memory_range
from agent.policy.model_parameters import (
    adapter_parameters,
    embedding_parameters,
    linear_parameters,
    parameters,
    typical_shape,
)
from agent.policy.training_time import operations_per_token, training_seconds
from agent.records.hardware import Backend, Device, MemoryPlan, ModelShape, Workload
from agent.records.tuning import ComputeType, Method
from tests.agent.policy.builders import A800, ASCEND_910A, CPU, S3000, S4000, T4, device

LLAMA_7B = ModelShape(
    layers=32, hidden=4096, intermediate=11008, heads=32, kv_heads=32, head_size=128, vocabulary=32000, positions=4096
)
LLAMA_3_70B = ModelShape(
    layers=80, hidden=8192, intermediate=28672, heads=64, kv_heads=8, head_size=128, vocabulary=128256
)
SMOLLM2_135M = ModelShape(
    layers=30,
    hidden=576,
    intermediate=1536,
    heads=9,
    kv_heads=3,
    head_size=64,
    vocabulary=49152,
    tied_embeddings=True,
    positions=8192,
)
MODELS = {"7B": LLAMA_7B, "70B": LLAMA_3_70B, "135M": SMOLLM2_135M}

methods = st.sampled_from(LADDER)
backends = st.sampled_from(("cpu", "cuda"))
compute_types = st.sampled_from(("fp32", "fp16", "bf16"))
shapes = st.builds(
    ModelShape,
    layers=st.integers(2, 40),
    hidden=st.sampled_from((64, 576, 2048, 4096)),
    intermediate=st.sampled_from((128, 1536, 11008)),
    heads=st.sampled_from((4, 8, 32)),
    kv_heads=st.sampled_from((1, 2, 4)),
    head_size=st.sampled_from((32, 64, 128)),
    vocabulary=st.sampled_from((384, 32000, 151_936)),
    tied_embeddings=st.booleans(),
)
works = st.builds(
    Workload,
    batch=st.integers(1, 32),
    length=st.integers(8, 4096),
    learnt=st.sampled_from((0.1, 0.5, 1.0)),
    rank=st.integers(1, 256),
    dropout=st.booleans(),
    checkpointing=st.sampled_from((None, True, False)),
    attention=st.sampled_from(("sdpa", "eager")),
)


@pytest.mark.parametrize(
    ("shape", "whole"),
    [(LLAMA_7B, 6_738_415_616), (LLAMA_3_70B, 70_553_706_496), (SMOLLM2_135M, 134_515_008)],
    ids=MODELS,
)
def test_parameters_are_those_that_the_models_publish(shape: ModelShape, whole: int) -> None:
    assert parameters(shape) == whole


@pytest.mark.parametrize(
    ("method", "compute_type", "bytes_each"),
    [
        ("full", "fp32", (4, 4, 8)),
        ("full", "bf16", (2, 2, 4)),
        ("lora", "bf16", (2, 0, 0)),
        ("lora", "fp32", (4, 0, 0)),
    ],
)
def test_bytes_a_parameter(method: Method, compute_type: ComputeType, bytes_each: tuple[float, float, float]) -> None:
    parts = memory_parts(method, LLAMA_7B, Workload(), compute_type, "cuda")
    count, added = parameters(LLAMA_7B) / GIB, 0 if method == "full" else adapter_parameters(LLAMA_7B, 16) / GIB
    found = (parts.weights, parts.gradients, parts.optimizer)
    extra = (0, 4 * added, 8 * added)
    assert found == pytest.approx(tuple(one * count + more for one, more in zip(bytes_each, extra, strict=True)))


def test_full_fine_tuning_in_fp16_keeps_whole_weights_and_half_copies() -> None:
    parts = memory_parts("full", LLAMA_7B, Workload(), "fp16", "npu")
    assert parts.weights * GIB == parameters(LLAMA_7B) * 4 + linear_parameters(LLAMA_7B) * 2


def test_quantised_are_the_linear_layers_alone() -> None:
    parts = memory_parts("qlora", SMOLLM2_135M, Workload(), "fp32", "cpu")
    whole = parameters(SMOLLM2_135M) - linear_parameters(SMOLLM2_135M)
    assert embedding_parameters(SMOLLM2_135M) == 49152 * 576
    assert parts.weights * GIB == pytest.approx(106_168_320 * 0.515869140625 + 4 * whole)
    assert parts.weight_file * GIB == pytest.approx(4 * 106_168_320)
    ascend = memory_parts("qlora", SMOLLM2_135M, Workload(), "bf16", "npu")
    assert ascend.weights * GIB == pytest.approx(106_168_320 * 0.5625 + 2 * whole)
    assert ascend.weight_file == 0


def test_an_adapter_of_rank_16_on_a_7b_model_has_40_million_weights() -> None:
    assert adapter_parameters(LLAMA_7B, 16) == 39_976_960


def test_eager_attention_keeps_the_scores_of_every_pair_in_fp32_and_in_the_compute_type() -> None:
    plain, eager = (
        layer_bytes(LLAMA_7B, "lora", 512, 2, Workload.model_validate({"attention": attention}))
        for attention in ("sdpa", "eager")
    )
    assert eager - plain == 512 * 512 * 32 * 6


@settings(deadline=None)
@given(methods, shapes, works, compute_types, backends, st.integers(1, 3))
def test_more_never_needs_less(
    method: Method, shape: ModelShape, work: Workload, compute_type: ComputeType, backend: Backend, more: int
) -> None:
    def total(of: ModelShape = shape, **changes: Any) -> float:
        return memory_parts(method, of, work.model_copy(update=changes), compute_type, backend).total

    now = total()
    assert total(batch=work.batch + more) >= now
    assert total(length=work.length + 64 * more) >= now
    assert total(rank=work.rank + more) >= now
    assert total(learnt=1.0) >= now
    for field in ("layers", "hidden", "intermediate", "heads", "vocabulary"):
        assert total(shape.model_copy(update={field: getattr(shape, field) * (1 + more)})) > now
    assert total(checkpointing=True) <= total(checkpointing=False)


@settings(deadline=None)
@given(methods, shapes, works, compute_types, backends, st.integers(1, 8))
def test_the_parts_hold_the_total(
    method: Method, shape: ModelShape, work: Workload, compute_type: ComputeType, backend: Backend, count: int
) -> None:
    parts = memory_parts(method, shape, work, compute_type, backend, count)
    assert all(value >= 0 for value in parts.model_dump().values())
    held = parts.model_dump(exclude={"total", "weight_file"}).values()
    # The workspaces of the backward pass and of the update are one part, the larger one, and may both be held.
    assert max(held) <= parts.total * 1.0001
    assert parts.total <= (sum(held) + parts.workspace) * 1.0001
    low, high = parts_range(parts)
    assert 0 < low <= parts.total <= high == parts.total * (1 + MARGIN)


def test_sharing_over_devices_adds_what_each_has_for_itself() -> None:
    one, four = (memory_parts("full", LLAMA_7B, Workload(), "bf16", "cuda", count) for count in (1, 4))
    assert (four.weights, four.gradients, four.optimizer) == (one.weights, one.gradients, one.optimizer)
    assert four.activations == pytest.approx(4 * one.activations)
    assert four.overhead == 4 * one.overhead
    assert one.total < four.total < 4 * one.total


@pytest.mark.parametrize(
    ("batch", "length", "limit", "at"),
    [
        (16, 512, 1024, 2),
        (4, 256, 1024, 4),
        (3, 400, 1024, 1),
        (1, 4096, 1024, 1),
        (7, 100, None, 7),
        (6, 300, 1024, 3),
        (10**12, 300, 1024, 2),
        (10**12 + 39, 100, 1024, 1),
    ],
)
def test_what_is_computed_at_once(batch: int, length: int, limit: int | None, at: int) -> None:
    assert at_once(Workload(batch=batch, length=length, row_tokens=limit)) == at


def test_dropout_keeps_more_of_every_adapted_input() -> None:
    plain, dropped = (
        activation_bytes(SMOLLM2_135M, "lora", Workload(batch=1, dropout=dropout), "fp32", "cpu")
        for dropout in (False, True)
    )
    assert dropped > 1.5 * plain


@pytest.mark.parametrize("params_b", [1e-6, 0.02, 0.135, 0.5, 1.5, 3, 7, 8, 14, 32, 70, 400])
def test_a_typical_model_has_the_parameters_asked_for(params_b: float) -> None:
    shape = typical_shape(params_b)
    assert shape.typical
    if params_b >= 0.02:
        assert parameters(shape) / 1e9 == pytest.approx(params_b, rel=0.06)


def test_a_model_without_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        typical_shape(0)


@pytest.mark.parametrize("method", LADDER)
def test_a_typical_model_lies_within_twice_the_published_range(method: Method) -> None:
    for size in (7, 14, 70):
        low, high = memory_range(method, size)
        total = memory_parts(method, typical_shape(size), Workload(row_tokens=1024), "bf16", "cuda").total
        assert low / 2 < total < 2 * high


@pytest.mark.parametrize(
    ("method", "checkpointing", "operations"),
    [("full", False, 6), ("full", True, 8), ("lora", False, 4), ("lora", True, 6)],
)
def test_operations_a_parameter_and_token(method: Method, checkpointing: bool, operations: float) -> None:
    work = Workload(length=1, learnt=1, rank=1)
    found = operations_per_token(LLAMA_7B, method, work, checkpointing=checkpointing)
    assert found / (parameters(LLAMA_7B)) == pytest.approx(operations, rel=0.03)


def test_times_are_ranges_or_nothing() -> None:
    fast = device("Fast", 80, fp16_tflops=312.0)
    low, high = training_seconds(fast, 1, LLAMA_7B, "full", Workload(), 1_000_000) or (0, 0)
    assert (low, high) == pytest.approx((348, 1160), rel=0.05)
    assert training_seconds(fast, 4, LLAMA_7B, "full", Workload(), 1_000_000) == pytest.approx((low / 4, high / 4))
    one = training_seconds(fast, 1, LLAMA_7B, "qlora", Workload(), 1000)
    assert training_seconds(fast, 4, LLAMA_7B, "qlora", Workload(), 1000) == one
    assert training_seconds(A800, 1, LLAMA_7B, "full", Workload(), 1000) is None
    assert training_seconds(CPU, 1, SMOLLM2_135M, "lora", Workload(), 1000) is None
    slow = training_seconds(CPU, 1, SMOLLM2_135M, "lora", Workload(length=64, learnt=0.2), 1000, cores=2)
    assert slow == pytest.approx((3, 11), rel=0.15)


def made(on: Device, count: int = 1, size: float | ModelShape = 7.0, **changes: Any) -> MemoryPlan:
    shape = size if isinstance(size, ModelShape) else None
    params_b = parameters(size) / 1e9 if isinstance(size, ModelShape) else size
    work = Workload(**({"row_tokens": 1024} | changes))
    return detailed_plan(on, count, params_b, work, 1_000_000, shape=shape, cores=2)


@pytest.mark.parametrize("on", [A800, T4, S4000, S3000, ASCEND_910A, CPU], ids=lambda one: one.name)
@pytest.mark.parametrize("count", [1, 4])
def test_a_size_alone_is_decided_by_a_typical_models_parts_and_the_published_range(on: Device, count: int) -> None:
    detailed = made(on, count)
    for before, after in zip(fit(on, count, 7), detailed.methods, strict=True):
        assert (before.gib_low, before.gib_high, before.why) == (after.gib_low, after.gib_high, after.why)
        assert after.parts is not None
        assert after.published == pytest.approx(memory_range(after.method, 7, on.compute_type), abs=0.01)
        low, high = parts_range(after.parts)
        assert after.gib_low == pytest.approx(min(low, after.published[0]), abs=0.01)
        assert after.gib_high == pytest.approx(max(high, after.published[1]), abs=0.01)
        assert not (after.largest_params_b and not after.available)
    assert detailed.shape is not None
    assert detailed.shape.typical
    assert any("published" in note for note in detailed.notes)


@pytest.mark.parametrize(
    ("on", "shape", "ladder"),
    [
        (A800, LLAMA_7B, ("qlora", "lora")),
        (A800, LLAMA_3_70B, ("qlora",)),
        (ASCEND_910A, LLAMA_7B, ("lora",)),
        (CPU, SMOLLM2_135M, ("qlora", "lora", "full")),
        (S3000, SMOLLM2_135M, ()),
    ],
    ids=lambda value: value.name if isinstance(value, Device) else "",
)
def test_a_known_model_is_decided_by_its_parts(on: Device, shape: ModelShape, ladder: tuple[Method, ...]) -> None:
    plan = made(on, size=shape)
    assert plan.ladder == ladder
    for one in plan.methods:
        assert one.parts is not None
        published = memory_range(one.method, plan.params_b, on.compute_type)[1]
        assert one.gib_high == pytest.approx(max(one.parts.total * (1 + MARGIN), published), abs=0.01)
        if one.available and one.fits:
            assert one.largest_params_b
            assert one.largest_batch
            assert one.largest_length
            assert one.largest_params_b * 1e9 > parameters(shape) * 0.5
    assert any("published figures" in note for note in plan.notes) == (on.backend != "cpu")
    assert plan.shape == shape


def test_the_largest_fit_and_one_more_does_not() -> None:
    plan = made(CPU, size=SMOLLM2_135M)
    for one in plan.methods:
        assert one.largest_batch is not None
        for batch, fits in ((one.largest_batch, True), (one.largest_batch + 1, False)):
            again = made(CPU, size=SMOLLM2_135M, row_tokens=None, batch=batch)
            assert next(m for m in again.methods if m.method == one.method).fits == fits


def test_no_length_is_longer_than_the_model_knows() -> None:
    assert made(A800, size=SMOLLM2_135M).methods[0].largest_length == 8192


def test_where_a_known_model_does_not_fit_the_plan_says_what_would() -> None:
    notes = "\n".join(made(device("Small", 24), size=LLAMA_3_70B).notes)
    assert "no method fits" in notes
    assert "largest model that Q-LoRA can carry" in notes


@pytest.mark.parametrize(
    ("on", "says"),
    [
        (CPU, ("2 cores", "activations are kept", "0.4 GiB higher with Q-LoRA")),
        (device("Fast", 80, fp16_tflops=312.0), ("share of the peak", "checkpointing")),
        (A800, ("no time",)),
    ],
    ids=lambda value: value.name if isinstance(value, Device) else "",
)
def test_the_notes_say_what_the_figures_rest_on(on: Device, says: tuple[str, ...]) -> None:
    plan = made(on, size=SMOLLM2_135M)
    notes = "\n".join(plan.notes[-plan.figure_notes :])
    assert [part for part in says if part not in notes] == []
    assert "30 layers, 576 wide" in notes
    assert plan.label == "estimated"


def test_the_details_speak_chinese() -> None:
    work = Workload()
    plan = detailed_plan(CPU, 1, 0.135, work, 1000, shape=SMOLLM2_135M, cores=2, lang="zh")
    assert all(any("\u4e00" <= c <= "\u9fff" for c in note) for note in plan.notes)
