"""Benchmarks kept on this machine: `$DOMAINSMITH_HOME/benchmarks/<fingerprint>-<utc>.json`.

    save(settings.machine_folder, result); capabilities_here(settings.machine_folder, machine.fingerprint)

A file that cannot be read, or is of another version, is left out and never in the way: a plan must not fail because of
an old benchmark. With accounts, each has a home for what it took over and sees what its server's machine was found to
do beside that; see `Where`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from agent.errors import DomainsmithError
from agent.records.benchmark import BenchmarkResult, Capability
from agent.settings import Settings
from knowledge.files import read_record, write_record
from tools.benchmark.plausible import moment_of

Where = Path | Settings
"""One folder, or the settings of an account: its own home and the server's machine folder together."""
FOLDER: Final = "benchmarks"
_NAME: Final = re.compile(r"([0-9a-f]{12})-(\d{8}T\d{6}Z(?:-\d+)?)\.json")


def save(home: Path, result: BenchmarkResult, beside: Path | None = None) -> Path:
    """Write a result, whole or not at all, beside those of before; returns its file.

    Args:
        home: `Settings.machine_folder` for what was measured here, an account's home for what it took over.
        result: Its device carries the fingerprint that names the file.
        beside: Another folder that is seen together with this one: no two files of both have one name.

    Raises:
        InputError: Nothing can be written there.
    """
    moment = moment_of(result.at)
    assert moment is not None, "whoever takes a result over checks it first"
    stem = f"{result.device.fingerprint}-{moment:%Y%m%dT%H%M%SZ}"
    folders = [folder / FOLDER for folder in (home, beside) if folder is not None]
    name, number = f"{stem}.json", 1
    while any((folder / name).exists() for folder in folders):
        number += 1
        name = f"{stem}-{number}.json"
    write_record(folders[0] / name, result)
    return folders[0] / name


def take_over(home: Path, result: BenchmarkResult, where: Where, beside: Path | None = None) -> tuple[Path, bool]:
    """Save a result that was made elsewhere, unless it is there already; returns its file, and whether it is new.

    Args:
        home: The folder that it is kept in.
        result: As `read_result` returned it.
        where: Whose results it may be among.
        beside: As `save` takes it.

    Raises:
        InputError: Nothing can be written there.
    """
    known = next((file for file, one in saved(where) if one == result), None)
    return (known, False) if known is not None else (save(home, result, beside), True)


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


def saved(where: Where) -> tuple[tuple[Path, BenchmarkResult], ...]:
    """Return every readable result with its file, the oldest first.

    Of a server's folder an account sees what was measured of machines, not of endpoints: their addresses are the
    operator's.
    """
    if isinstance(where, Path):
        return tuple((file, result) for file in _files(where) if (result := _read(file)) is not None)
    own, machine = saved(where.home), where.machine_folder
    if machine == where.home:
        return own
    shared = [(file, result) for file, result in saved(machine) if result.place != "endpoint"]
    return tuple(sorted((*shared, *own), key=lambda one: _age(one[0])))


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
        result = read_record(file, BenchmarkResult)
    except (DomainsmithError, OSError):
        return None
    return result if moment_of(result.at) is not None else None
