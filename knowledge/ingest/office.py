"""Word, PowerPoint and Excel files to Markdown-like text.

A Word file goes through mammoth to HTML, so that it and web pages share one converter; slides and sheets are read by
python-pptx and openpyxl. Archives are measured before they are opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from knowledge.ingest.archives import archive_of, refuse_entities, unpack
from knowledge.ingest.cleaning import LONGEST_HEADING, one_line, pipe_table, sheet_blocks, tidy
from knowledge.ingest.html import read_html
from knowledge.ingest.limits import MOST_CELLS
from knowledge.ingest.parsed import Earn, Parsed, Source, UnreadableError, earn_nothing, opened

_WIDEST_ROW: Final = 2_000
"""Columns that a sheet may fill; one that is only formatted to its last column has 16,384 empty ones."""
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_CELL_END = re.compile(rb"</(?:\w+:)?c>")
_STORED = re.compile(rb"<(?:\w+:)?v(?: [^>]*)?>[^<]")
_MOST_MERGED: Final = 20_000
_EARN_ROWS: Final = 1_000


def check_office(source: Source) -> None:
    """Refuse what is no office file, is locked, unpacks to an absurd size, or declares entities.

    Raises:
        UnreadableError: Says which.
    """
    with archive_of(source) as archive:
        refuse_entities(archive)


def read_docx(source: Source) -> Parsed:
    """Return the text of a Word file.

    Raises:
        UnreadableError: It is damaged, locked, too large or empty.
    """
    check_office(source)
    import docx
    import mammoth

    no_images = mammoth.images.img_element(lambda _image: {"src": ""})
    styles = "\n".join(
        ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"]
        + [f"p[style-name='标题 {level}'] => h{level}:fresh" for level in range(1, 7)]
    )
    with opened(source) as file:
        markup = mammoth.convert_to_html(file, convert_image=no_images, style_map=styles).value
    parsed = read_html(f"<html><body><main>{markup}</main></body></html>")
    with opened(source) as file:
        title = one_line(docx.Document(file).core_properties.title or "")
    return Parsed(title="" if title in ("Word Document", "Document") else title, text=parsed.text)


def read_pptx(source: Source, earn: Earn = earn_nothing) -> Parsed:
    """Return the text of a presentation; every slide is a page, its title a heading.

    Args:
        source: The file.
        earn: Hears of every slide.

    Raises:
        UnreadableError: It is damaged, locked, too large or empty.
    """
    check_office(source)
    import pptx

    with opened(source) as file:
        presentation = pptx.Presentation(file)
    text = ""
    pages: list[tuple[int, int, int]] = []
    for number, slide in enumerate(presentation.slides, start=1):
        body = "\n\n".join(_slide(slide))
        earn(body)
        if text and body:
            text += "\n\n"
        start = len(text)
        text += body
        pages.append((number, start, len(text)))
    if not text:
        raise UnreadableError("no text in it")
    # A page ends where the next begins, so that every offset has a page.
    starts = [start for _, start, _ in pages] + [len(text)]
    spans = tuple((number, starts[number - 1], starts[number]) for number, _, _ in pages)
    return Parsed(title=one_line(presentation.core_properties.title or ""), text=text, pages=spans)


def _slide(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None and (words := one_line(title.text_frame.text)):
        yield f"# {words}" if len(words) <= LONGEST_HEADING else words
    placed = sorted(slide.shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    own = (shape for shape in placed if title is None or shape.shape_id != title.shape_id)
    yield from _shapes(shape for shape in own if not _is_furniture(shape))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = tidy(slide.notes_slide.notes_text_frame.text)
        if notes:
            yield notes


def _is_furniture(shape: Any) -> bool:
    """Return whether a shape repeats on every slide: date, footer or number."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    furniture = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER)
    return bool(shape.is_placeholder) and shape.placeholder_format.type in furniture


