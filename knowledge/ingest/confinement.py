"""What the process that opens the user's files may not do: reach a network, start programs, change files, outgrow.

Three fences, each enough alone for what it covers: resource limits, an audit hook against Python code that would open
a socket or start a program, and on Linux a filter in the kernel that refuses the same to every library (seccomp).

    confine()  # once, before the first file; cannot be undone
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from dataclasses import dataclass
from typing import Any, Final

from knowledge.ingest.limits import MEMORY

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000
"""`SECCOMP_RET_ERRNO`; the error's number is in the low bits. Source: linux/seccomp.h."""
_X32: Final = 0x40000000
"""Calls from here on are those of the x32 interface, which would pass by the list below."""


@dataclass(frozen=True)
class _Calls:
    """The kernel's numbers for one kind of processor. Source: linux/audit.h and the tables of system calls."""

    architecture: int
    refused: tuple[int, ...]
    """Sockets; programs, signals and tracing; io_uring, which opens sockets without a call; names of files made, moved
    and removed; and `openat2`, whose flags stand out of the filter's sight."""
    opens: tuple[tuple[int, int], ...]
    """(call that opens files, place of its flags among its arguments): refused unless it opens for reading only."""


_KNOWN: Final = {
    "x86_64": _Calls(
        0xC000003E,
        (
            *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307),
            *(57, 58, 59, 62, 101, 310, 311, 322, 424),
            *(425, 426, 427),
            *(76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 133, 165, 258, 259, 260, 263, 264, 265, 266, 268, 316),
            437,
        ),
        ((2, 1), (257, 2)),
    ),
    "aarch64": _Calls(
        0xC00000B7,
        (
            *(198, 199, 200, 201, 202, 203, 206, 211, 242, 269),
            *(117, 129, 221, 270, 271, 281, 424),
            *(425, 426, 427),
            *(33, 34, 35, 36, 37, 38, 40, 45, 52, 53, 54, 55, 276),
            437,
        ),
        ((56, 2),),
    ),
}
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_FORBIDDEN: Final = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")


def confine(memory: int = MEMORY) -> None:
    """Bind this process for good; what the platform lacks is left out, the others hold.

    Args:
        memory: Most bytes of address space.
    """
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CORE, 0)
    # No reader has a reason to write into a file.
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 64)
    sys.addaudithook(_refuse)
    filter_calls()


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(errno.EPERM, f"not for a process that reads documents: {event}")


def filter_calls() -> bool:
    """Let the kernel refuse the calls above to this process and its threads; return whether it does.

    Also asks the kernel to end this process with its parent.
    """
    known = _KNOWN.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    code = _program(known)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    program = Program(len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)


def _program(calls: _Calls) -> bytes:
    """Return the filter as instructions of the kernel's packet filter: (operation, jump if true, if false, value)."""
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    refuse = 4 + len(calls.refused) + 3 * len(calls.opens) + 1
    steps: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 0, refuse - 2, calls.architecture),
        (load, 0, 0, 0),
        (at_least, refuse - 4, 0, _X32),
    ]
    for call in calls.refused:
        steps.append((equal, refuse - len(steps) - 1, 0, call))
    for call, argument in calls.opens:
        steps.append((equal, 0, 2, call))
        steps.append((load, 0, 0, 16 + 8 * argument))
        steps.append((any_bit, refuse - len(steps) - 1, refuse - len(steps) - 2, _WRITES))
    steps += [(give, 0, 0, _ALLOW), (give, 0, 0, _REFUSE | errno.EPERM)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
