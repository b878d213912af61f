"""What answering takes on one device, and the largest model that one carries: pure arithmetic, estimated.

Plan, page, assistant and comparison all ask here, so that one question has one answer:

    inference(typical_shape(14), 32, "fp16", "musa", params=14e9).largest_context      # of all conversations together

Weights are as wide as the type a device answers in: fp32 on a processor, 16 bit elsewhere, whether or not anything
trains there. In 4 bit (NF4) are the linear layers alone; the rest and the cache stay as wide as they were. Beside
weights and cache stands the process or the device's context; the activations of one token are small.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, log10
from typing import Final

from agent.policy.memory_parts import CONTEXT_GIB, GIB, PROCESS_GIB, QUANTISING, WIDTHS, weight_bytes
from agent.policy.model_parameters import kv_bytes_per_token, linear_parameters, parameters, typical_shape
from agent.records.hardware import Backend, Device, InferenceFit, ModelShape, Support
from agent.records.tuning import ComputeType

LONGEST: Final = 2048 + 128
"""Tokens of the one conversation that must fit beside the weights of the largest model: the longest of a benchmark."""
_MOST_MILLIONS: Final = 10_000_000
"""Size above which nobody asks, millions of parameters."""
_DIGITS: Final = 2
"""Of the largest model, rounded down: a model of the size that is said must really fit."""


def usual_type(backend: Backend, bf16: Support) -> ComputeType:
    """Return the type that a device computes in where nothing else is known: bf16 where it is native, else fp16.

    A processor computes in fp32: it gains little by the others, and an adapter's small updates get lost in them.
    """
    if backend == "cpu":
        return "fp32"
    return "bf16" if bf16 == "yes" else "fp16"


def inference_type(device: Device) -> ComputeType:
    """Return the type that a device answers in; not the one it trains in, since some that train nothing answer."""
    return usual_type(device.backend, device.bf16)


def answers_in_4_bit(device: Device) -> bool:
    """Return whether 4-bit layers are known to work: Q-LoRA's base model is of the same layers."""
    return device.qlora


def needed_for_inference(
    params_b: float, tokens: int, compute_type: ComputeType, backend: Backend, *, quantised: bool = False
) -> float:
    """Return what a typical model of a size takes on one device, GiB, with a cache of so many tokens in all."""
    shape = typical_shape(params_b)
    weights, token, beside = _needs(shape, params_b * 1e9, compute_type, backend, quantised)
    return weights + tokens * token / GIB + beside


def inference(
    shape: ModelShape,
    capacity: float,
    compute_type: ComputeType,
    backend: Backend,
    *,
    params: float | None = None,
    quantised: bool = False,
) -> InferenceFit:
    """Return what answering with the whole model takes on one device.

    Args:
        shape: The model.
        capacity: Memory of the device, GiB.
        compute_type: Type that it answers in.
        backend: Of the device.
        params: Parameters of the model, where its size is known better than its shape.
        quantised: Whether the linear layers are in 4 bit.
    """
    weights, token, beside = _needs(shape, params or parameters(shape), compute_type, backend, quantised)
    left = capacity - weights - beside
    return InferenceFit(
        compute_type=compute_type,
        quantised=quantised,
        weights_gib=round(weights, 3),
        kv_bytes_per_token=token,
        largest_context=max(0, int(left * GIB / token)),
        largest_params_b=largest_for_inference(capacity, compute_type, backend, quantised=quantised),
    )


@lru_cache(maxsize=512)  # a page asks for the same device with every size
def largest_for_inference(
    capacity: float, compute_type: ComputeType, backend: Backend, *, quantised: bool = False
) -> float:
    """Return the largest typical model that fits with one conversation of `LONGEST` tokens; 0 if none does.

    Args:
        capacity: Memory of one device, GiB.
        compute_type: Type that it answers in.
        backend: Of the device.
        quantised: Whether the linear layers are in 4 bit.

    Returns:
        Thousand millions of parameters, rounded down.
    """

    def fits(millions: int) -> bool:
        return needed_for_inference(millions / 1000, LONGEST, compute_type, backend, quantised=quantised) <= capacity

    low, high = 0, _MOST_MILLIONS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    if not low:
        return 0.0
    step = int(10 ** max(0, floor(log10(low)) + 1 - _DIGITS))
    rounded = low // step * step
    while rounded > 0 and not fits(rounded):  # a little smaller model may have a little larger cache
        rounded -= step
    return rounded / 1000


def _needs(
    shape: ModelShape, params: float, compute_type: ComputeType, backend: Backend, quantised: bool
) -> tuple[float, int, float]:
    """Return weights in GiB, the cache of a token in bytes, and what stands beside them in GiB."""
    width = WIDTHS[compute_type]
    scale = params / parameters(shape)  # a typical shape only comes near its size
    weights = (weight_bytes("qlora", shape, compute_type, backend) if quantised else parameters(shape) * width) * scale
    beside = PROCESS_GIB if backend == "cpu" else CONTEXT_GIB
    if quantised and backend == "cpu":
        beside += QUANTISING * linear_parameters(shape) * scale / GIB  # nothing takes the place of what loading freed
    return weights / GIB, kv_bytes_per_token(shape, width), beside
