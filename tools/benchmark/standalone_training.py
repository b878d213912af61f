"""Fourth part of the script for other machines (`bench --emit-script`): steps of training, as domainsmith trains.

`tools.benchmark.emitting` joins it with `tools.benchmark.standalone`. It runs on Python 3.8 with torch alone.
"""

from __future__ import annotations

import math
import statistics
import time
from contextlib import nullcontext
from typing import Any

from tools.benchmark.standalone_device import EXTENSIONS, last_line
from tools.benchmark.standalone_model import Shape, build, spread

RANK = 16
OVERFLOWS = 20
"""Steps whose gradients may overflow: loss scaling begins at 65536 and halves at each of them."""
SAMPLE = 1024
"""Weights of every matrix that are looked at for a change; all of them twice would not fit beside a large model."""
FOUND = {
    "wrong": ("the result is wrong: off by {error}", "结果错误：偏差 {error}"),
    "not_finite": (
        "the loss or the weights are no finite numbers after {steps} steps",
        "{steps} 步后损失或权重不是有限数",
    ),
    "unchanged": ("{steps} steps changed no weight", "{steps} 步没有改变任何权重"),
    "other_type": ("autocast computes in {got} and not in {wanted}", "autocast 以 {got} 而非 {wanted} 计算"),
}
"""What can be wrong with something that ran, in English and Chinese."""


class WrongError(Exception):
    """It ran, and what came out is wrong."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.values = values


def words_of(error: BaseException, chinese: bool) -> str:
    """Return what an error says: a whole sentence of ours, else its last line."""
    if isinstance(error, WrongError):
        return FOUND[str(error)][chinese].format(**error.values)
    return last_line(error)


class Scaler:
    """Loss scaling for a torch that has none for the device: `torch.amp.GradScaler` in plain operations.

    It never raises the scale again, which torch's does after 2000 steps.
    """

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.factor = 65536.0
        self.finite = True

    def get_scale(self) -> float:
        """Return what the loss is multiplied by."""
        return self.factor

    def scale(self, loss: Any) -> Any:
        """Return the loss, scaled."""
        return loss * self.factor

    def step(self, optimizer: Any) -> None:
        """Do a step with the gradients unscaled, none where one of them has overflowed."""
        learnt = [one.grad for group in optimizer.param_groups for one in group["params"] if one.grad is not None]
        for one in learnt:
            one.div_(self.factor)
        self.finite = all(bool(self.torch.isfinite(one).all()) for one in learnt)
        if self.finite:
            optimizer.step()

    def update(self) -> None:
        """Halve the scale after an overflow."""
        if not self.finite:
            self.factor /= 2


def scaler_for(device: Any) -> Any:
    """Return the loss scaling that domainsmith would train with there, our own where torch has none for the device."""
    vendors = getattr(getattr(device.module, "amp", None), "GradScaler", None)
    if vendors is not None and device.backend in EXTENSIONS:  # as accelerate chooses
        return vendors()
    common = getattr(getattr(device.torch, "amp", None), "GradScaler", None)  # since torch 2.3
    if common is not None:
        return common(device.backend)
    return vendors() if vendors is not None else Scaler(device.torch)


def autocast_for(device: Any, kind: Any) -> Any:
    """Return what computes in a type; older torch knows CUDA and processors only, and a vendor brings its own."""
    if kind == device.torch.float32:
        return nullcontext()
    try:
        return device.torch.autocast(device.backend, dtype=kind)
    except RuntimeError:
        vendors = getattr(getattr(device.module, "amp", None), "autocast", None)
        if vendors is None:
            raise
        return vendors()


def train(device: Any, shape: Shape, kind: Any, method: str, batch: int, count: int, steps: int) -> dict[str, Any]:
    """Do steps of AdamW after an unmeasured one, all weights or adapters; returns the fields of a training step.

    As domainsmith trains: adapters, and in fp16 all weights that learn, are kept in fp32, autocast computes in the
    type, and in fp16 the loss is scaled; a step that overflows is left out there and counts for nothing here.

    Raises:
        WrongError: Loss or weights are no finite numbers, no weight changed, or autocast leaves the type alone.
    """
    torch, steps_all = device.torch, steps + 1
    device.reset_peak()
    kept = torch.float32 if method == "full" and kind == torch.float16 else kind
    model = build(torch, {"device": device.backend, "dtype": kept}, shape, RANK if method == "lora" else 0)
    learning = [one for one in model.parameters() if one.requires_grad]
    before = [one.detach().flatten()[:SAMPLE].clone() for one in learning]
    # Without decay: it would change weights that no gradient reaches.
    optimizer = torch.optim.AdamW(learning, lr=1e-5, weight_decay=0.0)
    scaler = scaler_for(device) if kind == torch.float16 else None
    tokens = torch.randint(0, shape[-1], (batch, count + 1)).to(device.backend)
    seconds: list[float] = []
    overflows = 0
    while len(seconds) < steps_all:
        device.synchronize()
        start = time.perf_counter()
        loss, counts = _step(device, model, optimizer, scaler, tokens, kind)
        device.synchronize()
        took = time.perf_counter() - start
        if not math.isfinite(float(loss)):
            raise WrongError("not_finite", steps=len(seconds) + overflows + 1)
        if counts:
            seconds.append(took)
            continue
        overflows += 1
        if overflows > OVERFLOWS:
            raise WrongError("unchanged", steps=len(seconds) + overflows)
    if not all(bool(torch.isfinite(one.detach()).all()) for one in learning):
        raise WrongError("not_finite", steps=steps_all)
    if all(torch.equal(one.detach().flatten()[:SAMPLE], then) for one, then in zip(learning, before)):  # noqa: B905
        raise WrongError("unchanged", steps=steps_all)
    middle = statistics.median(seconds[1:] or seconds)
    return {
        "method": method,
        "batch": batch,
        "tokens": count,
        "seconds": middle,
        "tokens_per_s": batch * count / middle,
        "peak_gib": device.peak_gib(),
        "steps": steps,
        "label": "measured",
        "spread": spread(seconds[1:]),
    }


def _step(device: Any, model: Any, optimizer: Any, scaler: Any, tokens: Any, kind: Any) -> tuple[Any, bool]:
    """Do a step; returns its loss, and whether it counts: one whose gradients overflowed was left out."""
    torch, counts = device.torch, True
    with autocast_for(device, kind):
        logits = model(tokens[:, :-1])
    if logits.dtype != kind:  # what autocast does not know for a device it may pass over with a warning
        raise WrongError("other_type", got=logits.dtype, wanted=kind)
    loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
    if scaler is None:
        loss.backward()
        optimizer.step()
    else:
        scale = scaler.get_scale()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        counts = scaler.get_scale() >= scale
    optimizer.zero_grad(set_to_none=True)
    return loss.detach(), counts
