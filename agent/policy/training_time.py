"""How long a training takes, from the arithmetic it does: a range, since the share of the peak it reaches is not known.

Two operations a weight and token forwards, two more backwards for the gradient of the activations, and two more for
that of the weights where these are trained (Kaplan 2001.08361, section 2.1); attention adds 4 · length · width a
layer forwards, and checkpointing one forward pass of the blocks. Example: full fine-tuning takes close to 6 operations
a parameter and token.
"""

from __future__ import annotations

from typing import Final

from agent.policy.memory_parts import is_checkpointed
from agent.policy.model_parameters import adapter_parameters, linear_parameters
from agent.records.hardware import Device, ModelShape, Workload
from agent.records.tuning import Method

UTILISATION: Final[dict[Method, tuple[float, float]]] = {
    "qlora": (0.1, 0.35),
    "lora": (0.15, 0.5),
    "full": (0.15, 0.5),
}
"""Share of the peak that a training reaches, lowest and highest to expect. The high end is near the 46% of PaLM
(2204.02311); Q-LoRA's lies lower since every weight is dequantised in each pass; the low ends are ours."""
GFLOPS_PER_CORE: Final = (20.0, 72.0)
"""What Q-LoRA with the built-in model reached on one of two processor cores, in thousand millions of operations a
second: 90 to 320 tokens/s, the slowest and fastest run of BENCHMARKS.md, at 0.45 thousand million operations each."""


def operations_per_token(shape: ModelShape, method: Method, workload: Workload, *, checkpointing: bool) -> float:
    """Return the arithmetic of one training token, floating-point operations."""
    attention = 4.0 * workload.length * shape.heads * shape.head_size * shape.layers
    blocks, head = 2.0 * linear_parameters(shape), 2.0 * shape.vocabulary * shape.hidden * workload.learnt
    if method == "full":
        forward, backward = blocks + head + attention, 2 * (blocks + head + attention)
    else:
        adapter = 2.0 * adapter_parameters(shape, workload.rank)
        forward, backward = blocks + head + attention + adapter, blocks + head + 2 * attention + 2 * adapter
    return forward + backward + (forward - head if checkpointing else 0.0)


def training_seconds(
    device: Device,
    count: int,
    shape: ModelShape,
    method: Method,
    workload: Workload,
    tokens: int,
    cores: int | None = None,
) -> tuple[float, float] | None:
    """Return the least and the most time that `tokens` training tokens take, seconds.

    Args:
        device: Its peak for 16-bit numbers counts; on a processor the cores.
        count: Devices; all are taken to scale fully for LoRA and full fine-tuning, while Q-LoRA runs on one.
        shape: The model.
        method: The method.
        workload: What a step computes.
        tokens: Training tokens over all epochs.
        cores: Of the processor, where it trains.

    Returns:
        `None` where nothing says how fast the device is.
    """
    if device.backend == "cpu" and cores:
        slow, fast = (cores * rate * 1e9 for rate in GFLOPS_PER_CORE)
    elif device.backend != "cpu" and device.fp16_tflops:
        several = 1 if method == "qlora" else count
        slow, fast = (several * device.fp16_tflops * 1e12 * share for share in UTILISATION[method])
    else:
        return None
    checkpointing = is_checkpointed(workload, device.backend)
    work = tokens * operations_per_token(shape, method, workload, checkpointing=checkpointing)
    return work / fast, work / slow
