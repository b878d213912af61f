"""How repeated timings become figures: quantiles, spread, goodput, and whether the machine was quiet enough to trust.

quantiles([12.0, 13.1, 12.4])          # p50, p90, p95, p99, n
watch = Noise.begin(); watch.sample(); watch.warning("en")
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.prompts.benchmark import BENCHMARK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Quantiles
from tools.processor import usable_cores

AGREEMENT: Final = 0.15
"""Repeats whose `spread` is larger are warned of: hardware.md's method asks for repeats that agree at the median."""
NOISY: Final = 0.10
"""Coefficient of variation of one fixed calculation from which the machine counts as noisy: two thirds of `AGREEMENT`,
so that the warning names the machine before the figures themselves disagree."""
BUSY: Final = 0.5
"""Load average per core, before anything is measured, from which other work is taken to share the machine."""
_LOOPS: Final = 400_000
"""Of the fixed calculation; about 40 ms, several turns of a scheduler that shares the core with other work."""


def median(values: Sequence[float]) -> float | None:
    """Return the median, `None` of nothing."""
    return statistics.median(values) if values else None


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of all lie, interpolated linearly (Hyndman and Fan's type 7, as numpy).

    Args:
        values: At least one, in any order.
        share: 0 to 1.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    value = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return min(max(value, ordered[low]), ordered[high])  # rounding must not lead beyond the neighbours


def quantiles(values: Sequence[float]) -> Quantiles | None:
    """Return how `values` are distributed, `None` of nothing."""
    if not values:
        return None
    p50, p90, p95, p99 = (quantile(values, share) for share in (0.5, 0.9, 0.95, 0.99))
    return Quantiles(p50=p50, p90=p90, p95=p95, p99=p99, n=len(values))


def spread(values: Sequence[float]) -> float | None:
    """Return (highest - lowest) / median, `None` of fewer than two values or a median of zero."""
    if len(values) < 2:
        return None
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else None


def variation(values: Sequence[float]) -> float:
    """Return the coefficient of variation (standard deviation over mean), 0 of fewer than two values."""
    mean = statistics.fmean(values) if values else 0.0
    return statistics.stdev(values) / mean if len(values) > 1 and mean else 0.0


@dataclass(frozen=True)
class Limits:
    """What a request must meet to count as goodput."""

    ttft_ms: float = 500.0
    tpot_ms: float = 50.0
    """20 tokens a second, faster than people read."""

    def __str__(self) -> str:
        return f"TTFT {self.ttft_ms:g} ms, TPOT {self.tpot_ms:g} ms"

    def met(self, ttft_ms: float, tpot_ms: float | None) -> bool:
        """Return whether a request meets both; one of a single token has no time per further token."""
        return ttft_ms <= self.ttft_ms and (tpot_ms is None or tpot_ms <= self.tpot_ms)


def goodput(requests: Sequence[tuple[float, float | None]], seconds: float, limits: Limits) -> float | None:
    """Return the requests a second that met the limits (DistServe, 2401.09670).

    Args:
        requests: TTFT and TPOT of every request that succeeded, milliseconds.
        seconds: Wall time in which all were answered.
        limits: What they must meet.
    """
    return sum(limits.met(*request) for request in requests) / seconds if seconds > 0 else None


@dataclass
class Noise:
    """Times one fixed calculation before, between and after measurements; on a quiet machine it takes equally long."""

    load: float = 0.0
    """Load average over one minute per core that this process may use, before anything was measured."""
    clock: Callable[[], float] = time.perf_counter
    samples: list[float] = field(default_factory=list)
    """Seconds of each calculation."""

    @classmethod
    def begin(cls) -> Noise:
        """Look at the load and take the first sample."""
        load = os.getloadavg()[0] / usable_cores() if hasattr(os, "getloadavg") else 0.0
        noise = cls(load)
        noise.sample()
        return noise

    def sample(self) -> None:
        """Time the calculation once: what interrupts it is what is looked for."""
        began = self.clock()
        _calculation()
        self.samples.append(self.clock() - began)

    def warning(self, lang: Language) -> str:
        """Return what makes the figures doubtful, empty on a quiet machine."""
        varied, busy = variation(self.samples), self.load
        if varied <= NOISY and busy <= BUSY:
            return ""
        return fill(BENCHMARK, "noisy", lang, variation=f"{varied:.0%}", load=f"{busy:.1f}", samples=len(self.samples))


def _calculation() -> int:
    total = 1
    for number in range(_LOOPS):
        total = (total * 31 + number) % 1_000_003
    return total
