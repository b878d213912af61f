"""What a device's figures allow a model of a stated size: the bounds of a comparison where nobody has measured.

    decode_bound(7.0, 768, batch=1)       # about 55 tokens a second on 768 GB/s, at most

The formulas are those of `roofline`, with 2 bytes a weight. A stated size says nothing of the key-value cache, so the
cache is that of the open model nearest in size: the Qwen2.5 family (2412.15115, table 1, and the models' config.json).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from agent.policy.memory_parts import CONTEXT_GIB, GIB
from tools.benchmark.roofline import GIGA, Shape, decode_limit, ttft_bound_ms

PROMPT: Final = 512
"""Prompt tokens of the bounds, the shorter length of a sweep."""
OUTPUT: Final = 128
"""Output tokens, likewise."""
BATCHES: Final = (1, 32)
"""One reply alone, and the largest batch of a sweep."""
WEIGHT_BYTES: Final = 2.0
LONGEST: Final = 2048 + OUTPUT
"""Tokens of the one reply that must fit beside the weights: the longest of a sweep."""


@dataclass(frozen=True)
class Layout:
    """A published model's cache."""

    name: str
    params_b: float
    layers: int
    kv_heads: int
    head_size: int


LAYOUTS: Final = (
    Layout("Qwen2.5-0.5B", 0.49, 24, 2, 64),
    Layout("Qwen2.5-1.5B", 1.54, 28, 2, 128),
    Layout("Qwen2.5-3B", 3.09, 36, 2, 128),
    Layout("Qwen2.5-7B", 7.61, 28, 4, 128),
    Layout("Qwen2.5-14B", 14.7, 48, 8, 128),
    Layout("Qwen2.5-32B", 32.5, 64, 8, 128),
    Layout("Qwen2.5-72B", 72.7, 80, 8, 128),
)


def layout_for(params_b: float) -> Layout:
    """Return the published layout nearest in size, by the ratio of sizes."""
    return min(LAYOUTS, key=lambda one: abs(math.log(one.params_b / params_b)))


def shape_for(params_b: float) -> Shape:
    """Return the shape that the bounds of a stated size rest on; every weight counts as read and as multiplied."""
    layout = layout_for(params_b)
    parameters = round(params_b * GIGA)
    return Shape(
        prompt_parameters=parameters,
        weight_bytes=parameters * WEIGHT_BYTES,
        layers=layout.layers,
        kv_heads=layout.kv_heads,
        head_size=layout.head_size,
        kv_value_bytes=WEIGHT_BYTES,
    )


def decode_bound(params_b: float, bandwidth_gb_s: float, batch: int) -> float:
    """Return output tokens a second of the whole batch that bandwidth allows, over the middle of a reply.

    Args:
        params_b: Thousand millions of parameters.
        bandwidth_gb_s: 10⁹ bytes a second.
        batch: Replies written together.
    """
    return decode_limit(shape_for(params_b), bandwidth_gb_s, batch, PROMPT + OUTPUT / 2)


def first_token_bound_ms(params_b: float, tflops: float) -> float:
    """Return the least milliseconds to the first token of one prompt of `PROMPT` tokens.

    Args:
        params_b: Thousand millions of parameters.
        tflops: 10¹² operations a second in 16 bit.
    """
    return ttft_bound_ms(shape_for(params_b), tflops, PROMPT)


def needed_gib(params_b: float, batch: int = 1, tokens: int = PROMPT + OUTPUT) -> float:
    """Return the least memory of inference, GiB: weights, cache of the batch, and the runtime's own."""
    shape = shape_for(params_b)
    return (shape.weight_bytes + batch * tokens * shape.kv_bytes) / GIB + CONTEXT_GIB


def largest_for_inference(gib: float) -> float:
    """Return the largest model whose weights, one reply's cache and runtime fit, thousand millions; 0 if none does."""
    low, high = 0.0, gib * GIB / WEIGHT_BYTES / GIGA
    for _ in range(60):
        middle = (low + high) / 2
        if middle > 0 and needed_gib(middle, 1, LONGEST) <= gib:
            low = middle
        else:
            high = middle
    return low if low > 1e-3 else 0.0
