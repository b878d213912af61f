"""Cells that a spreadsheet would run as a formula, made harmless, and back again. Pure.

A spreadsheet takes a cell for a formula that starts with `=`, `+`, `-` or `@`, also in full-width form and behind
blanks, control characters or a byte order mark, which some drop when they read a file; tab, carriage return, line feed
and null are on the list of OWASP (CSV Injection) and of its verification standard. A leading apostrophe makes it text.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_STARTS: Final = frozenset("=+-@＝＋－＠﹢﹣﹦﹫−")
_DROPPED: Final = frozenset("\t\r\n\0\v\f")
"""Characters that count as the start of a formula themselves."""
_QUOTES: Final = frozenset("'\"")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet might take a cell for a formula."""
    for character in text:
        if character in _STARTS or character in _DROPPED:
            return True
        # Blanks, quotes, marks of direction and order, other invisible characters: look at what follows them.
        if character not in _QUOTES and unicodedata.category(character) not in ("Zs", "Cf", "Cc", "Zl", "Zp"):
            return False
    return False


def guarded(value: object) -> str:
    """Return a cell's text, with a leading apostrophe where it might be taken for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if is_formula(text) else text


def bare(text: str | None) -> str:
    """Return a cell's text without the apostrophe of `guarded`."""
    given = text or ""
    return given[1:] if given.startswith("'") and is_formula(given[1:]) else given
