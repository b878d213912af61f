from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.policy.memory import LADDER, detailed_plan, fit
from agent.policy.memory_published import memory_range
from agent.records.hardware import Device
from agent.records.tuning import ComputeType, Method
from tests.agent.policy.builders import A800, ASCEND_910A, ASCEND_910B, CPU, S3000, S4000, T4, device


@pytest.mark.parametrize(
    ("method", "params_b", "low", "high"),
    [
        ("qlora", 7, 6, 14),
        ("qlora", 14, 12, 20),
        ("qlora", 70, 48, 48),
        ("lora", 7, 16, 22),
        ("lora", 14, 32, 33),
        ("lora", 70, 160, 164),
        ("full", 7, 60, 120),
        ("full", 14, 120, 240),
        ("full", 70, 600, 1200),
    ],
)
def test_published_sizes_are_reproduced(method: Method, params_b: float, low: float, high: float) -> None:
    assert memory_range(method, params_b) == pytest.approx((low, high))


@given(st.floats(min_value=0.05, max_value=400), st.floats(min_value=1.01, max_value=3))
def test_memory_grows_with_size_and_with_the_rung(params_b: float, factor: float) -> None:
    ranges = [memory_range(method, params_b) for method in LADDER]
    assert all(low <= high for low, high in ranges)
    assert ranges == sorted(ranges)
    for method in LADDER:
        assert memory_range(method, params_b * factor)[1] >= memory_range(method, params_b)[1]


@pytest.mark.parametrize("method", LADDER)
def test_a_135m_model_needs_a_few_gib(method: Method) -> None:
    low, high = memory_range(method, 0.135)
    assert 0.4 < low < high < 5


@pytest.mark.parametrize(("compute_type", "low"), [("bf16", 60), ("fp16", 120), ("fp32", 120)])
def test_lean_full_fine_tuning_needs_bf16(compute_type: ComputeType, low: float) -> None:
    assert memory_range("full", 7, compute_type)[0] == low


def test_fp32_weights_take_twice_the_room_in_lora() -> None:
    assert memory_range("lora", 7, "fp32")[0] == pytest.approx(16 + 13.04, abs=0.01)


@pytest.mark.parametrize("params_b", [0, -7])
def test_a_model_without_parameters_is_refused(params_b: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        memory_range("lora", params_b)


def test_a_plan_needs_a_device() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        fit(A800, 0, 7)


@pytest.mark.parametrize(
    ("on", "count", "params_b", "start_at", "ladder"),
    [
        (A800, 1, 7, "qlora", ("qlora", "lora")),
        (A800, 1, 14, "qlora", ("qlora", "lora")),
        (A800, 4, 14, "qlora", ("qlora", "lora", "full")),
        (A800, 1, 70, "qlora", ("qlora",)),
        (ASCEND_910A, 1, 7, "lora", ("lora",)),
        (ASCEND_910A, 4, 7, "lora", ("lora",)),
        (ASCEND_910A, 8, 7, "lora", ("lora", "full")),
        (ASCEND_910B, 1, 14, "lora", ("lora",)),
        (S4000, 1, 14, "lora", ("lora",)),
        (S3000, 1, 7, None, ()),
        (T4, 1, 7, "qlora", ("qlora",)),
        (CPU, 1, 0.135, "qlora", ("qlora", "lora", "full")),
        (A800, 1, 400, None, ()),
    ],
    ids=lambda value: value.name if isinstance(value, Device) else str(value),
)
def test_where_the_ladder_starts(
    on: Device, count: int, params_b: float, start_at: Method | None, ladder: tuple[Method, ...]
) -> None:
    plan = detailed_plan(on, count, params_b)
    assert (plan.start_at, plan.ladder) == (start_at, ladder)


@pytest.mark.parametrize(
    ("on", "says"),
    [
        (ASCEND_910A, ("Q-LoRA skipped", "bitsandbytes", "loss scaling", "starts at LoRA")),
        (ASCEND_910B, ("self-built bitsandbytes",)),
        (S4000, ("Q-LoRA skipped", "MUSA")),
        (S3000, ("no published torch_musa wheel", "no training method", "emulated", "supported")),
        (T4, ("20% of 7B runs", "loss scaling", "FlashAttention", "starts at Q-LoRA")),
        (A800, ("starts at Q-LoRA", "estimated")),
    ],
    ids=lambda value: value.name if isinstance(value, Device) else "",
)
def test_the_notes_say_why(on: Device, says: tuple[str, ...]) -> None:
    notes = "\n".join(detailed_plan(on, 1, 7).notes)
    assert [part for part in says if part not in notes] == []


def test_a_device_without_training_gets_no_training_notes() -> None:
    inference = device("Box", 16, lora=False, qlora=False, full=False, compute_type="fp16")
    assert "loss scaling" not in "\n".join(detailed_plan(inference, 2, 7).notes)


def test_full_fine_tuning_of_14b_on_one_a800_is_named_with_its_figures() -> None:
    full = detailed_plan(A800, 1, 14).methods[2]
    assert (full.method, full.fits, full.available) == ("full", False, True)
    assert full.why == "needs 120–240 GiB for 14B; NVIDIA A800 has 80: does not fit"


def test_a_range_that_fits_only_at_its_low_end_is_not_promised() -> None:
    full = detailed_plan(A800, 1, 7).methods[2]
    assert not full.fits
    assert "not promised" in full.why


def test_several_devices_share_lora_and_full_but_not_qlora() -> None:
    qlora, lora, _ = detailed_plan(T4, 4, 14).methods
    assert (qlora.fits, lora.fits) == (False, True)
    assert "4 × NVIDIA T4" in lora.why
    assert any("FSDP" in note for note in detailed_plan(T4, 4, 14).notes)


def test_each_method_names_the_memory_that_counts_for_it() -> None:
    quantised, lora, _ = detailed_plan(A800, 2, 70).methods
    assert quantised.why.endswith("one NVIDIA A800 has 80")
    assert "2 × NVIDIA A800 has 160" in lora.why
    assert "一张 NVIDIA A800" in detailed_plan(A800, 2, 70, lang="zh").methods[0].why


def test_where_nothing_fits_the_plan_says_what_would() -> None:
    notes = "\n".join(detailed_plan(A800, 1, 400).notes)
    assert "largest model that Q-LoRA can carry has about 110B" in notes


def test_an_unavailable_method_never_counts_as_fitting() -> None:
    assert [one.fits for one in detailed_plan(S3000, 1, 0.135).methods] == [False, False, False]


@pytest.mark.parametrize("on", [A800, ASCEND_910A, S4000, S3000, T4], ids=lambda one: one.name)
def test_the_plan_speaks_chinese(on: Device) -> None:
    plan = detailed_plan(on, 2, 7, lang="zh")
    own = set(on.notes)
    assert all(any("\u4e00" <= c <= "\u9fff" for c in note) for note in plan.notes if note not in own)


def test_the_largest_model_fits_and_nothing_fits_where_a_process_does_not() -> None:
    lora = detailed_plan(A800, 1, 7).methods[1]
    assert lora.largest_params_b is not None
    assert fit(A800, 1, lora.largest_params_b * 0.98)[1].fits
    assert not fit(A800, 1, lora.largest_params_b * 1.05)[1].fits
    assert detailed_plan(device("Tiny", 1), 1, 7).methods[2].largest_params_b == 0.0
