"""Published estimates of training memory, by parameters alone.

They are given for 7B, 14B and 70B and disagree by about two, so each figure is a range. Behind them stand bytes per
parameter: full fine-tuning 18 with mixed precision (2 weights, 2 gradients, 4 master weights, 8 Adam moments,
2 buffers) down to about 9 in pure bf16 with a lean optimizer; LoRA 2 for the frozen weights plus the adapter's share
and activations; Q-LoRA about half a byte for the 4-bit weights plus quantization constants, adapter and activations.
Between the published sizes the range is interpolated, above them it grows with the parameters, and below them it runs
down to what a process needs before the first parameter. Example: `memory_range("full", 14)` is `(120.0, 240.0)`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from agent.records.tuning import ComputeType, Method

Anchors = tuple[tuple[float, float, float], ...]

_ANCHORS: Final[dict[Method, Anchors]] = {
    # thousand millions of parameters, low GiB, high GiB; the row at 0 is ours: the process itself, and with the high
    # estimate 1.4 GB of device context and a short batch's activations.
    "qlora": ((0, 0.4, 2), (7, 6, 14), (14, 12, 20), (70, 48, 48)),
    "lora": ((0, 0.4, 2), (7, 16, 22), (14, 32, 33), (70, 160, 164)),
    "full": ((0, 0.4, 2), (7, 60, 120), (14, 120, 240), (70, 600, 1200)),
}
_BYTES_TO_GIB: Final = 1e9 / 2**30
_FP32_EXTRA_BYTES: Final = 2.0  # frozen weights of LoRA in fp32 take 4 bytes where the anchors count 2


def memory_range(method: Method, params_b: float, compute_type: ComputeType = "bf16") -> tuple[float, float]:
    """Return the low and high estimate of training memory, GiB.

    Args:
        method: The method.
        params_b: Parameters of the model, in thousand millions.
        compute_type: Without bf16 there is no lean full fine-tuning, so its low estimate becomes the high one; in fp32
            LoRA's frozen weights take twice the room.

    Raises:
        ValueError: `params_b` is not above 0.
    """
    if params_b <= 0:
        raise ValueError("a model has more than 0 parameters")
    low, high = _interpolate(_ANCHORS[method], params_b)
    if method == "full" and compute_type != "bf16":
        low = high
    if method == "lora" and compute_type == "fp32":
        extra = _FP32_EXTRA_BYTES * params_b * _BYTES_TO_GIB
        low, high = low + extra, high + extra
    return low, high


def _interpolate(anchors: Anchors, params_b: float) -> tuple[float, float]:
    for (left, left_low, left_high), (right, right_low, right_high) in pairwise(anchors):
        if params_b <= right:
            part = (params_b - left) / (right - left)
            return left_low + part * (right_low - left_low), left_high + part * (right_high - left_high)
    size, low, high = anchors[-1]
    return low * params_b / size, high * params_b / size
