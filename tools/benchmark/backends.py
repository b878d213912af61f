"""The accelerators torch knows, behind one small interface: NVIDIA and AMD, Ascend, Moore Threads, Intel, Apple, CPU.

    device = open_device("auto")          # or "npu", "musa:1", "cpu"
    device.reset_peak(); work(); device.synchronize(); print(device.peak_gib())

Every vendor's module offers the calls of `torch.cuda`; what one lacks is asked of `torch.accelerator`. In this order,
because memory counters came to `torch.accelerator` with torch 2.9 only, what is free after 2.9 only, and an extension
need not register its own there. An extension is imported only when its devices are asked for.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from agent.errors import InputError
from agent.records.benchmark import Machine
from agent.records.hardware import Backend, Support
from tools.benchmark.extensions import (
    EXTENSIONS,
    STACKS,
    broken_extensions,
    first_line,
    how_to_get,
    installed,
    last_line,
    load,
)
from tools.processor import (
    free_memory_gib,
    memory_gib,
    multiplies_bf16,
    processor_name,
    reset_resident_peak,
    resident_peak_gib,
    usable_cores,
)

__all__ = [
    "BACKENDS",
    "Accelerator",
    "broken_extensions",
    "detect",
    "fingerprint",
    "first_line",
    "last_line",
    "open_device",
]

BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)
"""Names that `open_device` takes, besides `auto`."""
_PACKAGES: Final = ("torch", "transformers", "peft", "bitsandbytes")
_NODES: Final = ("nvidia0", "davinci0", "mtgpu.0", "mtgpu0", "dri/renderD128", "kfd", "dxg")
"""Device files of accelerators; without any of them, and without an extension, torch need not be asked."""
_NVIDIA_DRIVER: Final = Path("/proc/driver/nvidia/version")
_GIB: Final = 2**30


@dataclass(frozen=True)
class Accelerator:
    """One device of one backend; the processor is one too."""

    backend: Backend
    index: int = 0

    @property
    def torch_device(self) -> str:
        """Name of the device in torch, e.g. `npu:0`; `cpu` and `mps` have no number."""
        return self.backend if self.backend in {"cpu", "mps"} else f"{self.backend}:{self.index}"

    def name(self) -> str:
        """Return the device's own name."""
        if self.backend in {"cpu", "mps"}:
            return processor_name()
        return str(_module(self.backend).get_device_name(self.index))

    def count(self) -> int:
        """Return how many devices of this backend there are."""
        return 1 if self.backend == "cpu" else int(_module(self.backend).device_count())

    def total_gib(self) -> float | None:
        """Return the device's memory in GiB, main memory for the processor; `None` where the vendor does not tell."""
        if self.backend == "cpu":
            return memory_gib()
        if self.backend == "mps":
            return float(_module("mps").recommended_max_memory()) / _GIB
        info = _asked(self.backend, "mem_get_info", "get_memory_info", self.index)
        return None if info is None else float(info[1]) / _GIB

    def free_gib(self) -> float | None:
        """Return the memory that is free on the device now, GiB; `None` where the vendor does not tell.

        For the processor it is what the system has free and this process may take.
        """
        if self.backend == "cpu":
            return free_memory_gib()
        if self.backend == "mps":
            metal = _module("mps")
            left = (float(metal.recommended_max_memory()) - float(metal.driver_allocated_memory())) / _GIB
            return max(0.0, min(left, free_memory_gib()))
        info = _asked(self.backend, "mem_get_info", "get_memory_info", self.index)
        return None if info is None else float(info[0]) / _GIB

    def peak_gib(self) -> float | None:
        """Return the most memory taken since `reset_peak`, GiB: allocated on the device, for the processor resident."""
        if self.backend == "cpu":
            return resident_peak_gib()
        peak = _asked(self.backend, "max_memory_allocated", "max_memory_allocated", self.index)
        return None if peak is None else float(peak) / _GIB

    def reset_peak(self) -> None:
        """Let `peak_gib` begin anew; where the system cannot, the peak stays that of the whole process."""
        if self.backend == "cpu":
            reset_resident_peak()
        else:
            _asked(self.backend, "reset_peak_memory_stats", "reset_peak_memory_stats", self.index)

    def synchronize(self) -> None:
        """Wait until the device has done all it was given."""
        if self.backend == "mps":
            _module("mps").synchronize()
        elif self.backend != "cpu":
            _asked(self.backend, "synchronize", "synchronize", self.index)

    def select(self) -> None:
        """Make this the device that `cuda` or `npu` without a number means in this process."""
        if self.index:
            _module(self.backend).set_device(self.index)

    def empty_cache(self) -> None:
        """Give memory that torch keeps for later back to the device."""
        if self.backend == "mps":
            _module("mps").empty_cache()
        elif self.backend != "cpu":
            _asked(self.backend, "empty_cache", "empty_cache")

    def bf16(self) -> Support:
        """Return whether the device multiplies bf16 itself, by its vendor's word.

        The vendors' `is_bf16_supported()` counts emulation unless told not to (CUDA, MUSA, XPU). Where a version cannot
        be told, only Ascend's yes is one: it knows no emulation.
        """
        if self.backend == "cpu":
            return "yes" if multiplies_bf16() else "emulated"
        told = getattr(_module(self.backend), "is_bf16_supported", None)
        if told is None:
            return "unknown"
        if not told():
            return "no"
        try:
            return "yes" if told(including_emulation=False) else "emulated"
        except TypeError:
            return "yes" if self.backend == "npu" else "unknown"

    def driver(self) -> str:
        """Return the versions of the vendor's stack and driver, as far as they are told; empty for the processor."""
        if self.backend == "cpu":
            return ""
        if self.backend == "mps":
            return f"macOS {platform.mac_ver()[0]}"
        import torch

        found = [
            f"{name} {version}"
            for name, attribute in STACKS[self.backend]
            if (version := getattr(torch.version, attribute, None))
        ]
        if self.backend == "cuda" and _NVIDIA_DRIVER.is_file():
            told = re.search(r"Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s", _NVIDIA_DRIVER.read_text(errors="replace"))
            found += [f"driver {told[1]}"] if told else []
        if self.backend == "xpu":
            properties = _module("xpu").get_device_properties(self.index)
            found.append(f"driver {getattr(properties, 'driver_version', '')}")
        return ", ".join(found)

    def packages(self) -> dict[str, str]:
        """Return the versions of what figures depend on, those not installed left out."""
        names = [*_PACKAGES, *([EXTENSIONS[self.backend]] if self.backend in EXTENSIONS else [])]
        return {"python": platform.python_version(), **{name: found for name in names if (found := _version(name))}}

    def machine(self) -> Machine:
        """Return the fingerprint of the machine with this device."""
        total = self.total_gib()
        seen = Machine(
            name=self.name(),
            backend=self.backend,
            count=self.count(),
            # A new kernel or driver keeps a little more or less for itself: that is no other machine.
            gib=None if total is None else float(round(total)),
            cores=usable_cores(),
            system=f"{platform.system()} {platform.machine()}",
            driver=self.driver(),
            packages=self.packages(),
        )
        return seen.model_copy(update={"fingerprint": fingerprint(seen)})


