"""What a probe found, judged and put in place of the catalogue's word."""

from __future__ import annotations

from typing import get_args

import pytest

from agent.policy.capabilities import Capabilities, as_found, measured_bf16, measured_device, training_type
from agent.policy.memory import detailed_plan, fit
from agent.prompts.capabilities import ITEM_NAMES, MEASURED, PROBE
from agent.prompts.devices import DEVICES
from agent.records.benchmark import Capability, Outcome
from agent.records.hardware import Backend, Support
from agent.records.tuning import ComputeType
from tests.agent.policy.builders import A800, ASCEND_910B, CPU, S4000, T4, device


def found(outcome: Outcome, message: str = "", figure: float | None = None) -> Capability:
    return Capability(outcome=outcome, message=message, figure=figure)


@pytest.mark.parametrize(
    ("backend", "bf16", "fp16", "expected"),
    [
        ("cuda", "supported", "supported", "bf16"),
        ("cuda", "emulated", "supported", "fp16"),
        ("npu", "refused", "supported", "fp16"),
        ("musa", "emulated", "refused", "fp32"),
        ("cpu", "supported", "supported", "fp32"),
    ],
)
def test_training_takes_bf16_where_it_is_native(backend: Backend, bf16: Outcome, fp16: Outcome, expected: str) -> None:
    tried = {"matmul_bf16": found(bf16), "matmul_fp16": found(fp16)}
    assert [training_type(backend, tried, known) for known in get_args(ComputeType)] == [expected] * 3


@pytest.mark.parametrize(
    ("known", "tried", "expected"),
    [
        ("bf16", {}, "bf16"),
        ("fp16", {}, "fp16"),
        ("fp32", {}, "fp32"),
        ("bf16", {"fp16": "supported"}, "bf16"),
        ("bf16", {"fp16": "refused"}, "bf16"),
        ("fp16", {"fp16": "supported"}, "fp16"),
        ("fp16", {"fp16": "refused"}, "fp32"),
        ("fp16", {"bf16": "emulated"}, "fp16"),
        ("fp32", {"fp16": "supported"}, "fp16"),
        ("fp32", {"bf16": "emulated"}, "fp32"),
        ("bf16", {"bf16": "refused"}, "fp16"),
        ("bf16", {"bf16": "emulated", "fp16": "not_tried"}, "fp16"),
        ("fp16", {"bf16": "supported"}, "bf16"),
    ],
)
def test_a_product_that_was_not_tried_speaks_against_no_type(
    known: ComputeType, tried: dict[str, Outcome], expected: ComputeType
) -> None:
    capabilities = {"matmul_bf16": found("not_tried"), "matmul_fp16": found("not_tried")}
    capabilities |= {f"matmul_{name}": found(outcome) for name, outcome in tried.items()}
    assert training_type("cuda", capabilities, known) == expected


def test_steps_alone_change_neither_the_type_nor_what_fits() -> None:
    """A card whose memory is nearly full: the large products find none, the small steps pass."""
    steps = dict.fromkeys(("qlora_step", "lora_step", "full_step"), found("supported"))
    full = {**steps, "matmul_bf16": found("not_tried", "out of memory"), "matmul_fp16": found("not_tried")}
    on = measured_device(A800, full)
    assert on.compute_type == "bf16"
    assert "compute_type" not in on.figures
    assert [(one.gib_low, one.gib_high) for one in fit(on, 1, 7)] == [
        (one.gib_low, one.gib_high) for one in fit(A800, 1, 7)
    ]


def test_a_type_that_follows_from_a_failure_was_not_measured_itself() -> None:
    on = measured_device(A800, {"matmul_bf16": found("refused", "no kernel")})
    assert (on.bf16, on.compute_type) == ("no", "fp16")
    assert (on.figures["bf16"].label, on.figures["compute_type"].label) == ("measured", "estimated")
    tried = measured_device(A800, {"matmul_bf16": found("refused"), "matmul_fp16": found("supported")})
    assert (tried.compute_type, tried.figures["compute_type"].label) == ("fp16", "measured")


@pytest.mark.parametrize(
    ("name", "backend", "bf16", "figure", "outcome", "said"),
    [
        ("matmul_bf16", "musa", "emulated", 5.0, "emulated", "not native by the vendor's own word; 0.5 times"),
        ("matmul_bf16", "cuda", "no", 20.0, "emulated", "2 times the speed of fp32"),
        ("matmul_bf16", "musa", "unknown", 5.0, "emulated", "runs at 0.5 times the speed of fp32"),
        ("matmul_bf16", "musa", "unknown", 20.0, "supported", ""),
        ("matmul_bf16", "cuda", "yes", 5.0, "supported", ""),
        ("matmul_bf16", "cpu", "yes", 5.0, "emulated", "runs at 0.5 times the speed of fp32"),
        ("matmul_fp16", "cpu", "yes", 5.0, "emulated", "runs at 0.5 times the speed of fp32"),
        ("matmul_fp16", "npu", "no", 5.0, "supported", ""),
        ("matmul_int8", "cpu", "yes", 5.0, "supported", ""),
    ],
)
def test_a_type_is_emulated_by_the_vendors_word_or_by_measurement(
    name: str, backend: Backend, bf16: Support, figure: float, outcome: str, said: str
) -> None:
    known = {"matmul_fp32": found("supported", figure=10.0)}
    judged = as_found(name, found("supported", figure=figure), known, backend, bf16, "en")
    assert judged.outcome == outcome
    assert said in judged.message
    assert bool(judged.message) is bool(said)


