"""What the script for other machines calls supported really trained.

Half precision is trained as the product trains it: weights that learn in fp32, autocast, and loss scaling.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch

from agent.prompts.capabilities import PROBE
from agent.prompts.phrases import fill
from agent.records.base import Language
from tests.tools.benchmark.test_standalone import bench  # noqa: F401 - a fixture
from tools.benchmark import standalone_training, standalone_trying
from tools.benchmark.emitting import script
from tools.benchmark.standalone import Bench
from tools.benchmark.standalone_device import Device
from tools.benchmark.standalone_model import SHAPES, build
from tools.benchmark.standalone_training import Scaler, WrongError, autocast_for, scaler_for, train, words_of

KINDS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
STAND_INS = Path(__file__).parent / "stand_ins"
VENDORS = {"910A": ("npu", "ascend"), "910B": ("npu", "ascend"), "S4000": ("musa", "moore_threads")}
VENDORS["S3000"] = ("musa", "moore_threads")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every model that is built, to look into its weights."""
    models: list[Any] = []

    def kept(*given: Any, **named: Any) -> Any:
        models.append(build(*given, **named))
        return models[-1]

    monkeypatch.setattr(standalone_training, "build", kept)
    return models


def trained(method: str, kind: str, steps: int = 2) -> dict[str, Any]:
    return train(Device("cpu"), SHAPES["0.001"], KINDS[kind], method, 2, 32, steps)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("method", ["lora", "full"])
def test_every_type_trains_to_finite_weights(method: str, kind: str, built: list[Any]) -> None:
    told = trained(method, kind)
    assert told["seconds"] > 0
    (model,) = built
    learning = [one for one in model.parameters() if one.requires_grad]
    assert all(bool(torch.isfinite(one).all()) for one in learning)
    whole = method == "lora" or kind == "fp16"
    assert {one.dtype for one in learning} == {torch.float32 if whole else KINDS[kind]}
    frozen = {one.dtype for one in model.parameters() if not one.requires_grad}
    assert frozen == ({KINDS[kind]} if method == "lora" else set())


@pytest.mark.parametrize("method", ["lora", "full"])
def test_steps_that_change_nothing_are_no_training(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda *_: None)
    with pytest.raises(WrongError) as caught:
        trained(method, "fp16")
    assert words_of(caught.value, chinese=False) == fill(PROBE, "unchanged", "en", steps=3)


def test_weights_that_are_no_numbers_are_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def poison(optimizer: Any, *_: Any) -> None:
        with torch.no_grad():
            optimizer.param_groups[0]["params"][0].fill_(float("nan"))

    monkeypatch.setattr(torch.optim.AdamW, "step", poison)
    with pytest.raises(WrongError, match="not_finite"):
        trained("lora", "fp32", steps=0)


def test_a_loss_that_is_no_number_is_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = torch.nn.functional.cross_entropy
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", lambda *given: loss(*given) * float("nan"))
    with pytest.raises(WrongError) as caught:
        trained("full", "fp32")
    assert words_of(caught.value, chinese=True) == fill(PROBE, "not_finite", "zh", steps=1)


def test_gradients_that_always_overflow_are_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = torch.nn.functional.cross_entropy
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", lambda *given: loss(*given) * 1e30)
    with pytest.raises(WrongError) as caught:
        trained("lora", "fp16")
    assert words_of(caught.value, chinese=False) == fill(PROBE, "unchanged", "en", steps=21)


def test_autocast_that_is_silently_off_is_no_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    autocast = torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda backend, dtype: autocast(backend, dtype=dtype, enabled=False))
    with pytest.raises(WrongError, match="other_type"):
        trained("full", "fp16")


def test_a_vendors_own_autocast_stands_in_for_one_that_torch_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("device_type must be 'cuda' or 'cpu'")

    monkeypatch.setattr(torch, "autocast", refuse)
    device = Device("cpu")
    device.module = object()
    with pytest.raises(RuntimeError, match="device_type"):
        autocast_for(device, torch.float16)
    device.module = SimpleNamespace(amp=SimpleNamespace(autocast=lambda: "its own"))
    assert autocast_for(device, torch.float16) == "its own"


def test_the_words_are_those_of_the_probe() -> None:
    for key, (english, chinese) in standalone_training.FOUND.items():
        if key in PROBE:
            assert {"en": english, "zh": chinese} == dict(PROBE[key]), key
    assert set(standalone_training.FOUND) - set(PROBE) == {"other_type"}
    assert words_of(ValueError("one\ntwo"), chinese=True) == "ValueError: two"


