"""What a benchmark takes, before it starts: as an earlier one took on this machine, else as two cores took.

foretold_seconds(settings, BenchRequest(quick=True))     # (45.0, 120.0) before the first one
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.records.benchmark import BenchmarkResult
from agent.settings import BUILTIN, Settings
from tools.benchmark.backends import Accelerator, detect
from tools.benchmark.request import BenchRequest
from tools.benchmark.saved import saved
from tools.hardware import this_machine
from tools.plan import model_at_hand, rungs_on, trained_like_here

WHOLE_SECONDS: Final = (150.0, 410.0)
"""Seconds of the whole with the built-in model: 202 to 271 were seen on two cores (BENCHMARKS.md), a third more or less
is usual."""
QUICK_SECONDS: Final = (45.0, 120.0)
"""Seconds of the quick one with the built-in model: 65 were seen on two idle cores, a third more or less is usual."""
AGAIN: Final = (0.75, 1.5)
"""What the time of an earlier one is worth on the same machine; the same as in `tools.step_duration`."""

Range = tuple[float | None, float | None]


def foretold_seconds(settings: Settings, request: BenchRequest) -> Range:
    """Return how long a benchmark takes, lowest and highest; `None` where nothing is known."""
    device = detect()
    before = _before(settings, request, device)
    if before is not None:
        return round(before.seconds * AGAIN[0], 1), round(before.seconds * AGAIN[1], 1)
    if request.only is not None or device.backend != "cpu" or _model(settings, request) != BUILTIN:
        return None, None
    return QUICK_SECONDS if request.quick else WHOLE_SECONDS


def foretold_gib(settings: Settings, request: BenchRequest) -> Range:
    """Return the most memory that a benchmark takes at once, GiB: what an earlier one took, else as `plan` says.

    What does not fit is left out by the benchmark, and so it is here.
    """
    from tools.benchmark.sweep import plan_for

    device = detect()
    before = _before(settings, request, device)
    if before is not None:
        seen = (*(one.peak_gib for one in before.measurements), *(one.peak_gib for one in before.training))
        most = max((gib for gib in seen if gib is not None), default=None)
        if most is not None:
            return most, most
    model = model_at_hand(_model(settings, request), settings)
    if model is None or request.only is not None:
        return None, None
    wanted = plan_for(device, quick=request.quick)
    work = trained_like_here(batch=wanted.training.batch, length=wanted.training.tokens)
    fits = [one for one in rungs_on(this_machine(), 1, model, work) if one.fits and one.method in wanted.methods]
    return max((one.gib_low for one in fits), default=None), max((one.gib_high for one in fits), default=None)


def _before(settings: Settings, request: BenchRequest, device: Accelerator) -> BenchmarkResult | None:
    """Return the newest whole benchmark of this machine that measured as much with the same model."""
    if request.only is not None:
        return None
    here, name = (device.backend, device.name()), Path(_model(settings, request)).name
    for _, one in reversed(saved(settings.machine_folder)):
        if (
            one.place == "local"
            and one.complete
            and (one.device.backend, one.device.name) == here
            and one.capabilities
            and {measured.model for measured in one.measurements} == {name}
            and _is_quick(one) is request.quick
        ):
            return one
    return None


def _is_quick(result: BenchmarkResult) -> bool:
    """Return whether a result has no more than a quick benchmark measures; its record does not say it."""
    lengths = {(one.batch, one.prompt_tokens) for one in result.measurements}
    return len(lengths) <= 1 and {step.method for step in result.training} <= {"lora"}


def _model(settings: Settings, request: BenchRequest) -> str:
    return request.model or settings.base_model
