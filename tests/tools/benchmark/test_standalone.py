"""Parts of the script for other machines: what a vendor's library prints or raises loses one finding at most."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.benchmark.backends import Accelerator
from tools.benchmark.emitting import read_result, script
from tools.benchmark.probes import arithmetic
from tools.benchmark.probes.attempt import Bench as Trial
from tools.benchmark.standalone import Bench
from tools.benchmark.standalone_device import LEAST_BYTES, UNKNOWN_BYTES, Device, beyond_caches, cache_bytes

TOLD = '{"outcome": "supported", "figure": 2.0, "unit": "TFLOPS", "seconds": 0.1}'


@pytest.fixture
def bench() -> Bench:
    asked = {"device": "cpu", "params": "0.001", "dtype": "auto", "quick": True, "lang": "en", "out": "-"}
    return Bench(argparse.Namespace(**asked))


def child(text: str, code: int = 0) -> Any:
    return lambda command, **_: subprocess.CompletedProcess(command, code, text.encode(), b"why it died")


@pytest.mark.parametrize(
    "text",
    [
        f"{TOLD}\nlibvendor: unloaded, bye\n",
        f"hello\n\n{TOLD}\n[1, 2]\n42\n\n",
        f'{TOLD}\n{{"level": "info"}}\n',
        f"{TOLD}\n{'[' * 100_000}",
        f"\x85before\u2028\n{TOLD}",
    ],
)
def test_stray_lines_around_a_finding_lose_nothing(bench: Bench, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", child(text))
    bench.probe("matmul_fp32")
    assert bench.capabilities["matmul_fp32"] == json.loads(TOLD)


@pytest.mark.parametrize(("text", "code"), [("bye\n", 0), ("", 0), (TOLD, 1), ("{}", 0)])
def test_a_child_without_a_finding_crashed(bench: Bench, text: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", child(text, code))
    bench.probe("matmul_fp32")
    assert bench.capabilities["matmul_fp32"] == {"outcome": "crashed", "message": f"exit {code}: why it died"}


def test_a_child_that_cannot_be_started_crashed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(subprocess, "run", refuse)
    bench.part("matmul_fp32", lambda: bench.probe("matmul_fp32"))
    assert bench.capabilities["matmul_fp32"]["outcome"] == "crashed"
    assert "Permission denied" in bench.capabilities["matmul_fp32"]["message"]


ERRORS = (ValueError, TypeError, AttributeError, KeyError, AssertionError, OSError, RuntimeError)


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_part_raises_is_a_warning(bench: Bench, error: type[Exception]) -> None:
    def fail() -> None:
        raise error("the vendor's own words")

    bench.part("lora", fail)
    assert bench.done == 1
    assert len(bench.warnings) == 1
    assert "lora: left out" in bench.warnings[0]
    assert "the vendor's own words" in bench.warnings[0]


def test_nothing_that_fails_takes_the_result_along(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Vendor:
        def mem_get_info(self) -> None:
            raise TypeError("no argument is no device")

        def get_device_name(self, _: int) -> None:
            raise AttributeError("no names here")

    def refuse(*_: object, **__: object) -> None:
        raise AttributeError("no such thing in this torch")

    monkeypatch.setattr(bench, "probe", refuse)
    monkeypatch.setattr(bench, "answer", refuse)
    monkeypatch.setattr("tools.benchmark.standalone.train", refuse)
    bench.device.backend, bench.device.module = "xpu", Vendor()
    bench.run()
    file = tmp_path / "result.json"
    file.write_text(json.dumps(bench.result("")))
    result = read_result(file)
    assert (result.capabilities, result.measurements, result.training) == ({}, (), ())
    assert result.device.gib is None
    assert result.device.name
    assert len(result.warnings) >= bench.total - 1
    assert any("mem_get_info" in warning and "no argument is no device" in warning for warning in result.warnings)
    assert any("get_device_name" in warning for warning in result.warnings)


def test_the_parts_are_joined_once_each() -> None:
    text = script()
    for name in ("class Device:", "def cache_bytes(", "def build(", "class Bench:"):
        assert text.count(name) == 1
    assert "from tools" not in text


# How much memory is measured with


def caches(folder: Path, *known: tuple[int, str, str, str]) -> str:
    """Write what Linux tells of caches: core, level, size, cores that share it."""
    for number, (core, level, size, shared) in enumerate(known):
        cache = folder / f"cpu{core}" / "cache" / f"index{number}"
        cache.mkdir(parents=True)
        for name, text in (("level", level), ("size", size), ("shared_cpu_list", shared)):
            (cache / name).write_text(f"{text}\n")
    return str(folder)


def test_caches_of_one_level_are_counted_once_and_together(tmp_path: Path) -> None:
    two = caches(
        tmp_path,
        *((0, "2", "1024K", "0"), (1, "2", "1024K", "1"), (0, "3", "384M", "0-1"), (1, "3", "384M", "0-1")),
        *((2, "3", "393216K", "2-3"), (3, "1", "what", "3")),
    )
    assert cache_bytes(two) == 2 * 384 * 2**20
    assert beyond_caches(None, two) == 4 * 2 * 384 * 2**20
    assert beyond_caches(8.0, two) == 2**30


def test_without_large_or_known_caches(tmp_path: Path) -> None:
    small = caches(tmp_path / "small", (0, "3", "8192K", "0"))
    assert beyond_caches(64.0, small) == LEAST_BYTES
    assert beyond_caches(64.0, str(tmp_path / "none")) == UNKNOWN_BYTES
    assert beyond_caches(1.0, str(tmp_path / "none")) == 2**27


def test_both_ways_of_measuring_memory_use_it(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trial = Trial(Accelerator("cpu"), "fp32", tmp_path, "en")
    asked = Device("cpu").memory_gib()
    assert asked == pytest.approx(trial.device.total_gib(), rel=0.01)
    monkeypatch.setattr("tools.benchmark.standalone.beyond_caches", lambda _: 2**20)
    sizes: list[int] = []
    ones = bench.device.torch.ones

    def counted(count: int, **where: Any) -> Any:
        sizes.append(4 * count)
        return ones(count, **where)

    monkeypatch.setattr(bench.device.torch, "ones", counted)
    monkeypatch.setattr("tools.benchmark.standalone._rate", lambda *_: 1e9)
    sys.modules["tools.benchmark.standalone"]._try("memory_sum", bench.device, "fp32")
    assert sizes == [2**20]
    monkeypatch.setattr(arithmetic, "beyond_caches", lambda _: 2**21)
    arithmetic.reading(trial)
    assert sizes[-1] == 2**21
