"""Columns of text on a PDF page, found by the white between them, whatever order the file draws them in.

Rows are taken from top to bottom for as long as a strip of white remains that none of them crosses. If what stands on
both sides of the strip is prose - lines that fill their column - each column is read to its end before the next; if
not, it may be a table, whose rows belong together, and the order of the file stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_GUTTER: Final = 6.0
"""Least width of the white between two columns, in points."""
_LEAST_ROWS: Final = 4
"""Lines that each column has at least."""
_FULL: Final = 0.7
"""Share of a column's width from which on a line fills it."""
_FULL_LINES: Final = 0.5
"""Share of a column's lines that fill it, in prose."""
_CHARACTERS: Final = 14
"""Characters of a line of prose; Chinese counts double."""
_UNEQUAL: Final = 2.2
"""Times by which one column may be wider than another."""
_NARROWEST: Final = 0.15
"""Share of the width of all text that a column has at least."""


@dataclass(frozen=True, slots=True)
class Box:
    """Something on a page: a piece of text or a whole table."""

    index: int
    """Its place in the order of the file."""
    x0: float
    x1: float
    top: float
    bottom: float
    characters: int
    """Characters of a piece; 0 for a table."""


def reading_order(boxes: Sequence[Box]) -> list[list[int]]:
    """Return indexes of boxes in reading order, in one list for each column or band of the page.

    Args:
        boxes: What stands on the page, in the order of the file.
    """
    filled = [box for box in boxes if box.x1 > box.x0]
    if len(filled) < 2 * _LEAST_ROWS:
        return [[box.index for box in boxes]]
    left, right = min(box.x0 for box in filled), max(box.x1 for box in filled)
    bands: list[list[list[Box]]] = []
    for run in _runs(filled, left, right):
        columns = _columns(run, right - left)
        if len(columns) > 1 or not bands or len(bands[-1]) > 1:
            bands.append(columns)
        else:
            bands[-1][0].extend(columns[0])
    if all(len(columns) == 1 for columns in bands):
        return [[box.index for box in boxes]]
    return [
        [box.index for box in (_downwards(column) if len(columns) > 1 else sorted(column, key=lambda box: box.index))]
        for columns in bands
        for column in columns
    ]


def _runs(boxes: list[Box], left: float, right: float) -> list[list[Box]]:
    """Return runs of boxes from top to bottom, each as long as some strip of white goes through all of it."""
    runs: list[list[Box]] = []
    free: list[tuple[float, float]] = []
    for box in sorted(boxes, key=lambda box: (box.top + box.bottom, box.x0)):
        still = _without(free, box.x0, box.x1)
        if runs and still:
            runs[-1].append(box)
            free = still
        else:
            runs.append([box])
            free = _without([(left, right)], box.x0, box.x1)
    return runs


def _without(free: list[tuple[float, float]], x0: float, x1: float) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for a, b in free:
        if x1 <= a or x0 >= b:
            found.append((a, b))
            continue
        found += [(c, d) for c, d in ((a, x0), (x1, b)) if d - c >= _GUTTER]
    return found


def _columns(run: list[Box], width: float) -> list[list[Box]]:
    """Return the columns of a run, left to right; a single one if it is no prose in columns."""
    columns: list[list[Box]] = []
    end = float("-inf")
    for box in sorted(run, key=lambda box: box.x0):
        if box.x0 - end >= _GUTTER:
            columns.append([])
        columns[-1].append(box)
        end = max(end, box.x1)
    widths = [max(box.x1 for box in column) - min(box.x0 for box in column) for column in columns]
    is_prose = (
        len(columns) > 1
        and min(widths) >= _NARROWEST * width
        and max(widths) <= _UNEQUAL * min(widths)
        and all(_is_prose(column, own) for column, own in zip(columns, widths, strict=True))
    )
    return columns if is_prose else [run]


def _is_prose(column: list[Box], width: float) -> bool:
    rows: list[list[Box]] = []
    for box in _downwards(column):
        if rows and box.characters and (box.top + box.bottom) / 2 < rows[-1][-1].bottom:
            rows[-1].append(box)
        else:
            rows.append([box])
    lines = [row for row in rows if row[0].characters]
    if len(lines) < _LEAST_ROWS:
        return False
    full = sum(max(box.x1 for box in row) - min(box.x0 for box in row) >= _FULL * width for row in lines)
    characters = sorted(sum(box.characters for box in row) for row in lines)
    return full >= _FULL_LINES * len(lines) and characters[len(characters) // 2] >= _CHARACTERS


def _downwards(column: Sequence[Box]) -> list[Box]:
    """Return boxes from top to bottom, those of one line from left to right."""
    rows: list[list[Box]] = []
    for box in sorted(column, key=lambda box: box.top + box.bottom):
        if rows and (box.top + box.bottom) / 2 < rows[-1][0].bottom:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda box: box.x0)]
