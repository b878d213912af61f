"""Writes a source document as a Word file."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, time
from typing import Final

from docx import Document
from docx.document import Document as DocumentType
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.styles.style import ParagraphStyle

from knowledge.company.blocks import Block, Definitions, Heading, Items, Paragraph, Source

# The oldest time a zip archive can hold: an arbitrary but fixed stamp.
_STAMP: Final = (1980, 1, 1, 0, 0, 0)


def _add(document: DocumentType, block: Block, colon: str) -> None:
    if isinstance(block, Heading):
        document.add_heading(block.text, level=block.level)
    elif isinstance(block, Paragraph):
        document.add_paragraph(block.text)
    elif isinstance(block, Items):
        style = "List Number" if block.ordered else "List Bullet"
        for item in block.items:
            document.add_paragraph(item, style=style)
    elif isinstance(block, Definitions):
        # Word has no definition list: a bold term in a bullet is what people write.
        for term, text in block.entries:
            paragraph = document.add_paragraph(style="List Bullet")
            paragraph.add_run(term).bold = True
            paragraph.add_run(colon + text)
    else:
        table = document.add_table(rows=0, cols=len(block.header))
        table.style = "Table Grid"
        for index, row in enumerate((block.header, *block.rows)):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                run = cell.paragraphs[0].add_run(text)
                run.bold = index == 0
        # Marks the header row as one, for readers that look at structure and not at weight.
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        # An empty paragraph keeps a table from growing together with what follows.
        document.add_paragraph()


def _pin(data: bytes) -> bytes:
    """Rewrite a zip archive with fixed member times, so that runs agree."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return out.getvalue()


def docx_bytes(source: Source) -> bytes:
    """Render a document as a Word file.

    Args:
        source: The document.

    Returns:
        The bytes of the file, with fixed dates inside.
    """
    document = Document()
    if source.language == "zh":
        style = document.styles["Normal"]
        assert isinstance(style, ParagraphStyle)
        style.font.name = "SimSun"
        # python-docx sets only the Latin font; Word takes Chinese from this one.
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "SimSun")
    stamp = datetime.combine(source.date, time(9, 0))
    properties = document.core_properties
    properties.title = source.title
    properties.author = "Ostrevane Fluid Works"
    properties.language = "zh-CN" if source.language == "zh" else "en-GB"
    properties.comments = ""
    properties.created = properties.modified = stamp
    for block in source.blocks:
        _add(document, block, "：" if source.language == "zh" else ": ")
    buffer = io.BytesIO()
    document.save(buffer)
    return _pin(buffer.getvalue())
