"""First part of the script for other machines (`bench --emit-script`): a small Llama in plain torch, and its timing.

`tools.benchmark.emitting` joins it with `tools.benchmark.standalone`. Both run on Python 3.8 with torch alone.
"""

# ruff: noqa: B905, RUF007

from __future__ import annotations

import math
import statistics
import time
from typing import Any, Sequence, Tuple  # noqa: UP035 - Python 3.8

Shape = Tuple[int, int, int, int, int, int]  # noqa: UP006 - Python 3.8
SHAPES: dict[str, Shape] = {
    "0.001": (2, 64, 4, 2, 128, 512),
    "0.1": (12, 768, 12, 4, 2048, 32000),
    "0.5": (24, 1024, 16, 4, 4096, 64000),
    "1": (22, 2048, 32, 4, 5632, 32000),
    "3": (28, 3072, 24, 8, 8192, 64000),
    "7": (32, 4096, 32, 8, 14336, 32000),
    "13": (40, 5120, 40, 8, 17408, 64000),
}
"""By thousand millions of parameters: layers, width, heads, heads of keys and values, width of the MLP, vocabulary."""
POINT_SECONDS = 60.0
"""After which a point gets no further repeat."""
WARM_UP = 8
"""Tokens of the reply before anything counts."""


def parameters(shape: Shape) -> int:
    """Return the weights of all matrices, embedding and output layer included."""
    layers, width, heads, kv_heads, hidden, vocabulary = shape
    return layers * width * (2 * width + 2 * kv_heads * (width // heads) + 3 * hidden) + 2 * vocabulary * width


def kind_of(torch: Any, name: str) -> Any:
    """Return torch's type of that name."""
    return {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[name]


def build(torch: Any, where: dict[str, Any], shape: Shape, rank: int = 0) -> Any:  # noqa: C901 - four classes
    """Return a decoder with random weights; with a rank only adapters are trainable.

    Args:
        torch: The module.
        where: `device` and `dtype` of every tensor; adapters are in fp32, as peft keeps them beside half precision.
        shape: One of `SHAPES`.
        rank: Of adapters beside every matrix; 0 for none.
    """
    nn, functional = torch.nn, torch.nn.functional
    layers, width, heads, kv_heads, hidden, vocabulary = shape
    size = width // heads
    whole = dict(where, dtype=torch.float32)

    class Linear(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(outputs, inputs, **where))
            if rank:
                self.lora_a = nn.Parameter(torch.empty(rank, inputs, **whole))
                self.lora_b = nn.Parameter(torch.empty(outputs, rank, **whole))

        def forward(self, x: Any) -> Any:
            y = functional.linear(x, self.weight)
            if not rank:
                return y
            own = x.to(self.lora_a.dtype)  # as peft does; under autocast both products are computed in its type
            return y + functional.linear(functional.linear(own, self.lora_a), self.lora_b).to(y.dtype)

    class Norm(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.empty(width, **where))

        def forward(self, x: Any) -> Any:
            y = x.float()
            return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-5)).to(x.dtype) * self.scale

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.before, self.between = Norm(), Norm()
            self.q, self.o = Linear(width, heads * size), Linear(heads * size, width)
            self.k, self.v = Linear(width, kv_heads * size), Linear(width, kv_heads * size)
            self.gate, self.up, self.down = Linear(width, hidden), Linear(width, hidden), Linear(hidden, width)

        def forward(self, x: Any, turn: Any, cache: Any, start: int) -> Any:
            batch, count, _ = x.shape
            y = self.before(x)
            q = _rotate(self.q(y).view(batch, count, heads, size).transpose(1, 2), turn)
            k = _rotate(self.k(y).view(batch, count, kv_heads, size).transpose(1, 2), turn)
            v = self.v(y).view(batch, count, kv_heads, size).transpose(1, 2)
            if cache is not None:
                cache[0][:, :, start : start + count], cache[1][:, :, start : start + count] = k, v
                k, v = cache[0][:, :, : start + count], cache[1][:, :, : start + count]
            k, v = (one.repeat_interleave(heads // kv_heads, dim=1) for one in (k, v))
            y = _attend(torch, q, k, v, count > 1).transpose(1, 2).reshape(batch, count, heads * size)
            x = x + self.o(y)
            y = self.between(x)
            return x + self.down(functional.silu(self.gate(y)) * self.up(y))

    class Decoder(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Parameter(torch.empty(vocabulary, width, **where))
            self.blocks = nn.ModuleList(Block() for _ in range(layers))
            self.norm, self.head = Norm(), Linear(width, vocabulary)

        def cache(self, batch: int, length: int) -> Any:
            return [[torch.zeros(batch, kv_heads, length, size, **where) for _ in "kv"] for _ in self.blocks]

        def forward(self, tokens: Any, cache: Any = None, start: int = 0, last: bool = False) -> Any:
            x = functional.embedding(tokens, self.embedding)
            turn = _angles(torch, start, tokens.shape[1], size, x)
            for number, block in enumerate(self.blocks):
                x = block(x, turn, None if cache is None else cache[number], start)
            return self.head(self.norm(x[:, -1:] if last else x))

    model = Decoder()
    with torch.no_grad():
        for name, one in model.named_parameters():
            if name.endswith("scale"):
                one.fill_(1.0)
            else:
                one.normal_(0.0, 0.02)
            one.requires_grad_(not rank or "lora_" in name)
    return model


def _angles(torch: Any, start: int, count: int, size: int, like: Any) -> Any:
    rates = 10000.0 ** (-torch.arange(0, size, 2, device=like.device, dtype=torch.float32) / size)
    turned = torch.arange(start, start + count, device=like.device, dtype=torch.float32)[:, None] * rates
    turned = torch.cat([turned, turned], dim=-1)
    return turned.cos().to(like.dtype), turned.sin().to(like.dtype)


def _rotate(x: Any, turn: Any) -> Any:
    half = x.shape[-1] // 2
    turned = x.roll(half, dims=-1).clone()
    turned[..., :half] = -turned[..., :half]
    cosine, sine = (one.to(x.dtype) for one in turn)  # beside weights in fp32, autocast gives narrower activations
    return x * cosine + turned * sine


def _attend(torch: Any, q: Any, k: Any, v: Any, causal: bool) -> Any:
    if hasattr(torch.nn.functional, "scaled_dot_product_attention"):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    weights = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1])
    if causal:
        weights = weights.masked_fill(torch.ones_like(weights, dtype=torch.bool).triu(1), float("-inf"))
    return weights.softmax(-1).to(q.dtype) @ v


def answer(device: Any, model: Any, batch: int, prompt: int, output: int, repeats: int) -> dict[str, Any]:
    """Answer random prompts greedily, token after token; returns the fields of a measurement."""
    torch = device.torch
    tokens = torch.randint(0, model.embedding.shape[0], (batch, prompt)).to(device.backend)
    _reply(device, model, tokens, min(WARM_UP, output))
    device.reset_peak()
    began = time.perf_counter()
    replies: list[list[float]] = []
    while len(replies) < repeats and (not replies or time.perf_counter() - began < POINT_SECONDS):
        replies.append(_reply(device, model, tokens, output))
    first = [times[0] * 1000 for times in replies]
    gaps = [(after - before) * 1000 for times in replies for before, after in zip(times, times[1:])]
    each = statistics.median((times[-1] - times[0]) / (len(times) - 1) for times in replies)
    rates = [batch * output / times[-1] for times in replies]
    ttft = statistics.median(first)
    return {
        "batch": batch,
        "prompt_tokens": prompt,
        "output_tokens": output,
        "ttft_ms": ttft,
        "tpot_ms": each * 1000,
        "tokens_per_s": statistics.median(rates),
        "peak_gib": device.peak_gib(),
        "label": "measured",
        "ttft": _quantiles(first),
        "inter_token": _quantiles(gaps),
        "decode_tokens_per_s": batch / each,
        "prefill_tokens_per_s": batch * prompt / ttft * 1000,
        "repeats": len(replies),
        "spread": spread(rates),
    }


def _reply(device: Any, model: Any, tokens: Any, output: int) -> list[float]:
    """Return the seconds from the start to each token of a reply."""
    batch, prompt = tokens.shape
    device.synchronize()
    start, times = time.perf_counter(), []
    with device.torch.no_grad():
        cache = model.cache(batch, prompt + output)
        newest = model(tokens, cache, 0, last=True)[:, -1].argmax(-1, keepdim=True)
        for place in range(prompt, prompt + output):
            device.synchronize()
            times.append(time.perf_counter() - start)
            if len(times) < output:
                newest = model(newest, cache, place, last=True)[:, -1].argmax(-1, keepdim=True)
    return times


def spread(values: Sequence[float]) -> Any:
    """Return (highest - lowest) / median; `None` of a single value."""
    return (max(values) - min(values)) / statistics.median(values) if len(values) > 1 else None


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return quantiles, interpolated linearly."""
    ordered = sorted(values)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return {"p50": at(0.5), "p90": at(0.9), "p95": at(0.95), "p99": at(0.99), "n": len(ordered)}
