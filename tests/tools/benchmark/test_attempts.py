"""The attempts themselves, on this processor: they run, and they notice a wrong result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.records.tuning import ComputeType
from tools.benchmark.backends import Accelerator
from tools.benchmark.probes import arithmetic, attention, training
from tools.benchmark.probes.attempt import Bench, NotHereError, WrongResultError
from tools.benchmark.probing import NEEDS, attempted

CPU = Accelerator("cpu")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(arithmetic, "beyond_caches", lambda _: 2**22)
    monkeypatch.setitem(arithmetic._WIDEST, "cpu", 256)
    monkeypatch.setattr(arithmetic, "_SECONDS_ALL", 0.01)
    return at(tmp_path)


def at(folder: Path, compute_type: ComputeType = "fp32") -> Bench:
    return Bench(CPU, compute_type, folder, "en")


@pytest.mark.parametrize("name", list(arithmetic.ATTEMPTS))
def test_arithmetic_reaches_a_rate(name: str, bench: Bench) -> None:
    reached = arithmetic.ATTEMPTS[name](bench)
    assert reached is not None
    assert reached.figure > 0
    unit = "GB/s" if name.startswith("memory") else "TOPS" if name.endswith("int8") else "TFLOPS"
    assert reached.unit == unit


@pytest.mark.parametrize("name", ["matmul_fp32", "matmul_bf16", "matmul_int8", "memory_copy", "memory_sum"])
def test_a_wrong_result_is_refused(name: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    right = {"matmul": torch.Tensor.__matmul__, "_int_mm": torch._int_mm, "sum": torch.Tensor.sum}
    monkeypatch.setattr(
        torch.Tensor, "__matmul__", lambda a, b: right["matmul"](a, b) * (1 if a.dtype.itemsize == 8 else 2)
    )
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: right["_int_mm"](a, b) + 1)
    monkeypatch.setattr(torch.Tensor, "sum", lambda a: right["sum"](a) * 2)
    monkeypatch.setattr(torch.Tensor, "copy_", lambda a, _: a.fill_(2))
    found = attempted(arithmetic.ATTEMPTS[name], bench)
    assert found.outcome == "refused"
    assert found.message.startswith("the result is wrong: off by ")


@pytest.mark.parametrize("name", ["attention_eager", "attention_sdpa", "attention_sdpa_math", "attention_sdpa_flash"])
def test_attention_runs_forward_and_backward(name: str, bench: Bench) -> None:
    assert attention.ATTEMPTS[name](bench) is None


def test_attention_that_errs_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_sdpa", lambda query, key, value: value * 1.0)
    with pytest.raises(WrongResultError, match="off by"):
        attention.sdpa(bench)


def test_a_kernel_that_this_device_lacks_is_refused_with_torchs_words(bench: Bench) -> None:
    found = attempted(attention.ATTEMPTS["attention_sdpa_cudnn"], bench)
    assert found.outcome == "refused"
    assert found.message.startswith("RuntimeError: ")


def test_a_package_that_is_not_installed_is_not_tried(bench: Bench) -> None:
    if attention.importlib.util.find_spec("flash_attn") is not None:
        pytest.skip("flash-attn is installed")
    with pytest.raises(NotHereError, match="flash-attn is not installed"):
        attention.flash_package(bench)


def test_a_package_that_cannot_be_loaded_is_refused(bench: Bench) -> None:
    found = attempted(lambda _: None, bench, ("no_such_vendor",))
    assert (found.outcome, found.message) == ("refused", "ModuleNotFoundError: No module named 'no_such_vendor'")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(training.ATTEMPTS))
def test_training_works_here(name: str, tmp_path: Path) -> None:
    found = attempted(training.ATTEMPTS[name], at(tmp_path), NEEDS[name])
    assert (found.outcome, found.message) == ("supported", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lora_step", "full_step"])
def test_half_precision_trains_with_loss_scaling(name: str, tmp_path: Path) -> None:
    found = attempted(training.ATTEMPTS[name], at(tmp_path, "fp16"), NEEDS[name])
    assert (found.outcome, found.message) == ("supported", "")


@pytest.mark.slow
def test_a_step_that_changes_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.optim.AdamW, "step", lambda *_: None)
    found = attempted(training.ATTEMPTS["full_step"], at(tmp_path))
    assert (found.outcome, found.message) == ("refused", "20 steps changed no weight")


@pytest.mark.slow
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def poison(optimizer: Any, *_: Any) -> None:
        with torch.no_grad():
            optimizer.param_groups[0]["params"][0].fill_(float("nan"))

    monkeypatch.setattr(torch.optim.AdamW, "step", poison)
    found = attempted(training.ATTEMPTS["full_step"], at(tmp_path))
    assert found.outcome == "refused"
    assert "no finite numbers" in found.message


@pytest.mark.slow
def test_an_adapter_that_loads_as_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.models.attach_adapter", lambda model, _: model)
    found = attempted(training.ATTEMPTS["adapter_files"], at(tmp_path))
    assert found.outcome == "refused"
    assert found.message.startswith("the loaded adapter answers otherwise")


@pytest.mark.slow
def test_a_4_bit_layer_that_errs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import bitsandbytes.nn

    forward = bitsandbytes.nn.Linear4bit.forward
    monkeypatch.setattr(bitsandbytes.nn.Linear4bit, "forward", lambda layer, x: forward(layer, x) * 2)
    assert attempted(training.ATTEMPTS["nf4"], at(tmp_path)).outcome == "refused"
