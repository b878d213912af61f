"""What can be compared: saved benchmarks, results in files, devices of the catalogue; found by their names.

choose(settings, ["S4000", "a1b2c3d4e5f6-20260801T120000Z"])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import InputError, NotFoundError
from agent.policy.capabilities import measured_bf16
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Machine
from agent.records.device_comparison import ComparedSubject
from agent.records.hardware import Device
from tools.benchmark.backends import detect
from tools.benchmark.emitting import read_result
from tools.benchmark.part_names import remark
from tools.benchmark.plausible import moment_of
from tools.benchmark.saved import Where, saved
from tools.devices_file import folded
from tools.hardware import catalogue, find_device, listed_device, means_this_machine

USUAL_DEVICES = ("NVIDIA A800 PCIe", "Moore Threads S4000", "Huawei Ascend 910A")
"""The devices the guide speaks of, which anything else is set against."""
_LISTED = 4
"""Saved results that an error names at most."""


@dataclass(frozen=True)
class Chosen:
    """One subject of a comparison: a device of the catalogue, or a benchmark."""

    id: str
    device: Device | None = None
    result: BenchmarkResult | None = None

    @property
    def name(self) -> str:
        """The device's own name."""
        if self.result is not None:
            return self.result.device.name
        return self.device.name if self.device is not None else self.id


def choose(where: Where, names: Sequence[str], lang: Language = "en", *, files: bool = True) -> tuple[Chosen, ...]:
    """Return what the names mean, each subject once, in their order.

    Args:
        where: Whose saved benchmarks may be named by file, or by fingerprint for a machine's best.
        names: Saved results, paths of result files, devices of the catalogue, `this machine` or `cpu`, its processor;
            what is none of them, a part of a measured machine's name or an endpoint's address.
        lang: Language of the errors.
        files: Whether paths are read; not where names come from a page or over the network.

    Raises:
        InputError: No name was given, or a file is no result.
        NotFoundError: A name is neither a saved benchmark nor a device.
    """
    if not names:
        raise InputError(fill(COMPARISON, "nothing", lang), mend=fill(COMPARISON, "nothing_mend", lang))
    kept = [Chosen(file.stem, result=result) for file, result in best_first(saved(where))]
    found = (_one(name, kept, lang, files=files) for name in names)
    return tuple({one.id: one for one in found}.values())


def everything(where: Where) -> tuple[Chosen, ...]:
    """Return the best saved benchmark of every machine and endpoint, then every device of the catalogue."""
    newest = {
        (result.device.fingerprint, result.endpoint, result.place): of_result(result, file.stem)
        for file, result in reversed(best_first(saved(where)))
    }
    return (*newest.values(), *(of_device(device) for device in catalogue()))


def holds_figures(result: BenchmarkResult) -> bool:
    """Return whether anything was measured: an attempt, an answer or a step; failed requests alone are nothing."""
    tried = any(one.outcome != "not_tried" for one in result.capabilities.values())
    return tried or bool(result.training) or _answered(result)


def refuse_empty(result: BenchmarkResult, where: str, lang: Language) -> None:
    """Refuse to take over a benchmark that measured nothing.

    Raises:
        InputError: It holds no figures.
    """
    if not holds_figures(result):
        raise InputError(
            fill(BENCHMARK, "nothing_measured", lang), where=where, mend=fill(BENCHMARK, "measure_again", lang)
        )


def best_first(kept: Sequence[tuple[Path, BenchmarkResult]]) -> list[tuple[Path, BenchmarkResult]]:
    """Return saved benchmarks, those with speeds of answers first, whole ones before others, the newest before older.

    So neither a probe alone nor one that was stopped early hides a whole benchmark of before.
    """
    newest_first = list(reversed(kept))  # which sorting keeps among equals
    return sorted(newest_first, key=lambda one: (not _answered(one[1]), not one[1].complete))


def of_result(result: BenchmarkResult, name: str = "") -> Chosen:
    """Return a benchmark as a subject, by its file's name if it has one."""
    return Chosen(name or f"{result.device.fingerprint}-{result.at}", result=result)


def of_device(device: Device) -> Chosen:
    """Return a device of the catalogue as a subject."""
    return Chosen(device.name, device=device)


def is_this_machine(name: str) -> bool:
    """Return whether a name is one of those of the machine at hand."""
    return means_this_machine(name)


