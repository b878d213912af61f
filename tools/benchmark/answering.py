"""One point of a local sweep: prompts answered together by the product's own decoding, every token with its time.

measured = answer(model, Point(4, 256, 32), detect(), repeats=3, reporter=Silent())
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from agent.progress import Reporter
from agent.records.benchmark import Measurement, Variant
from agent.records.tuning import ComputeType
from tools.benchmark.backends import Accelerator
from tools.benchmark.energy import Energy
from tools.benchmark.timing import median, quantiles, spread
from tools.decoding import Batch

WARM_UP: Final = 8
"""Tokens of the reply that is written before anything counts: kernels are chosen and memory is taken."""


@dataclass(frozen=True)
class Point:
    """What is answered."""

    batch: int
    prompt: int
    """Tokens of every prompt."""
    output: int
    """Tokens of every reply, at least two."""
    variant: Variant = "base"

    def __str__(self) -> str:
        return f"{self.variant} {self.batch} × {self.prompt}/{self.output}"

    @property
    def work(self) -> float:
        """Roughly how long it takes beside other points: reading a token costs about a twentieth of writing one."""
        return self.batch * self.prompt / 20 + self.output * (1 + self.batch / 8)


@dataclass(frozen=True)
class Reply:
    """Times of one repeat, seconds."""

    first: float
    """From the start to the first token of every reply."""
    total: float
    gaps: tuple[float, ...]
    """Between one token and the next."""


def answer(
    model: Any,
    point: Point,
    device: Accelerator,
    *,
    repeats: int,
    reporter: Reporter,
    name: str = "",
    compute_type: ComputeType | None = None,
    budget: float = float("inf"),
    seed: int = 0,
) -> Measurement:
    """Answer random prompts of exact length with exactly as many tokens, greedily, again and again.

    Random tokens cost what text costs, and prompts that share no beginning are all read in full. No reply ends early.

    Args:
        model: A causal model of transformers, or one of peft around it.
        point: What to answer.
        device: Where the model is.
        repeats: Measured repeats after one short warm-up.
        reporter: Asked to stop between tokens.
        name: Of the model, for the record.
        compute_type: Of the model, for the record.
        budget: Seconds after which no further repeat begins; one is always measured.
        seed: Of the prompts.

    Raises:
        CancelledError: The reporter asked to stop.
    """
    prompts = _prompts(model, point, seed)
    _reply(model, prompts, min(WARM_UP, point.output), device, reporter)
    replies: list[Reply] = []
    began = time.perf_counter()
    device.reset_peak()
    with Energy(device) as energy:
        while len(replies) < repeats and (not replies or time.perf_counter() - began < budget):
            replies.append(_reply(model, prompts, point.output, device, reporter))
    return _measurement(replies, point, name, compute_type, device.peak_gib(), energy.joules)


def _prompts(model: Any, point: Point, seed: int) -> list[list[int]]:
    import torch

    size = int(model.config.vocab_size)
    drawn = torch.randint(0, size, (point.batch, point.prompt), generator=torch.Generator().manual_seed(seed))
    drawn[:, 0] = torch.arange(point.batch) % size  # a shared beginning would be read only once
    return [list(map(int, row)) for row in drawn]


def _reply(model: Any, prompts: list[list[int]], output: int, device: Accelerator, reporter: Reporter) -> Reply:
    device.synchronize()  # what was given to an accelerator goes on after the call
    batch = Batch(model, prompts, [None] * len(prompts), stops=set())
    times = [step.seconds for step in batch.steps(output, reporter) if step.position == 0]
    return Reply(times[0], times[-1], tuple(after - before for before, after in pairwise(times)))


def _measurement(
    replies: Sequence[Reply],
    point: Point,
    name: str,
    compute_type: ComputeType | None,
    gib: float | None,
    joules: float | None,
) -> Measurement:
    batch, output = point.batch, point.output
    rates = [batch * output / reply.total for reply in replies]
    decoding = [(reply.total - reply.first) / (output - 1) for reply in replies]
    first, each = median([reply.first for reply in replies]), median(decoding)
    assert first is not None
    assert each is not None
    return Measurement(
        variant=point.variant,
        model=name,
        compute_type=compute_type,
        batch=batch,
        prompt_tokens=point.prompt,
        output_tokens=output,
        ttft_ms=first * 1000,
        tpot_ms=each * 1000,
        tokens_per_s=median(rates),
        peak_gib=gib,
        label="measured",
        ttft=quantiles([reply.first * 1000 for reply in replies]),
        inter_token=quantiles([gap * 1000 for reply in replies for gap in reply.gaps]),
        decode_tokens_per_s=batch / each,
        prefill_tokens_per_s=batch * point.prompt / first,
        joules_per_token=None if joules is None else joules / (batch * output * len(replies)),
        repeats=len(replies),
        spread=spread(rates),
    )
