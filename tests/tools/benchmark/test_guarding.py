"""What is tried in processes of their own before it is measured in this one, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.progress import Silent
from agent.records.benchmark import Capability
from agent.records.hardware import Backend
from agent.records.tuning import Method
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.test_sweep import RATES, small
from tools.benchmark import run as run_module
from tools.benchmark import sweep as sweep_module
from tools.benchmark.guarding import guards, needed, refused
from tools.benchmark.probe import ITEMS
from tools.benchmark.request import BenchRequest
from tools.benchmark.run import measure
from tools.hardware import this_machine

REFUSED = Capability(outcome="refused", message="no kernel")
WORKS = Capability(outcome="supported")
TYPES = ("matmul_fp32", "matmul_fp16", "matmul_bf16")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return build_tiny_model(tmp_path / "tiny")


@pytest.mark.parametrize(
    ("backend", "four_bit", "types"),
    [("cpu", "nf4_double", TYPES[:1]), ("cuda", "nf4_double", TYPES), ("npu", "nf4", TYPES)],
)
def test_4_bit_stands_behind_the_layer_that_is_loaded_there(
    backend: Backend, four_bit: str, types: tuple[str, ...]
) -> None:
    assert guards(("base", "4bit", "merged"), ("lora",), backend) == (four_bit, "lora_step")
    rates = ("memory_sum", "memory_copy")
    assert set(needed(("4bit",), ("full",), backend)) == {*rates, *types, four_bit, "full_step"}
    assert set(needed(("base",), (), backend)) == {*rates, *types}
    assert set(needed(("4bit",), ("qlora", "lora", "full"), backend)) <= set(ITEMS)
    told = {"nf4_double": REFUSED, "nf4": WORKS}
    assert refused(told, "4bit", backend) == ("" if backend == "npu" else "no kernel")
    assert refused(told, "base", backend) == ""
    assert refused({"lora_step": Capability(outcome="crashed")}, "lora", backend) == "crashed"


@pytest.mark.parametrize(("only", "item", "left"), [("sweep", "nf4_double", ["base"]), ("train", "lora_step", [])])
def test_a_part_alone_is_tried_before_it_is_measured(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only: Any, item: str, left: list[str]
) -> None:
    crashed = Capability(outcome="crashed", message="signal 11")
    asked: list[str] = []
    small(monkeypatch, {**RATES, item: crashed})
    probe: Callable[..., Any] = run_module.probe

    def noted(*given: Any, **named: Any) -> Any:
        asked.extend(named["names"])
        return probe(*given, **named)

    monkeypatch.setattr(run_module, "probe", noted)
    result = measure(Settings(home=tmp_path), BenchRequest(model=str(tiny), only=only), Silent()).result
    assert set(asked) == {*RATES, "memory_copy", item}
    assert result.complete
    assert [one.variant for one in result.measurements] == left
    assert result.training == ()
    assert [one for one in result.warnings if "signal 11" in one]


@pytest.mark.parametrize("outcome", ["supported", "refused"])
def test_what_the_probe_of_this_run_found_goes_before_what_was_known(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    methods: tuple[Method, ...] = ("lora",)
    known = this_machine().model_copy(update={"lora": outcome != "supported", "why_not": {"lora": "not known to work"}})
    for module in (run_module, sweep_module):
        monkeypatch.setattr(module, "this_machine", lambda: known, raising=False)
    small(monkeypatch, {**RATES, "lora_step": Capability(outcome=outcome, message="no kernel")})
    result = measure(Settings(home=tmp_path), BenchRequest(model=str(tiny)), Silent()).result
    trained = [step.method for step in result.training]
    assert trained == (list(methods) if outcome == "supported" else []), result.warnings
    assert not [one for one in result.warnings if "not known to work" in one]
