"""What the script for other machines calls native really is, and what it calls right: by the rules of the probe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from agent.policy.capabilities import as_found
from agent.prompts.capabilities import PROBE
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Capability
from agent.records.hardware import Backend, Support
from tests.tools.benchmark.test_standalone import bench  # noqa: F401 - a fixture
from tests.tools.benchmark.test_standalone_training import STAND_INS, VENDORS
from tools.benchmark.backends import Accelerator
from tools.benchmark.probes import arithmetic
from tools.benchmark.standalone import Bench
from tools.benchmark.standalone_device import Device
from tools.benchmark.standalone_training import WrongError, words_of
from tools.benchmark.standalone_trying import TOLERANCE, attempt, not_native

# Products


@pytest.mark.parametrize("name", ["matmul_fp32", "matmul_fp16", "matmul_bf16"])
def test_a_wrong_product_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch.Tensor.__matmul__
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda a, b: right(a, b) * (1 if a.dtype.itemsize == 8 else 2))
    with pytest.raises(WrongError) as caught:
        attempt(name, Device("cpu"), "fp32")
    assert words_of(caught.value, chinese=False) == fill(PROBE, "wrong", "en", error="100.0%")


def test_a_wrong_product_of_integers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch._int_mm
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: right(a, b) + 1)
    with pytest.raises(WrongError, match="wrong"):
        attempt("matmul_int8", Device("cpu"), "fp32")


@pytest.mark.parametrize("name", ["matmul_fp32", "matmul_fp16", "matmul_bf16", "matmul_int8"])
def test_a_right_product_has_its_rate(name: str) -> None:
    figure, unit = attempt(name, Device("cpu"), "fp32")
    assert figure is not None
    assert figure > 0
    assert unit == ("TOPS" if name.endswith("int8") else "TFLOPS")


def test_the_tolerance_is_that_of_the_probe() -> None:
    assert TOLERANCE == arithmetic._TOLERANCE


# What is native


class Cuda:
    """A driver whose word about bf16 counts emulation unless told not to."""

    def __init__(self, native: bool) -> None:
        self.native = native

    def is_bf16_supported(self, including_emulation: bool = True) -> bool:
        return including_emulation or self.native


class Older:
    """One that knows no emulation, or does not tell it."""

    def __init__(self, word: bool) -> None:
        self.word = word

    def is_bf16_supported(self) -> bool:
        return self.word


class Mute:
    """One that is not asked without an error."""

    def is_bf16_supported(self) -> bool:
        raise OSError("no driver")


@pytest.mark.parametrize(
    ("backend", "module", "word"),
    [
        ("cuda", Cuda(native=False), "emulated"),
        ("cuda", Cuda(native=True), "yes"),
        ("musa", Older(word=True), "unknown"),
        ("npu", Older(word=True), "yes"),
        ("npu", Older(word=False), "no"),
        ("mps", object(), "unknown"),
        ("xpu", Mute(), "unknown"),
    ],
)
def test_the_driver_is_asked_for_native_bf16(backend: str, module: Any, word: str) -> None:
    device = Device("cpu")
    device.backend, device.module = backend, module
    assert device.bf16() == word
    assert ("is_bf16_supported" in device.unsaid) == isinstance(module, Mute)


def test_a_processor_is_asked_by_its_flags() -> None:
    assert Device("cpu").bf16() == Accelerator("cpu").bf16()


KNOWN: tuple[Backend, ...] = ("cpu", "cuda", "npu")
GRID = list(product(KNOWN, get_args(Support), ("matmul_fp16", "matmul_bf16"), (None, 0.5, 1.5)))


@pytest.mark.parametrize("lang", get_args(Language))
def test_what_counts_as_emulated_is_what_the_probe_says(bench: Bench, lang: Language) -> None:  # noqa: F811
    bench.args.lang = lang
    for given in GRID:
        backend, word, name, figure = given
        plain = {"outcome": "supported", "figure": 1.0}
        tried: dict[str, Any] = {"outcome": "supported", "figure": figure, "message": ""}
        bench.capabilities = {"matmul_fp32": plain, name: tried}
        bench.device.backend = backend
        bench.judge(word)
        known = {"matmul_fp32": Capability(outcome="supported", figure=1.0)}
        wanted = as_found(name, Capability(outcome="supported", figure=figure), known, backend, word, lang)
        assert (tried["outcome"], tried["message"]) == (wanted.outcome, wanted.message), given
    assert not_native("matmul_bf16", {"outcome": "refused"}, 1.0, "cuda", "no") is None


def test_emulated_bf16_that_is_fast_is_emulated_and_not_swept(
    bench: Bench,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = {"matmul_fp32": 1.0, "matmul_fp16": 8.0, "matmul_bf16": 1.5}
    asked: list[str] = []

    def run(command: list[str], **_: Any) -> Any:
        asked.append(command[command.index("--child") + 1])
        told = {"outcome": "supported", "figure": rates.get(asked[-1]), "unit": "TFLOPS"}
        return subprocess.CompletedProcess(command, 0, json.dumps(told).encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(bench, "answer", lambda *_: None)
    monkeypatch.setattr(bench, "train", lambda *_: None)
    bench.device.backend, bench.device.module = "cuda", Cuda(native=False)
    bench.run()
    assert bench.capabilities["matmul_bf16"]["outcome"] == "emulated"
    assert bench.capabilities["matmul_fp16"]["outcome"] == "supported"
    assert bench.compute == "fp16"
    assert "lora_step" in asked


@pytest.mark.slow
@pytest.mark.parametrize(("device", "word"), [("910A", "no"), ("910B", "yes"), ("S4000", "yes"), ("S3000", "emulated")])
def test_a_driver_is_asked_as_its_vendor_documents(device: str, word: str) -> None:
    backend, vendor = VENDORS[device]
    path = [str(STAND_INS), str(STAND_INS / vendor), str(Path(__file__).resolve().parents[3])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "STAND_IN": device}
    asks = f"from tools.benchmark.standalone_device import Device; print(Device({backend!r}).bf16())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", asks], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == [word]
