"""What a reader hands back, and the refusal that every reader may raise."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.records.corpus import DocumentFormat

Source = bytes | Path
"""A file as its place, or the bytes of one that stands within another."""

Earn = Callable[[str], None]
"""Hears of every stretch of text as it is read; a stretch that is new earns the file more time."""


def earn_nothing(_: str) -> None:
    """Ignore what was read; for callers that set no time."""


class UnreadableError(Exception):
    """This file cannot be read; the message is one line for the user, in plain words."""


@dataclass(frozen=True)
class Parsed:
    """One document that came out of a file; most files hold one."""

    title: str
    """Empty if the file names none."""
    text: str
    pages: tuple[tuple[int, int, int], ...] = ()
    """(page from 1, start, end) in `text`, where the format has pages."""
    part: str = ""
    """Name of the part, where one file holds several documents; empty for what the file itself says."""
    note: str = ""
    """What of the file is not in `text` although it was read; one line for the user."""
    format: DocumentFormat | None = None
    """Format of a file within the file; `None` if it is the file's own."""
    sha256: str = ""
    """Hash of the bytes of a file within the file; empty if there is none."""
    refused: str = ""
    """Why this part was not read; then `text` is empty."""
    recognised: int = 0
    """Pages whose text was recognised from a picture."""
    confidence: float | None = None
    """Mean confidence of their characters, 0 to 1; `None` if there are none."""
    skipped: bool = False
    """True if a refused part is of a kind that no reader takes."""


@dataclass(frozen=True)
class Member:
    """A file within a file: in a zipped folder, or attached to an e-mail."""

    key: str
    """What the container finds it by."""
    name: str
    """Its path, cleaned for showing; never used as a path."""
    format: DocumentFormat | None
    """`None` if no reader takes it."""
    refused: str = ""
    """Why it is not opened; empty if it may be."""


def opened(source: Source) -> AbstractContextManager[BinaryIO]:
    """Return a source as a file to read from."""
    return source.open("rb") if isinstance(source, Path) else nullcontext(io.BytesIO(source))


def content_of(source: Source, largest: int) -> bytes:
    """Return the bytes of a source.

    Args:
        source: The file.
        largest: Bytes it may have.

    Raises:
        UnreadableError: It has more.
    """
    with opened(source) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise UnreadableError(f"larger than {largest // 2**20} MiB: split the file")
    return content
