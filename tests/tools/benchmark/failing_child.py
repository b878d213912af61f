"""A process of a probe whose items fail in every way a device can; run as a script by `test_probe`."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path

from tools.benchmark import probing
from tools.benchmark.probes.attempt import Bench, NotHereError, Reached, WrongResultError


def works(_: Bench) -> Reached:
    return Reached(2.5, "TFLOPS")


def refuses(_: Bench) -> None:
    raise RuntimeError("first line\n\nthe reason stands last\n")


def is_wrong(bench: Bench) -> None:
    raise WrongResultError(bench.says("wrong", error="12.0%"))


def lacks(bench: Bench) -> None:
    raise NotHereError(bench.says("not_installed", package="flash-attn"))


def exhausts(_: Bench) -> None:
    import torch

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**33, hard))
    torch.ones(2**40)


def segfaults(_: Bench) -> None:
    print("about to touch what is not ours", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def aborts(_: Bench) -> None:
    os.abort()


def is_killed(_: Bench) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lacks_memory(_: Bench) -> None:
    """End as a C++ library does that finds no memory."""
    print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
    os.abort()


def exits(_: Bench) -> None:
    os._exit(7)


def hangs(_: Bench) -> None:
    time.sleep(600)


def hangs_telling(bench: Bench) -> None:
    """Leave the process's number in a file, so that a test can look for it."""
    Path(os.environ["HANGING_PID"]).write_text(str(os.getpid()))
    hangs(bench)


def babbles(_: Bench) -> None:
    print("a library prints to standard output")
    os.write(1, b"so does C\n")


KNOWN = {
    one.__name__: one
    for one in (
        *(works, refuses, is_wrong, lacks, exhausts, segfaults, aborts, is_killed, exits, hangs, hangs_telling),
        *(babbles, lacks_memory),
    )
}

if __name__ == "__main__":
    sys.exit(probing.main(known=KNOWN))
