"""What must be known before something is measured in this very process: what crashes there takes the benchmark along.

guards({"base", "4bit"}, {"lora"}, "npu")   # items of the probe that stand before it: ("nf4", "lora_step")
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, get_args

from agent.policy.capabilities import STEPS
from agent.records.base import Language
from agent.records.benchmark import Capability, Variant
from agent.records.hardware import Backend, Device, Workload
from agent.records.tuning import ComputeType, Method
from tools.benchmark.probe import ITEMS
from tools.benchmark.stepping import TrainingShape
from tools.tuning.memory import free_gib
from tools.tuning.room import Model, carried

BANDWIDTH: Final = ("memory_sum", "memory_copy")
"""Items of the probe that read memory."""


def matmul_item(compute_type: ComputeType) -> str:
    """Return the probe's item that multiplies in this type."""
    return f"matmul_{compute_type}"


def needed(variants: Collection[Variant], methods: Collection[Method], backend: Backend) -> tuple[str, ...]:
    """Return the items without which a part alone has no roofline, no type to compute in, or may crash.

    Args:
        variants: What answers.
        methods: What trains.
        backend: Of the device.
    """
    types: tuple[ComputeType, ...] = ("fp32",) if backend == "cpu" else get_args(ComputeType)
    wanted = {*BANDWIDTH, *map(matmul_item, types), *guards(variants, methods, backend)}
    return tuple(name for name in ITEMS if name in wanted)


def guards(variants: Collection[Variant], methods: Collection[Method], backend: Backend) -> tuple[str, ...]:
    """Return the items that stand before what is measured."""
    stand = [_guard(kind, backend) for kind in (*variants, *methods)]
    return tuple(name for name in stand if name is not None)


def refused(capabilities: Mapping[str, Capability], kind: Variant | Method, backend: Backend) -> str:
    """Return the probe's message where it did not see the attempt of that kind work.

    What hung or ran out of memory there is no finding about the device, but here it would take the whole run along.
    """
    tried = capabilities.get(_guard(kind, backend) or "")
    return "" if tried is None or tried.outcome in {"supported", "emulated"} else tried.message or tried.outcome


def cannot_train(
    method: Method,
    base: Model,
    shape: TrainingShape,
    machine: Device,
    capabilities: Mapping[str, Capability],
    lang: Language,
) -> str:
    """Return why a method is not tried: the device has no such kernels, or its memory does not carry it.

    Args:
        method: What would train.
        base: The model.
        shape: Of the steps.
        machine: The device, with what the probe found.
        capabilities: What the probe found.
        lang: Language of the reason.
    """
    why = refused(capabilities, method, machine.backend)
    if why:
        return why
    work = {method: Workload(batch=shape.batch, length=shape.tokens, learnt=1.0)}
    found = next(one for one in carried(machine, free_gib(), base, work, lang) if one.method == method)
    return "" if found.available and found.fits else found.why


def _guard(kind: Variant | Method, backend: Backend) -> str | None:
    match kind:
        case "4bit":
            # As `load_model` loads it: on Ascend without double quantization.
            return "nf4" if backend == "npu" else "nf4_double"
        case "qlora" | "lora" | "full":
            return STEPS[kind]
        case "base" | "adapter" | "merged":
            return None
