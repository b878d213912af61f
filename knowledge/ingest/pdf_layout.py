"""From the pieces and rules of one page to headings, paragraphs, list items, `Label: value` lines and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from knowledge.ingest.pdf_columns import Box, reading_order
from knowledge.ingest.pdf_grid import Grid, grids
from knowledge.ingest.pdf_lines import Line, join, lines
from knowledge.ingest.pdf_page import Piece, Rule

ItemKind = Literal["line", "paragraph", "item", "label", "table"]

_LABEL_END = re.compile(r"[:：]$")
_LABEL_LINE = re.compile(r"^(?!https?:)[^\s:：][^:：]{0,48}[:：](?:\s|$)")
_SENTENCE_END = re.compile(r"[.!?。！？;；:：][\"'”’)\]）]*$")
_LABELS: Final = 0.6
"""Share of filled label cells that end in a colon, from which on a ruled table is a form."""
_LEADING: Final = 0.75
"""Free space between two lines, in line heights, from which on a new paragraph begins."""


@dataclass(frozen=True)
class PageItem:
    """One thing on a page; `table` rows hold cell texts, the others one text."""

    kind: ItemKind
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    height: float = 0.0
    """Height of the line box in points, for telling headings."""
    bold: bool = False
    page: int = 0
    column: int = 0
    """Which column or band of the page, from 0."""
    columns: tuple[float, ...] = ()
    """Vertical lines of a table."""


@dataclass(frozen=True)
class Page:
    """A page's pieces and rules."""

    number: int
    width: float
    height: float
    pieces: tuple[Piece, ...]
    rules: tuple[Rule, ...]
    is_picture: bool = False
    """True if it shows a picture and says next to nothing."""
    confidence: float | None = None
    """Mean confidence of its characters if they were recognised from a picture; `None` if they were not."""


def lay_out(page: Page, vocabulary: frozenset[str]) -> list[PageItem]:
    """Return what stands on a page, in reading order.

    Args:
        page: The page, running heads already taken off.
        vocabulary: Words of the document, for joining hyphenated lines.
    """
    tables = grids(list(page.rules))
    inside: dict[int, list[Piece]] = {}
    order: list[Piece | int] = []
    for piece in page.pieces:
        x, y = (piece.x0 + piece.x1) / 2, (piece.top + piece.bottom) / 2
        where = next((i for i, grid in enumerate(tables) if any(cell.holds(x, y) for cell in grid.cells)), None)
        if where is None:
            order.append(piece)
        elif where in inside:
            inside[where].append(piece)
        else:
            inside[where] = [piece]
            order.append(where)
    found: list[PageItem] = []
    boxes = [_box(index, entry, tables) for index, entry in enumerate(order)]
    for column, indexes in enumerate(reading_order(boxes)):
        flow: list[Piece] = []
        items: list[PageItem] = []
        for entry in (order[index] for index in indexes):
            if isinstance(entry, Piece):
                flow.append(entry)
                continue
            items.extend(_flow(lines(flow), page.number, vocabulary))
            flow = []
            items.extend(_table(tables[entry], inside[entry], page.number, vocabulary))
        items.extend(_flow(lines(flow), page.number, vocabulary))
        found.extend(replace(item, column=column) for item in items)
    return found


def _box(index: int, entry: Piece | int, tables: Sequence[Grid]) -> Box:
    if isinstance(entry, Piece):
        wide = sum(character > "\u2e7f" for character in entry.text)
        return Box(index, entry.x0, entry.x1, entry.top, entry.bottom, len(entry.text) + wide)
    cells = tables[entry].cells
    x0, x1 = min(cell.x0 for cell in cells), max(cell.x1 for cell in cells)
    return Box(index, x0, x1, min(cell.top for cell in cells), max(cell.bottom for cell in cells), 0)


def _table(grid: Grid, pieces: Sequence[Piece], number: int, vocabulary: frozenset[str]) -> list[PageItem]:
    height = max(cell.row + cell.rows for cell in grid.cells)
    width = max(cell.column + cell.columns for cell in grid.cells)
    texts = [["" for _ in range(width)] for _ in range(height)]
    bolds = [[False for _ in range(width)] for _ in range(height)]
    bars: dict[int, list[Line]] = {}
    for cell in grid.cells:
        own = [p for p in pieces if cell.holds((p.x0 + p.x1) / 2, (p.top + p.bottom) / 2)]
        content = lines(own)
        if not content:
            continue
        if cell.columns == width:
            bars[cell.row] = content
            continue
        text = join([line.text for line in content], vocabulary)
        for row in range(cell.row, cell.row + cell.rows):
            texts[row][cell.column] = text
            bolds[row][cell.column] = all(line.bold for line in content)
    found: list[PageItem] = []
    rows: list[int] = []
    for row in range(height):
        if row in bars:
            found.extend(_rows(texts, bolds, rows, grid, number))
            rows = []
            found.extend(_flow(bars[row], number, vocabulary))
        elif any(texts[row]):
            rows.append(row)
    found.extend(_rows(texts, bolds, rows, grid, number))
    return found


def _rows(texts: list[list[str]], bolds: list[list[bool]], rows: list[int], grid: Grid, number: int) -> list[PageItem]:
    if not rows:
        return []
    filled = [[(texts[row][c], bolds[row][c]) for c in range(len(texts[row])) if texts[row][c]] for row in rows]
    if _is_form(filled):
        return [PageItem("label", text, page=number) for row in filled for text in _pairs(row)]
    if max(len(row) for row in filled) == 1:
        return [PageItem("paragraph", row[0][0], page=number) for row in filled]
    body = tuple(tuple(texts[row]) for row in rows)
    return [PageItem("table", rows=body, page=number, columns=grid.columns)]


