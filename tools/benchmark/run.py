"""The benchmark of the machine at hand: probe, sweep, training steps, roofline.

ended = measure(settings, BenchRequest(quick=True), reporter)
ended.result.complete, ended.cancelled
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.errors import CancelledError
from agent.policy.capabilities import measured_device
from agent.progress import Reporter
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.phrases import fill
from agent.records.benchmark import BenchmarkResult, Capability, Machine, Measurement, Roofline
from agent.records.hardware import Device
from agent.settings import BUILTIN, Settings
from tools.benchmark.backends import Accelerator, broken_extensions, detect, first_line
from tools.benchmark.ended import Ended
from tools.benchmark.findings import Findings
from tools.benchmark.following import Course
from tools.benchmark.guarding import BANDWIDTH, matmul_item, needed
from tools.benchmark.probe import ITEMS, probe
from tools.benchmark.request import BenchRequest
from tools.benchmark.roofline import Peaks, decode_share, peaks, roofline
from tools.benchmark.subjects import holds_figures
from tools.benchmark.sweep import plan_for, sweep, weights
from tools.hardware import listed_device, this_machine
from tools.models import resolve_base_model

_PROBE_WEIGHT: Final = 20.0
"""Of one item beside `Point.work`: some three seconds, as 20 tokens of the built-in model on two cores."""


@dataclass
class _Bench:
    """What is known so far."""

    device: Accelerator
    seen: Machine
    """The device's fingerprint, read before anything can leave its driver in a state that answers no more."""
    listed: Device | None
    """The catalogue's entry of the device, if it has one."""
    known: Device
    """What is known of the device: before the probe by earlier ones, after it by this one too."""
    found: Findings
    capabilities: dict[str, Capability] = field(default_factory=dict)


def measure(
    settings: Settings,
    request: BenchRequest,
    reporter: Reporter,
    *,
    on_begin: Callable[[Callable[[], BenchmarkResult]], None] | None = None,
) -> Ended:
    """Measure this machine; Ctrl-C, a reporter's cancellation and an error end it with what is there.

    Args:
        settings: Base model, threads and language.
        request: What to measure.
        reporter: Told of every part; asked often whether to stop.
        on_begin: Given what returns the result as it would be if somebody cancelled at that moment; another thread
            may call it.

    Raises:
        InputError: The model or the user's file of devices cannot be used.
        Exception: Whatever went wrong before anything was measured; later it is the result's `Ended.error`.
    """
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    device = detect()
    work = _Bench(device, device.machine(), _listed(device), this_machine(), Findings(settings.lang))
    work.found.warnings.extend(f"{name}: {why}" for name, why in broken_extensions().items())
    asked = plan_for(work.device, quick=request.quick)
    plan = asked.only(answering=request.only in {None, "sweep"}, training=request.only in {None, "train"})
    variants = {point.variant for point in plan.points}
    items = ITEMS if request.only in {None, "probe"} else needed(variants, plan.methods, device.backend)
    parts = {**dict.fromkeys(items, _PROBE_WEIGHT), **weights(plan)}
    course = Course(reporter, len(items) + len(plan.points) + len(plan.methods), parts, lang=settings.lang)

    def ended(key: str, **values: object) -> str:
        return fill(BENCHMARK, key, settings.lang, done=course.done, total=course.total, **values)

    def found(stopped: str = "") -> BenchmarkResult:
        noisy = work.found.noise.warning(settings.lang)
        capabilities = dict(work.capabilities)
        measured, limits = _with_shares(work, capabilities)
        return BenchmarkResult(
            place="local",
            at=at,
            device=work.seen,
            capabilities=capabilities if request.only in {None, "probe"} else {},
            measurements=measured,
            training=tuple(work.found.training),
            roofline=limits,
            complete=not stopped,
            stopped=stopped,
            warnings=(*([noisy] if noisy else []), *work.found.warnings),
            seconds=time.monotonic() - began,
        )

    if on_begin is not None:
        on_begin(lambda: found(ended("cancelled")))
    try:
        course.begin(items[0])
        # Before the probe, which takes minutes: a name that is misspelt is told at once.
        model = _model(settings, request, reporter) if plan.points or plan.methods else None
        _probe(work, items, course, reporter, settings)
        if model is not None:
            folder, shown = model
            sweep(
                folder,
                plan,
                work.device,
                reporter,
                work.found,
                machine=work.known,
                capabilities=work.capabilities,
                name=shown,
                course=course,
                seed=request.seed,
            )
    except (KeyboardInterrupt, CancelledError):
        return Ended(found(ended("cancelled")), cancelled=True)
    except Exception as error:
        # Whatever it is, it must not take along what was measured before it.
        part = found(ended("broke_off", why=first_line(error)))
        if not holds_figures(part):
            raise
        return Ended(part, cancelled=False, error=error)
    return Ended(found(), cancelled=False)


def _model(settings: Settings, request: BenchRequest, reporter: Reporter) -> tuple[Path, str]:
    """Return the folder of the model, and its name for the record."""
    name = request.model or settings.base_model
    folder = resolve_base_model(settings.model_copy(update={"base_model": name}), reporter)
    return folder, BUILTIN if name == BUILTIN else folder.name


def _probe(work: _Bench, items: tuple[str, ...], course: Course, reporter: Reporter, settings: Settings) -> None:
    def keep(name: str, capability: Capability) -> None:
        work.capabilities[name] = capability
        course.end(name)

    probe(work.device, settings.lang, reporter=_Checked(reporter), on_item=keep, names=items, threads=settings.threads)
    work.known = measured_device(work.known, work.capabilities, settings.lang)
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


def _with_shares(work: _Bench, capabilities: Mapping[str, Capability]) -> tuple[tuple[Measurement, ...], Roofline]:
    compute = work.known.compute_type
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
