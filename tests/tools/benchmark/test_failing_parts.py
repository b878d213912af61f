"""An error costs the part in which it happens, is told, and never what was measured before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Silent
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.test_sweep import CPU, RATES, SMALL, small
from tools.benchmark import guarding
from tools.benchmark import run as run_module
from tools.benchmark import sweep as sweep_module
from tools.benchmark.answering import Point
from tools.benchmark.findings import Findings
from tools.benchmark.job import bench
from tools.benchmark.part_names import told_in
from tools.benchmark.request import BenchRequest
from tools.benchmark.run import measure
from tools.benchmark.saved import saved
from tools.benchmark.sweep import sweep

NPU = "call aclnnFlashAttentionScore failed, error code is 561002\nplease check the plog\n" + "trace " * 900
"""What Ascend says when an operator refuses a shape, with what follows."""
POINTS = (Point(2, 16, 6), Point(1, 16, 6))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


def failing(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException, when: Callable[..., bool]) -> None:
    """Let a function of the sweep raise on some arguments."""
    whole = getattr(sweep_module, name)

    def raises(*given: Any, **named: Any) -> Any:
        if when(*given, **named):
            raise error
        return whole(*given, **named)

    monkeypatch.setattr(sweep_module, name, raises)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RuntimeError(NPU), "RuntimeError: call aclnnFlashAttentionScore failed, error code is 561002"),
        (NotImplementedError("x" * 5000), "NotImplementedError: " + "x" * 279),
        (KeyError(), "KeyError"),
        (WorkFailedError("the weights could not be loaded", where="/m"), "the weights could not be loaded: /m"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_error_of_one_point_costs_that_point(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, lang: Any, error: Exception, why: str
) -> None:
    failing(monkeypatch, "answer", error, lambda _, point, *__, **___: point.batch == 2)
    found = Findings(lang)
    sweep(tiny, replace(SMALL, points=POINTS), CPU, Silent(), found)
    assert [one.batch for one, _ in found.measurements] == [1]
    assert [step.method for step in found.training] == ["lora"]
    said = {
        "en": f"base 2 × 16/6: left out after an unexpected error: {why}",
        "zh": f"基座 2 × 16/6：出现意外错误，略过：{why}",
    }
    assert [one for one in found.warnings if why in one] == [said[lang]]


def test_an_error_of_one_step_costs_that_method(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "train", RuntimeError(NPU), lambda _, method, *__, **___: method == "qlora")
    found = Findings()
    sweep(tiny, replace(SMALL, points=(), methods=("qlora", "lora")), CPU, Silent(), found)
    assert [step.method for step in found.training] == ["lora"]
    (said,) = [one for one in found.warnings if "aclnn" in one]
    assert said.startswith("Q-LoRA")


def test_a_kind_of_weights_that_cannot_be_loaded_costs_its_points(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "load_model", RuntimeError(NPU), lambda *_, **named: not named.get("quantized"))
    found = Findings()
    sweep(tiny, SMALL, CPU, Silent(), found)
    assert [one.variant for one, _ in found.measurements] == ["4bit"]
    assert [step.method for step in found.training] == ["lora"]
    assert any(one.startswith("base was left out: RuntimeError: call aclnn") for one in found.warnings)


def test_memory_that_cannot_be_read_costs_the_steps_alone(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> float:
        raise RuntimeError("the driver does not support querying its free memory")

    monkeypatch.setattr(guarding, "free_gib", refuses)
    found = Findings()
    sweep(tiny, SMALL, CPU, Silent(), found)
    assert [one.variant for one, _ in found.measurements] == ["base", "4bit"]
    assert found.training == []
    assert any("querying its free memory" in one for one in found.warnings)


def test_an_architecture_whose_shape_is_not_known_costs_its_points(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "shape_of", AttributeError("no num_attention_heads"), lambda _: True)
    found = Findings()
    sweep(tiny, SMALL, CPU, Silent(), found)
    assert [step.method for step in found.training] == ["lora"]
    assert len([one for one in found.warnings if "AttributeError: no num_attention_heads" in one]) == 2


def test_a_model_that_is_damaged_ends_the_sweep(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "load_model", InputError("weights are missing"), lambda *_, **__: True)
    with pytest.raises(InputError, match="weights are missing"):
        sweep(tiny, SMALL, CPU, Silent(), Findings())


def test_a_sweep_in_which_every_part_fails_has_failed(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "answer", RuntimeError(NPU), lambda *_, **__: True)
    failing(monkeypatch, "train", RuntimeError("another"), lambda *_, **__: True)
    found = Findings()
    with pytest.raises(WorkFailedError, match=r"base 2 × 16/6: left out .* aclnnFlashAttentionScore"):
        sweep(tiny, SMALL, CPU, Silent(), found)
    assert len([one for one in found.warnings if "left out" in one]) == 3


def test_what_only_lacks_memory_has_not_failed(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "answer", RuntimeError("CUDA out of memory"), lambda *_, **__: True)
    found = Findings()
    sweep(tiny, replace(SMALL, methods=()), CPU, Silent(), found)
    assert not found.failed
    assert found.measurements == []


@pytest.mark.parametrize("name", ["answer", "train", "load_model"])
def test_a_cancel_within_a_part_is_no_error_of_it(tiny: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    failing(monkeypatch, name, CancelledError("stop"), lambda *_, **__: True)
    found = Findings()
    with pytest.raises(CancelledError):
        sweep(tiny, replace(SMALL, points=SMALL.points if name != "train" else ()), CPU, Silent(), found)
    assert found.warnings == []


def broken(*_: Any, **__: Any) -> None:
    raise OSError("the disk is gone\nfor good")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_error_that_ends_the_run_leaves_what_was_measured(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: Any
) -> None:
    small(monkeypatch, RATES)
    monkeypatch.setattr(run_module, "sweep", broken)
    ended = measure(Settings(home=tmp_path, lang=lang), BenchRequest(model=str(tiny)), Silent())
    parts = len(run_module.ITEMS)
    said = {
        "en": f"ended by an error after {parts} of {parts + 3} parts: OSError: the disk is gone",
        "zh": f"完成 {parts + 3} 项中的 {parts} 项后因错误中断：OSError: the disk is gone",
    }
    assert (ended.cancelled, ended.result.complete, ended.result.stopped) == (False, False, said[lang])
    assert isinstance(ended.error, OSError)
    assert len(ended.result.capabilities) == parts
    assert told_in(ended.result, "zh").stopped == said["zh"], "and is told in the language of the reader"


def test_an_error_before_anything_was_measured_is_that_error(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, RATES)
    monkeypatch.setattr(run_module, "probe", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        measure(Settings(home=tmp_path), BenchRequest(model=str(tiny)), Silent())


def test_a_driver_that_answers_no_more_costs_nothing_that_was_measured(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, RATES)

    def lost(*_: Any) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nCompile with TORCH_USE_CUDA_DSA")

    def sticks(*_: Any, **__: Any) -> None:
        for name in ("empty_cache", "total_gib", "name", "driver"):
            monkeypatch.setattr(f"tools.benchmark.backends.Accelerator.{name}", lost)
        lost()

    monkeypatch.setattr(sweep_module, "answer", sticks)
    ended = measure(Settings(home=tmp_path), BenchRequest(model=str(tiny)), Silent())
    assert "illegal memory access" in ended.result.stopped
    assert "CUDA_DSA" not in ended.result.stopped
    assert ended.result.device.fingerprint
    assert len(ended.result.capabilities) == len(run_module.ITEMS)


def test_a_model_that_is_not_there_is_told_before_anything_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the probe takes minutes")

    monkeypatch.setattr(run_module, "probe", never)
    for only in (None, "sweep", "train"):
        with pytest.raises(InputError, match="neither a folder nor a hub id"):
            measure(Settings(home=tmp_path), BenchRequest(model="./no/pe", only=only), Silent())


def test_a_job_keeps_the_part_and_has_failed(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, RATES)
    monkeypatch.setattr(run_module, "sweep", broken)
    settings = Settings(home=tmp_path)
    project: Any = None
    with pytest.raises(WorkFailedError, match="OSError: the disk is gone - what was measured until then") as caught:
        bench(project, settings, BenchRequest(model=str(tiny)), Silent())
    assert isinstance(caught.value.__cause__, OSError)
    ((_, kept),) = saved(settings.machine_folder)
    assert not kept.complete
    assert kept.stopped.startswith("ended by an error after ")
    assert kept.capabilities["memory_sum"].figure == 10.0
