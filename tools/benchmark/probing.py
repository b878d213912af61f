"""The process in which a probe's items run: `python -m tools.benchmark.probing --device npu:0 lora_step full_step`.

Started by `tools.benchmark.probe`, never by a person. It writes one JSON line for each event to standard output: the
vendor's word about bf16, the item that begins, what came of it. Everything else that a library prints goes to standard
error. It ends with its parent, however that ends: standard input is a pipe of the parent's.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from agent.records.base import Language
from agent.records.benchmark import Capability
from agent.records.tuning import ComputeType
from tools.benchmark.backends import Accelerator, last_line, open_device
from tools.benchmark.probes import arithmetic, attention, training
from tools.benchmark.probes.attempt import Attempt, Bench, NotHereError, WrongResultError
from tools.tuning.memory import ran_out

ATTEMPTS: Final[dict[str, Attempt]] = {**arithmetic.ATTEMPTS, **attention.ATTEMPTS, **training.ATTEMPTS}
"""Every item by its name."""
NEEDS: Final[dict[str, tuple[str, ...]]] = training.NEEDS
"""Modules that an item loads; loading them is no part of its time."""
EXIT_ORPHANED: Final = 75
"""Exit status when the parent is gone (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True)
class Asked:
    """What the parent asks for."""

    names: tuple[str, ...]
    device: str
    compute_type: ComputeType
    lang: Language
    threads: int | None
    folder: Path
    """Scratch; the parent makes it and takes it away, whatever becomes of this process."""


def asked(arguments: Sequence[str], known: Mapping[str, Attempt] = ATTEMPTS) -> Asked:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.benchmark.probing")
    parser.add_argument("names", nargs="+", choices=tuple(known))
    parser.add_argument("--device", required=True)
    parser.add_argument("--compute-type", default="fp32", choices=get_args(ComputeType))
    parser.add_argument("--lang", default="en", choices=get_args(Language))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    told = parser.parse_args(arguments)
    return Asked(tuple(told.names), told.device, told.compute_type, told.lang, told.threads, told.folder)


def attempted(attempt: Attempt, bench: Bench, needs: Sequence[str] = ()) -> Capability:
    """Make one attempt; what it raises is its outcome, a module that cannot be loaded included.

    Memory running out is no finding about the device: the item counts as not tried, and the message says why.
    """
    started = time.perf_counter()
    try:
        for module in needs:
            importlib.import_module(module)
        started = time.perf_counter()
        reached = attempt(bench)
    except NotHereError as error:
        return Capability(outcome="not_tried", message=str(error))
    except WrongResultError as error:
        return Capability(outcome="refused", message=str(error), seconds=_since(started))
    except Exception as error:
        if ran_out(error):  # others may hold the memory just now; a device that lacks it is the memory plan's matter
            return Capability(outcome="not_tried", message=last_line(error), seconds=_since(started))
        # Whatever else a device, a kernel or a package raises is the finding.
        return Capability(outcome="refused", message=last_line(error), seconds=_since(started))
    if reached is None:
        return Capability(outcome="supported", seconds=_since(started))
    return Capability(outcome="supported", seconds=_since(started), figure=reached.figure, unit=reached.unit)


def main(arguments: Sequence[str] | None = None, known: Mapping[str, Attempt] = ATTEMPTS) -> int:
    """Run the items of the command line; returns the exit code."""
    told = asked(sys.argv[1:] if arguments is None else arguments, known)
    tell = _own_output()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        device = _opened(told)
        tell({"bf16": device.bf16()})
    except Exception as error:
        # A driver that cannot be opened raises what it likes; the parent gives it as the outcome of every item.
        tell({"failed": last_line(error)})
        return 1
    bench = Bench(device, told.compute_type, told.folder, told.lang)
    for name in told.names:
        tell({"begins": name})
        tell({"item": name, "found": attempted(known[name], bench, NEEDS.get(name, ())).model_dump(mode="json")})
        device.empty_cache()
    return 0


def _opened(told: Asked) -> Accelerator:
    if told.threads is not None:
        import torch

        torch.set_num_threads(told.threads)
    device = open_device(told.device)
    device.select()
    return device


def _own_output() -> Callable[[dict[str, Any]], None]:
    """Return the way to the parent; from now on whatever else is printed goes to standard error."""
    sys.stdout.flush()
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: dict[str, Any]) -> None:
        lines.write(json.dumps(event, ensure_ascii=False) + "\n")
        lines.flush()

    return tell


def _end_with_parent() -> None:
    """Wait for the end of standard input, which is the end of the parent."""
    while os.read(0, 1024):
        pass
    os._exit(EXIT_ORPHANED)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 4)


if __name__ == "__main__":
    sys.exit(main())
