"""Repeated timings as figures: held against numpy and against what must hold for any values."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.progress import Silent
from tools.benchmark import timing
from tools.benchmark.answering import Point
from tools.benchmark.backends import Accelerator
from tools.benchmark.energy import Energy
from tools.benchmark.following import Course
from tools.benchmark.timing import (
    BUSY,
    NOISY,
    Limits,
    Noise,
    goodput,
    median,
    quantile,
    quantiles,
    spread,
    variation,
)

VALUES = st.lists(st.floats(min_value=1e-3, max_value=1e6), min_size=1, max_size=60)


@given(VALUES, st.floats(min_value=0, max_value=1))
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9)


@given(VALUES)
def test_quantiles_lie_within_the_values_and_in_order(values: list[float]) -> None:
    told = quantiles(values)
    assert told is not None
    assert min(values) <= told.p50 <= told.p90 <= told.p95 <= told.p99 <= max(values)
    assert told.n == len(values)
    assert told.p50 == pytest.approx(median(values))


@given(VALUES, st.floats(min_value=0.01, max_value=100))
def test_the_unit_does_not_change_spread_and_variation(values: list[float], factor: float) -> None:
    scaled = [value * factor for value in values]
    assert variation(scaled) == pytest.approx(variation(values), abs=1e-9)
    assert (spread(scaled) is None) == (spread(values) is None)
    if spread(values) is not None:
        assert spread(scaled) == pytest.approx(spread(values), abs=1e-9)


def test_of_nothing_nothing_is_told() -> None:
    assert (median([]), quantiles([]), spread([]), spread([1.0]), spread([0.0, 0.0])) == (None,) * 5
    assert variation([3.0]) == 0.0
    assert spread([9.0, 10.0, 12.0]) == pytest.approx(0.3)


@given(st.lists(st.tuples(st.floats(0, 1000), st.none() | st.floats(0, 100)), max_size=30), st.floats(0.1, 100))
def test_goodput_never_exceeds_throughput_and_grows_with_the_limits(
    requests: list[tuple[float, float | None]], seconds: float
) -> None:
    tight, loose = (goodput(requests, seconds, Limits(ttft, tpot)) for ttft, tpot in ((200, 20), (400, 40)))
    assert tight is not None
    assert loose is not None
    assert 0 <= tight <= loose <= len(requests) / seconds


def test_goodput_has_limits_that_are_stated() -> None:
    requests = [(100.0, 10.0), (600.0, 10.0), (100.0, 60.0), (100.0, None)]
    assert goodput(requests, 2.0, Limits()) == 1.0
    assert goodput(requests, 0.0, Limits()) is None
    assert str(Limits()) == "TTFT 500 ms, TPOT 50 ms"


def ticking(*seconds: float) -> Noise:
    """A noise watch whose calculations take as long as told."""
    moments = itertools.accumulate(itertools.chain([0.0], *([one, 0.0] for one in seconds)))
    noise = Noise(clock=lambda it=moments: next(it))  # type: ignore[misc]
    for _ in seconds:
        noise.sample()
    return noise


@pytest.mark.parametrize(
    ("seconds", "load", "warned"),
    [
        ((1.0, 1.0, 1.0), 0.0, False),
        ((1.0, 1.1, 1.0), BUSY, False),
        ((1.0, 1.5, 1.0), 0.0, True),
        ((1.0, 1.0, 1.0), BUSY + 0.1, True),
    ],
)
def test_a_noisy_machine_is_told(seconds: tuple[float, ...], load: float, warned: bool) -> None:
    noise = ticking(*seconds)
    noise.load = load
    assert noise.samples == pytest.approx(list(seconds))
    assert bool(noise.warning("en")) == warned
    assert bool(noise.warning("zh")) == warned
    assert (variation(noise.samples) > NOISY or load > BUSY) == warned


def test_the_load_is_that_of_the_cores_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (3.0, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr(timing, "usable_cores", lambda: 4)
    assert Noise.begin().load == pytest.approx(0.75)


def test_the_fixed_calculation_takes_time() -> None:
    noise = Noise.begin()
    assert len(noise.samples) == 1
    assert noise.samples[0] > 1e-5


def test_energy_of_the_processors_packages(tmp_path: Path) -> None:
    for number, name in enumerate(("package-0", "package-1", "dram")):
        zone = tmp_path / f"intel-rapl:{number}"
        zone.mkdir()
        (zone / "name").write_text(f"{name}\n")
        (zone / "energy_uj").write_text("900000\n")
        (zone / "max_energy_range_uj").write_text("1000000\n")
    with Energy(Accelerator("cpu"), tmp_path) as energy:
        (tmp_path / "intel-rapl:0" / "energy_uj").write_text("2900000\n")
        (tmp_path / "intel-rapl:1" / "energy_uj").write_text("100000\n")  # began anew at its range
        (tmp_path / "intel-rapl:2" / "energy_uj").write_text("9900000\n")  # no package
    assert energy.joules == pytest.approx(2.0 + 0.2)
    with Energy(Accelerator("cpu"), tmp_path / "none") as nothing:
        pass
    assert nothing.joules is None


class Told(Silent):
    def __init__(self) -> None:
        self.left: list[float] = []
        self.parts: list[tuple[float, float, str]] = []

    def metric(self, **data: float) -> None:
        self.left.append(data["seconds_left"])

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.parts.append((done, total, message))


@pytest.mark.parametrize(
    ("part", "english", "chinese"),
    [
        ("memory_copy", "memory, copying", "显存/内存：复制"),
        (Point(1, 64, 32), "base 1 × 64/32", "基座 1 × 64/32"),
        (Point(4, 64, 32, "merged"), "merged adapter 4 × 64/32", "合并适配器 4 × 64/32"),
        ("full", "full fine-tuning", "全参数微调"),
        ("8 × 512/128", "8 × 512/128", "8 × 512/128"),
    ],
)
def test_parts_are_named_in_the_language_of_the_reader(part: object, english: str, chinese: str) -> None:
    for lang, name in (("en", english), ("zh", chinese)):
        told = Told()
        course = Course(told, 2, {str(part): 1.0}, lang=lang)  # type: ignore[arg-type]
        course.begin(part)
        course.end(part)
        course.skip([part])
        assert [said for _, _, said in told.parts] == [name] * 3
        assert len(told.left) == 2, "its weight is found by its own name in every language"


def test_the_time_left_follows_the_parts_weights() -> None:
    now, told = [0.0], Told()
    course = Course(told, 3, {"short": 1, "long": 8, "gone": 5}, clock=lambda: now[0])
    course.begin("short")
    assert told.left == []
    now[0] = 2.0
    course.end("short")
    assert told.left[-1] == pytest.approx((8 + 5) * 2.0)
    course.skip(["gone"])
    assert told.left[-1] == pytest.approx(8 * 2.0)
    now[0] = 18.0
    course.end("long")
    assert told.left[-1] == 0
    assert told.parts[-1] == (3, 3, "long")