def open_device(name: str = "auto") -> Accelerator:
    """Return the device of that name: a backend, with `:1` for its second device, or `auto` for the best there is.

    Raises:
        InputError: There is no such backend, extension or device; the mend says how to get it.
        WorkFailedError: The vendor's extension is installed and cannot be loaded; names the error.
    """
    if name == "auto":
        return detect()
    found = re.fullmatch(rf"({'|'.join(BACKENDS)})(?::(\d{{1,4}}))?", name)
    if found is None:
        raise InputError("no such backend", where=name, mend=f"give auto, {', '.join(BACKENDS)}, or e.g. cuda:1")
    backend: Backend = next(known for known in BACKENDS if known == found[1])
    device = Accelerator(backend, int(found[2] or 0))
    if not _available(backend):
        raise InputError("torch sees no such device", where=name, mend=how_to_get(backend))
    if device.index >= device.count():
        raise InputError(f"there are {device.count()} of these devices", where=name, mend="they count from 0")
    return device


def detect() -> Accelerator:
    """Return the machine's accelerator, else its processor; an extension that cannot be loaded counts as none.

    `broken_extensions` says which those are, so that a fall back on the processor never goes untold.
    """
    if not may_have_accelerator():
        return Accelerator("cpu")
    for backend in EXTENSIONS:
        if backend not in broken_extensions() and _available(backend):
            return Accelerator(backend)
    import torch

    if torch.accelerator.is_available():
        kind = str(torch.accelerator.current_accelerator().type)
        for backend in BACKENDS:
            if backend == kind:
                return Accelerator(backend)
    return Accelerator("cpu")


def may_have_accelerator() -> bool:
    """Return whether it is worth loading torch to ask: a device file, a vendor's extension, or a Mac."""
    return (
        sys.platform == "darwin"
        or any(Path("/dev", node).exists() for node in _NODES)
        or any(map(installed, EXTENSIONS.values()))
    )


def fingerprint(machine: Machine) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of all other fields: equal for equal machines."""
    return hashlib.sha256(machine.model_copy(update={"fingerprint": ""}).line().encode()).hexdigest()[:12]


def _available(backend: Backend) -> bool:
    if backend == "cpu":
        return True
    if backend in EXTENSIONS:
        if not installed(EXTENSIONS[backend]):
            return False
        load(backend)
    import torch

    if backend == "mps":
        return bool(torch.backends.mps.is_available())
    module = getattr(torch, backend, None)
    return module is not None and bool(module.is_available())


def _module(backend: Backend) -> Any:
    if backend in EXTENSIONS:
        load(backend)
    import torch

    return getattr(torch, backend)


def _asked(backend: Backend, of_module: str, of_accelerator: str, *arguments: int) -> Any:
    """Call the vendor's function, else torch's common one; `None` where neither exists."""
    import torch

    call = getattr(_module(backend), of_module, None) or getattr(torch.accelerator, of_accelerator, None)
    return None if call is None else call(*arguments)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
