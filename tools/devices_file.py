"""Reads a file of devices: the catalogue's own, and one that a user keeps for devices that are not in it.

    devices:
      - name: Example X100
        aliases: [X100]
        cells:
          backend: [musa, datasheet, "X100 product page"]
          gib: [96, datasheet, "X100 product page"]
          bf16: ["yes", estimated, "said by the vendor"]
          compute_type: [bf16, estimated, "said by the vendor"]
          qlora: [false, estimated, "no bitsandbytes"]
          lora: [true, measured, "domainsmith bench"]
          full: [true, estimated, "as LoRA"]
        why_not: {qlora: bitsandbytes has no MUSA backend}

    prices:
      X100: [12.5, "offer of 3 March"]
      this machine: [0.8, "our own reckoning"]

Every cell is `[value, label, source]`, so that no figure is ever shown without saying where it comes from. A price is
that of one device for an hour, in a currency of your own; it may be of any device of the catalogue, or of what a saved
benchmark measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, get_args

import yaml

from agent.errors import InputError
from agent.prompts.devices import DEVICES
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.hardware import Backend, Device, Figure, Label, Price, Support
from agent.records.tuning import ComputeType, Method

CELLS: Final = ("backend", "gib", "bf16", "compute_type", "qlora", "lora", "full")
"""Cells that every device has."""
RATES: Final = ("bandwidth_gb_s", "fp16_tflops", "int8_tops", "link_gb_s")
"""Cells that may be left out where the figure is not known."""
_KEYS: Final = ("name", "aliases", "cells", "why_not", "notes")
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "backend": get_args(Backend),
    "bf16": get_args(Support),
    "compute_type": get_args(ComputeType),
}


def read_devices(file: Path, lang: Language = "en") -> tuple[Device, ...]:
    """Return the devices of a file, in its order.

    Args:
        file: In YAML.
        lang: Language of what is wrong with it.

    Raises:
        InputError: The file cannot be read, or an entry is not valid; names file, device and field.
    """
    data = _read(file, lang)
    sources = data.get("sources") or {}
    if not isinstance(sources, dict):
        raise fault("no_table", f"{file}: sources", lang)
    entries = enumerate(data.get("devices", ()), start=1)
    devices = tuple(_Entry(file, number, entry, sources, lang).device() for number, entry in entries)
    names: dict[str, str] = {}
    for device in devices:
        for name in (device.name, *device.aliases):
            first = names.setdefault(folded(name), device.name)
            if first != device.name:
                raise fault("shared", f"{file}: {device.name}: aliases: {name}", lang, device=first)
    return devices


def read_prices(file: Path, lang: Language = "en") -> dict[str, Price]:
    """Return the prices of a file by the names that it gives them.

    Args:
        file: In YAML.
        lang: Language of what is wrong with it.

    Raises:
        InputError: The file cannot be read, or an entry is no price; names file and entry.
    """
    told = _read(file, lang).get("prices") or {}
    if not isinstance(told, dict):
        raise fault("no_table", f"{file}: prices", lang)
    found = {}
    for name, entry in told.items():
        amount, source = entry if isinstance(entry, list) and len(entry) == 2 else (entry, None)
        if not _is_figure(amount) or not isinstance(source, str) or not source.strip() or not folded(str(name)):
            raise fault("price", f"{file}: prices: {name}", lang, value=entry)
        found[str(name)] = Price(amount=amount, source=source)
    return found


def _read(file: Path, lang: Language) -> dict[str, Any]:
    """Return what a file holds: devices, prices or both."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise fault("unreadable", str(file), lang, why=error) from error
    except yaml.YAMLError as error:
        raise fault("no_yaml", str(file), lang, why=" ".join(str(error).split())) from error
    if not isinstance(data, dict) or set(data) - {"sources", "devices", "prices"}:
        raise fault("no_file", str(file), lang)
    if not isinstance(data.get("devices", [] if "prices" in data else None), list):
        raise fault("no_file", str(file), lang)
    return data


