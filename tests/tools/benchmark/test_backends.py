"""One interface over the vendors' modules, with each of them standing in."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from agent.errors import DomainsmithError, InputError, WorkFailedError
from agent.records.hardware import Backend, Support
from tools.benchmark import backends, extensions
from tools.benchmark.backends import Accelerator, broken_extensions, detect, first_line, last_line, open_device

GIB = 2**30


class Vendor:
    """What every vendor's module offers."""

    def __init__(self, **calls: Any) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.is_available = lambda: True
        self.device_count = lambda: 2
        self.get_device_name = lambda index: f"Device {index}"
        self.mem_get_info = lambda index: (GIB, 48 * GIB)
        self.max_memory_allocated = lambda index: 3 * GIB
        self.reset_peak_memory_stats = self._noted("reset")
        self.synchronize = self._noted("synchronize")
        self.empty_cache = self._noted("empty")
        self.set_device = self._noted("select")
        vars(self).update(calls)

    def _noted(self, name: str) -> Any:
        return lambda *arguments: self.asked.append((name, arguments))


def present(monkeypatch: pytest.MonkeyPatch, backend: Backend, vendor: Vendor) -> Vendor:
    import torch

    monkeypatch.setattr(torch, backend, vendor, raising=False)
    if backend in extensions.EXTENSIONS:
        monkeypatch.setitem(sys.modules, extensions.EXTENSIONS[backend], ModuleType(extensions.EXTENSIONS[backend]))
    return vendor


@pytest.mark.parametrize("backend", ["cuda", "npu", "musa", "xpu"])
def test_every_vendor_is_asked_the_same(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = present(monkeypatch, backend, Vendor(get_device_properties=lambda _: SimpleNamespace(driver_version="7")))
    device = open_device(f"{backend}:1")
    assert device == Accelerator(backend, 1)
    assert device.torch_device == f"{backend}:1"
    assert (device.name(), device.count(), device.total_gib(), device.peak_gib()) == ("Device 1", 2, 48.0, 3.0)
    device.select()
    device.reset_peak()
    device.synchronize()
    device.empty_cache()
    assert vendor.asked == [("select", (1,)), ("reset", (1,)), ("synchronize", (1,)), ("empty", ())]
    machine = device.machine()
    assert (machine.name, machine.backend, machine.count, machine.gib) == ("Device 1", backend, 2, 48.0)
    assert machine.packages["torch"]
    assert len(machine.fingerprint) == 12


def test_what_a_vendor_lacks_is_asked_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    present(monkeypatch, "xpu", Vendor(mem_get_info=None, max_memory_allocated=None))
    monkeypatch.setattr(torch.accelerator, "get_memory_info", lambda index: (0, 16 * GIB), raising=False)
    monkeypatch.setattr(torch.accelerator, "max_memory_allocated", lambda index: GIB, raising=False)
    assert (Accelerator("xpu").total_gib(), Accelerator("xpu").peak_gib()) == (16.0, 1.0)
    monkeypatch.delattr(torch.accelerator, "get_memory_info")
    monkeypatch.delattr(torch.accelerator, "max_memory_allocated")
    assert (Accelerator("xpu").total_gib(), Accelerator("xpu").peak_gib()) == (None, None)


def emulating(including_emulation: bool = True) -> bool:
    return including_emulation


@pytest.mark.parametrize(
    ("backend", "told", "expected"),
    [
        ("cuda", lambda including_emulation=True: True, "yes"),
        ("musa", emulating, "emulated"),
        ("musa", lambda including_emulation=True: False, "no"),
        ("musa", lambda: True, "unknown"),
        ("npu", lambda: True, "yes"),
        ("npu", lambda: False, "no"),
        ("xpu", None, "unknown"),
    ],
)
def test_native_and_emulated_bf16_are_told_apart(
    backend: Backend, told: Any, expected: Support, monkeypatch: pytest.MonkeyPatch
) -> None:
    present(monkeypatch, backend, Vendor(is_bf16_supported=told))
    assert Accelerator(backend).bf16() == expected


@pytest.mark.parametrize(
    ("backend", "attribute", "version", "expected"),
    [
        ("cuda", "cuda", "12.8", "CUDA 12.8, driver 570.86.10"),
        ("npu", "cann", "8.0.RC3", "CANN 8.0.RC3"),
        ("musa", "musa", "5.1", "MUSA 5.1"),
        ("xpu", "xpu", "20250", "SYCL 20250, driver 1.3"),
    ],
)
def test_the_stacks_version_is_told(
    backend: Backend, attribute: str, version: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    properties = SimpleNamespace(driver_version="1.3")
    present(monkeypatch, backend, Vendor(get_device_properties=lambda _: properties))
    file = tmp_path / "version"
    file.write_text("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build\n")
    monkeypatch.setattr(backends, "_NVIDIA_DRIVER", file)
    monkeypatch.setattr(torch.version, "hip", None, raising=False)
    monkeypatch.setattr(torch.version, attribute, version, raising=False)
    assert Accelerator(backend).driver() == expected


def test_apples_device_has_calls_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    calls = {"recommended_max_memory": lambda: 12 * GIB, "max_memory_allocated": None}
    calls["driver_allocated_memory"] = lambda: 2 * GIB
    vendor = present(monkeypatch, "mps", Vendor(**calls))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "max_memory_allocated", None, raising=False)
    device = open_device("mps")
    assert (device.torch_device, device.total_gib(), device.peak_gib(), device.bf16()) == ("mps", 12.0, None, "unknown")
    device.synchronize()
    device.empty_cache()
    assert [name for name, _ in vendor.asked] == ["synchronize", "empty"]
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=16 * GIB))
    assert device.free_gib() == 10.0, "what is left of Metal's share"
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=4 * GIB))
    assert device.free_gib() == 4.0, "which is main memory, too"
    assert device.driver().startswith("macOS")


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="this system cannot begin a peak anew")
def test_the_processors_peak_is_what_was_held_since_it_was_reset() -> None:
    import torch

    device = Accelerator("cpu")
    device.reset_peak()
    before = device.peak_gib()
    held = torch.ones(2**27)  # half a GiB, every page of it written
    during = device.peak_gib()
    del held
    after = device.peak_gib()
    device.reset_peak()
    reset = device.peak_gib()
    assert before is not None
    assert during is not None
    assert after is not None
    assert reset is not None
    assert during - before == pytest.approx(0.5, abs=0.05)
    assert during - after == pytest.approx(0, abs=0.01), "a peak stays, within what the system counts late"
    assert during - reset == pytest.approx(0.5, abs=0.05)


