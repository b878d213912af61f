"""Make extracted text uniform without changing what it says."""

from __future__ import annotations

import re
from typing import Final

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_NEWLINE = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SOFT_HYPHEN: Final = "\u00ad"
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
_INVISIBLE = re.compile(r"[\u200b-\u200d\u2060\ufe0e\ufe0f]")
_BLANK_LINES = re.compile(r"\n{3,}")


def faithful(text: str) -> str:
    """Return text of a text file: one kind of newline, no control characters, no byte-order mark; else as it was."""
    return _CONTROL.sub("", _NEWLINE.sub("\n", text))


def tidy(text: str) -> str:
    """Return text rebuilt from another format: `faithful`, with plain spaces, no trailing ones and no long gaps."""
    text = _INVISIBLE.sub("", faithful(text).replace(_SOFT_HYPHEN, ""))
    lines = []
    fenced = False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        indent = "" if not line.startswith((" ", "\t")) else line[: len(line) - len(line.lstrip(" \t"))]
        lines.append(line.rstrip() if fenced else (indent + _SPACES.sub(" ", line.strip())).rstrip())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def one_line(text: str) -> str:
    """Return `text` on one line, with single spaces."""
    return " ".join(tidy(text).split())


def cell(text: str) -> str:
    """Return `text` as the content of a pipe-table cell."""
    return one_line(text).replace("|", "\\|")


def pipe_table(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table whose first row is the header; columns that are empty throughout are left out.

    Args:
        rows: Cell texts, header first; short rows are filled up.
    """
    width = max((len(row) for row in rows), default=0)
    full = [[cell(text) for text in row] + [""] * (width - len(row)) for row in rows]
    kept = [column for column in range(width) if any(row[column] for row in full)]
    body = [[row[column] for column in kept] for row in full]
    body = [row for index, row in enumerate(body) if index == 0 or any(row)]
    if not kept:
        return ""
    lines = ["|" + "|".join(f" {text} " if text else " " for text in row) + "|" for row in body]
    return "\n".join([lines[0], "|" + "---|" * len(kept), *lines[1:]])
