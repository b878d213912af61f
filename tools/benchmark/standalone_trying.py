"""Fifth part of the script for other machines (`bench --emit-script`): what is tried in a process of its own.

`tools.benchmark.emitting` joins it with `tools.benchmark.standalone`. It runs on Python 3.8 with torch alone, and says
of one event what `tools.benchmark.probe` says of it: what hung, found no memory or never came to its device was not
tried.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any, Callable  # noqa: UP035 - Python 3.8

from tools.benchmark.standalone_device import Device, beyond_caches, ran_out, says_no_memory
from tools.benchmark.standalone_model import SHAPES, kind_of
from tools.benchmark.standalone_training import WrongError, train, words_of

RATES = ("memory_copy", "memory_sum", "matmul_fp32", "matmul_fp16", "matmul_bf16", "matmul_int8")
STEPS = ("attention_sdpa", "lora_step", "full_step")
TOLERANCE = {"fp32": 5e-3, "fp16": 5e-3, "bf16": 3e-2}
"""Largest relative error (Frobenius) of a product: the type's own rounding is 1e-7, 5e-4 and 4e-3; fp32 may be computed
in TF32 or HF32, whose rounding is that of fp16."""
CHECKED = 8
"""Rows of the product that is timed which are computed again, in fp64 on the processor."""
ITEM_SECONDS = 180
"""After which a child counts as hanging; some stacks compile a kernel on first use."""
KILLED = -9
"""Exit of a process that was sent SIGKILL, as the system does where memory runs out."""


def _rate(device: Device, work: Callable[[], Any], amount: float) -> float:
    """Return amount over the median seconds of a call, repeated for a second after two unmeasured ones."""
    seconds: list[float] = []
    began = time.perf_counter()
    while len(seconds) < 5 or (time.perf_counter() - began < 1.0 and len(seconds) < 200):
        device.synchronize()
        start = time.perf_counter()
        work()
        device.synchronize()
        seconds.append(time.perf_counter() - start)
    return amount / statistics.median(seconds[2:])


def _off(reached: Any, left: Any, right: Any) -> float:
    """Return the relative error (Frobenius) of the first rows of a product, from the same numbers in fp64."""
    wanted = left[:CHECKED].cpu().double() @ right.cpu().double()
    return float((reached[:CHECKED].cpu().double() - wanted).norm() / wanted.norm())


def _refuse(off: float, most: float) -> None:
    """Refuse a result that is off by more than that; one that is no number is wrong too.

    Raises:
        WrongError: It is.
    """
    if not off <= most:
        raise WrongError("wrong", error=f"{off:.1%}")


def attempt(name: str, device: Device, compute: str) -> tuple[float | None, str]:
    """Do one thing for real; returns the rate reached and its unit.

    Raises:
        WrongError: It ran, and what came out is wrong.
    """
    torch, where = device.torch, device.backend
    if name.startswith("memory_"):
        count = beyond_caches(device.memory_gib()) // 4 if where == "cpu" else 2**28
        source = torch.ones(count, device=where)
        if name == "memory_sum":
            _refuse(abs(float(source.sum()) / count - 1), 1e-3)
            return _rate(device, source.sum, 4 * count) / 1e9, "GB/s"
        target = torch.zeros_like(source)
        rate = _rate(device, lambda: target.copy_(source), 8 * count) / 1e9
        _refuse(0.0 if bool((target == 1).all()) else 1.0, 0.0)
        return rate, "GB/s"
    side = 1024 if where == "cpu" else 8192
    if name == "matmul_int8":
        a = torch.randint(-127, 127, (side, side), device=where, dtype=torch.int8)
        _refuse(_off(torch._int_mm(a, a), a, a), 0.0)
        return _rate(device, lambda: torch._int_mm(a, a), 2 * side**3) / 1e12, "TOPS"
    if name.startswith("matmul_"):
        b = torch.randn(side, side, device=where).to(kind_of(torch, name[7:]))
        _refuse(_off(b @ b, b, b), TOLERANCE[name[7:]])
        return _rate(device, lambda: b @ b, 2 * side**3) / 1e12, "TFLOPS"
    kind = kind_of(torch, compute)
    if name == "attention_sdpa":
        q, k, v = (torch.randn(4, 8, 512, 64, device=where).to(kind) for _ in "qkv")
        attend = torch.nn.functional.scaled_dot_product_attention
        return _rate(device, lambda: attend(q, k, v, is_causal=True), 2 * 4 * 8 * 512**2 * 64) / 1e12, "TFLOPS"
    train(device, SHAPES["0.001"], kind, name[:4], 2, 32, 2)
    return None, ""


def not_native(name: str, told: dict[str, Any], plain: float | None, backend: str, word: str) -> Any:
    """Return why a type that worked counts as emulated, and its speed over that of fp32; `None` where it is native.

    By the rule of domainsmith's own probe: of bf16 the vendor's word goes first, and the clock decides on a processor
    and where the vendor says nothing.

    Args:
        name: The item.
        told: What came of it.
        plain: The rate in fp32, if it is known.
        backend: Of the device.
        word: The vendor's about bf16.
    """
    if told.get("outcome") != "supported":
        return None
    ratio = told["figure"] / plain if plain and told.get("figure") is not None else None
    if name == "matmul_bf16" and word in ("no", "emulated"):
        return ("not_native_unrated" if ratio is None else "not_native"), ratio
    by_measure = backend == "cpu" or (name == "matmul_bf16" and word == "unknown")
    return ("slower", ratio) if by_measure and ratio is not None and ratio < 1 else None


def child(name: str, wanted: str, compute: str, lang: str = "en") -> None:
    """Try one thing in a process that a kernel may take along; prints what came of it."""
    began, device = time.perf_counter(), None
    try:
        device = Device(wanted)
        began = time.perf_counter()
        figure, unit = attempt(name, device, compute)
        told: dict[str, Any] = {"outcome": "supported", "figure": figure, "unit": unit}
    except (Exception, SystemExit) as error:  # a refusal is what is looked for
        # What never came to its device, or found no memory, says nothing of what the device can do.
        outcome = "not_tried" if device is None or ran_out(error) else "refused"
        told = {"outcome": outcome, "message": words_of(error, lang == "zh")}
    print("\n" + json.dumps(dict(told, seconds=time.perf_counter() - began)), flush=True)


def found_in(lines: list[str]) -> dict[str, Any] | None:
    """Return what a child told of its attempt; `None` if it said nothing of it.

    Libraries print what they like, when they are unloaded too, so it need not be the last line.
    """
    for line in reversed(lines):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and "outcome" in told:
            return told
    return None


def outcome_of(status: int, out: bytes, said: bytes) -> dict[str, Any]:
    """Return what came of an attempt whose process has ended.

    Args:
        status: Its exit; below 0 the signal that ended it.
        out: Its standard output.
        said: Its standard error, whose last line says why.
    """
    found = found_in(out.decode(errors="replace").split("\n")) if status == 0 else None
    if found is not None:
        return found
    lines = said.decode(errors="replace").strip().splitlines()
    message = f"exit {status}: {lines[-1] if lines else ''}"[:300]
    # A loaded machine kills for memory; only what a process does to itself tells of the device.
    outcome = "not_tried" if status == KILLED or says_no_memory(message) else "crashed"
    return {"outcome": outcome, "message": message}
