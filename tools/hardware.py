"""The device catalogue and the machine at hand.

The catalogue is data (`hardware_data/devices.yaml`), one source and label for each figure. A name that is not in it is
an error with the nearest names, never a guess: `find_device("MTT S4000")`.
"""

from __future__ import annotations

import difflib
import platform
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from agent.errors import NotFoundError
from agent.records.hardware import Device, Figure, Support

THIS_MACHINE: Final = ("cpu", "this", "this machine", "local", "localhost", "本机")
"""Names of the machine at hand."""
_DATA: Final = Path(__file__).parent / "hardware_data" / "devices.yaml"
_NODES: Final = ("nvidia0", "davinci0", "mtgpu.0", "mtgpu0", "dri/renderD128", "kfd")
"""Device files of accelerators; without any of them torch need not be asked."""
_GIB: Final = 2**30
_NEAR: Final = 0.7
"""Least similarity (difflib's ratio) of a name that is suggested: `A80` and `A800` have 0.86, `Foo 9000` and `S4000`,
which share nothing but zeros, 0.5."""


@cache
def catalogue() -> tuple[Device, ...]:
    """Return every device of the catalogue, in the file's order."""
    return tuple(_device(entry) for entry in yaml.safe_load(_DATA.read_text(encoding="utf-8")))


def find_device(name: str) -> Device:
    """Return the device of that name or alias; case, blanks and hyphens do not matter.

    Raises:
        NotFoundError: There is none; the mend lists the nearest names.
    """
    wanted = _folded(name)
    if wanted in {_folded(alias) for alias in THIS_MACHINE}:
        return this_machine()
    known = {_folded(alias): device for device in catalogue() for alias in (device.name, *device.aliases)}
    if wanted in known:
        return known[wanted]
    if wanted and (machine := this_machine()) and wanted == _folded(machine.name):
        return machine
    near = dict.fromkeys(known[key].name for key in difflib.get_close_matches(wanted, known, n=4, cutoff=_NEAR))
    names = ", ".join(near or (device.name for device in catalogue()))
    mend = f"did you mean {names}? `cpu` is this machine" if near else f"known are {names}, and `cpu` for this machine"
    raise NotFoundError("no such device", where=name, mend=mend)


@cache
def this_machine() -> Device:
    """Return the accelerator of this machine, or its processor where there is none; memory is measured."""
    return (_accelerator() if any(Path("/dev", node).exists() for node in _NODES) else None) or _processor()


def memory_gib() -> float:
    """Return this machine's main memory in GiB, or the limit of its control group where that is lower."""
    import psutil

    total = int(psutil.virtual_memory().total)
    limits = (
        _limit(Path(file)) for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
    )
    return min([total, *(limit for limit in limits if limit)]) / _GIB


def _limit(file: Path) -> int | None:
    text = file.read_text().strip() if file.is_file() else ""
    return int(text) if text.isdigit() else None


def _device(entry: dict[str, Any]) -> Device:
    figures = entry.pop("figures")
    sources = {name: Figure(label=label, source=source) for name, (_, label, source) in figures.items()}
    values = {name: value for name, (value, _, _) in figures.items()}
    return Device.model_validate({**entry, **values, "figures": sources, "source": sources["gib"].source})


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _processor() -> Device:
    flags = _processor_flags()
    bf16: Support = "yes" if {"avx512_bf16", "amx_bf16", "bf16"} & flags else "emulated"
    measured = Figure(label="measured", source="operating system")
    return Device(
        name=f"this machine ({_processor_name()})",
        aliases=THIS_MACHINE,
        backend="cpu",
        gib=round(memory_gib(), 2),
        bandwidth_gb_s=None,
        fp16_tflops=None,
        int8_tops=None,
        bf16=bf16,
        qlora=True,
        lora=True,
        full=True,
        compute_type="fp32",
        notes=("trains in fp32",),
        source="operating system",
        label="measured",
        figures={"gib": measured},
    )


def _processor_flags() -> set[str]:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    line = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return set(line.partition(":")[2].split())


def _processor_name() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()


def _accelerator() -> Device | None:
    """Return torch's accelerator with measured memory, and the catalogue's figures where it lists the device."""
    import torch

    if not torch.accelerator.is_available():
        return None
    backend = str(torch.accelerator.current_accelerator().type)
    module = getattr(torch, backend)
    name = str(module.get_device_name(0))
    gib = module.mem_get_info(0)[1] / _GIB
    measured = Figure(label="measured", source="driver")
    listed = next((d for d in catalogue() if _folded(name) in {_folded(alias) for alias in (d.name, *d.aliases)}), None)
    if listed is not None:
        return listed.model_copy(update={"gib": round(gib, 2), "figures": {**listed.figures, "gib": measured}})
    bf16 = bool(getattr(module, "is_bf16_supported", lambda: False)())
    with_nf4 = backend in {"cuda", "xpu"}
    return Device.model_validate(
        {
            "name": name,
            "aliases": THIS_MACHINE[1:],
            "backend": backend,
            "gib": round(gib, 2),
            "bandwidth_gb_s": None,
            "fp16_tflops": None,
            "int8_tops": None,
            "bf16": "yes" if bf16 else "no",
            "qlora": with_nf4,
            "lora": True,
            "full": True,
            "compute_type": "bf16" if bf16 else "fp16",
            "why_not": {} if with_nf4 else {"qlora": f"bitsandbytes is not known to support {backend}"},
            "source": "driver",
            "label": "measured",
            "figures": {"gib": measured},
        }
    )
