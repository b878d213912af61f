"""Word, PowerPoint and Excel files to Markdown-like text.

A Word file goes through mammoth to HTML, so that it and web pages share one converter; slides and sheets are read by
python-pptx and openpyxl. Archives are measured before they are opened.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any, Final

from knowledge.ingest.cleaning import one_line, pipe_table, tidy
from knowledge.ingest.html import read_html
from knowledge.ingest.parsed import Parsed, UnreadableError

LARGEST_UNPACKED: Final = 400 * 2**20
"""Bytes an office file may unpack to."""
LARGEST_RATIO: Final = 200
"""Unpacked bytes for each packed one, from which on an archive of some size is taken for a bomb; XML reaches 30."""
_SMALL: Final = 20 * 2**20
_MOST_MEMBERS: Final = 20_000
_OLE: Final = b"\xd0\xcf\x11\xe0"
_MOST_CELLS: Final = 500_000


def check_archive(content: bytes) -> None:
    """Refuse what is no office archive, is locked, or would unpack to an absurd size.

    Raises:
        UnreadableError: Says which.
    """
    if content.startswith(_OLE):
        raise UnreadableError("locked by a password, or in the old binary format: save it anew without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableError("damaged, or no office file") from error
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if unpacked > LARGEST_UNPACKED or len(members) > _MOST_MEMBERS:
        raise UnreadableError(f"unpacks to {unpacked / 2**20:.0f} MiB in {len(members)} parts, more than is allowed")
    if unpacked > _SMALL and unpacked / packed > LARGEST_RATIO:
        raise UnreadableError(f"unpacks to {unpacked / packed:.0f} times its size, as an archive bomb does")


def read_docx(content: bytes) -> Parsed:
    """Return the text of a Word file.

    Raises:
        UnreadableError: It is damaged, locked, too large or empty.
    """
    check_archive(content)
    import docx
    import mammoth

    no_images = mammoth.images.img_element(lambda _image: {"src": ""})
    styles = "\n".join(
        ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"]
        + [f"p[style-name='标题 {level}'] => h{level}:fresh" for level in range(1, 7)]
    )
    stream = io.BytesIO(content)
    markup = mammoth.convert_to_html(stream, convert_image=no_images, style_map=styles).value
    parsed = read_html(f"<html><body><main>{markup}</main></body></html>")
    properties = docx.Document(io.BytesIO(content)).core_properties
    title = one_line(properties.title or "")
    return Parsed(title="" if title in ("Word Document", "Document") else title, text=parsed.text)


def read_pptx(content: bytes) -> Parsed:
    """Return the text of a presentation; every slide is a page, its title a heading.

    Raises:
        UnreadableError: It is damaged, locked, too large or empty.
    """
    check_archive(content)
    import pptx

    presentation = pptx.Presentation(io.BytesIO(content))
    text = ""
    pages: list[tuple[int, int, int]] = []
    for number, slide in enumerate(presentation.slides, start=1):
        body = "\n\n".join(_slide(slide))
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
        yield f"# {words}"
    placed = sorted(slide.shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    yield from _shapes(shape for shape in placed if title is None or shape.shape_id != title.shape_id)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = tidy(slide.notes_slide.notes_text_frame.text)
        if notes:
            yield notes


def _shapes(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        elif getattr(shape, "has_table", False):
            if table := pipe_table([[cell.text for cell in row.cells] for row in shape.table.rows]):
                yield table
        elif getattr(shape, "has_text_frame", False):
            parts = [(one_line(p.text), p.level) for p in shape.text_frame.paragraphs]
            filled = [(words, level) for words, level in parts if words]
            is_list = len(filled) > 1
            if filled:
                yield "\n".join(f"{'  ' * level}- {words}" if is_list else words for words, level in filled)


def read_xlsx(content: bytes) -> Parsed:
    """Return the sheets of a workbook as pipe tables under their names; formulas give their stored values.

    Raises:
        UnreadableError: It is damaged, locked, too large or empty.
    """
    check_archive(content)
    import openpyxl

    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    parts: list[str] = []
    cells = 0
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        # Sheets that claim a million empty rows are common; the claim is not believed.
        sheet.reset_dimensions()
        rows: list[list[str]] = []
        for row in sheet.iter_rows(values_only=True):
            rows.append([_value(value) for value in row])
            cells += len(row)
            if cells > _MOST_CELLS:
                raise UnreadableError(f"more than {_MOST_CELLS} cells: export the part you need")
        if table := pipe_table([row for row in rows if any(row)]):
            parts += [f"# {one_line(sheet.title)}", table]
    title = one_line(workbook.properties.title or "")
    workbook.close()
    if not parts:
        raise UnreadableError("no text in it")
    return Parsed(title=title, text="\n\n".join(parts))


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