def _shapes(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        elif getattr(shape, "has_table", False):
            if table := pipe_table(_table(shape.table)):
                yield table
        elif getattr(shape, "has_text_frame", False):
            parts = [(one_line(p.text), p.level) for p in shape.text_frame.paragraphs]
            filled = [(words, level) for words, level in parts if words]
            is_list = len(filled) > 1
            if filled:
                yield "\n".join(f"{'  ' * level}- {words}" if is_list else words for words, level in filled)


def _table(table: Any) -> list[list[str]]:
    """Return a slide's table; a cell that spans rows is repeated downwards, so that every row can be read alone."""
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    for i, row in enumerate(table.rows):
        for j, cell in enumerate(row.cells):
            if cell.is_merge_origin:
                for down in range(1, min(cell.span_height, len(rows) - i)):
                    rows[i + down][j] = cell.text
    return rows


def read_xlsx(source: Source, earn: Earn = earn_nothing) -> Parsed:
    """Return the sheets of a workbook as pipe tables under their names; formulas give their stored values.

    Args:
        source: The file.
        earn: Hears of rows as they are read.

    Raises:
        UnreadableError: It is damaged, locked, too large or empty.
    """
    check_office(source)
    import openpyxl

    parts: list[str] = []
    empty = 0
    room = MOST_CELLS
    with opened(source) as file:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
        title = one_line(workbook.properties.title or "")
        told = _told_of_cells(source, [getattr(sheet, "_worksheet_path", "") for sheet in workbook.worksheets])
        for sheet, (spans, uncomputed) in zip(workbook.worksheets, told, strict=True):
            if sheet.sheet_state != "visible":
                continue
            # Sheets that claim a million empty rows are common; the claim is not believed.
            sheet.reset_dimensions()
            rows = _sheet(sheet, room, earn)
            room -= sum(len(row) for row in rows)
            _fill_down(rows, spans)
            if found := sheet_blocks(rows):
                parts += [f"# {one_line(sheet.title)}", *found]
            empty += uncomputed
        workbook.close()
    if not parts:
        raise UnreadableError("no text in it" if not empty else _uncomputed(empty))
    return Parsed(title=title, text="\n\n".join(parts), note=_uncomputed(empty) if empty else "")


def _uncomputed(cells: int) -> str:
    some = "1 cell holds a formula" if cells == 1 else f"{cells} cells hold formulas"
    return f"{some} without a value: open the file in a spreadsheet program and save it, then read it again"


def _without_value(sheet: bytes) -> int:
    """Return how many cells of a sheet hold a formula whose result was never stored, as in sheets made by programs."""
    count = 0
    for formula in _FORMULA.finditer(sheet):
        end = _CELL_END.search(sheet, formula.end())
        inside = sheet[formula.end() : end.start() if end else len(sheet)]
        opening = sheet[max(0, sheet.rfind(b"<", 0, formula.start())) : formula.start()]
        # A result that is an empty text is stored as one.
        count += b't="str"' not in opening and _STORED.search(inside) is None
    return count


def _sheet(sheet: Any, room: int, earn: Earn) -> list[list[str]]:
    """Return a sheet's rows without the empty cells at their ends."""
    rows: list[list[str]] = []
    fresh: list[str] = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if len(row) > _WIDEST_ROW and any(value is not None for value in row[_WIDEST_ROW:]):
            raise UnreadableError(f"more than {_WIDEST_ROW} columns: export the part you need")
        texts = [_value(value) for value in row[:_WIDEST_ROW]]
        while texts and not texts[-1].strip():
            texts.pop()
        rows.append(texts)
        room -= len(texts)
        if room < 0 or number > 2 * MOST_CELLS:
            raise UnreadableError(f"more than {MOST_CELLS} cells: export the part you need")
        fresh += texts
        if not number % _EARN_ROWS:
            earn("".join(fresh))
            fresh = []
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _told_of_cells(source: Source, paths: Sequence[str]) -> list[tuple[list[tuple[int, int, int]], int]]:
    """Return what openpyxl does not tell of the cells of every sheet.

    Those are (column, first row, last row), from 0, of the cells that span rows, and the number of cells that hold a
    formula without a value.
    """
    from openpyxl.utils import column_index_from_string

    found: list[tuple[list[tuple[int, int, int]], int]] = []
    with archive_of(source) as archive:
        for path in paths:
            sheet = unpack(archive, path) if path in archive.namelist() else b""
            at = sheet.rfind(b"</sheetData>")
            spans = [
                (column_index_from_string(left.decode()) - 1, int(top) - 1, int(bottom) - 1)
                for left, top, _, bottom in _MERGED.findall(sheet, max(at, 0))
                if int(bottom) > int(top)
            ]
            found.append((spans[:_MOST_MERGED], _without_value(sheet)))
    return found


def _fill_down(rows: list[list[str]], spans: Sequence[tuple[int, int, int]]) -> None:
    """Repeat cells that span rows downwards, so that every row can be read alone; only beside filled cells."""
    for column, first, last in spans:
        if first >= len(rows) or column >= len(rows[first]):
            continue
        for row in rows[first + 1 : last + 1]:
            if row:
                row.extend([""] * (column + 1 - len(row)))
                row[column] = row[column] or rows[first][column]


def _value(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return f"{value:.12g}"
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
