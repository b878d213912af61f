"""Stands in for Huawei's extension of torch."""

from __future__ import annotations

from typing import Any

from pretence import install

__version__ = "2.7.1"


def npu_fusion_attention(*_: Any, **__: Any) -> Any:
    """The vendor's own attention kernel, which transformers imports wherever the extension is."""
    raise RuntimeError("not part of the stand-in")


npu_rotary_mul = npu_fusion_attention

if install("npu") is None:
    raise ImportError("libascend_hal.so: cannot open shared object file: No such file or directory")
