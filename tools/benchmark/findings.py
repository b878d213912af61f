"""What a local sweep has found so far: figures, and a warning for every part that could not be measured.

with part_of(found, "base 8 × 512/128", device):
    found.measurements.append(...)
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from agent.errors import CancelledError, DomainsmithError
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Measurement, TrainingStep
from tools.benchmark.backends import Accelerator, first_line
from tools.benchmark.roofline import Shape
from tools.benchmark.timing import AGREEMENT, Noise
from tools.tuning.memory import ran_out

_MOST_SAID: Final = 500
"""Characters of an error of ours, which may name a path beside its sentence."""


@dataclass
class Findings:
    """What was measured so far; whole after every part, so that an interrupted sweep keeps it."""

    lang: Language = "en"
    measurements: list[tuple[Measurement, Shape]] = field(default_factory=list)
    training: list[TrainingStep] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    noise: Noise = field(default_factory=Noise.begin)
    failed: str = ""
    """The first warning of a part that failed, other than for memory."""

    def warn(self, key: str, **values: object) -> str:
        """Add a sentence in the language of the result; returns it."""
        said = fill(BENCHMARK, key, self.lang, **values)
        self.warnings.append(said)
        return said

    def fail(self, key: str, error: Exception, **values: object) -> None:
        """Say that a part was left out for an error: that memory ran out, or by `key` what went wrong."""
        if ran_out(error):
            self.warn("no_memory", **values)
            return
        said = self.warn(key, why=reason(error), **values)
        self.failed = self.failed or said

    def judge(self, point: str, apart: float | None) -> None:
        """Warn of repeats that do not agree."""
        if apart is not None and apart > AGREEMENT:
            self.warn("spread", point=point, spread=f"{apart:.0%}")


def reason(error: Exception) -> str:
    """Return what an error says, with where and mend if it has them, else its kind and first line."""
    return str(error)[:_MOST_SAID] if isinstance(error, DomainsmithError) else first_line(error)


@contextmanager
def part_of(found: Findings, point: str, device: Accelerator) -> Iterator[None]:
    """Turn whatever goes wrong in one part into a warning: what a vendor's kernel refuses must not cost the others."""
    try:
        yield
    except CancelledError:
        raise
    except Exception as error:
        found.fail("failed", error, point=point)
        # The frames hold the part's activations, which the next part must find free.
        traceback.clear_frames(error.__traceback__)
        release(device)


def release(device: Accelerator) -> None:
    """Give back what the last model held: the next one must find the memory free."""
    gc.collect()
    device.empty_cache()
