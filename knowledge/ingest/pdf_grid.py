"""Ruled tables of a PDF page: from lines to cells, merged cells included.

Lines that touch make one grid. Neighbouring squares with no line between them are one cell; squares that are open to
the outside belong to no table.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from knowledge.ingest.pdf_page import Rule

_TOUCH: Final = 3.0
"""Points within which two lines are taken to meet, and two coordinates to be the same."""
_MOST_RULES: Final = 4000
"""More lines than this on a page are a drawing."""


@dataclass(frozen=True)
class Cell:
    """A cell with its first row and column, how many it spans, and its place in points."""

    row: int
    column: int
    rows: int
    columns: int
    x0: float
    top: float
    x1: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        """Return whether a point lies in the cell."""
        return self.x0 <= x < self.x1 and self.top <= y < self.bottom


@dataclass(frozen=True)
class Grid:
    """One ruled table."""

    cells: tuple[Cell, ...]
    columns: tuple[float, ...]
    """Places of the vertical lines; two tables with the same ones may be one that runs over a page's end."""


def grids(lines: list[Rule]) -> list[Grid]:
    """Return the ruled tables that `lines` draw, from top to bottom; a single box is none."""
    if not 4 <= len(lines) <= _MOST_RULES:
        return []
    found = [grid for group in _groups(lines) if (grid := _grid(group)) and len(grid.cells) > 1]
    return sorted(found, key=lambda grid: (min(c.top for c in grid.cells), grid.columns[0]))


def _groups(lines: list[Rule]) -> list[list[Rule]]:
    parent = list(range(len(lines)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = sorted(range(len(lines)), key=lambda i: lines[i].x0)
    active: list[int] = []
    for i in order:
        line = lines[i]
        active = [j for j in active if lines[j].x1 + _TOUCH >= line.x0]
        for j in active:
            other = lines[j]
            if other.y0 - _TOUCH <= line.y1 and line.y0 - _TOUCH <= other.y1:
                parent[root(i)] = root(j)
        active.append(i)
    groups: dict[int, list[Rule]] = defaultdict(list)
    for i, line in enumerate(lines):
        groups[root(i)].append(line)
    return list(groups.values())


def _merged(values: list[float]) -> list[float]:
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > _TOUCH:
            kept.append(value)
    return kept


def _grid(lines: list[Rule]) -> Grid | None:
    xs = _merged([line.x0 for line in lines if line.x0 == line.x1])
    ys = _merged([line.y0 for line in lines if line.y0 == line.y1])
    if len(xs) < 2 or len(ys) < 2:
        return None
    upright = [line for line in lines if line.x0 == line.x1]
    flat = [line for line in lines if line.y0 == line.y1]
    walls = {
        (row, i)
        for i, x in enumerate(xs)
        for row in range(len(ys) - 1)
        if any(
            abs(w.x0 - x) <= _TOUCH and w.y0 - _TOUCH <= (ys[row] + ys[row + 1]) / 2 <= w.y1 + _TOUCH for w in upright
        )
    }
    floors = {
        (i, column)
        for i, y in enumerate(ys)
        for column in range(len(xs) - 1)
        if any(
            abs(f.y0 - y) <= _TOUCH and f.x0 - _TOUCH <= (xs[column] + xs[column + 1]) / 2 <= f.x1 + _TOUCH
            for f in flat
        )
    }
    cells = _cells(xs, ys, walls, floors)
    return Grid(tuple(cells), tuple(round(x, 1) for x in xs))


def _cells(xs: list[float], ys: list[float], walls: set[tuple[int, int]], floors: set[tuple[int, int]]) -> list[Cell]:
    height, width = len(ys) - 1, len(xs) - 1
    seen: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    for row in range(height):
        for column in range(width):
            if (row, column) in seen:
                continue
            squares, is_open = _flood(row, column, height, width, walls, floors)
            seen |= squares
            if is_open:
                continue
            rows, columns = [r for r, _ in squares], [c for _, c in squares]
            top, left = min(rows), min(columns)
            bottom, right = max(rows) + 1, max(columns) + 1
            cells.append(Cell(top, left, bottom - top, right - left, xs[left], ys[top], xs[right], ys[bottom]))
    return cells


def _flood(
    row: int, column: int, height: int, width: int, walls: set[tuple[int, int]], floors: set[tuple[int, int]]
) -> tuple[set[tuple[int, int]], bool]:
    squares: set[tuple[int, int]] = set()
    queue = [(row, column)]
    is_open = False
    while queue:
        r, c = queue.pop()
        if (r, c) in squares:
            continue
        squares.add((r, c))
        steps = (
            ((r, c) in walls, r, c - 1),
            ((r, c + 1) in walls, r, c + 1),
            ((r, c) in floors, r - 1, c),
            ((r + 1, c) in floors, r + 1, c),
        )
        for closed, nr, nc in steps:
            if closed:
                continue
            if 0 <= nr < height and 0 <= nc < width:
                queue.append((nr, nc))
            else:
                is_open = True
    return squares, is_open
