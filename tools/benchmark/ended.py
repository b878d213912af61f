"""How a benchmark ended: with its result, whole or not."""

from __future__ import annotations

from dataclasses import dataclass

from agent.records.benchmark import BenchmarkResult


@dataclass(frozen=True)
class Ended:
    """A benchmark, whole or not."""

    result: BenchmarkResult
    cancelled: bool
    """Whether somebody stopped it; `result` then holds what was measured until then."""
    error: Exception | None = None
    """What ended it before its time; `result` then holds what was measured until then and says why there is no more."""
