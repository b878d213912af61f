"""The local sweep with a tiny random model: exact lengths, every variant, and what is left out says why."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from agent.errors import CancelledError
from agent.progress import Silent
from agent.records.benchmark import Capability
from agent.settings import Settings
from tests.quiet_moment import in_a_quiet_moment
from tests.tiny_model import build_tiny_model
from tools.benchmark import guarding
from tools.benchmark import run as run_module
from tools.benchmark import sweep as sweep_module
from tools.benchmark.answering import Point, answer
from tools.benchmark.backends import Accelerator
from tools.benchmark.findings import Findings
from tools.benchmark.request import BenchRequest
from tools.benchmark.run import measure
from tools.benchmark.stepping import TrainingShape
from tools.benchmark.sweep import Plan, plan_for, shape_of, sweep
from tools.models import load_model

CPU = Accelerator("cpu")
SMALL = Plan((Point(2, 16, 6), Point(1, 16, 6, "4bit")), 2, TrainingShape(2, 16, 2), ("lora",))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@in_a_quiet_moment
def test_the_lengths_are_exact_and_no_reply_ends_early(tiny: Path) -> None:
    model = load_model(tiny)
    seen: list[tuple[int, ...]] = []
    whole = model.forward

    def watched(*args: Any, **given: Any) -> Any:
        seen.append(tuple(given["input_ids"].shape))
        return whole(*args, **given)

    model.forward = watched
    given_back = torch.ones(2**27)  # half a GiB that an earlier part held
    del given_back
    resident = psutil.Process().memory_info().rss / 2**30
    told = answer(model, Point(3, 20, 12), CPU, repeats=2, reporter=Silent(), name="tiny", compute_type="fp32")
    # A warm-up of 8 tokens, then twice all 12: one pass reads the prompts, and each token but the last needs one more.
    assert seen == [(3, 20), *[(3, 1)] * 7, *([(3, 20), *[(3, 1)] * 11] * 2)]
    assert (told.batch, told.prompt_tokens, told.output_tokens, told.repeats) == (3, 20, 12, 2)
    assert told.inter_token is not None
    assert told.ttft is not None
    assert (told.inter_token.n, told.ttft.n) == (2 * 11, 2)
    assert told.ttft_ms is not None
    assert told.tpot_ms is not None
    assert told.tokens_per_s is not None
    assert told.prefill_tokens_per_s == pytest.approx(3 * 20 / told.ttft_ms * 1000)
    assert told.decode_tokens_per_s == pytest.approx(3 / told.tpot_ms * 1000)
    assert told.tokens_per_s < told.decode_tokens_per_s
    assert told.peak_gib is not None
    if os.access("/proc/self/clear_refs", os.W_OK):  # else it is that of the whole process
        assert told.peak_gib == pytest.approx(resident, abs=0.2)


def test_without_time_one_repeat_is_measured(tiny: Path) -> None:
    told = answer(load_model(tiny), Point(1, 8, 3), CPU, repeats=5, reporter=Silent(), budget=0.0)
    assert (told.repeats, told.spread) == (1, None)


def test_the_shape_of_a_model_is_what_a_token_reads(tiny: Path) -> None:
    model = load_model(tiny)
    shape = shape_of(model)
    every = sum(one.numel() for one in model.parameters())
    embedding = model.get_input_embeddings().weight.numel()  # of this model the head as well
    assert shape.weight_bytes == 4 * every
    assert shape.prompt_parameters == every - embedding
    assert (shape.layers, shape.kv_heads, shape.head_size, shape.kv_bytes) == (2, 2, 16, 2 * 2 * 2 * 16 * 4)
    quantized = shape_of(load_model(tiny, quantized=True))
    assert quantized.prompt_parameters == shape.prompt_parameters
    assert quantized.weight_bytes < shape.weight_bytes


@pytest.mark.slow
def test_every_variant_and_method_is_measured(tiny: Path) -> None:
    found = Findings()
    variants = ("base", "adapter", "merged", "4bit")
    plan = Plan(tuple(Point(1, 16, 6, one) for one in variants), 2, TrainingShape(2, 16, 2))  # type: ignore[arg-type]
    sweep(tiny, plan, CPU, Silent(), found, name="tiny")
    assert [one.variant for one, _ in found.measurements] == list(variants)
    assert {one.model for one, _ in found.measurements} == {"tiny"}
    assert [step.method for step in found.training] == ["qlora", "lora", "full"]
    assert {(step.model, step.compute_type) for step in found.training} == {("tiny", "fp32")}
    assert all(step.seconds > 0 and step.tokens_per_s == pytest.approx(32 / step.seconds) for step in found.training)
    assert len(found.noise.samples) == 1 + 4 + 3


def test_what_the_probe_saw_fail_is_not_tried_in_this_process(tiny: Path) -> None:
    crashed = Capability(outcome="crashed", message="signal 11")
    hung = Capability(outcome="not_tried", message="no answer within 90 s, then signal 11")
    found = Findings()
    sweep(tiny, SMALL, CPU, Silent(), found, capabilities={"nf4_double": crashed, "lora_step": hung})
    assert [one.variant for one, _ in found.measurements] == ["base"]
    assert found.training == []
    left_out = [warning for warning in found.warnings if "signal 11" in warning]
    assert len(left_out) == 2


def test_running_out_of_memory_leaves_one_point_out(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sweep_module.answer

    def short(model: Any, point: Point, *rest: Any, **given: Any) -> Any:
        if point.batch == 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return whole(model, point, *rest, **given)

    monkeypatch.setattr(sweep_module, "answer", short)
    found = Findings("zh")
    plan = replace(SMALL, points=(Point(2, 16, 6), Point(1, 16, 6)), methods=())
    sweep(tiny, plan, CPU, Silent(), found)
    assert [one.batch for one, _ in found.measurements] == [1]
    assert "基座 2 × 16/6：内存不足，略过" in found.warnings


def test_a_prompt_longer_than_the_model_is_shortened(tiny: Path) -> None:
    found = Findings()
    sweep(tiny, replace(SMALL, points=(Point(1, 4096, 3),), repeats=1, methods=()), CPU, Silent(), found)
    assert found.measurements[0][0].prompt_tokens == 2048 - 3
    assert any("2048 positions" in warning for warning in found.warnings)


def test_a_method_that_does_not_fit_says_why(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "free_gib", lambda: 0.1)
    found = Findings()
    sweep(tiny, replace(SMALL, points=()), CPU, Silent(), found)
    assert found.training == []
    assert "training with LoRA was left out" in found.warnings[0]


def test_plans_are_smaller_on_a_processor_and_follow_the_method_on_an_accelerator() -> None:
    cpu, cuda = (plan_for(Accelerator(backend), quick=False) for backend in ("cpu", "cuda"))
    base = [(one.batch, one.prompt, one.output) for one in cuda.points if one.variant == "base"]
    assert sorted(base) == sorted((batch, prompt, 128) for batch in (1, 8, 32) for prompt in (512, 2048))
    assert sum(one.work for one in cpu.points) < sum(one.work for one in cuda.points) / 20
    assert {one.variant for one in cpu.points} == {"base", "adapter", "merged", "4bit"}
    assert len(plan_for(Accelerator("cpu"), quick=True).points) < len(cpu.points)
    assert cpu.only(answering=False, training=True).points == ()
    assert cpu.only(answering=True, training=False).methods == ()


class Stop(Silent):
    """Cancels after so many parts."""

    def __init__(self, after: int) -> None:
        self.after, self.done = after, 0.0

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.done = done

    def check(self) -> None:
        if self.done >= self.after:
            raise CancelledError("stop")


def small(monkeypatch: pytest.MonkeyPatch, told: dict[str, Capability]) -> None:
    """Let the plan be small, and the probe find what it is told."""

    def probe(device: Any, lang: Any, **given: Any) -> dict[str, Capability]:
        for name in given["names"]:
            given["reporter"].check()
            given["on_item"](name, told.get(name, Capability(outcome="supported")))
        return told

    monkeypatch.setattr(run_module, "plan_for", lambda *_, **__: SMALL)
    monkeypatch.setattr(run_module, "probe", probe)


RATES = {
    "memory_sum": Capability(outcome="supported", figure=10.0, unit="GB/s"),
    "matmul_fp32": Capability(outcome="supported", figure=0.2, unit="TFLOPS"),
}


def test_the_whole_benchmark_has_a_roofline(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, RATES)
    ended = measure(Settings(home=tmp_path), BenchRequest(model=str(tiny)), Silent())
    result, limits = ended.result, ended.result.roofline
    assert not ended.cancelled
    assert (result.place, result.complete, result.stopped, len(result.device.fingerprint)) == ("local", True, "", 12)
    assert len(result.capabilities) == len(run_module.ITEMS)
    assert [one.variant for one in result.measurements] == ["base", "4bit"]
    assert all(one.roofline_share and one.roofline_share > 0 for one in result.measurements)
    assert limits is not None
    assert (limits.bandwidth_gb_s, limits.bandwidth_label, limits.tflops) == (10.0, "measured", 0.2)
    assert limits.decode_share == pytest.approx(
        (limits.decode_reached_tokens_per_s or 0) / (limits.decode_limit_tokens_per_s or 1)
    )


@pytest.mark.parametrize(
    ("only", "counts"), [("probe", (True, 0, 0)), ("sweep", (False, 2, 0)), ("train", (False, 0, 1))]
)
def test_one_part_alone(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only: Any, counts: tuple[bool, int, int]
) -> None:
    small(monkeypatch, RATES)
    result = measure(Settings(home=tmp_path), BenchRequest(model=str(tiny), only=only), Silent()).result
    assert (bool(result.capabilities), len(result.measurements), len(result.training)) == counts
    assert result.complete


def test_a_cancelled_benchmark_keeps_what_it_has(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, RATES)
    parts = len(run_module.ITEMS)
    ended = measure(Settings(home=tmp_path), BenchRequest(model=str(tiny)), Stop(parts + 1))
    assert ended.cancelled
    assert not ended.result.complete
    assert f"{parts + 1} of {parts + 3}" in ended.result.stopped
    assert [one.variant for one in ended.result.measurements] == ["base"]
    assert ended.result.training == ()
