"""Make extracted text uniform without changing what it says."""

from __future__ import annotations

import re
from typing import Final

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
"""Characters that show nothing, and halves of characters, which no file may hold and none of ours can."""
_NEWLINE = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SOFT_HYPHEN: Final = "\u00ad"
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
_INVISIBLE = re.compile(r"[\u200b-\u200d\u2060\ufe0e\ufe0f]")
LONGEST_HEADING: Final = 300
"""Characters of a heading; a longer one is a paragraph that somebody set large."""
_HEADING_MARK = re.compile(r"#{1,6}[ \t]")
_LONG_RUN = re.compile(r"[ \t]{20}|#{20}")
_NUMBER = re.compile(r"\s*[-+(]?[$€£¥]?\s*\d[\d.,]*\s*[%)]?\s*$|\s*\d{4}-\d\d-\d\d")
_BLANK_LINES = re.compile(r"\n{3,}")


def faithful(text: str) -> str:
    """Return text of a text file: one kind of newline, no control characters, no byte-order mark; else as it was."""
    return _CONTROL.sub("", _NEWLINE.sub("\n", text))


def without_false_headings(text: str) -> str:
    """Return text in which no line opens like a heading and is none: too long, or full of blanks or signs.

    Headings stand as context at every passage beneath them, so one of a million characters would be there thousands of
    times. Such lines get Markdown's sign for "as it stands", a backslash.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("#") and _HEADING_MARK.match(line):
            is_false = len(line) > LONGEST_HEADING or _LONG_RUN.search(line)
            lines[number] = f"\\{line}" if is_false else line
    return "\n".join(lines)


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


def sheet_blocks(rows: list[list[str]]) -> list[str]:
    """Return a sheet's rows as texts: tables, and the titles and remarks above them as lines.

    A sheet often opens with a title and an empty row; taken for a table's header, they would hide the real one. After
    an empty row a new table begins only where a row of words stands above a row with numbers; else the table goes on.

    Args:
        rows: Cell texts.
    """
    blocks: list[list[list[str]]] = [[]]
    for row in rows:
        if any(text.strip() for text in row):
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    found: list[str | list[list[str]]] = []
    for block in blocks:
        is_wide = any(_filled(row) > 1 for row in block)
        while block and _filled(block[0]) == 1 and (is_wide or not found or isinstance(found[-1], str)):
            found.append(one_line(" ".join(block.pop(0))))
        before = found[-1] if found else None
        if isinstance(before, list) and not _has_header(block):
            before.extend(block)
        elif block:
            found.append(block)
    return [text for part in found if (text := part if isinstance(part, str) else pipe_table(part))]


def _filled(row: list[str]) -> int:
    return sum(bool(text.strip()) for text in row)


def _has_header(block: list[list[str]]) -> bool:
    """Return whether a first row of words stands above numbers."""
    if len(block) < 2 or any(_NUMBER.match(text) for text in block[0]):
        return False
    named = [column for column, text in enumerate(block[0]) if text.strip()]
    below = [row[column] for row in block[1:] for column in named if column < len(row)]
    return len(named) > 1 and any(_NUMBER.match(text) for text in below)
