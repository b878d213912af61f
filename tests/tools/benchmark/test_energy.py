"""The energy of the device that is measured and of no other: NVML's of a GPU, whatever number it gives it."""

# ruff: noqa: N802 - the names are those of NVML

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from agent.records.hardware import Backend
from tools.benchmark.backends import Accelerator
from tools.benchmark.energy import Energy


class Nvml(ModuleType):
    """Two GPUs as NVML numbers them; each takes another amount between two readings."""

    class NVMLError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.counts = {"GPU-first": 1_000, "GPU-second": 5_000}
        self.each = {"GPU-first": 700, "GPU-second": 40_000}

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        return list(self.counts)[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        if uuid not in self.counts:
            raise self.NVMLError(uuid)
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        self.counts[handle] += self.each[handle]
        return self.counts[handle]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    for name, text in (("name", "package-0"), ("energy_uj", "900000"), ("max_energy_range_uj", "1000000")):
        (zone / name).write_text(text)
    return tmp_path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let torch see one GPU, and return what it says of it."""
    import torch

    told = SimpleNamespace(name="NVIDIA H100", uuid="second")
    monkeypatch.setitem(sys.modules, "pynvml", Nvml())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: told)
    return told


def joules(packages: Path, backend: Backend = "cuda") -> float | None:
    with Energy(Accelerator(backend), packages) as energy:
        counter = packages / "intel-rapl:0" / "energy_uj"
        counter.write_text(str(int(counter.read_text()) + 5_000))
    return energy.joules


@pytest.mark.parametrize(("uuid", "taken"), [("first", 0.7), ("second", 40.0), ("GPU-second", 40.0)])
def test_it_is_that_of_the_gpu_torch_sees(seen: Any, packages: Path, uuid: str, taken: float) -> None:
    seen.uuid = uuid
    assert joules(packages) == pytest.approx(taken)


def test_a_gpu_that_cannot_be_told_apart_has_none(seen: Any, packages: Path) -> None:
    seen.uuid = "third"
    assert joules(packages) is None
    seen.uuid, seen.name = "second", "NVIDIA H100 80GB HBM3 MIG 1g.10gb"
    assert joules(packages) is None
    seen.name = "NVIDIA H100"
    assert joules(packages) == pytest.approx(40.0)
    del seen.uuid
    assert joules(packages) is None


def test_without_nvml_the_processors_energy_is_not_the_gpus(
    seen: Any, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert joules(packages) is None


@pytest.mark.parametrize("backend", ["npu", "musa", "xpu", "mps"])
def test_the_processors_energy_is_no_other_accelerators(
    packages: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Nvml())
    assert joules(packages, backend) is None


def test_a_processor_beside_a_gpu_has_its_own(seen: Any, packages: Path) -> None:
    assert joules(packages, "cpu") == pytest.approx(0.005)


def test_the_gpu_is_the_one_that_is_measured(seen: Any, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    uuids = ("first", "second")
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda index: SimpleNamespace(name="NVIDIA H100", uuid=uuids[index])
    )
    with Energy(Accelerator("cuda", 1), packages) as energy:
        pass
    assert energy.joules == pytest.approx(40.0)
