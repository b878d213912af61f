"""The energy a measurement takes, where the machine tells it.

with Energy() as energy:
    work()
energy.joules
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any, Final

POWERCAP: Final = Path("/sys/class/powercap")


class Energy:
    """Joules taken meanwhile: of an NVIDIA GPU through NVML, else of the processor's packages through Linux's powercap.

    `joules` stays `None` where neither can be read; that is usual, since powercap's files belong to root.
    """

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._powercap = powercap
        self._begun: dict[str, int] = {}
        self._gpu: int | None = None
        self.joules: float | None = None

    def __enter__(self) -> Energy:
        self._gpu = _gpu_millijoules()
        self._begun = {} if self._gpu is not None else _packages(self._powercap)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gpu is not None:
            ended = _gpu_millijoules()
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


def _gpu_millijoules() -> int | None:
    """Return the first GPU's energy since its driver was loaded; `None` without NVML, or where it keeps no count."""
    import torch

    if not torch.cuda.is_available():
        return None
    try:
        import pynvml  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    nvml: Any = pynvml
    try:
        nvml.nvmlInit()
        return int(nvml.nvmlDeviceGetTotalEnergyConsumption(nvml.nvmlDeviceGetHandleByIndex(0)))
    except nvml.NVMLError:
        return None
