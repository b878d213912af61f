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
_MOST_SAID: Final = 300
"""Characters of an error's line: some hold the arguments of a call."""


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
    return _line(error, -1)


def first_line(error: BaseException) -> str:
    """Return the first line of an error, with its kind, at most 300 characters.

    What torch says of a kernel stands first; what follows is advice on how to look for the cause.
    """
    return _line(error, 0)


def _line(error: BaseException, which: int) -> str:
    said = error.what if isinstance(error, DomainsmithError) else str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    line = lines[which] if lines else ""
    if isinstance(error, DomainsmithError):
        return line[:_MOST_SAID]
    return f"{type(error).__name__}: {line}".rstrip(": ")[:_MOST_SAID]


def how_to_get(backend: Backend) -> str:
    """Return what to install for a backend."""
    if backend in EXTENSIONS:
        stack = STACKS[backend][0][0]
        return f"install {EXTENSIONS[backend]} with the {stack} driver and toolkit that belong to it"
    return "install the driver and the torch build for this device, or give cpu"
