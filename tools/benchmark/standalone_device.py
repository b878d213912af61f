"""Second part of the script for other machines (`bench --emit-script`): one device of one backend, and its memory.

`tools.benchmark.emitting` joins it with `tools.benchmark.standalone`. It runs on Python 3.8 with torch alone.
"""

# ruff: noqa: PTH207

from __future__ import annotations

import gc
import glob
import os
import platform
import sys
from typing import Any

BACKENDS = ("cuda", "npu", "musa", "xpu", "mps", "cpu")
EXTENSIONS = {"npu": "torch_npu", "musa": "torch_musa"}
STACKS = (("CUDA", "cuda"), ("ROCm", "hip"), ("CANN", "cann"), ("MUSA", "musa"), ("SYCL", "xpu"))
CACHES = "/sys/devices/system/cpu"
BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")
"""Of processors that multiply bf16 themselves: AVX-512 and AMX on x86, BF16 on Arm."""
CGROUP = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
CACHE_TIMES = 4
"""A tensor of as many times the caches is read from memory for three quarters at least, whatever stays behind."""
LEAST_BYTES, UNKNOWN_BYTES = 2**28, 2**30
"""Of a tensor that memory is measured with: where the caches are known, and where they are not."""
MEMORY_SHARE = 8
"""So many such tensors fit into the memory."""


def cache_bytes(folder: str = CACHES) -> int:
    """Return bytes of a processor's caches of the largest level, all of that level together; 0 if nobody tells.

    Linux lists every cache at every core that shares it (Documentation/ABI/testing/sysfs-devices-system-cpu).
    """
    units = {"K": 2**10, "M": 2**20, "G": 2**30}
    levels: dict[str, dict[str, int]] = {}
    for cache in glob.glob(f"{folder}/cpu[0-9]*/cache/index[0-9]*"):
        level, size, shared = ("".join(_lines(f"{cache}/{name}")) for name in ("level", "size", "shared_cpu_list"))
        number, unit = (size[:-1], units[size[-1]]) if size[-1:] in units else (size, 1)
        if number.isdigit():
            levels.setdefault(level, {})[shared or cache] = int(number) * unit
    return max((sum(one.values()) for one in levels.values()), default=0)


def beyond_caches(memory_gib: float | None, folder: str = CACHES) -> int:
    """Return bytes of a tensor that no cache of the processor holds, as far as its memory allows."""
    caches = cache_bytes(folder)
    wanted = max(LEAST_BYTES, CACHE_TIMES * caches) if caches else UNKNOWN_BYTES
    return wanted if memory_gib is None else min(wanted, int(memory_gib * 2**30) // MEMORY_SHARE)


def last_line(error: BaseException) -> str:
    """Return the last line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}"[:300]


NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "bad_alloc",
)
"""What errors say when memory ran out; those of `tools.tuning.memory`."""


def says_no_memory(text: str) -> bool:
    """Return whether what an error or an ended process said names memory as what is lacking."""
    return any(phrase in text.lower() for phrase in NO_MEMORY)


def ran_out(error: BaseException) -> bool:
    """Return whether an error says that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, (RuntimeError, OSError)) and says_no_memory(str(error))