# Loss scaling


def one_weight() -> tuple[Any, Any]:
    weight = torch.nn.Parameter(torch.ones(3))
    return weight, torch.optim.SGD([weight], lr=0.5)


def test_its_own_scaler_steps_with_unscaled_gradients_and_halves_at_an_overflow() -> None:
    weight, optimizer = one_weight()
    scaler = Scaler(torch)
    scaler.scale((weight * 3e38).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert (weight.tolist(), scaler.get_scale()) == ([1.0, 1.0, 1.0], 32768.0)
    optimizer.zero_grad()
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert (weight.tolist(), scaler.get_scale()) == ([0.5, 0.5, 0.5], 32768.0)


def test_the_scaler_is_the_one_that_the_product_would_train_with(monkeypatch: pytest.MonkeyPatch) -> None:
    class Vendors:
        """The vendor's own, and where it lies."""

        amp: Any

    Vendors.amp = type("amp", (), {"GradScaler": Vendors})
    device = Device("cpu")
    assert isinstance(scaler_for(device), torch.amp.GradScaler)
    device.backend, device.module = "npu", Vendors
    assert isinstance(scaler_for(device), Vendors)
    monkeypatch.delattr(torch.amp, "GradScaler")
    device.backend = "xpu"
    assert isinstance(scaler_for(device), Vendors)
    device.module = object()
    assert isinstance(scaler_for(device), Scaler)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_without_any_scaler_of_torchs_half_precision_trains_too(
    method: str, built: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standalone_training, "scaler_for", lambda device: Scaler(device.torch))
    assert trained(method, "fp16")["steps"] == 2
    assert all(bool(torch.isfinite(one).all()) for one in built[0].parameters())


def test_whole_weights_in_half_precision_take_the_room_of_whole_ones(
    bench: Bench,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tools.benchmark.standalone.train", lambda *_: pytest.fail("there is no room"))
    bench.args.params = "13"
    taken = {}
    for compute in ("fp32", "fp16", "bf16"):
        bench.compute, bench.warnings = compute, []
        monkeypatch.setattr(bench.device, "room_gib", lambda: 1.0)
        bench.train("full", SHAPES["13"], KINDS[compute])
        (taken[compute],) = bench.warnings
    assert taken["fp16"] == taken["fp32"] != taken["bf16"]


def test_an_attempt_that_errs_says_so_in_the_language_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(*_: Any) -> Any:
        raise WrongError("unchanged", steps=3)

    monkeypatch.setattr(standalone_trying, "attempt", wrong)
    for lang in get_args(Language):
        standalone_trying.child("lora_step", "cpu", "fp16", lang)
        told = json.loads(capsys.readouterr().out)
        assert (told["outcome"], told["message"]) == ("refused", fill(PROBE, "unchanged", lang, steps=3))


# The emitted file itself


def emitted_child(folder: Path, item: str, backend: str, compute: str, vendor: str = "", device: str = "") -> Any:
    file = folder / "bench.py"
    file.write_text(script(), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DOMAINSMITH"))}
    if vendor:
        environment |= {"PYTHONPATH": os.pathsep.join((str(STAND_INS), str(STAND_INS / vendor))), "STAND_IN": device}
    command = [sys.executable, "-P", str(file), "--child", item, "--device", backend, "--dtype", compute]
    done = subprocess.run(command, capture_output=True, env=environment, cwd=folder, check=False, timeout=400)
    return standalone_trying.outcome_of(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("item", ["lora_step", "full_step"])
def test_the_emitted_file_trains_half_precision(item: str, tmp_path: Path) -> None:
    told = emitted_child(tmp_path, item, "cpu", "fp16")
    assert told["outcome"] == "supported", told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("device", "compute", "outcome", "says"),
    [
        ("910A", "fp16", "supported", ""),
        ("910A", "bf16", "refused", "DT_BFLOAT16"),
        ("910B", "bf16", "supported", ""),
        ("S4000", "bf16", "supported", ""),
        ("S3000", "fp16", "refused", "no kernel image"),
    ],
)
def test_the_emitted_file_trains_what_a_vendor_documents(
    device: str, compute: str, outcome: str, says: str, tmp_path: Path
) -> None:
    told = emitted_child(tmp_path, "lora_step", VENDORS[device][0], compute, VENDORS[device][1], device)
    assert told["outcome"] == outcome, told
    assert says in told.get("message", "")
