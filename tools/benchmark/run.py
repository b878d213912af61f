"""The benchmark of the machine at hand: probe, sweep, training steps, roofline.

ended = measure(settings, BenchRequest(quick=True), reporter)
ended.result.complete, ended.cancelled
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from agent.errors import CancelledError
from agent.progress import Reporter
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.phrases import fill
from agent.records.benchmark import BenchmarkResult, Capability, Measurement, Roofline
from agent.records.hardware import Device
from agent.records.tuning import ComputeType
from agent.settings import BUILTIN, Settings
from tools.benchmark.backends import Accelerator, broken_extensions, detect
from tools.benchmark.ended import Ended
from tools.benchmark.following import Course
from tools.benchmark.probe import ITEMS, probe
from tools.benchmark.request import BenchRequest
from tools.benchmark.roofline import Peaks, decode_share, peaks, roofline
from tools.benchmark.sweep import Findings, plan_for, sweep, weights
from tools.hardware import listed_device, this_machine
from tools.models import resolve_base_model

BANDWIDTH: Final = ("memory_sum", "memory_copy")
"""Items of the probe that read memory."""
_PROBE_WEIGHT: Final = 20.0
"""Of one item beside `Point.work`: some three seconds, as 20 tokens of the built-in model on two cores."""


@dataclass
class _Bench:
    """What is known so far."""

    device: Accelerator
    listed: Device | None
    """The catalogue's entry of the device, if it has one."""
    found: Findings
    capabilities: dict[str, Capability] = field(default_factory=dict)


def measure(
    settings: Settings,
    request: BenchRequest,
    reporter: Reporter,
    *,
    on_begin: Callable[[Callable[[], BenchmarkResult]], None] | None = None,
) -> Ended:
    """Measure this machine; Ctrl-C and a reporter's cancellation end it with what is there.

    Args:
        settings: Base model, threads and language.
        request: What to measure.
        reporter: Told of every part; asked often whether to stop.
        on_begin: Given what returns the result as it would be if somebody cancelled at that moment; another thread
            may call it.

    Raises:
        InputError: The model or the user's file of devices cannot be used.
    """
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    device = detect()
    work = _Bench(device, _listed(device), Findings(settings.lang))
    work.found.warnings.extend(f"{name}: {why}" for name, why in broken_extensions().items())
    asked = plan_for(work.device, quick=request.quick)
    plan = asked.only(answering=request.only in {None, "sweep"}, training=request.only in {None, "train"})
    items = ITEMS if request.only in {None, "probe"} else _rates()
    parts = {**dict.fromkeys(items, _PROBE_WEIGHT), **weights(plan)}
    course = Course(reporter, len(items) + len(plan.points) + len(plan.methods), parts, lang=settings.lang)

    def found(*, cancelled: bool) -> BenchmarkResult:
        stopped = ""
        if cancelled:
            stopped = fill(BENCHMARK, "cancelled", settings.lang, done=course.done, total=course.total)
        noisy = work.found.noise.warning(settings.lang)
        capabilities = dict(work.capabilities)
        measured, limits = _with_shares(work, capabilities)
        return BenchmarkResult(
            place="local",
            at=at,
            device=work.device.machine(),
            capabilities=capabilities if request.only in {None, "probe"} else {},
            measurements=measured,
            training=tuple(work.found.training),
            roofline=limits,
            complete=not cancelled,
            stopped=stopped,
            warnings=(*([noisy] if noisy else []), *work.found.warnings),
            seconds=time.monotonic() - began,
        )

    if on_begin is not None:
        on_begin(lambda: found(cancelled=True))
    cancelled = False
    try:
        course.begin(items[0])
        _probe(work, items, course, reporter, settings)
        if plan.points or plan.methods:
            name = request.model or settings.base_model
            folder = resolve_base_model(settings.model_copy(update={"base_model": name}), reporter)
            shown = BUILTIN if name == BUILTIN else folder.name
            sweep(
                folder,
                plan,
                work.device,
                reporter,
                work.found,
                capabilities=work.capabilities,
                name=shown,
                course=course,
                seed=request.seed,
            )
    except (KeyboardInterrupt, CancelledError):
        cancelled = True
    return Ended(found(cancelled=cancelled), cancelled)


def _probe(work: _Bench, items: tuple[str, ...], course: Course, reporter: Reporter, settings: Settings) -> None:
    def keep(name: str, capability: Capability) -> None:
        work.capabilities[name] = capability
        course.end(name)

    probe(work.device, settings.lang, reporter=_Checked(reporter), on_item=keep, names=items, threads=settings.threads)
    work.found.noise.sample()


class _Checked:
    """Passes on only the question whether to stop: the course tells of progress."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Leave it to the course."""

    def metric(self, **data: object) -> None:
        """Leave it to the course."""

    def note(self, message: str) -> None:
        """Pass it on."""
        self._reporter.note(message)

    def check(self) -> None:
        """Raise `CancelledError` if somebody asked to stop."""
        self._reporter.check()


def _rates() -> tuple[str, ...]:
    """Return the items without which there is no roofline."""
    return (*BANDWIDTH, matmul_item(this_machine().compute_type))


def matmul_item(compute_type: ComputeType) -> str:
    """Return the probe's item that multiplies in this type."""
    return f"matmul_{compute_type}"


def _with_shares(work: _Bench, capabilities: Mapping[str, Capability]) -> tuple[tuple[Measurement, ...], Roofline]:
    compute = this_machine().compute_type
    limits: Peaks = peaks(capabilities, BANDWIDTH, (matmul_item(compute),), compute, work.listed)
    points = tuple(work.found.measurements)
    shares = [decode_share(one, shape, limits.bandwidth_gb_s) for one, shape in points]
    measured = (
        one.model_copy(update={"roofline_share": share}) for (one, _), share in zip(points, shares, strict=True)
    )
    return tuple(measured), roofline(points, limits)


def _listed(device: Accelerator) -> Device | None:
    """Return the catalogue's entry of the device, if it has one."""
    return listed_device(device.name(), device.backend, device.bf16())
