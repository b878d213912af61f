"""What answering takes: in a type of its own, in 4 bit where that is known to work, and the largest model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.policy.memory import detailed_plan
from agent.policy.memory_details import answering_notes
from agent.policy.memory_inference import (
    LONGEST,
    inference,
    inference_type,
    largest_for_inference,
    needed_for_inference,
    usual_type,
)
from agent.policy.memory_parts import CONTEXT_GIB, GIB, NF4_BYTES, NF4_SINGLE_BYTES, PROCESS_GIB, QUANTISING
from agent.policy.model_parameters import kv_bytes_per_token, linear_parameters, parameters
from agent.records.hardware import Backend, Device, ModelShape, Support
from agent.records.tuning import ComputeType
from tests.agent.policy.builders import A800, ASCEND_910A, CPU, S3000, S4000, T4, device
from tests.agent.policy.test_memory_parts import LLAMA_3_70B, LLAMA_7B, SMOLLM2_135M

TRAINS_NOTHING = S3000.model_copy(update={"compute_type": "fp32"})
"""As the catalogue has it: fp32 stands for a type to train in where nothing trains."""


@pytest.mark.parametrize(
    ("shape", "width", "size"),
    [(LLAMA_7B, 2, 524_288), (LLAMA_3_70B, 2, 327_680), (SMOLLM2_135M, 4, 46_080)],
    ids=("7B", "70B", "135M"),
)
def test_the_cache_of_a_token_is_exact(shape: ModelShape, width: int, size: int) -> None:
    assert kv_bytes_per_token(shape, width) == size
    found = inference(shape, 400, "bf16" if width == 2 else "fp32", "cuda")
    left = 400 * GIB - parameters(shape) * width - 1.4e9
    assert found.largest_context == int(left / size)


def test_a_model_that_does_not_fit_has_no_context() -> None:
    assert inference(LLAMA_3_70B, 80, "bf16", "cuda").largest_context == 0
    assert inference(SMOLLM2_135M, 8, "fp32", "cpu").largest_context > 100_000


@pytest.mark.parametrize(
    ("on", "expected"),
    [(A800, "bf16"), (T4, "fp16"), (TRAINS_NOTHING, "fp16"), (ASCEND_910A, "fp16"), (CPU, "fp32")],
    ids=lambda value: value.name if isinstance(value, Device) else "",
)
def test_a_device_answers_in_16_bit_whether_or_not_it_trains_and_a_processor_in_fp32(
    on: Device, expected: ComputeType
) -> None:
    assert inference_type(on) == expected
    plan = detailed_plan(on, 1, 7)
    assert plan.inference is not None
    assert plan.inference.compute_type == expected
    assert plan.inference.weights_gib == pytest.approx(7e9 * (4 if expected == "fp32" else 2) / GIB, abs=1e-3)


def test_a_14b_model_answers_on_a_device_that_trains_nothing() -> None:
    """In the type of a training that there is none of, its weights took 51.7 GiB of 32, and no context fitted."""
    plan = detailed_plan(TRAINS_NOTHING, 1, 14)
    assert plan.start_at is None
    assert plan.inference is not None
    assert plan.inference.weights_gib == pytest.approx(26.08, abs=0.01)
    assert plan.inference.largest_context > LONGEST
    assert plan.inference.largest_params_b == 16.0


@pytest.mark.parametrize(
    ("backend", "bf16", "expected"),
    [
        ("cuda", "yes", "bf16"),
        ("cuda", "no", "fp16"),
        ("musa", "emulated", "fp16"),
        ("xpu", "unknown", "fp16"),
        ("cpu", "yes", "fp32"),
    ],
)
def test_the_usual_type_of_a_device(backend: Backend, bf16: Support, expected: ComputeType) -> None:
    assert usual_type(backend, bf16) == expected


def test_in_4_bit_are_the_linear_layers_alone() -> None:
    linear = linear_parameters(LLAMA_7B)
    rest = 2 * (parameters(LLAMA_7B) - linear)
    for backend, each in (("cuda", NF4_BYTES), ("npu", NF4_SINGLE_BYTES)):
        found = inference(LLAMA_7B, 24, "bf16", backend, quantised=True)  # type: ignore[arg-type]
        weights = (linear * each + rest) / GIB
        assert found.quantised
        assert found.weights_gib == pytest.approx(weights, abs=1e-3)
        assert found.kv_bytes_per_token == kv_bytes_per_token(LLAMA_7B, 2), "the cache stays whole"
        assert found.largest_context == int((24 - weights - CONTEXT_GIB) * GIB / found.kv_bytes_per_token)


def test_on_a_processor_what_quantising_left_in_the_heap_counts() -> None:
    found = inference(SMOLLM2_135M, 8, "fp32", "cpu", quantised=True)
    kept = QUANTISING * linear_parameters(SMOLLM2_135M) / GIB
    left = (8 - found.weights_gib - PROCESS_GIB - kept) * GIB
    assert found.largest_context == pytest.approx(left / found.kv_bytes_per_token, abs=200)


@pytest.mark.parametrize("on", [A800, T4, S4000, TRAINS_NOTHING, CPU], ids=lambda one: one.name)
def test_4_bit_is_planned_where_it_is_known_to_work(on: Device) -> None:
    plan = detailed_plan(on, 1, 7)
    assert plan.inference is not None
    assert (plan.inference_4bit is not None) is on.qlora
    said = "\n".join(plan.notes)
    assert all(note in plan.notes for note in answering_notes(plan, "en"))
    assert f"in {plan.inference.compute_type} on one device, estimated" in said
    if plan.inference_4bit is None:
        assert (
            f"answering in 4 bit is not planned: no 4-bit layer of bitsandbytes is known to work on {on.name}" in said
        )
        return
    assert "in 4 bit (NF4), estimated" in said
    assert plan.inference_4bit.weights_gib < plan.inference.weights_gib
    assert plan.inference_4bit.largest_params_b > plan.inference.largest_params_b


def test_a_plan_of_before_has_nothing_to_say_of_answering() -> None:
    plan = detailed_plan(A800, 1, 7).model_copy(update={"inference": None})
    assert answering_notes(plan, "en") == ()


def test_a_device_without_room_for_any_model_says_so() -> None:
    plan = detailed_plan(device("Tiny", 0.5), 1, 7)
    assert plan.inference is not None
    assert (plan.inference.largest_params_b, plan.inference.largest_context) == (0.0, 0)
    assert answering_notes(plan, "en")[0].endswith(": none")
    assert answering_notes(plan, "zh")[0].endswith("：无")


KINDS = st.sampled_from((("bf16", "cuda"), ("fp16", "npu"), ("fp32", "cpu")))


@given(st.floats(1, 2000), KINDS, st.booleans())
def test_the_largest_model_fits_and_one_a_tenth_larger_does_not(
    gib: float, kind: tuple[ComputeType, Backend], quantised: bool
) -> None:
    largest = largest_for_inference(gib, *kind, quantised=quantised)
    if largest:
        assert needed_for_inference(largest, LONGEST, *kind, quantised=quantised) <= gib
    assert needed_for_inference(largest * 1.12 + 0.02, LONGEST, *kind, quantised=quantised) > gib


def test_a_size_rounded_down_fits_too() -> None:
    """Of 5,542 million parameters the cache is smaller than of 5,500 million, which are a layer deeper."""
    gib = 5.429203246130667
    assert needed_for_inference(5.5, LONGEST, "bf16", "cuda", quantised=True) > gib
    assert largest_for_inference(gib, "bf16", "cuda", quantised=True) == 5.4


@pytest.mark.parametrize("on", [A800, TRAINS_NOTHING, CPU], ids=lambda one: one.name)
def test_the_plan_for_the_largest_model_has_room_for_a_conversation(on: Device) -> None:
    largest = largest_for_inference(on.gib, inference_type(on), on.backend)
    plan, larger = (detailed_plan(on, 1, size).inference for size in (largest, largest * 1.12))
    assert plan is not None
    assert larger is not None
    assert plan.largest_params_b == largest
    assert plan.largest_context >= LONGEST > larger.largest_context
