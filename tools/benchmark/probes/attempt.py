"""What every attempt is given and gives back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from agent.prompts.capabilities import PROBE
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.tuning import ComputeType
from tools.benchmark.backends import Accelerator


@dataclass(frozen=True)
class Bench:
    """Where attempts are made."""

    device: Accelerator
    compute_type: ComputeType
    """Type that attention and training are tried in."""
    folder: Path
    """Scratch of this process; goes with it."""
    lang: Language

    def says(self, key: str, **values: object) -> str:
        """Return a sentence of the probe in the language asked for."""
        return fill(PROBE, key, self.lang, **values)


@dataclass(frozen=True)
class Reached:
    """A rate that an attempt reached."""

    figure: float
    unit: str


Attempt = Callable[[Bench], Reached | None]


class WrongResultError(Exception):
    """It ran, and what came out is wrong; the message is a whole sentence."""


class NotHereError(Exception):
    """There is nothing to try, e.g. because an optional package is not installed; the message says so."""


def torch_type(name: str) -> Any:
    """Return torch's data type of that short name."""
    import torch

    return {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[name]


def seconds_of(work: Callable[[], object], device: Accelerator, at_least: float, repeats: int = 5) -> float:
    """Return the median seconds of `work` after one warm-up, the device waited for each time.

    Args:
        work: What is timed.
        device: Where it runs.
        at_least: Seconds after which no further repeat begins, as soon as there are three.
        repeats: Most repeats.
    """
    work()
    device.synchronize()
    taken: list[float] = []
    while len(taken) < LEAST_REPEATS or (len(taken) < repeats and sum(taken) < at_least):
        started = time.perf_counter()
        work()
        device.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken)


LEAST_REPEATS: Final = 3
"""A median needs as many."""
