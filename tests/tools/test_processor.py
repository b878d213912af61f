"""The processor and main memory, as the operating system tells them."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from tools import processor
from tools.processor import (
    multiplies_bf16,
    processor_flags,
    processor_name,
    reset_resident_peak,
    resident_peak_gib,
    usable_cores,
)


@pytest.mark.parametrize(
    ("text", "name", "native"),
    [
        ("model name\t: Chip 9000\nflags\t\t: fpu avx512_bf16 sse\n", "Chip 9000", True),
        ("model name\t: Chip 8\nflags\t\t: fpu sse\n", "Chip 8", False),
        ("Features\t: fp asimd bf16\n", None, True),
        ("", None, False),
    ],
)
def test_name_and_flags_are_read(
    text: str, name: str | None, native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(text)
    monkeypatch.setattr(processor, "_CPUINFO", file)
    assert multiplies_bf16() is native
    assert processor_name() == name if name else processor_name()


def test_without_the_systems_files_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "none")
    monkeypatch.setattr(processor, "_STATUS", tmp_path / "none")
    assert processor_flags() == set()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert resident_peak_gib() == pytest.approx(peak * 1024 / 2**30, rel=0.05)


def test_the_peak_can_be_reset() -> None:
    held = bytearray(2**27)
    high = resident_peak_gib()
    assert high > 0.125
    del held
    reset_resident_peak()
    assert resident_peak_gib() < high or not os.access(processor._RESET, os.W_OK)


def test_a_peak_that_cannot_be_reset_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_RESET", tmp_path / "none")
    reset_resident_peak()
    assert resident_peak_gib() > 0
    assert not (tmp_path / "none").exists()


def test_at_least_one_core_is_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_cores() >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() >= 1
