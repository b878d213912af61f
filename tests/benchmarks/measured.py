"""One command in a process of its own: how long it takes, how much memory it and its helpers need, what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil


@dataclass(frozen=True)
class Measured:
    """What a process took."""

    seconds: float
    """From start to end, interpreter and imports included."""
    cpu_seconds: float
    """Of all its processes together: what it would take alone on one core."""
    peak_mib: float
    """Largest memory of all its processes together; what they share counts once (proportional set size)."""
    said: dict[str, Any]
    """Its last line on standard output, a JSON object."""


def measure(module: str, arguments: Sequence[str]) -> Measured:
    """Run `python -m module` and wait for it.

    Raises:
        RuntimeError: It did not end well.
    """
    began = time.perf_counter()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        peaks = [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks))
        watcher.start()
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return Measured(
        time.perf_counter() - began,
        usage.ru_utime + usage.ru_stime,
        max(peaks[0] / 2**20, usage.ru_maxrss / 1024),
        json.loads(text.strip().splitlines()[-1]),
    )


def _watch(pid: int, peaks: list[int]) -> None:
    """Note the largest memory of a process and those under it until it ends."""
    try:
        root = psutil.Process(pid)
        while root.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for one in (root, *root.children(recursive=True)):
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue
            peaks[0] = max(peaks[0], total)
            time.sleep(0.5)
    except psutil.Error:
        return
