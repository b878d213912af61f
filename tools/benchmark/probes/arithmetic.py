"""Matrix products in every type, each checked against a wider one, and the bandwidth of memory."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from tools.benchmark.probes.attempt import Attempt, Bench, Reached, WrongResultError, seconds_of, torch_type
from tools.benchmark.standalone_device import beyond_caches

_CHECKED: Final = 96
"""Width of the product that is compared; large enough that a sum over it shows a narrow accumulator."""
_TOLERANCE: Final[dict[str, float]] = {"fp32": 5e-3, "fp16": 5e-3, "bf16": 3e-2}
"""Largest relative error (Frobenius): the type's own rounding is 1e-7, 5e-4 and 4e-3; fp32 may be computed in TF32 or
HF32, whose rounding is that of fp16."""
_SECONDS_EACH: Final = 0.02
"""A product as long as this is long enough to be timed."""
_SECONDS_ALL: Final = 0.5
_WIDEST: Final = {"cpu": 1024, "mps": 4096}
_WIDEST_ELSEWHERE: Final = 8192
_BYTES: Final = {"mps": 2**28}
_BYTES_ELSEWHERE: Final = 2**29
"""Over twice the largest cache of a device in the catalogue (192 MB); a processor's are asked for."""


def product(name: str, bench: Bench) -> Reached:
    """Multiply matrices in a floating-point type; returns TFLOPS.

    Raises:
        WrongResultError: The product differs from the one in fp64 by more than the type's rounding.
    """
    import torch

    dtype, device = torch_type(name), bench.device.torch_device
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(_CHECKED, _CHECKED, generator=generator).to(dtype) for _ in range(2))
    reached = (left.to(device) @ right.to(device)).cpu().double()
    wanted = left.double() @ right.double()
    error = float((reached - wanted).norm() / wanted.norm())
    if not error <= _TOLERANCE[name]:  # a NaN is wrong too
        raise WrongResultError(bench.says("wrong", error=f"{error:.1%}"))

    def wide(size: int) -> tuple[Any, Any]:
        whole = torch.randn(size, size, generator=generator).to(dtype).to(device)
        return whole, whole.clone()

    return Reached(_rate(bench, wide, torch.matmul), "TFLOPS")


def product_int8(bench: Bench) -> Reached:
    """Multiply matrices of 8-bit integers into 32-bit ones; returns TOPS.

    Raises:
        WrongResultError: The product is not exactly the one in 64-bit integers.
    """
    import torch

    device = bench.device.torch_device
    generator = torch.Generator().manual_seed(0)

    def whole(size: int) -> Any:
        return torch.randint(-127, 128, (size, size), generator=generator, dtype=torch.int8)

    left, right = whole(_CHECKED), whole(_CHECKED)
    # The product behind every int8 layer on torch (torchao, torch.ao); there is no public name for it yet.
    reached = torch._int_mm(left.to(device), right.to(device)).cpu().long()
    wrong = float((reached != left.long() @ right.long()).double().mean())
    if wrong:
        raise WrongResultError(bench.says("wrong", error=f"{wrong:.1%}"))
    return Reached(_rate(bench, lambda size: (whole(size).to(device), whole(size).to(device)), torch._int_mm), "TOPS")


def copying(bench: Bench) -> Reached:
    """Copy a large tensor within memory; returns GB/s, read and written bytes counted."""
    import torch

    source = torch.ones(_size(bench) // 4, dtype=torch.float32, device=bench.device.torch_device)
    target = torch.empty_like(source)
    seconds = seconds_of(lambda: target.copy_(source), bench.device, _SECONDS_ALL)
    if not bool((target == 1).all()):
        raise WrongResultError(bench.says("wrong", error=f"{float((target != 1).double().mean()):.1%}"))
    return Reached(2 * source.numel() * 4 / seconds / 1e9, "GB/s")


def reading(bench: Bench) -> Reached:
    """Sum a large tensor; returns GB/s read."""
    import torch

    source = torch.ones(_size(bench) // 4, dtype=torch.float32, device=bench.device.torch_device)
    seconds = seconds_of(source.sum, bench.device, _SECONDS_ALL)
    off = abs(float(source.sum()) / source.numel() - 1)
    if not off < 1e-3:
        raise WrongResultError(bench.says("wrong", error=f"{off:.1%}"))
    return Reached(source.numel() * 4 / seconds / 1e9, "GB/s")


def _rate(bench: Bench, operands: Any, multiply: Any) -> float:
    """Return operations a second in thousands of milliards, of the largest product that is worth waiting for."""
    widest, size = _WIDEST.get(bench.device.backend, _WIDEST_ELSEWHERE), 256
    while True:
        left, right = operands(size)
        seconds = seconds_of(partial(multiply, left, right), bench.device, 0)
        if seconds >= _SECONDS_EACH or size >= widest:
            break
        size *= 2
    seconds = min(seconds, seconds_of(partial(multiply, left, right), bench.device, _SECONDS_ALL, repeats=20))
    return float(2 * size**3 / seconds / 1e12)


def _size(bench: Bench) -> int:
    """Return bytes of a tensor that no cache holds, and that leaves room for seven more."""
    total = bench.device.total_gib()
    if bench.device.backend == "cpu":
        return beyond_caches(total) // 4 * 4
    most = _BYTES.get(bench.device.backend, _BYTES_ELSEWHERE)
    return most if total is None else min(most, int(total * 2**30 / 8) // 4 * 4)


ATTEMPTS: Final[dict[str, Attempt]] = {
    "memory_copy": copying,
    "memory_sum": reading,
    "matmul_fp32": partial(product, "fp32"),
    "matmul_fp16": partial(product, "fp16"),
    "matmul_bf16": partial(product, "bf16"),
    "matmul_int8": product_int8,
}