def _is_figure(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 < value < float("inf")


def fault(key: str, where: str, lang: Language, mend: str = "", **values: object) -> InputError:
    """Return what is wrong with a file of devices.

    Args:
        key: Of the sentence in `agent.prompts.devices`.
        where: File, device and field.
        lang: Language.
        mend: Key of the mend, where it is not the sentence's own.
        values: What fills the gaps.
    """
    told = fill(DEVICES, mend or f"{key}_mend", lang, **values)
    return InputError(fill(DEVICES, key, lang, **values), where=where, mend=told)


def folded(name: str) -> str:
    """Return a name as it is compared: letters and digits only, letter case aside."""
    return "".join(character for character in name.casefold() if character.isalnum())


class _Entry:
    """One device as the file has it."""

    def __init__(self, file: Path, number: int, entry: Any, sources: dict[Any, Any], lang: Language) -> None:
        self._sources = sources
        self._lang = lang
        self._where = f"{file}: device {number}"
        if not isinstance(entry, dict):
            raise self._wrong("", "no_device")
        if not isinstance(entry.get("name"), str) or not folded(entry["name"]):
            raise self._wrong("name", "no_name")
        self._entry = entry
        self._where = f"{file}: {entry['name']}"

    def device(self) -> Device:
        """Return the device.

        Raises:
            InputError: A field is missing, unknown or wrong.
        """
        for key in self._entry:
            if key not in _KEYS:
                raise self._wrong(str(key), "field", names=", ".join(_KEYS))
        cells = self._entry.get("cells")
        if not isinstance(cells, dict):
            raise self._wrong("cells", "cells", names=", ".join(CELLS))
        for name in (name for name in cells if name not in (*CELLS, *RATES)):
            raise self._wrong(str(name), "cell", names=", ".join((*CELLS, *RATES)))
        for name in (name for name in CELLS if name not in cells):
            raise self._wrong(name, "missing")
        read = {name: self._cell(name, cells[name]) for name in cells}
        values = {name: value for name, (value, _) in read.items()}
        figures = {name: figure for name, (_, figure) in read.items()}
        return Device.model_validate(
            {
                **dict.fromkeys(RATES),
                **values,
                "name": self._entry["name"],
                "aliases": [self._text("aliases", alias) for alias in self._list("aliases")],
                "why_not": self._why_not(values),
                "notes": [self._text("notes", note) for note in self._list("notes")],
                "figures": figures,
                "source": figures["gib"].source,
                "label": figures["gib"].label,
            }
        )

    def _cell(self, name: str, cell: Any) -> tuple[Any, Figure]:
        if not isinstance(cell, list) or len(cell) != 3:
            raise self._wrong(name, "parts", "missing_mend")
        value, label, source = cell
        if label not in get_args(Label):
            raise self._wrong(name, "label", "one_of_mend", value=label, names=", ".join(get_args(Label)))
        text = self._sources.get(source, source) if isinstance(source, str) else None
        if not isinstance(text, str) or not text.strip():
            raise self._wrong(name, "source", "missing_mend")
        if name == "bf16" and isinstance(value, bool):
            value = "yes" if value else "no"  # as YAML reads a bare yes or no
        if name in _WORDS and value not in _WORDS[name]:
            words = ", ".join(f'"{word}"' for word in _WORDS[name])
            raise self._wrong(name, "word", "one_of_mend", value=value, names=words)
        if name in get_args(Method) and not isinstance(value, bool):
            raise self._wrong(name, "truth", value=value)
        if (name == "gib" or (name in RATES and value is not None)) and not _is_figure(value):
            raise self._wrong(name, "figure", value=value)
        return value, Figure(label=label, source=text)

    def _list(self, name: str) -> list[Any]:
        found = self._entry.get(name) or []
        if not isinstance(found, list):
            raise self._wrong(name, "no_list")
        return found

    def _why_not(self, values: dict[str, Any]) -> dict[str, str]:
        told = self._entry.get("why_not") or {}
        if not isinstance(told, dict):
            raise self._wrong("why_not", "no_table")
        for method in told:
            if method not in get_args(Method):
                names = ", ".join(get_args(Method))
                raise self._wrong("why_not", "method", "one_of_mend", value=method, names=names)
        for method in get_args(Method):
            if not values[method] and not told.get(method):
                raise self._wrong(f"why_not.{method}", "reason")
        return {method: self._text(f"why_not.{method}", why) for method, why in told.items()}

    def _text(self, field: str, value: Any) -> str:
        """Return a text, or a number as one: YAML makes a table of a text with a colon and a blank in it."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(field, "text", value=value)
        return str(value)

    def _wrong(self, field: str, key: str, mend: str = "", **values: object) -> InputError:
        return fault(key, f"{self._where}: {field}" if field else self._where, self._lang, mend, **values)
