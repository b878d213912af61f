"""The processor and the main memory of this machine, as the operating system tells them; loads nothing heavy."""

from __future__ import annotations

import os
import platform
import resource
import sys
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")
_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_STATUS: Final = Path("/proc/self/status")
_RESET: Final = Path("/proc/self/clear_refs")
_BF16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Flags of processors that multiply bf16 themselves: AVX-512 and AMX on x86, BF16 on Arm."""
_GIB: Final = 2**30


def processor_name() -> str:
    """Return the processor's own name."""
    named = next((line.partition(":")[2].strip() for line in _lines() if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()


def processor_flags() -> set[str]:
    """Return what the processor says it can do; empty where the system does not tell."""
    line = next((line for line in _lines() if line.startswith(("flags", "Features"))), "")
    return set(line.partition(":")[2].split())


def multiplies_bf16() -> bool:
    """Return whether the processor has bf16 instructions of its own; without them libraries emulate the type."""
    return bool(_BF16_FLAGS & processor_flags())


def usable_cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gib() -> float:
    """Return this machine's main memory in GiB, or the limit of its control group where that is lower."""
    import psutil

    total = int(psutil.virtual_memory().total)
    return min([total, *(limit for limit in map(_limit, _LIMITS) if limit)]) / _GIB


def free_memory_gib() -> float:
    """Return the main memory that the system has free and this process may take, GiB."""
    import psutil

    free = int(psutil.virtual_memory().available)
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed != resource.RLIM_INFINITY:
        free = min(free, allowed - int(psutil.Process().memory_info().vms))
    return max(free, 0) / _GIB


def resident_peak_gib() -> float:
    """Return the most memory this process had resident since it was last reset, GiB."""
    if _STATUS.is_file():
        line = next((line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")), "")
        if line:
            return int(line.split()[1]) * 1024 / _GIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else peak * 1024) / _GIB


def reset_resident_peak() -> None:
    """Let `resident_peak_gib` begin anew; where the system cannot, it stays that of the whole life of the process."""
    if os.access(_RESET, os.W_OK):
        _RESET.write_text("5")  # proc(5): resets the peak resident set size


def _limit(file: Path) -> int | None:
    text = file.read_text().strip() if file.is_file() else ""
    return int(text) if text.isdigit() else None


def _lines() -> list[str]:
    return _CPUINFO.read_text(errors="replace").splitlines() if _CPUINFO.is_file() else []