class Device:
    """One device of one backend, through the calls that every vendor's module shares with torch.cuda."""

    def __init__(self, wanted: str) -> None:
        import torch

        self.torch: Any = torch
        self.broken: dict[str, str] = {}
        self.unsaid: dict[str, str] = {}
        for backend in BACKENDS if wanted == "auto" else (wanted,):
            if backend in EXTENSIONS and not self._extended(EXTENSIONS[backend]):
                continue
            module = torch.backends.mps if backend == "mps" else getattr(torch, backend, None)
            if backend == "cpu" or (module is not None and module.is_available()):
                self.backend: str = backend
                self.module: Any = getattr(torch, backend, None)
                return
        raise SystemExit(f"bench: torch sees no {wanted} {self.broken or ''}")

    def _extended(self, name: str) -> bool:
        try:
            __import__(name)
        except Exception as error:  # whatever an extension without its driver raises
            if getattr(error, "name", None) != name:
                self.broken[name] = last_line(error)
            return False
        return True

    def call(self, name: str) -> Any:
        """Return what the vendor's function says; `None` on a processor, or where there is none."""
        function = getattr(self.module, name, None) if self.backend != "cpu" else None
        return function() if function is not None else None

    def told(self, name: str, *arguments: Any) -> Any:
        """Return what the vendor's function says of the device; `None` if it fails, which `unsaid` then tells."""
        try:
            function = getattr(self.module, name, None) if self.backend != "cpu" else None
            return function(*arguments) if function is not None else None
        except Exception as error:  # whatever a vendor raises for what it does not know
            self.unsaid[name] = last_line(error)
            return None

    def bf16(self) -> str:
        """Return whether the device multiplies bf16 itself, by its vendor's word: yes, emulated, no or unknown.

        The vendors' `is_bf16_supported()` counts emulation unless told not to (CUDA, MUSA, XPU). Where a version cannot
        be told, only Ascend's yes is one: it knows no emulation.
        """
        if self.backend == "cpu":
            said = [line for line in _lines("/proc/cpuinfo") if line.startswith(("flags", "Features"))]
            return "yes" if said and set(BF16_FLAGS) & set(said[0].partition(":")[2].split()) else "emulated"
        asked = getattr(self.module, "is_bf16_supported", None)
        try:
            if asked is None:
                return "unknown"
            if not asked():
                return "no"
            try:
                return "yes" if asked(including_emulation=False) else "emulated"
            except TypeError:
                return "yes" if self.backend == "npu" else "unknown"
        except Exception as error:  # whatever a vendor raises for what it does not know
            self.unsaid["is_bf16_supported"] = last_line(error)
            return "unknown"

    def memory_gib(self) -> float | None:
        """Return the device's memory; for a processor main memory, or the limit of its control group if lower."""
        if self.backend == "cpu":
            limits = [int(line) / 2**30 for file in CGROUP for line in _lines(file) if line.isdigit()]
            if hasattr(os, "sysconf"):
                limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
            return min(limits, default=None)
        told = self.told("mem_get_info")
        return told[1] / 2**30 if told else None

    def room_gib(self) -> float | None:
        """Return the main memory that is free; `None` for an accelerator, which says by itself that it has no more."""
        known = [line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemAvailable:")]
        limits = [self.memory_gib(), int(known[0]) / 2**20 if known else None]
        return min((one for one in limits if one is not None), default=None) if self.backend == "cpu" else None

    def synchronize(self) -> None:
        """Wait until all is done."""
        self.call("synchronize")

    def release(self) -> None:
        """Give memory back."""
        gc.collect()
        self.call("empty_cache")

    def reset_peak(self) -> None:
        """Let the peak begin anew."""
        self.call("reset_peak_memory_stats")
        if self.backend == "cpu" and os.access("/proc/self/clear_refs", os.W_OK):
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")  # proc(5): resets the peak resident set size

    def peak_gib(self) -> float | None:
        """Return the most memory taken: allocated on the device, resident on a processor."""
        if self.backend != "cpu":
            peak = self.call("max_memory_allocated")
            return None if peak is None else peak / 2**30
        found = [line for line in _lines("/proc/self/status") if line.startswith("VmHWM:")]
        return int(found[0].split()[1]) / 2**20 if found else None

    def machine(self) -> dict[str, Any]:
        """Return the machine's fingerprint."""
        torch, gib = self.torch, self.memory_gib()
        name = "" if self.backend in ("cpu", "mps") else self.told("get_device_name", 0)
        models = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
        packages = {"python": platform.python_version(), "torch": str(torch.__version__)}
        if self.backend in EXTENSIONS:
            packages[EXTENSIONS[self.backend]] = str(getattr(sys.modules[EXTENSIONS[self.backend]], "__version__", "?"))
        known = [f"{stack} {getattr(torch.version, key)}" for stack, key in STACKS if getattr(torch.version, key, None)]
        return {
            "name": str(name or "") or (models[0] if models else platform.processor() or platform.machine()),
            "backend": self.backend,
            "count": self.told("device_count") or 1,
            "gib": None if gib is None else float(round(gib)),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "driver": ", ".join(known) if self.backend != "cpu" else "",
            "packages": packages,
        }


def _lines(path: str) -> list[str]:
    try:
        with open(path, errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
