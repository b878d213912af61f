"""The device catalogue and the machine at hand.

The catalogue is data (`hardware_data/devices.yaml`), one source and label for each cell; a user's own file adds devices
or replaces them (`DOMAINSMITH_HARDWARE_FILE`, else `devices.yaml` in `Settings.machine_folder`). A name that is not in
it is an error with the nearest names, never a guess: `find_device("MTT S4000")`.

What a probe measured on this machine overrides the catalogue. Both are looked for where the entry point's settings say
(`tools.hardware_settings`).
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Final

from agent.errors import NotFoundError
from agent.policy.capabilities import measured_device
from agent.prompts.devices import DEVICES
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.hardware import Backend, Device, Figure, Price, Support
from agent.settings import Settings
from tools.benchmark import backends
from tools.benchmark.saved import capabilities_here, has_results
from tools.devices_file import fault, folded, read_devices, read_prices
from tools.hardware_settings import used_settings
from tools.processor import memory_gib

THIS_MACHINE: Final = ("cpu", "this", "this machine", "local", "localhost", "本机")
"""Names of the machine at hand."""
_DATA: Final = Path(__file__).parent / "hardware_data" / "devices.yaml"
USER_FILE: Final = "devices.yaml"
"""File of a user's own devices in the machine's folder, where no other is named."""
_NEAR: Final = 0.7
"""Least similarity (difflib's ratio) of a name that is suggested: `A80` and `A800` have 0.86, `Foo 9000` and `S4000`,
which share nothing but zeros, 0.5."""


def catalogue() -> tuple[Device, ...]:
    """Return every device of the catalogue, in the file's order, then those of the user's file.

    A user's device takes the place of one with the same name.

    Raises:
        InputError: The user's file is not valid, or not there although it was named.
    """
    settings = used_settings()
    return _built_in() if settings is None else _with_users(_built_in(), _users(settings))


def find_device(name: str, lang: Language | None = None) -> Device:
    """Return the device of that name or alias; case, blanks and hyphens do not matter.

    Args:
        name: As a person writes it.
        lang: Language of what was measured of this machine, and of what is wrong; `None` takes the settings'.

    Raises:
        InputError: The user's file is not valid.
        NotFoundError: There is none; the mend lists the nearest names.
    """
    wanted, settings = folded(name), used_settings()
    if wanted in {folded(alias) for alias in THIS_MACHINE}:
        return this_machine(lang)
    devices = catalogue()
    known = {folded(alias): device for device in devices for alias in (device.name, *device.aliases)}
    if wanted in known:
        return known[wanted]
    if wanted and (machine := this_machine(lang)) and wanted == folded(machine.name):
        return machine
    near = near_names(name)
    names, says = ", ".join(near or (device.name for device in devices)), lang or (settings.lang if settings else "en")
    mend = fill(DEVICES, "near" if near else "known", says, names=names)
    raise NotFoundError(fill(DEVICES, "unknown", says), where=name, mend=mend)


def near_names(name: str) -> tuple[str, ...]:
    """Return the devices whose name or alias is like one that nobody knows, the nearest first; perhaps none."""
    known = {folded(alias): device.name for device in catalogue() for alias in (device.name, *device.aliases)}
    return tuple(dict.fromkeys(known[key] for key in difflib.get_close_matches(folded(name), known, 4, _NEAR)))


def names_this_machine(name: str) -> bool:
    """Return whether a device that the catalogue lacks is the one in this machine: every word is in its name."""
    words = re.findall(r"[^\W_]+", this_machine().name.casefold())
    return set(re.findall(r"[^\W_]+", name.casefold())) <= set(words)


def this_machine(lang: Language | None = None) -> Device:
    """Return the accelerator of this machine, or its processor where there is none; memory is measured.

    What a saved probe of this very machine found takes the place of what the catalogue says.

    Args:
        lang: Language of what was measured; `None` takes the settings'.
    """
    found, settings = _machine(), used_settings()
    if settings is None or not has_results(settings.machine_folder):
        return found
    return measured_device(found, capabilities_here(settings.machine_folder, _fingerprint()), lang or settings.lang)


def listed_device(name: str, backend: Backend | None, bf16: Support) -> Device | None:
    """Return the catalogue's entry of a device, told by its name and, where that is shared, by bf16; `None` if none.

    Ascend's driver calls a first-generation chip `Ascend910B` too; only the second generation has bf16, and neither
    emulates it on its own.

    Args:
        name: By its driver.
        backend: Of the device; `None` where only an endpoint was seen.
        bf16: What its driver or a probe says of bf16.
    """
    listed = catalogue()
    named = [one for one in listed if folded(name) in {folded(alias) for alias in (one.name, *one.aliases)}]
    if named and backend == "npu" and bf16 in {"no", "emulated"} and named[0].bf16 == "yes":
        return next(one for one in listed if one.backend == "npu" and one.bf16 == "no")
    return named[0] if named else None


@cache
def _built_in() -> tuple[Device, ...]:
    return read_devices(_DATA)


def user_prices(settings: Settings, lang: Language) -> dict[str, Price]:
    """Return the prices that the user's file of devices gives, by name; none without such a file.

    Raises:
        InputError: The file is not valid.
    """
    file = _user_file(settings)
    return {} if file is None else read_prices(file, lang)


def file_of_devices(settings: Settings) -> Path:
    """Return where a user's own devices are looked for, whether the file is there or not."""
    return settings.hardware_file or settings.machine_folder / USER_FILE


def _user_file(settings: Settings) -> Path | None:
    file = file_of_devices(settings)
    return None if settings.hardware_file is None and not file.is_file() else file


def _users(settings: Settings) -> tuple[Device, ...]:
    file = _user_file(settings)
    if file is None:
        return ()
    return _read_users(file, file.stat().st_mtime_ns if file.is_file() else 0, settings.lang)


@cache
def _read_users(file: Path, _changed: int, lang: Language) -> tuple[Device, ...]:
    devices = read_devices(file, lang)
    own = {device.name for device in devices}
    listed = {
        folded(name): device.name
        for device in _built_in()
        if device.name not in own
        for name in (device.name, *device.aliases)
    }
    for device in devices:
        for name in (device.name, *device.aliases):
            if folded(name) in listed:
                where = f"{file}: {device.name}: aliases: {name}"
                raise fault("listed", where, lang, device=listed[folded(name)])
    return devices


def _with_users(listed: tuple[Device, ...], users: tuple[Device, ...]) -> tuple[Device, ...]:
    own = {device.name: device for device in users}
    names = {device.name for device in listed}
    return (*(own.get(device.name, device) for device in listed), *(one for one in users if one.name not in names))


def _machine() -> Device:
    device = _detected()
    return _processor() if device.backend == "cpu" else _accelerator(device)


@cache
def _detected() -> backends.Accelerator:
    return backends.detect()


@cache
def _fingerprint() -> str:
    return _detected().machine().fingerprint


def _processor() -> Device:
    device = backends.Accelerator("cpu")
    measured = Figure(label="measured", source="operating system")
    documented = Figure(label="datasheet", source="bitsandbytes 0.50 documentation")
    return Device(
        name=f"this machine ({device.name()})",
        aliases=THIS_MACHINE,
        backend="cpu",
        gib=round(memory_gib(), 2),
        bandwidth_gb_s=None,
        fp16_tflops=None,
        int8_tops=None,
        bf16=device.bf16(),
        qlora=True,
        lora=True,
        full=True,
        compute_type="fp32",
        notes=("trains in fp32",),
        source="operating system",
        label="measured",
        figures={"gib": measured, "bf16": measured, "backend": measured, "qlora": documented, **_BY_TORCH},
    )


_BY_TORCH: Final = {name: Figure(label="datasheet", source="PyTorch documentation") for name in ("lora", "full")}


def _accelerator(device: backends.Accelerator) -> Device:
    """Return an accelerator with measured memory and its driver's word on bf16, and the catalogue's figures."""
    name, gib, bf16 = device.name(), device.total_gib() or memory_gib(), device.bf16()
    measured = Figure(label="measured", source="driver")
    listed = listed_device(name, device.backend, bf16)
    if listed is not None:
        told = {"bf16": measured} if bf16 != "unknown" else {}
        # A driver that knows no emulation says "no" where the catalogue says "emulated": neither is native.
        word = bf16 if bf16 != "unknown" else listed.bf16
        figures = {**listed.figures, "gib": measured, **told}
        return listed.model_copy(update={"gib": round(gib, 2), "bf16": word, "figures": figures})
    with_nf4 = device.backend in {"cuda", "xpu", "mps"}
    native = bf16 == "yes"
    return Device.model_validate(
        {
            "name": name,
            "aliases": THIS_MACHINE[1:],
            "backend": device.backend,
            "gib": round(gib, 2),
            "bandwidth_gb_s": None,
            "fp16_tflops": None,
            "int8_tops": None,
            "bf16": bf16,
            "qlora": with_nf4,
            "lora": True,
            "full": True,
            "compute_type": "bf16" if native else "fp16",
            "why_not": {} if with_nf4 else {"qlora": f"bitsandbytes is not known to support {device.backend}"},
            "source": "driver",
            "label": "measured",
            "figures": {"gib": measured, "bf16": measured, "backend": measured, **_BY_TORCH},
        }
    )
