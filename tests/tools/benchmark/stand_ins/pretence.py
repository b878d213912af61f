"""Accelerators that are not there, as their vendors document them: name, memory, bf16, and what they refuse.

A stand-in registers itself with torch as the vendor's extension does (another name for the backend PrivateUse1, a
module `torch.npu` or `torch.musa`, torch's accelerator), and two modes of torch answer for the device: whatever is
asked of it is computed by the processor, or refused with the vendor's kind of error. The product's code runs unchanged.

The folder of the vendor goes on the path of a process, and `STAND_IN` names the device.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

Refuses = Callable[[str, tuple[Any, ...]], str | None]
"""The error of an operation on these arguments; `None` where it works."""
PRODUCTS = {"aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm", "aten::matmul"}
GIB = 2**30


@dataclass(frozen=True)
class Pretence:
    """One device as documented."""

    backend: str
    name: str
    gib: int
    bf16: str
    """`yes`, `emulated` or `no`."""
    stack: tuple[str, str]
    """Attribute of `torch.version` and its value."""
    refuses: Refuses


def no_bf16(operation: str, arguments: tuple[Any, ...]) -> str | None:
    """First-generation Ascend: matrix products in fp32 and fp16 only."""
    if operation in PRODUCTS and any(isinstance(a, torch.Tensor) and a.dtype == torch.bfloat16 for a in arguments):
        return "call aclnnMm failed\nTensor self not implemented for DT_BFLOAT16, should be in [DT_FLOAT,DT_FLOAT16]"
    return None


def no_bitsandbytes(backend: str) -> Refuses:
    """bitsandbytes has no kernel for the backend."""

    def refuses(operation: str, _: tuple[Any, ...]) -> str | None:
        if operation.startswith("bitsandbytes::"):
            return f"Could not run '{operation}' with arguments from the '{backend.upper()}' backend"
        return None

    return refuses


def no_double_quantization(operation: str, _: tuple[Any, ...]) -> str | None:
    """A self-built bitsandbytes for Ascend 910B: NF4, and no kernel that quantizes its constants again."""
    return "quantize_blockwise is not supported on NPU" if operation == "bitsandbytes::quantize_blockwise" else None


def no_backward_of_loss(operation: str, _: tuple[Any, ...]) -> str | None:
    """A self-built torch_musa on a GPU that no wheel is published for: part of the kernels is missing."""
    if operation == "aten::nll_loss_backward":
        return "MUSA error: no kernel image is available for execution on the device"
    return None


def any_of(*refusals: Refuses) -> Refuses:
    """Refuse what one of them refuses."""
    return lambda operation, arguments: next((why for one in refusals if (why := one(operation, arguments))), None)


DEVICES = {
    "910A": Pretence("npu", "Ascend910A", 32, "no", ("cann", "8.0.RC3"), any_of(no_bf16, no_bitsandbytes("npu"))),
    "910B": Pretence("npu", "Ascend910B3", 64, "yes", ("cann", "8.0.RC3"), no_double_quantization),
    "unlisted": Pretence("npu", "Ascend of no list", 96, "yes", ("cann", "8.5.0"), no_double_quantization),
    "S4000": Pretence("musa", "MTT S4000", 48, "yes", ("musa", "5.1"), no_bitsandbytes("musa")),
    "S3000": Pretence(
        "musa", "MTT S3000", 32, "emulated", ("musa", "3.1"), any_of(no_bitsandbytes("musa"), no_backward_of_loss)
    ),
}


class _Device(TorchDispatchMode):
    """Computes on the processor what is asked of the device, or refuses it."""

    def __init__(self, pretence: Pretence) -> None:
        super().__init__()
        self._pretence = pretence

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        why = self._pretence.refuses(func._schema.name, args)
        if why is not None:
            raise NotImplementedError(why) if why.startswith("Could not run") else RuntimeError(why)
        args, kwargs = (tree_map(self._here, part) for part in (args, kwargs or {}))
        return func(*args, **kwargs)

    def _here(self, value: Any) -> Any:
        ours = isinstance(value, torch.device) and value.type == self._pretence.backend
        return torch.device("cpu") if ours else value


class _Names(TorchFunctionMode):
    """Takes the device's name where torch's own functions take one."""

    def __init__(self, pretence: Pretence) -> None:
        super().__init__()
        self._backend = pretence.backend

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") != "device":
            args, kwargs = (tree_map(self._here, part) for part in (args, kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _here(self, value: Any) -> Any:
        if isinstance(value, torch.device) and value.type == self._backend:
            return torch.device("cpu")
        return "cpu" if isinstance(value, str) and value.partition(":")[0] == self._backend else value


def install(backend: str) -> Pretence | None:
    """Register the device named by `STAND_IN` with torch; `None` if it is another vendor's, or none."""
    pretence = DEVICES.get(os.environ.get("STAND_IN", ""))
    if pretence is None or pretence.backend != backend:
        return None
    os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"  # the modes below hold in this thread only
    torch.utils.rename_privateuse1_backend(backend)
    torch._register_device_module(backend, _module(pretence))
    setattr(torch.version, *pretence.stack)
    torch.accelerator.is_available = lambda: True
    torch.accelerator.current_accelerator = lambda *_, **__: torch.device(backend)
    torch.accelerator.current_device_index = lambda: 0
    torch.accelerator.device_count = lambda: 1
    _Device(pretence).__enter__()
    _Names(pretence).__enter__()
    return pretence


def _module(pretence: Pretence) -> ModuleType:
    """Return `torch.npu` or `torch.musa`: the calls of `torch.cuda` that the vendors document."""
    module = ModuleType(f"torch.{pretence.backend}")
    peak = {"bytes": 0}
    calls: dict[str, Any] = {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "set_device": lambda _: None,
        "get_device_name": lambda _=0: pretence.name,
        "mem_get_info": lambda _=0: ((pretence.gib - 1) * GIB, pretence.gib * GIB),
        "memory_allocated": lambda _=0: 0,
        "memory_reserved": lambda _=0: 0,
        "max_memory_allocated": lambda _=0: peak["bytes"],
        "reset_peak_memory_stats": lambda _=0: peak.update(bytes=0),
        "synchronize": lambda _=0: None,
        "empty_cache": lambda: None,
        "get_amp_supported_dtype": lambda: [torch.float16, torch.bfloat16],
        "manual_seed_all": lambda _: None,
        "_is_in_bad_fork": lambda: False,
        "_lazy_init": lambda: None,
    }
    if pretence.backend == "musa":
        # Like CUDA's: counts emulation unless told not to.
        calls["is_bf16_supported"] = lambda including_emulation=True: (
            pretence.bf16 == "yes" or (including_emulation and pretence.bf16 == "emulated")
        )
    else:
        calls["is_bf16_supported"] = lambda: pretence.bf16 == "yes"
    for name, call in calls.items():
        setattr(module, name, call)
    sys.modules[module.__name__] = module
    return module