def _is_form(rows: Sequence[Sequence[tuple[str, bool]]]) -> bool:
    """Return whether rows of (text, bold) cells hold labels with their values beside them."""
    cells = [cell for row in rows for cell in row]
    labels = [text for text, bold in cells if bold]
    plain = [text for text, bold in cells if not bold]
    if not labels:
        # No bold text at all: labels would be the first, third, … cells.
        labels = [text for row in rows for text, _ in row[::2]]
        plain = [text for row in rows for text, _ in row[1::2]]
    marked = sum(bool(_LABEL_END.search(text)) for text in labels)
    others = sum(bool(_LABEL_END.search(text)) for text in plain)
    return marked >= max(1, _LABELS * len(labels)) and others <= 0.2 * len(plain)


def _pairs(cells: Sequence[tuple[str, bool]]) -> list[str]:
    """Turn (`Label:`, bold), (value, plain), … into `Label: value` texts; a label without a value stays alone."""
    found: list[str] = []
    open_label = False
    for text, bold in cells:
        is_label = bold or bool(_LABEL_END.search(text))
        if is_label or not open_label:
            found.append(text if not is_label or _LABEL_END.search(text) else f"{text}:")
        else:
            found[-1] += ("" if found[-1].endswith("：") else " ") + text
        open_label = is_label
    return found


def _flow(flow: list[Line], number: int, vocabulary: frozenset[str]) -> list[PageItem]:
    found: list[PageItem] = []
    position = 0
    while position < len(flow):
        count = _aligned(flow, position)
        if count:
            block = flow[position : position + count]
            rows = tuple(tuple(part.text for part in line.columns) for line in block)
            if all(_LABEL_END.search(row[0]) for row in rows):
                found.extend(
                    PageItem("label", text, page=number)
                    for row in rows
                    for text in _pairs([(cell, False) for cell in row])
                )
            else:
                columns = tuple(round(part.x0, 1) for part in block[0].columns)
                found.append(PageItem("table", rows=rows, page=number, columns=columns))
            position += count
            continue
        count = _paragraph(flow, position)
        found.extend(_text_items(flow[position : position + count], number, vocabulary))
        position += count
    return found


def _text_items(block: Sequence[Line], number: int, vocabulary: frozenset[str]) -> list[PageItem]:
    first = block[0]
    parts = [(part.text, part.bold and not first.bold) for part in first.columns]
    if len(block) == 1 and len(parts) > 1 and sum(bool(_LABEL_END.search(text)) for text, _ in parts) * 2 >= len(parts):
        return [PageItem("label", text, page=number) for text in _pairs(parts)]
    text = join([first.marked, *(line.text for line in block[1:])], vocabulary)
    height, bold = first.height, all(line.bold for line in block)
    if first.is_item:
        return [PageItem("item", text, height=height, bold=bold, page=number)]
    if len(block) == 1:
        kind: ItemKind = "label" if _LABEL_LINE.match(text) and not bold else "line"
        return [PageItem(kind, text, height=height, bold=bold, page=number)]
    return [PageItem("paragraph", text, height=height, bold=bold, page=number)]


def _aligned(flow: list[Line], start: int) -> int:
    """Return how many lines from `start` on form a table without rules: at least three, with columns in line."""
    first = flow[start].columns
    if len(first) < 2:
        return 0
    count = 1
    while start + count < len(flow):
        parts = flow[start + count].columns
        apart = flow[start + count].top - flow[start + count - 1].bottom > 2 * flow[start].height
        aligned = (
            not apart
            and len(parts) == len(first)
            and all(abs(a.x0 - b.x0) <= 4 or abs(a.x1 - b.x1) <= 4 for a, b in zip(first, parts, strict=True))
        )
        if not aligned:
            break
        count += 1
    return count if count >= 3 else 0


def _paragraph(flow: list[Line], start: int) -> int:
    """Return how many lines from `start` on belong to one paragraph."""
    count = 1
    right = flow[start].x1
    while start + count < len(flow):
        before, line = flow[start + count - 1], flow[start + count]
        right = max(right, before.x1, line.x1)
        if not _continues(before, line, right, is_second=count == 1, in_item=flow[start].is_item):
            break
        count += 1
    return count


def _continues(before: Line, line: Line, right: float, *, is_second: bool, in_item: bool) -> bool:
    height = before.height
    if line.is_item or abs(line.height - height) > 0.12 * height or len(line.columns) > 1 or len(before.columns) > 2:
        return False
    if before.bold != line.bold and (before.bold or line.pieces[0].bold):
        return False
    gap = line.top - before.bottom
    if gap > _LEADING * height or gap < -2 * height:
        return False
    if _LABEL_LINE.match(line.text) and (_LABEL_LINE.match(before.text) or _SENTENCE_END.search(before.text)):
        return False
    # The next word would have fitted: the line was ended on purpose.
    word = line.text.split(" ", 1)[0]
    room = right - before.x1
    needed = len(word) * (line.x1 - line.x0) / max(1, len(line.text))
    ended = room > needed + 0.6 * height
    if not ended:
        return True
    if is_second and not in_item and not _SENTENCE_END.search(before.text):
        return line.text[:1].islower()
    return line.text[:1].islower() and not _SENTENCE_END.search(before.text)
