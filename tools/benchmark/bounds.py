"""What a device's figures allow a model of a stated size: the bounds of a comparison where nobody has measured.

    decode_bound(7.0, 768, batch=1)       # about 55 tokens a second on 768 GB/s, at most

The formulas are those of `roofline`, with 2 bytes a weight. A stated size says nothing of the key-value cache, so the
cache is that of a typical model of its size, as a plan has it (`agent.policy.model_parameters`).
"""

from __future__ import annotations

from typing import Final

from agent.policy.memory_inference import needed_for_inference
from agent.policy.model_parameters import typical_shape
from tools.benchmark.roofline import GIGA, Shape, decode_limit, ttft_bound_ms

PROMPT: Final = 512
"""Prompt tokens of the bounds, the shorter length of a sweep."""
OUTPUT: Final = 128
"""Output tokens, likewise."""
BATCHES: Final = (1, 32)
"""One reply alone, and the largest batch of a sweep."""
WEIGHT_BYTES: Final = 2.0


def shape_for(params_b: float) -> Shape:
    """Return the shape that the bounds of a stated size rest on; every weight counts as read and as multiplied."""
    typical = typical_shape(params_b)
    parameters = round(params_b * GIGA)
    return Shape(
        prompt_parameters=parameters,
        weight_bytes=parameters * WEIGHT_BYTES,
        layers=typical.layers,
        kv_heads=typical.kv_heads,
        head_size=typical.head_size,
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


def needed_gib(params_b: float, batch: int = 1) -> float:
    """Return the least memory of inference in 16 bit with `PROMPT` and `OUTPUT` tokens for each of a batch, GiB.

    It is what a plan says of that size.
    """
    return needed_for_inference(params_b, batch * (PROMPT + OUTPUT), "bf16", "cuda")
