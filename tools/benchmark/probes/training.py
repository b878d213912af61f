"""4-bit layers, training steps and adapter files, by the very code that trains: `tools.models` and `tools.tuning`."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any, Final

from agent.records.tuning import Hyperparameters, Method
from tools.benchmark.probes.attempt import Attempt, Bench, WrongResultError, torch_type

_MOST_NF4_ERROR: Final = 0.3
"""Relative error of a 4-bit layer on random weights; NF4 has about 0.1."""
_STEPS: Final = 20
"""Loss scaling begins at 65536 and halves at every overflow: the first step that counts comes within these."""
_TOKENS: Final = 32


def nf4(double: bool, bench: Bench) -> None:
    """Run a 4-bit layer forward and backward and compare it with the whole one.

    Args:
        double: Whether the quantization constants are quantized too (Dettmers 2305.14314).
        bench: Where.
    """
    import torch
    from bitsandbytes.nn import Linear4bit

    torch.manual_seed(0)
    dtype, device = torch_type(bench.compute_type), bench.device.torch_device
    whole = torch.nn.Linear(256, 128, bias=False)
    layer = Linear4bit(256, 128, bias=False, compute_dtype=dtype, compress_statistics=double, quant_type="nf4")
    layer.load_state_dict(whole.state_dict())
    layer = layer.to(device).train()
    given = torch.randn(8, 256)
    inputs = given.to(dtype).to(device).requires_grad_()
    outputs = layer(inputs)
    outputs.float().sum().backward()
    bench.device.synchronize()
    wanted = whole(given).detach()
    error = float((outputs.detach().float().cpu() - wanted).norm() / wanted.norm())
    if inputs.grad is None or not 0 < error < _MOST_NF4_ERROR:
        raise WrongResultError(bench.says("wrong", error=f"{error:.1%}"))


def step(method: Method, bench: Bench) -> None:
    """Train a tiny random model by a method until a step counts.

    Raises:
        WrongResultError: Loss or weights are no finite numbers, or no step changed anything.
    """
    import torch

    model = _prepared(method, bench)
    weights = [p for p in model.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in weights]
    optimizer = torch.optim.AdamW(weights, lr=1e-3)
    half = bench.compute_type == "fp16"
    kind = bench.device.backend
    scaler = torch.amp.GradScaler(kind) if half else None
    tokens = torch.arange(_TOKENS).remainder(_VOCABULARY).unsqueeze(0).to(bench.device.torch_device)
    for _ in range(_STEPS):
        with torch.autocast(kind, dtype=torch.float16, enabled=half):
            loss = model(input_ids=tokens, labels=tokens).loss
        if scaler is None:
            loss.backward()
            optimizer.step()
        else:
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        optimizer.zero_grad()
        bench.device.synchronize()
        if any(not torch.equal(now.detach(), then) for now, then in zip(weights, before, strict=True)):
            break
    else:
        raise WrongResultError(bench.says("unchanged", steps=_STEPS))
    if not math.isfinite(float(loss.detach())) or not all(bool(torch.isfinite(p.detach()).all()) for p in weights):
        raise WrongResultError(bench.says("not_finite", steps=1))


def adapter_files(bench: Bench) -> None:
    """Save an adapter as safetensors, load it around a fresh model, and compare what both answer.

    Raises:
        WrongResultError: They answer differently.
    """
    import torch

    from tools.models import attach_adapter, load_model

    model = _prepared("lora", bench)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:  # begins at zero, with which every adapter answers as the base does
                weight.copy_(torch.randn(weight.shape).to(weight.dtype) * 0.05)
    tokens = torch.arange(_TOKENS).remainder(_VOCABULARY).unsqueeze(0).to(bench.device.torch_device)
    folder = bench.folder / "adapter"
    model.eval().save_pretrained(folder, save_embedding_layers=False)
    again = attach_adapter(load_model(_base(bench), compute_type=bench.compute_type), folder).eval()
    with torch.no_grad():
        wanted, reached = (one(input_ids=tokens).logits.float().cpu() for one in (model, again))
    error = float((reached - wanted).norm() / wanted.norm())
    if not error < 1e-3:
        raise WrongResultError(bench.says("not_restored", error=f"{error:.1%}"))


def _prepared(method: Method, bench: Bench) -> Any:
    from tools.tuning.run import prepare

    settings = Hyperparameters(
        epochs=1,
        learning_rate=1e-3,
        batch_size=1,
        max_length=_TOKENS,
        rank=None if method == "full" else 8,
        alpha=None if method == "full" else 16,
        compute_type=bench.compute_type,
    )
    return prepare(_base(bench), method, settings)


_VOCABULARY: Final = 256


def _base(bench: Bench) -> Path:
    """Return the folder of a tiny random Llama, written on first use."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = bench.folder / "base"
    if not folder.exists():
        config = LlamaConfig(
            vocab_size=_VOCABULARY,
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            tie_word_embeddings=True,
        )
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


ATTEMPTS: Final[dict[str, Attempt]] = {
    "nf4": partial(nf4, False),
    "nf4_double": partial(nf4, True),
    "lora_step": partial(step, "lora"),
    "qlora_step": partial(step, "qlora"),
    "full_step": partial(step, "full"),
    "adapter_files": adapter_files,
}

_TRAINING: Final = ("transformers.models.llama.modeling_llama", "peft", "tools.tuning.run")
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "nf4": ("bitsandbytes",),
    "nf4_double": ("bitsandbytes",),
    "lora_step": _TRAINING,
    "qlora_step": ("bitsandbytes", *_TRAINING),
    "full_step": _TRAINING,
    "adapter_files": _TRAINING,
}
"""Modules that an item loads."""
