"""How fast a model can answer at best on a device, and what share of that was reached.

Formulas of Williams et al., "Roofline" (CACM 2009), applied to transformers as by Pope et al. (2211.05102): reading a
prompt is bound by arithmetic, writing token after token by memory, since every token reads all weights once.

    decode_limit(Shape(...), 2039, batch=1, context=512)     # tokens a second
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.records.benchmark import Capability, Measurement, Roofline
from agent.records.hardware import Device, Label
from agent.records.tuning import ComputeType

GIGA = 1e9
TERA = 1e12
_RAN: Final = ("supported", "emulated")


@dataclass(frozen=True)
class Shape:
    """What of a model the limits depend on."""

    prompt_parameters: int
    """That a token of a prompt is multiplied with: neither the input embedding, which is looked up, nor the head, which
    only a prompt's last token needs."""
    weight_bytes: float
    """That writing a token reads: all weights, the head too, but no input embedding of its own."""
    layers: int
    kv_heads: int
    head_size: int
    kv_value_bytes: float
    """Bytes of one number in the key-value cache."""

    @property
    def kv_bytes(self) -> float:
        """Bytes of the cache for one token of context: 2 · layers · kv heads · head size · bytes."""
        return 2 * self.layers * self.kv_heads * self.head_size * self.kv_value_bytes


@dataclass(frozen=True)
class Peaks:
    """What the device reaches at best, and how that is known."""

    bandwidth_gb_s: float | None = None
    bandwidth_label: Label | None = None
    tflops: float | None = None
    tflops_label: Label | None = None
    compute_type: ComputeType | None = None


def decode_limit(shape: Shape, bandwidth_gb_s: float, batch: int, context: float) -> float:
    """Return tokens a second that memory allows: batch · bandwidth / (weights + batch · context · cache of a token).

    Args:
        shape: The model.
        bandwidth_gb_s: 10⁹ bytes a second.
        batch: Replies written together; they share one reading of the weights.
        context: Tokens that each has behind it, on average over the reply.
    """
    return batch * bandwidth_gb_s * GIGA / (shape.weight_bytes + batch * context * shape.kv_bytes)


def ttft_bound_ms(shape: Shape, tflops: float, tokens: float) -> float:
    """Return the least milliseconds to the first token: 2 · parameters · prompt tokens / FLOPS.

    Attention itself is left out, so the bound is a little too low for long prompts.

    Args:
        shape: The model.
        tflops: 10¹² operations a second at the type in use.
        tokens: Prompt tokens of the whole batch.
    """
    return 2 * shape.prompt_parameters * tokens / (tflops * TERA) * 1000


def memory_bound_below(tflops: float, bandwidth_gb_s: float, weight_bytes: float = 2.0) -> float:
    """Return the batch below which decoding waits for memory: two operations and `weight_bytes` bytes a weight."""
    return tflops * TERA / (bandwidth_gb_s * GIGA) * weight_bytes / 2


def decode_share(measured: Measurement, shape: Shape, bandwidth_gb_s: float | None) -> float | None:
    """Return decoding speed over what bandwidth would allow, `None` where one of them is not known.

    A share above 1 is possible and not cut off: a model that fits the processor's cache is not read from memory.
    """
    if bandwidth_gb_s is None or measured.decode_tokens_per_s is None:
        return None
    context = measured.prompt_tokens + measured.output_tokens / 2
    return measured.decode_tokens_per_s / decode_limit(shape, bandwidth_gb_s, measured.batch, context)


def peaks(
    capabilities: Mapping[str, Capability],
    bandwidth: Sequence[str],
    matmul: Sequence[str],
    compute_type: ComputeType,
    listed: Device | None = None,
) -> Peaks:
    """Return measured rates where the probe took them, else those of the catalogue.

    Args:
        capabilities: What the probe found.
        bandwidth: Names of the attempts that yield `GB/s`; the highest counts, since each shows what is at least there.
        matmul: Names of the attempts that yield `TFLOPS` at `compute_type`; likewise.
        compute_type: Type the models compute in.
        listed: The device in the catalogue.
    """
    read, read_label = best_rate(capabilities, bandwidth, "GB/s"), "measured"
    if read is None and listed is not None and listed.bandwidth_gb_s is not None:
        read, read_label = listed.bandwidth_gb_s, _label(listed, "bandwidth_gb_s")
    speed, speed_label = best_rate(capabilities, matmul, "TFLOPS"), "measured"
    if speed is None and listed is not None and listed.fp16_tflops is not None and compute_type != "fp32":
        # The dense peaks of bf16 and fp16 are the same on every device of the catalogue that has both.
        speed, speed_label = listed.fp16_tflops, _label(listed, "fp16_tflops")
    return Peaks(
        read,
        None if read is None else read_label,  # type: ignore[arg-type]
        speed,
        None if speed is None else speed_label,  # type: ignore[arg-type]
        compute_type,
    )


def best_rate(capabilities: Mapping[str, Capability], names: Sequence[str], unit: str) -> float | None:
    """Return the highest rate that attempts reached, each being at least there; `None` where none of them ran.

    Args:
        capabilities: What a probe found. What was refused or crashed has no rate, whatever its record says.
        names: Of the attempts.
        unit: Of the rate.
    """
    found = (capabilities[name] for name in names if name in capabilities)
    return max((one.figure for one in found if one.outcome in _RAN and one.figure and one.unit == unit), default=None)


def roofline(points: Sequence[tuple[Measurement, Shape]], limits: Peaks) -> Roofline:
    """Return the limits and how near the best measurements came.

    Args:
        points: Local measurements with the shape of what was measured.
        limits: The device's.
    """
    bandwidth, tflops = limits.bandwidth_gb_s, limits.tflops
    alone = [(one, shape) for one, shape in points if one.batch == 1 and one.decode_tokens_per_s is not None]
    limit = reached = share = None
    if alone:
        best, shape = max(alone, key=lambda point: point[0].decode_tokens_per_s or 0.0)
        reached = best.decode_tokens_per_s
        if bandwidth is not None:
            limit = decode_limit(shape, bandwidth, 1, best.prompt_tokens + best.output_tokens / 2)
            share = decode_share(best, shape, bandwidth)
    prefill = [
        ttft_bound_ms(shape, tflops, one.batch * one.prompt_tokens) / one.ttft_ms
        for one, shape in points
        if tflops is not None and one.ttft_ms
    ]
    bytes_each = 4.0 if limits.compute_type == "fp32" else 2.0
    return Roofline(
        bandwidth_gb_s=bandwidth,
        bandwidth_label=limits.bandwidth_label,
        tflops=tflops,
        tflops_label=limits.tflops_label,
        compute_type=limits.compute_type,
        memory_bound_below_batch=memory_bound_below(tflops, bandwidth, bytes_each) if tflops and bandwidth else None,
        decode_limit_tokens_per_s=limit,
        decode_reached_tokens_per_s=reached,
        decode_share=share,
        prefill_share=max(prefill, default=None),
    )


def _label(device: Device, field: str) -> Label:
    figure = device.figures.get(field)
    return device.label if figure is None else figure.label
