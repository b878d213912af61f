"""What a server sends, piece by piece, within limits of time and size.

for line, seconds in lines_of(limited(response.iter_bytes(), began, 120.0, 2**26)): ...

A server that trickles without an end or a line feed, or floods, must neither hold a measurement nor fill the memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

LINE: Final = 2**20
"""Most bytes of a line; a chunk of one token has some 300, one with the usage 500."""


class Stopped(Exception):  # noqa: N818 - no error: the one who waits for this thread has left
    """Nobody waits for the reply any more."""


class TooMuchError(Exception):
    """A server sends more than any reply has."""


class TooLateError(Exception):
    """A server goes on sending beyond the time limit."""


def limited(
    pieces: Iterable[bytes], began: float, seconds: float, most: int, stop: threading.Event | None = None
) -> Iterator[tuple[bytes, float]]:
    """Yield what arrives with the seconds since the request.

    Raises:
        Stopped: Nobody waits any more.
        TooLateError: The time limit has passed.
        TooMuchError: More came than is expected.
    """
    size = 0
    for piece in pieces:
        now = time.perf_counter() - began
        if stop is not None and stop.is_set():
            raise Stopped
        if now > seconds:
            raise TooLateError(f"no end after {seconds:g} s")
        size += len(piece)
        if size > most:
            raise TooMuchError(f"more than {most // 2**20} MiB")
        yield piece, now


def lines_of(pieces: Iterable[tuple[bytes, float]]) -> Iterator[tuple[bytes, float]]:
    """Yield the lines of a stream, each with the time of the piece that ended it.

    Raises:
        TooMuchError: A line has more than `LINE` bytes.
    """
    begun, now = bytearray(), 0.0
    for piece, now in pieces:
        begun += piece
        if b"\n" in piece:
            *whole, rest = bytes(begun).split(b"\n")
            yield from ((line, now) for line in whole)
            begun = bytearray(rest)
        if len(begun) > LINE:
            raise TooMuchError(f"a line of more than {LINE // 2**20} MiB")
    if begun:
        yield bytes(begun), now
