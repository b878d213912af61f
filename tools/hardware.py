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

from agent.errors import InputError, NotFoundError
from agent.policy.capabilities import TYPE_RULE, measured_device
from agent.policy.memory_inference import usual_type
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

THIS_MACHINE: Final = ("this", "this machine", "local", "localhost", "本机")
"""Names of the machine at hand: of its accelerator, or of its processor where it has none."""
PROCESSOR: Final = "cpu"
"""Name of the processor of the machine at hand, whether or not it has an accelerator too."""
_DATA: Final = Path(__file__).parent / "hardware_data" / "devices.yaml"
USER_FILE: Final = "devices.yaml"
"""File of a user's own devices in the machine's folder, where no other is named."""
_FIRST_910: Final = "Huawei Ascend 910A"
_SECOND_910: Final = "Huawei Ascend 910B"
"""Two generations that one driver's name may mean; both are listed, whatever a user's file makes of them."""
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
    if wanted == PROCESSOR:
        return device_of(backends.Accelerator("cpu"), lang)
    if means_this_machine(name):
        return this_machine(lang)
    devices = catalogue()
    known = {folded(alias): device for device in devices for alias in (device.name, *device.aliases)}
    if wanted in known:
        return known[wanted]
    if wanted and wanted == folded(_name_here()):
        return this_machine(lang)
    near = near_names(name)
    names, says = ", ".join(near or (device.name for device in devices)), lang or (settings.lang if settings else "en")
    mend = fill(DEVICES, "near" if near else "known", says, names=names)
    raise NotFoundError(fill(DEVICES, "unknown", says), where=name, mend=mend)


def near_names(name: str) -> tuple[str, ...]:
    """Return the devices whose name or alias is like one that nobody knows, the nearest first; perhaps none."""
    known = {folded(alias): device.name for device in catalogue() for alias in (device.name, *device.aliases)}
    return tuple(dict.fromkeys(known[key] for key in difflib.get_close_matches(folded(name), known, 4, _NEAR)))


def means_this_machine(name: str) -> bool:
    """Return whether a name means the machine at hand, as `this machine`; `cpu` does where it has no accelerator."""
    wanted = folded(name)
    if wanted == PROCESSOR:
        return _detected().backend == "cpu"
    return wanted in {folded(alias) for alias in THIS_MACHINE}


def names_this_machine(name: str) -> bool:
    """Return whether a device that the catalogue lacks is the one in this machine: every word is in its name."""
    words = re.findall(r"[^\W_]+", _name_here().casefold())
    return set(re.findall(r"[^\W_]+", name.casefold())) <= set(words)


def this_machine(lang: Language | None = None) -> Device:
    """Return the accelerator of this machine, or its processor where there is none.

    Args:
        lang: Language of what was measured; `None` takes the settings'.

    Raises:
        InputError: Nobody says how much memory the accelerator has.
    """
    return device_of(_detected(), lang)


def device_of(opened: backends.Accelerator, lang: Language | None = None) -> Device:
    """Return one device of this machine; its memory is as its driver or the system tells it.

    What a saved probe of this very device found takes the place of what the catalogue says.

    Args:
        opened: The device, e.g. the processor of a machine that has an accelerator too.
        lang: Language of what was measured; `None` takes the settings'.

    Raises:
        InputError: Nobody says how much memory it has.
    """
    settings = used_settings()
    says = lang or (settings.lang if settings else "en")
    found = _processor() if opened.backend == "cpu" else _accelerator(opened, says)
    if settings is None or not has_results(settings.machine_folder):
        return found
    return measured_device(found, capabilities_here(settings.machine_folder, _fingerprint(opened)), says)


def listed_device(name: str, backend: Backend | None, bf16: Support) -> Device | None:
    """Return the catalogue's entry of a device, told by its name and, where that is shared, by bf16; `None` if none.

    Ascend's driver calls a first-generation chip `Ascend910B` too; only the second generation has bf16, and neither
    emulates it on its own. What a user's file says of either takes no part in telling them apart.

    Args:
        name: By its driver.
        backend: Of the device; `None` where only an endpoint was seen.
        bf16: What its driver or a probe says of bf16.
    """
    listed = {one.name: one for one in catalogue()}
    named = [one for one in listed.values() if folded(name) in {folded(alias) for alias in (one.name, *one.aliases)}]
    if named and named[0].name == _SECOND_910 and backend == "npu" and bf16 in {"no", "emulated"}:
        return listed[_FIRST_910]
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