def test_what_is_free_is_asked_of_the_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    present(monkeypatch, "musa", Vendor(mem_get_info=lambda index: ((index + 5) * GIB, 48 * GIB)))
    assert (Accelerator("musa").free_gib(), Accelerator("musa", 1).free_gib()) == (5.0, 6.0)
    present(monkeypatch, "xpu", Vendor(mem_get_info=None))
    monkeypatch.setattr(torch.accelerator, "get_memory_info", lambda _: (7 * GIB, 16 * GIB), raising=False)
    assert Accelerator("xpu").free_gib() == 7.0
    monkeypatch.delattr(torch.accelerator, "get_memory_info")
    assert Accelerator("xpu").free_gib() is None


def test_on_the_processor_what_is_free_is_what_the_system_has_and_the_process_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = Accelerator("cpu")
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=6 * GIB))
    monkeypatch.setattr("resource.getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert device.free_gib() == 6.0
    monkeypatch.setattr("psutil.Process", lambda: SimpleNamespace(memory_info=lambda: SimpleNamespace(vms=3 * GIB)))
    monkeypatch.setattr("resource.getrlimit", lambda _: (5 * GIB, 9 * GIB))
    assert device.free_gib() == 2.0
    monkeypatch.setattr("resource.getrlimit", lambda _: (GIB, GIB))
    assert device.free_gib() == 0.0


def test_the_processor_is_a_device_too() -> None:
    device = open_device("cpu")
    device.synchronize()
    device.empty_cache()
    device.select()
    assert device.bf16() in {"yes", "emulated"}
    machine = device.machine()
    assert (machine.count, machine.driver) == (1, "")
    assert machine == device.machine()


@pytest.mark.parametrize(
    ("name", "what", "mend"),
    [
        ("tpu", "no such backend", "give auto, cuda"),
        ("cuda:x", "no such backend", "cuda:1"),
        ("npu", "torch sees no such device", "install torch_npu with the CANN driver"),
        ("musa", "torch sees no such device", "install torch_musa with the MUSA driver"),
        ("cpu:1", "there are 1 of these devices", "count from 0"),
    ],
)
def test_what_is_not_there_is_told_with_its_mend(name: str, what: str, mend: str) -> None:
    with pytest.raises(InputError) as caught:
        open_device(name)
    assert caught.value.what == what
    assert caught.value.where == name
    assert mend in caught.value.mend


def test_an_extension_that_cannot_be_loaded_is_told_and_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch_npu.py").write_text("raise ImportError('libascend_hal.so: cannot open shared object file')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert broken_extensions() == {"npu": "ImportError: libascend_hal.so: cannot open shared object file"}
    assert detect() == Accelerator("cpu")
    with pytest.raises(WorkFailedError, match="libascend_hal"):
        open_device("npu")


def test_without_a_trace_of_an_accelerator_the_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_NODES", ())
    assert open_device() == Accelerator("cpu")


@pytest.mark.parametrize(("kind", "expected"), [("cuda", "cuda"), ("hpu", "cpu"), (None, "cpu")])
def test_torchs_accelerator_is_taken_where_its_kind_is_known(
    kind: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(backends, "may_have_accelerator", lambda: True)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: kind is not None)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: SimpleNamespace(type=kind))
    assert detect().backend == expected


def test_an_extensions_device_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, "musa", Vendor())
    assert detect() == Accelerator("musa")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("a\n b \n\n"), "RuntimeError: b"),
        (MemoryError(), "MemoryError"),
        (DomainsmithError("plain words", where="/somewhere"), "plain words"),
    ],
)
def test_the_last_line_of_an_error_is_what_counts(error: Exception, expected: str) -> None:
    assert last_line(error) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("\n a \n b"), "RuntimeError: a"),
        (KeyError(), "KeyError"),
        (DomainsmithError("plain words\nand more", where="/somewhere"), "plain words"),
        (RuntimeError("x" * 10_000), "RuntimeError: " + "x" * 286),
    ],
)
def test_the_first_line_of_an_error_says_what_it_is(error: Exception, expected: str) -> None:
    assert first_line(error) == expected