def newest_here(where: Where) -> Chosen | None:
    """Return the best saved benchmark (see `best_first`) that was run on this machine; `None` if there is none.

    A home may have come from another machine, or its accelerator may be gone: backend and name must be those of today.
    """
    kept = [(file, result) for file, result in saved(where) if result.place == "local"]
    if not kept:
        return None
    device = detect()
    here = (device.backend, device.name())
    return _best([one for one in kept if (one[1].device.backend, one[1].device.name) == here])


def measured_of(where: Where, device: Device) -> Chosen | None:
    """Return the best saved benchmark of a device by any of its names, `None` if nobody measured it."""
    return _best([(file, result) for file, result in saved(where) if _is_of(result, device)])


def _is_of(result: BenchmarkResult, device: Device) -> bool:
    measured = result.device
    listed = listed_device(measured.name, measured.backend, measured_bf16(result.capabilities))
    if listed is not None:
        return listed.name == device.name
    return folded(measured.name) in {folded(name) for name in (device.name, *device.aliases)}


def described(chosen: Sequence[Chosen], lang: Language) -> tuple[ComparedSubject, ...]:
    """Return the subjects with names that tell them apart, by their dates where devices are the same."""
    names = [_spoken(one, lang) for one in chosen]
    dates = [said_moment(one.result.at) if one.result is not None else "" for one in chosen]
    shown = _apart(_apart(names, dates, lang), [one.id for one in chosen], lang)
    return tuple(_subject(one, name, lang) for one, name in zip(chosen, shown, strict=True))


def _apart(names: Sequence[str], marks: Sequence[str], lang: Language) -> list[str]:
    """Return the names, those that stand twice with their marks where they have one."""
    return [
        fill(COMPARISON, "dated", lang, name=name, at=mark) if mark and names.count(name) > 1 else name
        for name, mark in zip(names, marks, strict=True)
    ]


def _one(name: str, kept: Sequence[Chosen], lang: Language, *, files: bool) -> Chosen:
    for one in kept:
        if name == one.id or (one.result is not None and name == one.result.device.fingerprint):
            return one
    if files and name.endswith(".json") and Path(name).is_file():
        return Chosen(Path(name).stem, result=read_result(Path(name), lang))
    try:
        return of_device(find_device(name, lang))
    except NotFoundError as error:
        part = folded(name)
        for one in kept:
            if part and one.result is not None and part in folded(f"{one.name} {one.result.endpoint}"):
                return one
        if kept:
            ids = ", ".join(one.id for one in kept[:_LISTED])
            known = fill(COMPARISON, "saved_are", lang, names=ids)
        else:
            known = fill(COMPARISON, "none_saved", lang)
        raise NotFoundError(fill(COMPARISON, "no_subject", lang), where=name, mend=f"{known}; {error.mend}") from error


def said_moment(at: str) -> str:
    """Return a result's moment as people write it, to the second; as it stands where it is none."""
    moment = moment_of(at)
    return at if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def spoken_name(name: str, lang: Language) -> str:
    """Return a device's name, the machine at hand named in a language."""
    here = re.fullmatch(r"this machine \((.*)\)", name)
    return fill(COMPARISON, "this_machine", lang, name=here[1]) if here else name


def measured_name(device: Machine, lang: Language) -> str:
    """Return the name of what was measured: one device, also where a machine has several."""
    name = spoken_name(device.name, lang)
    return name if device.count == 1 else fill(COMPARISON, "one_of", lang, count=device.count, name=name)


def _spoken(one: Chosen, lang: Language) -> str:
    return measured_name(one.result.device, lang) if one.result is not None else spoken_name(one.name, lang)


def _best(kept: Sequence[tuple[Path, BenchmarkResult]]) -> Chosen | None:
    return next((of_result(result, file.stem) for file, result in best_first(kept)), None)


def _answered(result: BenchmarkResult) -> bool:
    return any(one.tokens_per_s is not None for one in result.measurements)


def _subject(one: Chosen, name: str, lang: Language) -> ComparedSubject:
    result = one.result
    if result is None:
        return ComparedSubject(id=one.id, name=name, kind="catalogue")
    return ComparedSubject(
        id=one.id,
        name=name,
        kind="benchmark",
        place=result.place,
        at=result.at,
        complete=result.complete,
        stopped=remark(result.stopped, lang),
        warnings=tuple(remark(text, lang) for text in result.warnings),
    )
