r"""Names and texts of documents as a terminal may show them: what would steer it is spelled out instead.

A file's name may hold any character but `/` and NUL, a text any at all: an escape sequence would colour, clear or
retitle the terminal, a line break in a name would end its line, and an override of the writing direction would show
`fdp.exe` as `exe.pdf`.

    in_line("a\x1b[31mRED\n.txt")  # the escape and the line break as they are written here
"""

from __future__ import annotations

import re
from typing import Final

_STEERING: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""C0 and C1 controls but tab and line feed, embeddings and overrides of the direction, what is no character."""
_IN_TEXT: Final = re.compile(f"[{_STEERING}]")
_IN_LINE: Final = re.compile(f"[{_STEERING}\t\n\u2028\u2029]")


def in_line(text: str) -> str:
    """Return a name as one line without anything that steers a terminal."""
    return _IN_LINE.sub(_spelled, text)


def in_text(text: str) -> str:
    """Return a text of several lines without anything that steers a terminal; tabs and line ends stay."""
    return _IN_TEXT.sub(_spelled, text.replace("\r\n", "\n"))


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
