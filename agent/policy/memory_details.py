"""What a memory plan tells beyond fits and does not: parts, times, and the largest model, batch and length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from agent.policy.memory_inference import LONGEST, answers_in_4_bit, inference, inference_type
from agent.policy.memory_parts import at_once, is_checkpointed, memory_parts
from agent.policy.memory_published import memory_range
from agent.policy.model_parameters import typical_shape
from agent.policy.training_time import training_seconds
from agent.prompts.memory import PLAN
from agent.prompts.phrases import fill, gib, model_size, percent
from agent.records.base import Language
from agent.records.hardware import Device, InferenceFit, MemoryParts, MemoryPlan, MethodFit, ModelShape, Workload
from agent.records.tuning import Method

MARGIN: Final = 0.2
"""How far a measured peak may lie from the arithmetic; the aim of `make bench-memory`."""
MOST_EXAMPLES: Final = 1 << 16
"""Examples at once above which nobody asks."""
MOST_TOKENS: Final = 1 << 20
"""Tokens of one example, likewise."""


@dataclass(frozen=True)
class Subject:
    """What is planned: devices, model and work."""

    device: Device
    count: int
    params_b: float
    """Parameters of the model, in thousand millions, which published estimates go by."""
    shape: ModelShape
    workload: Workload
    tokens: int = 0
    """Training tokens that times are for."""
    cores: int | None = None
    """Of the processor, where it trains."""

    def parts(self, method: Method, workload: Workload | None = None) -> MemoryParts:
        """Return the parts of a method, for other work if asked; Q-LoRA is planned for one device."""
        return memory_parts(
            method,
            self.shape,
            workload or self.workload,
            self.device.compute_type,
            self.device.backend,
            1 if method == "qlora" else self.count,
        )

    def capacity(self, method: Method) -> float:
        """Return the GiB that a method may take."""
        return self.device.gib * (1 if method == "qlora" else self.count)

    def carries(self, method: Method, workload: Workload | None = None) -> bool:
        """Return whether the whole range of a method fits, with other work if asked."""
        return self.needed(method, workload)[1] <= self.capacity(method)

    def of_size(self, params_b: float) -> Subject:
        """Return the same for a typical model of another size."""
        return replace(self, params_b=params_b, shape=typical_shape(params_b))

    def published(self, method: Method) -> tuple[float, float]:
        """Return what is published of a method for a model of that size, GiB."""
        return memory_range(method, self.params_b, self.device.compute_type)

    def needed(self, method: Method, workload: Workload | None = None) -> tuple[float, float]:
        """Return the low and high estimate, GiB; the high end is never below the published one.

        The arithmetic was measured on a CPU, where it gives the low end. Elsewhere, and for a typical model, the range
        takes in the whole of the published one.
        """
        low, high = parts_range(self.parts(method, workload))
        published = self.published(method)
        measured = self.device.backend == "cpu" and not self.shape.typical
        return low if measured else min(low, published[0]), max(high, published[1])


def parts_range(parts: MemoryParts) -> tuple[float, float]:
    """Return the low and high estimate that parts stand for, GiB: without what the allocator keeps, and with a margin.

    Pages of the weight file that nobody needs count in neither.
    """
    return parts.total - parts.allocator, parts.total * (1 + MARGIN)


def detailed(fit: MethodFit, subject: Subject) -> MethodFit:
    """Return a fit with parts, the published range, times and the largest model, batch and length.

    The largest model is sought among typical ones. A method that the device cannot do has parts alone, and nothing is
    the largest that it carries.
    """
    method = fit.method
    low, high = subject.published(method)
    told: dict[str, object] = {"parts": _rounded(subject.parts(method)), "published": (round(low, 2), round(high, 2))}
    if not fit.available:
        return fit.model_copy(update={**told, "largest_params_b": 0.0, "largest_batch": 0, "largest_length": 0})
    seconds = training_seconds(
        subject.device, subject.count, subject.shape, method, subject.workload, subject.tokens, subject.cores
    )
    whole = subject.workload.model_copy(update={"row_tokens": None})
    positions = subject.shape.positions or MOST_TOKENS
    millions = _largest(lambda size: subject.of_size(size / 1000).carries(method), 10_000_000)
    update: dict[str, object] = {
        **told,
        "largest_params_b": float(f"{millions / 1000:.2g}"),
        "seconds_low": seconds and round(seconds[0], 1),
        "seconds_high": seconds and round(seconds[1], 1),
        "largest_batch": _largest(
            lambda batch: subject.carries(method, whole.model_copy(update={"batch": batch})), MOST_EXAMPLES
        ),
        "largest_length": _largest(
            lambda length: subject.carries(method, whole.model_copy(update={"batch": 1, "length": length})),
            positions,
        ),
    }
    return fit.model_copy(update=update)


def answering(subject: Subject) -> tuple[InferenceFit, InferenceFit | None]:
    """Return what answering takes on one of the devices, in its own type and, where that is known to work, in 4 bit."""
    device = subject.device
    params = subject.params_b * 1e9 if subject.shape.typical else None

    def fit(quantised: bool) -> InferenceFit:
        compute_type, backend = inference_type(device), device.backend
        return inference(subject.shape, device.gib, compute_type, backend, params=params, quantised=quantised)

    return fit(False), fit(True) if answers_in_4_bit(device) else None


def answering_notes(plan: MemoryPlan, lang: Language) -> tuple[str, ...]:
    """Return what answering takes, in words, and that 4 bit is not known to work where it is not; none without it."""
    if plan.inference is None:
        return ()
    whole = _answers("answering", plan.inference, lang)
    if plan.inference_4bit is None:
        return whole, fill(PLAN, "no_4bit", lang, device=plan.device)
    return whole, _answers("answering_4bit", plan.inference_4bit, lang)


def detail_notes(subject: Subject, plan: MemoryPlan, lang: Language) -> tuple[str, ...]:
    """Return where the figures come from and what they are for."""
    shape, workload, device = subject.shape, subject.workload, subject.device
    known = {"layers": shape.layers, "hidden": shape.hidden, "margin": percent(MARGIN)}
    way = "checkpointed" if is_checkpointed(workload, device.backend) else "kept"
    if device.backend == "cpu" and subject.cores:
        time = fill(PLAN, "time_processor", lang, tokens=f"{subject.tokens:,}", cores=subject.cores)
    elif device.backend != "cpu" and device.fp16_tflops:
        time = fill(PLAN, "time_device", lang, tokens=f"{subject.tokens:,}")
    else:
        time = fill(PLAN, "time_unknown", lang)
    source = "from_size" if shape.typical else "from_shape" if device.backend == "cpu" else "from_both"
    notes = [
        fill(PLAN, source, lang, **known),
        fill(
            PLAN,
            "workload",
            lang,
            batch=workload.batch,
            length=workload.length,
            learnt=percent(workload.learnt),
            at_once=at_once(workload),
            rank=workload.rank,
            checkpointing=fill(PLAN, way, lang),
        ),
        time,
        *answering_notes(plan, lang),
    ]
    mapped = subject.parts("qlora").weight_file
    if mapped and device.qlora:
        notes.append(fill(PLAN, "weight_file", lang, gib=gib(mapped)))
    return tuple(notes)


def _answers(key: str, found: InferenceFit, lang: Language) -> str:
    return fill(
        PLAN,
        key,
        lang,
        type=found.compute_type,
        weights=gib(found.weights_gib),
        cache=f"{found.kv_bytes_per_token / 1024:g}",
        context=f"{found.largest_context:,}",
        largest=model_size(found.largest_params_b) if found.largest_params_b else fill(PLAN, "no_model", lang),
        tokens=f"{LONGEST:,}",
    )


def _rounded(parts: MemoryParts) -> MemoryParts:
    return MemoryParts.model_validate({name: round(value, 3) for name, value in parts.model_dump().items()})


def _largest(fits: Callable[[int], bool], limit: int) -> int:
    """Return the largest whole number up to `limit` that fits, where all smaller ones do too."""
    low, high = 0, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
