"""Benchmarks kept on this machine: `$DOMAINSMITH_HOME/benchmarks/<fingerprint>-<utc>.json`.

    save(settings.machine_folder, result); capabilities_here(settings.machine_folder, machine.fingerprint)

A file that cannot be read, or is of another version, is left out and never in the way: a plan must not fail because of
an old benchmark.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.errors import DomainsmithError
from agent.records.benchmark import BenchmarkResult, Capability
from knowledge.files import read_record, write_record

FOLDER: Final = "benchmarks"
_NAME: Final = re.compile(r"([0-9a-f]{12})-(\d{8}T\d{6}Z(?:-\d+)?)\.json")


def save(home: Path, result: BenchmarkResult) -> Path:
    """Write a result, whole or not at all, beside those of before; returns its file.

    Args:
        home: `Settings.machine_folder` for what was measured here, an account's home for what it took over.
        result: Its device carries the fingerprint that names the file.

    Raises:
        InputError: Nothing can be written there.
    """
    moment = datetime.fromisoformat(result.at).astimezone(UTC)
    stem = f"{result.device.fingerprint}-{moment:%Y%m%dT%H%M%SZ}"
    file = home / FOLDER / f"{stem}.json"
    number = 1
    while file.exists():
        number += 1
        file = home / FOLDER / f"{stem}-{number}.json"
    write_record(file, result)
    return file


def has_results(home: Path) -> bool:
    """Return whether anything was saved; cheaper than the fingerprint that `capabilities_here` asks for."""
    return bool(_files(home))


def capabilities_here(home: Path, fingerprint: str) -> dict[str, Capability]:
    """Return what was last found of every item on the machine at hand, which has that fingerprint.

    A probe that was stopped early leaves standing what an earlier one found of the rest. What came from elsewhere,
    through an endpoint or a script, does not count, whatever machine it says it is of.
    """
    found: dict[str, Capability] = {}
    for result in _of(home, fingerprint):
        if result.place == "local":
            found |= {name: one for name, one in result.capabilities.items() if one.outcome != "not_tried"}
    return found


def saved(home: Path) -> tuple[tuple[Path, BenchmarkResult], ...]:
    """Return every readable result with its file, the oldest first."""
    return tuple((file, result) for file in _files(home) if (result := _read(file)) is not None)


def _of(home: Path, fingerprint: str) -> list[BenchmarkResult]:
    named = (_read(file) for file in _files(home) if file.name.startswith(f"{fingerprint}-"))
    return [result for result in named if result is not None and result.device.fingerprint == fingerprint]


def _files(home: Path) -> list[Path]:
    folder = home / FOLDER
    named = [file for file in folder.glob("*.json") if _NAME.fullmatch(file.name)] if folder.is_dir() else []
    return sorted(named, key=_age)


def _age(file: Path) -> tuple[str, int]:
    moment, _, number = file.stem.partition("-")[2].partition("-")
    return moment, int(number or 1)


def _read(file: Path) -> BenchmarkResult | None:
    try:
        return read_record(file, BenchmarkResult)
    except (DomainsmithError, OSError):
        return None
