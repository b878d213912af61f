"""How long a training step takes with each method: forward, backward, optimizer, on the product's own preparation.

train(folder, "lora", TrainingShape(batch=2, tokens=128, steps=3), detect(), Silent())
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.progress import Reporter
from agent.records.benchmark import TrainingStep
from agent.records.tuning import ComputeType, Hyperparameters, Method
from tools.benchmark.backends import Accelerator
from tools.benchmark.timing import median, spread
from tools.tuning.run import prepare

_RATE = 1e-5
"""Learning rate; small, so that no step runs into infinities, and of no influence on the time."""


@dataclass(frozen=True)
class TrainingShape:
    """What every step computes."""

    batch: int
    tokens: int
    """Of every example; all are learnt."""
    steps: int
    """Measured, after one that is not."""


def train(
    folder: Path,
    method: Method,
    shape: TrainingShape,
    device: Accelerator,
    reporter: Reporter,
    *,
    name: str = "",
    compute_type: ComputeType = "fp32",
    seed: int = 0,
) -> TrainingStep:
    """Train on random tokens for a few steps.

    As in a run of the product: `prepare`, AdamW, and on an accelerator mixed precision with recomputed activations.
    Unlike there every token is learnt and no beginning is shared, so that the figure is that of plain training and
    comparable between machines.

    Args:
        folder: A checked model folder.
        method: What is trainable.
        shape: Of the batch.
        device: Where it runs.
        reporter: Asked to stop before each step.
        name: Of the model, for the record.
        compute_type: Of the arithmetic.
        seed: Of the tokens.

    Raises:
        CancelledError: The reporter asked to stop.
    """
    import torch

    settings = Hyperparameters(
        epochs=1, learning_rate=_RATE, batch_size=shape.batch, max_length=shape.tokens, compute_type=compute_type
    )
    device.reset_peak()
    model = prepare(folder, method, settings)
    if device.backend != "cpu":
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable()
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=_RATE)
    drawn = torch.randint(
        0, model.config.vocab_size, (shape.batch, shape.tokens), generator=torch.Generator().manual_seed(seed)
    ).to(model.device)
    seconds = []
    for _ in range(shape.steps + 1):
        reporter.check()
        device.synchronize()
        began = time.perf_counter()
        _step(model, optimizer, drawn, device, compute_type)
        device.synchronize()
        seconds.append(time.perf_counter() - began)
    counted = seconds[1:]
    middle = median(counted)
    assert middle is not None
    return TrainingStep(
        method=method,
        batch=shape.batch,
        tokens=shape.tokens,
        seconds=middle,
        tokens_per_s=shape.batch * shape.tokens / middle,
        peak_gib=device.peak_gib(),
        steps=shape.steps,
        spread=spread(counted),
        model=name,
        compute_type=compute_type,
    )


def _step(model: Any, optimizer: Any, tokens: Any, device: Accelerator, compute_type: ComputeType) -> None:
    import torch

    mixed = device.backend != "cpu" and compute_type != "fp32"
    kind = torch.bfloat16 if compute_type == "bf16" else torch.float16
    with torch.autocast(device.backend, dtype=kind) if mixed else nullcontext():
        loss = model(input_ids=tokens, labels=tokens, use_cache=False).loss
    # Loss scaling, which fp16 needs to learn, multiplies by one number more and is left out.
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
