"""The vendors' extensions of torch: which there are, whether they can be loaded, and what is missing where not.

broken_extensions()      # {"npu": "ImportError: libascend_hal.so: cannot open shared object file"}
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Final

from agent.errors import DomainsmithError, WorkFailedError
from agent.records.hardware import Backend

EXTENSIONS: Final[dict[Backend, str]] = {"npu": "torch_npu", "musa": "torch_musa"}
"""Packages of the vendors that teach torch their devices."""
STACKS: Final[dict[Backend, tuple[tuple[str, str], ...]]] = {
    "cuda": (("CUDA", "cuda"), ("ROCm", "hip")),
    "npu": (("CANN", "cann"),),
    "musa": (("MUSA", "musa"),),
    "xpu": (("SYCL", "xpu"),),
}
"""What a vendor's stack is called, and its attribute of `torch.version`."""


def load(backend: Backend) -> None:
    """Load a vendor's extension.

    Raises:
        WorkFailedError: It cannot be loaded, e.g. because the vendor's libraries are missing.
    """
    try:
        importlib.import_module(EXTENSIONS[backend])
    except Exception as error:
        # Whatever an extension without its driver raises is the finding: ImportError, OSError, RuntimeError.
        raise WorkFailedError(last_line(error), where=EXTENSIONS[backend], mend=how_to_get(backend)) from error


def installed(module: str) -> bool:
    """Return whether a module is there to be imported."""
    return module in sys.modules or importlib.util.find_spec(module) is not None


def broken_extensions() -> dict[Backend, str]:
    """Return the extensions that are installed and cannot be loaded, with the last line of the error."""
    broken: dict[Backend, str] = {}
    for backend, module in EXTENSIONS.items():
        try:
            if installed(module):
                load(backend)
        except WorkFailedError as error:
            broken[backend] = error.what
    return broken


def last_line(error: BaseException) -> str:
    """Return the last line of an error that says something, with its kind, at most 300 characters."""
    if isinstance(error, DomainsmithError):
        return error.what[:300]
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}".rstrip(": ")[:300]


def how_to_get(backend: Backend) -> str:
    """Return what to install for a backend."""
    if backend in EXTENSIONS:
        stack = STACKS[backend][0][0]
        return f"install {EXTENSIONS[backend]} with the {stack} driver and toolkit that belong to it"
    return "install the driver and the torch build for this device, or give cpu"