@cache
def _detected() -> backends.Accelerator:
    return backends.detect()


@cache
def _fingerprint(opened: backends.Accelerator) -> str:
    return opened.machine().fingerprint


def _name_here() -> str:
    """Return what `this_machine` is called, which is known even where its memory is not."""
    opened = _detected()
    if opened.backend == "cpu":
        return _processor_name(opened)
    name = opened.name()
    listed = listed_device(name, opened.backend, opened.bf16())
    return name if listed is None else listed.name


def _processor_name(opened: backends.Accelerator) -> str:
    return f"this machine ({opened.name()})"


def _processor() -> Device:
    device = backends.Accelerator("cpu")
    measured = Figure(label="measured", source="operating system")
    reported = Figure(label="datasheet", source="operating system")  # of bf16 it repeats what the maker's chip says
    documented = Figure(label="datasheet", source="bitsandbytes 0.50 documentation")
    return Device(
        name=_processor_name(device),
        aliases=(PROCESSOR, *(THIS_MACHINE if _detected().backend == "cpu" else ())),
        backend="cpu",
        gib=round(memory_gib(), 2),
        bandwidth_gb_s=None,
        fp16_tflops=None,
        int8_tops=None,
        bf16=device.bf16(),
        qlora=True,
        lora=True,
        full=True,
        compute_type=usual_type("cpu", device.bf16()),
        notes=("trains in fp32",),
        source="operating system",
        label="measured",
        figures={"gib": measured, "bf16": reported, "backend": reported, "qlora": documented, **_BY_TORCH},
    )


_BY_TORCH: Final = {name: Figure(label="datasheet", source="PyTorch documentation") for name in ("lora", "full")}


def _accelerator(device: backends.Accelerator, lang: Language = "en") -> Device:
    """Return an accelerator with the memory and the bf16 that its driver tells, and the catalogue's figures."""
    name, total, bf16 = device.name(), device.total_gib(), device.bf16()
    reported = Figure(label="datasheet", source="driver")  # the maker's own word: nothing ran
    told = {"bf16": reported} if bf16 != "unknown" else {}
    memory = {"gib": Figure(label="measured", source="driver")} if total else {}
    listed = listed_device(name, device.backend, bf16)
    if listed is not None:
        # A driver that knows no emulation says "no" where the catalogue says "emulated": neither is native.
        word = bf16 if bf16 != "unknown" else listed.bf16
        compute, ruled = listed.compute_type, {}
        if compute == "bf16" and word in {"no", "emulated"}:
            compute = usual_type(device.backend, word)
            ruled = {"compute_type": Figure(label="estimated", source=TYPE_RULE)}
        gib = round(total, 2) if total else listed.gib
        figures = {**listed.figures, **memory, **told, **ruled}
        return listed.model_copy(update={"gib": gib, "bf16": word, "compute_type": compute, "figures": figures})
    if not total:
        settings = used_settings()
        file = USER_FILE if settings is None else file_of_devices(settings)
        mend = fill(DEVICES, "no_memory_mend", lang, name=name, file=file)
        raise InputError(fill(DEVICES, "no_memory", lang), where=name, mend=mend)
    with_nf4 = device.backend in {"cuda", "xpu", "mps"}
    return Device.model_validate(
        {
            "name": name,
            "aliases": THIS_MACHINE,
            "backend": device.backend,
            "gib": round(total, 2),
            "bandwidth_gb_s": None,
            "fp16_tflops": None,
            "int8_tops": None,
            "bf16": bf16,
            "qlora": with_nf4,
            "lora": True,
            "full": True,
            "compute_type": usual_type(device.backend, bf16),
            "why_not": {} if with_nf4 else {"qlora": f"bitsandbytes is not known to support {device.backend}"},
            "source": "driver",
            "label": "measured",
            "figures": {**memory, **told, "backend": reported, **_BY_TORCH},
        }
    )