def test_without_a_rate_in_fp32_the_vendors_word_stands_alone() -> None:
    judged = as_found("matmul_bf16", found("supported", figure=1.0), {}, "musa", "emulated", "zh")
    assert (judged.outcome, judged.message) == ("emulated", "厂商自称并非原生支持")
    assert as_found("matmul_bf16", found("supported", figure=1.0), {}, "cpu", "yes", "en").outcome == "supported"


def test_a_refusal_stays_one() -> None:
    refused = found("refused", "no kernel")
    assert as_found("matmul_bf16", refused, {}, "musa", "emulated", "en") == refused


def test_nothing_tried_changes_nothing() -> None:
    assert measured_device(S4000, {}) is S4000
    assert measured_device(S4000, {"qlora_step": found("not_tried")}) is S4000


ALL: Capabilities = {
    "matmul_fp32": found("supported", figure=1.0),
    "matmul_fp16": found("supported", figure=2.0),
    "matmul_bf16": found("supported", figure=2.0),
    "lora_step": found("supported"),
    "full_step": found("supported"),
    "qlora_step": found("supported"),
    "memory_copy": found("supported", figure=700.1234),
}


def test_what_was_measured_takes_the_catalogues_place() -> None:
    on = measured_device(S4000.model_copy(update={"why_not": {"qlora": "catalogue"}, "notes": ("old",)}), ALL)
    assert (on.bf16, on.qlora, on.lora, on.full, on.compute_type) == ("yes", True, True, True, "bf16")
    assert on.why_not == {}
    assert on.notes == ("old", MEASURED["tried"]["en"])
    assert (on.bandwidth_gb_s, on.fp16_tflops) == (700.123, 2.0)
    cells = {"bf16", "qlora", "lora", "full", "compute_type", "bandwidth_gb_s", "fp16_tflops"}
    assert {name for name, figure in on.figures.items() if figure.label == "measured"} == cells


def test_a_figure_of_the_data_sheet_stays() -> None:
    listed = device("X", 8, bandwidth_gb_s=768, fp16_tflops=100)
    on = measured_device(listed, ALL)
    assert (on.bandwidth_gb_s, on.fp16_tflops) == (768, 100)
    assert "bandwidth_gb_s" not in on.figures


def test_the_rate_of_an_emulated_type_is_no_figure() -> None:
    on = measured_device(S4000, {**ALL, "matmul_fp16": found("emulated", figure=0.1)})
    assert on.fp16_tflops is None


@pytest.mark.parametrize(("outcome", "said"), [("refused", "and refused: "), ("crashed", "and failed hard: ")])
def test_a_method_that_failed_here_is_not_available(outcome: Outcome, said: str) -> None:
    on = measured_device(T4, {**ALL, "lora_step": found(outcome, "RuntimeError: no kernel")})
    assert not on.lora
    assert f"{said}RuntimeError: no kernel" in on.why_not["lora"]
    plan = detailed_plan(on, 1, 7)
    assert not next(one for one in plan.methods if one.method == "lora").available


def test_where_no_4_bit_layer_works_its_error_is_the_reason() -> None:
    capabilities = {**ALL, "nf4": found("refused", "no kernel for MUSA"), "qlora_step": found("refused", "loading")}
    on = measured_device(S4000, capabilities, "zh")
    assert on.why_not["qlora"] == "在本机实际运行，被拒绝：no kernel for MUSA"
    assert "no kernel for MUSA" in detailed_plan(on, 1, 7, lang="zh").methods[0].why


def test_the_type_to_train_in_stays_where_nothing_trains() -> None:
    steps = dict.fromkeys(("qlora_step", "lora_step", "full_step"), found("refused", "no"))
    on = measured_device(S4000.model_copy(update={"compute_type": "fp32"}), {**ALL, **steps})
    assert on.compute_type == "fp32"
    assert detailed_plan(on, 1, 7).start_at is None


def test_a_bf16_that_failed_is_none_and_one_without_word_is_untouched() -> None:
    assert measured_device(T4, {"matmul_bf16": found("crashed", "SIGSEGV")}).bf16 == "no"
    assert measured_device(CPU, {"lora_step": found("supported")}).bf16 == CPU.bf16


def test_notes_name_what_does_not_work() -> None:
    capabilities = {
        **ALL,
        "nf4": found("supported"),
        "nf4_double": found("refused", "no such kernel"),
        "attention_sdpa_flash": found("refused", "needs Ampere"),
    }
    notes = measured_device(ASCEND_910B, capabilities).notes
    assert notes[:-3] == ASCEND_910B.notes
    assert notes[-3:] == (
        MEASURED["tried"]["en"],
        "double quantization does not work here: no such kernel",
        "flash attention does not work here: needs Ampere",
    )


def test_rates_alone_say_nothing_of_what_trains() -> None:
    on = measured_device(T4.model_copy(update={"notes": ("old",)}), {"matmul_bf16": found("emulated", figure=1.0)})
    assert (on.bf16, on.notes) == ("emulated", ("old",))


@pytest.mark.parametrize(
    ("outcome", "word"),
    [("supported", "yes"), ("emulated", "emulated"), ("refused", "no"), ("crashed", "no"), ("not_tried", "unknown")],
)
def test_what_a_probe_says_of_bf16(outcome: Outcome, word: str) -> None:
    assert measured_bf16({"matmul_bf16": found(outcome)}) == word
    assert measured_bf16({}) == "unknown"


def test_every_sentence_has_both_languages() -> None:
    for table in (ITEM_NAMES, PROBE, MEASURED, DEVICES):
        for both in table.values():
            assert set(both) == {"en", "zh"}
            assert both["en"] != both["zh"]
