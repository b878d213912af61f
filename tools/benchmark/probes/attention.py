"""The ways to compute attention, forward and backward, each checked against fp64."""

from __future__ import annotations

import importlib
import importlib.util
from functools import partial
from typing import Any, Final

from tools.benchmark.probes.attempt import Attempt, Bench, NotHereError, WrongResultError, torch_type

_SHAPE: Final = (1, 4, 128, 64)
"""Batch, heads, tokens, head size."""
_TOLERANCE: Final[dict[str, float]] = {"fp32": 5e-3, "fp16": 1e-2, "bf16": 4e-2}
"""As for a matrix product, twice over: attention is two of them."""
_FLASH_PACKAGE: Final = "flash-attn"


def eager(bench: Bench) -> None:
    """Compute attention step by step, as `attn_implementation="eager"` does."""
    _checked(bench, _eager)


def sdpa(bench: Bench) -> None:
    """Let torch choose its kernel, as `attn_implementation="sdpa"` does."""
    _checked(bench, _sdpa)


def one_kernel(name: str, bench: Bench) -> None:
    """Allow one kernel of torch only.

    Args:
        name: Its name in `torch.nn.attention.SDPBackend`.
        bench: Where.
    """
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(getattr(SDPBackend, name)):
        _checked(bench, _sdpa)


def flash_package(bench: Bench) -> None:
    """Call the package flash-attn, as `attn_implementation="flash_attention_2"` does.

    Raises:
        NotHereError: It is not installed.
    """
    if importlib.util.find_spec("flash_attn") is None:
        raise NotHereError(bench.says("not_installed", package=_FLASH_PACKAGE))
    flash_attn_func = importlib.import_module("flash_attn").flash_attn_func

    # This package takes tokens before heads.
    _checked(
        bench,
        lambda q, k, v: flash_attn_func(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), causal=True).transpose(
            1, 2
        ),
    )


def _checked(bench: Bench, attend: Any) -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    dtype = torch_type(bench.compute_type)
    given = [torch.randn(_SHAPE, generator=generator).to(dtype) for _ in range(3)]
    ours = [part.to(bench.device.torch_device).detach().clone().requires_grad_() for part in given]
    exact = [part.double().requires_grad_() for part in given]
    reached, wanted = attend(*ours), _eager(*exact)
    reached.float().pow(2).sum().backward()
    wanted.pow(2).sum().backward()
    bench.device.synchronize()
    pairs = [(reached, wanted), *((one.grad, other.grad) for one, other in zip(ours, exact, strict=True))]
    for one, other in pairs:
        error = float((one.detach().cpu().double() - other.detach()).norm() / other.detach().norm())
        if not error <= _TOLERANCE[bench.compute_type]:
            raise WrongResultError(bench.says("wrong", error=f"{error:.1%}"))


def _eager(query: Any, key: Any, value: Any) -> Any:
    import torch

    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    return torch.softmax(scores.masked_fill(later, float("-inf")), dim=-1) @ value


def _sdpa(query: Any, key: Any, value: Any) -> Any:
    import torch

    return torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)


ATTEMPTS: Final[dict[str, Attempt]] = {
    "attention_eager": eager,
    "attention_sdpa": sdpa,
    "attention_sdpa_math": partial(one_kernel, "MATH"),
    "attention_sdpa_flash": partial(one_kernel, "FLASH_ATTENTION"),
    "attention_sdpa_efficient": partial(one_kernel, "EFFICIENT_ATTENTION"),
    "attention_sdpa_cudnn": partial(one_kernel, "CUDNN_ATTENTION"),
    "attention_flash_package": flash_package,
}
