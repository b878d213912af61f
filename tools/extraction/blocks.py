"""A document's Markdown-like text as headings, tables and lines, every cell with its offsets.

Readers of all formats write the same dialect, so the rules that find facts look at one kind of structure only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

_HEADING: Final = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_RULE: Final = re.compile(r"^\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?$")
_MARKER: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)、])\s+")


@dataclass(frozen=True)
class Piece:
    """A verbatim piece of the document's text."""

    text: str
    start: int
    """Offset in the document's text."""
    end: int


@dataclass(frozen=True)
class Block:
    """A heading, a table or one line, under its headings."""

    kind: Literal["heading", "table", "line"]
    piece: Piece
    """The whole block; of a heading or list line without its marker."""
    headings: tuple[str, ...]
    """Headings above, outermost first; of a heading, those above itself."""
    level: int = 0
    """Depth of a heading, from 1; 0 otherwise."""
    rows: tuple[tuple[Piece, ...], ...] = ()
    """Cells of a table, header first."""
    listed: bool = False
    """True for the line of a list."""
    first: bool = False
    """True for a line after a blank line, a heading or a table."""


def piece_of(text: str, start: int, end: int) -> Piece:
    """Return the piece between two offsets without the white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Piece(text[start:end], start, end)


def parse(text: str) -> list[Block]:
    """Cut a text into blocks, in reading order.

    Args:
        text: A document's extracted text.

    Returns:
        Blocks whose pieces satisfy `text[piece.start:piece.end] == piece.text`.
    """
    lines = list(_lines(text))
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    index, fresh = 0, True
    while index < len(lines):
        line = lines[index]
        headings = tuple(name for _, name in path)
        if not line.text:
            index, fresh = index + 1, True
        elif heading := _HEADING.match(line.text):
            level = len(heading[1])
            path = [entry for entry in path if entry[0] < level]
            piece = piece_of(text, line.start + heading.start(2), line.start + heading.end(2))
            blocks.append(Block("heading", piece, tuple(name for _, name in path), level=level))
            path.append((level, piece.text))
            index, fresh = index + 1, True
        elif _starts_table(lines, index):
            last = index + 1
            while last + 1 < len(lines) and lines[last + 1].text.startswith("|"):
                last += 1
            rows = [tuple(_cells(text, row)) for row in (line, *lines[index + 2 : last + 1])]
            blocks.append(Block("table", piece_of(text, line.start, lines[last].end), headings, rows=tuple(rows)))
            index, fresh = last + 1, True
        else:
            marker = _MARKER.match(line.text)
            piece = piece_of(text, line.start + (marker.end() if marker else 0), line.end)
            blocks.append(Block("line", piece, headings, listed=marker is not None, first=fresh))
            index, fresh = index + 1, False
    return blocks


def passage(text: str, start: int, end: int, limit: int = 800) -> tuple[int, int]:
    """Widen an answer's offsets to a sharp passage of whole lines.

    Neighbouring lines of the same paragraph, list or table are taken in turn until `limit` characters are reached; the
    heading right above comes along if there is room.

    Args:
        text: The document's text.
        start: Offset of the answer.
        end: End of the answer, exclusive.
        limit: Most characters the passage may have; an answer longer than that is returned as it is.

    Returns:
        Offsets of the passage.
    """
    low, high = text.rfind("\n", 0, start) + 1, _line_end(text, end)
    if high - low > limit:
        return _sentence_window(text, start, end, limit)
    grew = True
    while grew:
        grew = False
        above = text.rfind("\n", 0, low - 1) + 1 if low > 0 else low
        if low > 0 and text[above : low - 1].strip() and high - above <= limit:
            low, grew = above, True
        below = _line_end(text, high + 1) if high < len(text) else high
        if high < len(text) and text[high + 1 : below].strip() and below - low <= limit:
            high, grew = below, True
    near = max(0, low - limit)
    heading = re.search(r"(?:^|\n)(#{1,6} [^\n]+)\n\s*$", text[near:low])
    if heading and high - near - heading.start(1) <= limit:
        low = near + heading.start(1)
    return low, high


def _sentence_window(text: str, start: int, end: int, limit: int) -> tuple[int, int]:
    room = max(0, limit - (end - start)) // 2
    low, high = max(0, start - room), min(len(text), end + room)
    opening = re.search(r"(?<=[.!?。！？\n])\s*(?=\S)", text[low:start]) if low else None
    if opening:
        low += opening.end()
    endings = list(re.finditer(r"[.!?](?=\s)|[。！？]", text[end:high]))
    if endings and high < len(text):
        high = end + endings[-1].end()
    return low, high


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found


def _lines(text: str) -> Iterator[Piece]:
    start = 0
    for raw in text.split("\n"):
        yield piece_of(text, start, start + len(raw))
        start += len(raw) + 1


def _starts_table(lines: list[Piece], index: int) -> bool:
    if not lines[index].text.startswith("|") or index + 1 >= len(lines):
        return False
    return "-" in lines[index + 1].text and _RULE.match(lines[index + 1].text) is not None


def _cells(text: str, line: Piece) -> Iterator[Piece]:
    # An escaped bar belongs to its cell.
    bars = [line.start + match.start() for match in re.finditer(r"(?<!\\)\|", line.text)]
    if not line.text.endswith("|") or line.text.endswith("\\|"):
        bars.append(line.end)
    for left, right in pairwise(bars):
        yield piece_of(text, left + 1, right)
