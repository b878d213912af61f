"""The energy a measurement takes, where the machine tells it.

with Energy(detect()) as energy:
    work()
energy.joules
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tools.benchmark.backends import Accelerator

POWERCAP: Final = Path("/sys/class/powercap")


class Energy:
    """Joules that the measured device took meanwhile: an NVIDIA GPU by NVML, the processor by its packages' counters.

    `joules` stays `None` where that cannot be read: of every other accelerator, of which the processor's counters say
    nothing, and usually of a processor, since the files of Linux's powercap belong to root.
    """

    def __init__(self, device: Accelerator, powercap: Path = POWERCAP) -> None:
        self._device = device
        self._powercap = powercap
        self._begun: dict[str, int] = {}
        self._gpu: int | None = None
        self.joules: float | None = None

    def __enter__(self) -> Energy:
        self._gpu = _gpu_millijoules(self._device.index) if self._device.backend == "cuda" else None
        self._begun = _packages(self._powercap) if self._device.backend == "cpu" else {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gpu is not None:
            ended = _gpu_millijoules(self._device.index)
            self.joules = None if ended is None else (ended - self._gpu) / 1e3
        elif self._begun:
            ended_at = _packages(self._powercap)
            if ended_at.keys() == self._begun.keys():
                taken = (self._between(name, ended_at[name]) for name in self._begun)
                self.joules = sum(taken) / 1e6

    def _between(self, name: str, ended: int) -> int:
        """Return microjoules between two readings of a counter that begins anew at its range."""
        begun = self._begun[name]
        if ended >= begun:
            return ended - begun
        return ended + int((self._powercap / name / "max_energy_range_uj").read_text()) - begun


def _packages(powercap: Path) -> dict[str, int]:
    """Return the energy counters of the processor's packages, microjoules by folder; none that may not be read."""
    found = {}
    for folder in sorted(powercap.glob("intel-rapl:*")):
        with contextlib.suppress(OSError, ValueError):
            if (folder / "name").read_text().startswith("package"):
                found[folder.name] = int((folder / "energy_uj").read_text())
    return found


def _gpu_millijoules(index: int) -> int | None:
    """Return the energy of torch's GPU of that number since its driver was loaded; `None` where nobody can tell it.

    NVML counts the machine's GPUs by their bus, torch those of CUDA_VISIBLE_DEVICES by speed: their numbers are not the
    same, their UUIDs are. A part of a GPU (MIG) keeps no count of its own.
    """
    import torch

    try:
        import pynvml  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    nvml: Any = pynvml
    known = torch.cuda.get_device_properties(index)
    uuid = getattr(known, "uuid", None)
    if uuid is None or " MIG " in f" {known.name} ":
        return None
    try:
        nvml.nvmlInit()
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{str(uuid).removeprefix('GPU-')}")
        return int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
    except nvml.NVMLError:
        return None
