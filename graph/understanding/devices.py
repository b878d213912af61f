"""Which devices a message names, how many of each, and which names look like a device that nobody has described.

    named_devices("14B on two A800 or four S4000").known   # A800 twice, S4000 four times
    named_devices("70B on an H200?").unknown               # ("H200",)

A name counts only whole and with every digit: `A8000` is no A800, `RTX 4090 Ti` no RTX 4090, and `A100 40G` no card of
80 GB. What looks like a device and is none of the catalogue's or the user's is unknown, so that nobody is answered for
another machine. Where a message is about documents as well, a name such as `X200` may be a product's: there it needs a
place or a count before it, and an end or a card's word after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from agent.records.hardware import Device
from graph.understanding.numbers import amount
from graph.understanding.patterns import patterns
from tools.devices_file import folded
from tools.hardware import catalogue

_P: Final = patterns("devices")
_COUNTS: Final = {"single": 1, "单": 1, "dual": 2, "双": 2, "a pair of": 2}
_BELOW: Final = re.compile(r"^(?:[-−–负]|minus )")
_PARTS: Final = re.compile(r"\.|^half")
MOST_COUNTED: Final = 100_000
"""A larger number of devices is a slip of the finger."""
_BEGINS: Final = r"(?:(?<![a-z0-9])|(?<=\dx))"
_ENDS: Final = r"(?=s?(?![a-z0-9])|x\d)"
_SHORT: Final = 3
"""A shorter name, `T4`, is a device only where one is asked about."""
_MEMORY: Final = 0.1
"""Share by which a stated memory may miss the catalogue's: 24 GB and 23.6 GiB are one card's."""


@dataclass(frozen=True)
class NamedDevice:
    """A device as a message names it."""

    name: str
    """As the catalogue has it, or as written where it has none."""
    at: int
    """Character of the message where the name begins."""
    end: int
    known: bool
    count: int | None
    """How many, where the message says so."""
    miscount: str | None = None
    """A number before or after it that no devices can have, as written: `zero`, `-2`, `1.5`, `1000000`."""


@dataclass(frozen=True)
class NamedDevices:
    """The devices of a message, in its order, each once."""

    all: tuple[NamedDevice, ...]

    @property
    def known(self) -> tuple[NamedDevice, ...]:
        """Those of the catalogue and of the user's file."""
        return tuple(one for one in self.all if one.known)

    @property
    def miscounts(self) -> tuple[str, ...]:
        """Numbers that no devices can have, as written."""
        return tuple(one.miscount for one in self.all if one.miscount is not None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The others' names, as written."""
        return tuple(one.name for one in self.all if not one.known)


def named_devices(text: str, asked: bool = True) -> NamedDevices:
    """Return the devices that a message names.

    Args:
        text: The message, a blank between Chinese and other characters.
        asked: Whether the message is about devices, so that any name of their form is one.
    """
    found = _known(text, asked)
    for candidate in _candidates(text, asked, bool(found)):
        if all(candidate.end <= one.at or candidate.at >= one.end for one in found):
            found.append(candidate)
    once = {one.name.casefold(): one for one in sorted(found, key=lambda one: -one.at)}
    return NamedDevices(tuple(sorted(once.values(), key=lambda one: one.at)))


def asks_what_runs(text: str) -> bool:
    """Return whether a message asks what a device can carry, and not how fast it is."""
    return _P.find("what_runs", text) is not None and _P.find("speed", text) is None


def _known(text: str, asked: bool) -> list[NamedDevice]:
    devices = catalogue()
    names = {folded(name): device for device in devices for name in (device.name, *device.aliases)}
    found = []
    for match in _names(tuple(names)).finditer(text):
        device, rest = names[folded(match[0])], text[match.end() :]
        said = _said_count(text, match.start(), match.end())
        count, miscount = counted(said)
        placed = asked or said is not None or _P.find("place_before", text[: match.start()])
        if (len(folded(match[0])) < _SHORT and not placed) or _is_amount(match[0], rest):
            continue
        other = _P.find("variant", rest) or _other_memory(device, rest, count)
        end = match.end() + (other.end() if other else 0)
        name = text[match.start() : end].strip() if other else device.name
        found.append(NamedDevice(name, match.start(), end, other is None, count, miscount))
    return found


def _other_memory(device: Device, rest: str, count: int | None) -> re.Match[str] | None:
    """Return where a memory follows that is neither the device's nor that of all of them."""
    said = _P.find("memory", rest)
    if said is None:
        return None
    meant = (device.gib, device.gib * (count or 1))
    return None if any(abs(int(said["gib"]) - gib) <= _MEMORY * gib for gib in meant) else said


def _candidates(text: str, asked: bool, beside: bool) -> list[NamedDevice]:
    found = []
    for kind in ("family", "token", "card", "coded"):
        for match in _bounded(kind).finditer(text):
            before, rest = text[: match.start()], text[match.end() :]
            said = _said_count(text, match.start(), match.end())
            if (
                _P.find("documents_after", rest)
                or _is_amount(match[0], rest)
                or (kind != "family" and _P.find("no_device", match[0]))
            ):
                continue
            stands = kind == "family" or (
                _is_coded_device(match[0], before, rest, said, asked or beside, beside)
                if kind == "coded"
                else _stands_as_device(kind, before, rest, said, asked)
            )
            if stands:
                count, miscount = counted(said)
                found.append(NamedDevice(match[0].strip(), match.start(), match.end(), False, count, miscount))
    return found


def _is_coded_device(name: str, before: str, rest: str, count: str | None, asked: bool, beside: bool) -> bool:
    """Return whether letters, a dash and digits are a device and no model, norm or product."""
    if _P.find("no_coded", name):
        return False
    number = _P.find("count_before", before)
    placed = any(_P.find("place_before", part) for part in (before, before[: number.start()] if number else before))
    if beside and (_P.find("beside_before", before) or _P.find("beside_after", rest)):
        return True
    return ((count is not None and asked) or placed) and _P.find("ends_after", rest) is not None


def _stands_as_device(kind: str, before: str, rest: str, count: str | None, asked: bool) -> bool:
    if kind == "token" and asked:
        return True
    placed = _P.find("article_before" if kind == "card" else "place_before", before) is not None
    if count is not None and _P.find("unit_before", before):
        return True
    return (placed or count is not None) and _P.find("ends_after", rest) is not None


def _is_amount(name: str, rest: str) -> bool:
    """Return whether a bare number counts something: `4090 pairs` are no card."""
    return name.isdigit() and bool(_P.find("documents_after", rest) or _P.find("amount_after", rest))


def counted(said: str | None) -> tuple[int | None, str | None]:
    """Return a number of devices as it was said; where no devices can be so many, the words instead."""
    if said is None:
        return None, None
    plain = said.strip().lower()
    number = _COUNTS.get(plain) or amount(plain)
    if number is None or _BELOW.search(plain) or _PARTS.search(plain) or not 1 <= number <= MOST_COUNTED:
        return None, said.strip()
    return number, None


def _said_count(text: str, at: int, end: int) -> str | None:
    before, after = _P.find("count_before", text[:at]), _P.find("count_after", text[end:])
    return before["n"] if before else (after["n"] or after["m"]) if after else None


@cache
def _bounded(kind: str) -> re.Pattern[str]:
    return re.compile(f"{_BEGINS}(?:{_P.source(kind)}){_ENDS}", re.IGNORECASE)


@cache
def _names(keys: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds the catalogue's names, the longest first, however they are spaced."""
    spelt = "|".join(_spelt(key) for key in sorted(keys, key=len, reverse=True) if len(key) > 1)
    return re.compile(f"{_BEGINS}(?:{spelt}){_ENDS}", re.IGNORECASE)


def _spelt(key: str) -> str:
    """Return an expression of a name: words and numbers may stand apart, but `a 800` is no A800."""
    parts: list[str] = re.findall(r"[a-z]+|\d+|[^a-z\d]+", key)
    spelt = re.escape(parts[0])
    for last, part in pairwise(parts):
        loose = len(last) >= _SHORT or not last.isascii() or (last.isdigit() and len(part) > 1)
        spelt += (r"[\s_-]*" if loose else "[_-]?") + re.escape(part)
    return spelt
