"""What a reader hands back, and the refusal that every reader may raise."""

from __future__ import annotations

from dataclasses import dataclass


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
    """Name of the part, where one file holds several documents."""
