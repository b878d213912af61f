"""Writes a source document as a PDF booklet of A5 pages.

The page is small on purpose: most documents then run over two or more pages,
as a reader of real manuals has to expect.
"""

from __future__ import annotations

import io
from html import escape
from typing import Any, Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from knowledge.company.blocks import Block, Definitions, Heading, Items, Paragraph, Source

_CJK: Final = "STSong-Light"
_MARGIN: Final = 14 * mm
_HEADING_SIZES: Final = {1: 16, 2: 13, 3: 11, 4: 10.5}


class _Writer:
    """Turns blocks into the flowables of one document."""

    def __init__(self, language: str) -> None:
        self._chinese = language == "zh"
        if self._chinese:
            # Built into PDF readers, so that no font file has to be shipped.
            pdfmetrics.registerFont(UnicodeCIDFont(_CJK))
        self.regular = _CJK if self._chinese else "Helvetica"
        self._bold = _CJK if self._chinese else "Helvetica-Bold"

    def _style(self, size: float, *, bold: bool = False, **more: Any) -> ParagraphStyle:
        options: dict[str, Any] = {
            "fontName": self._bold if bold else self.regular,
            "fontSize": size,
            "leading": size * 1.4,
            "spaceAfter": 5,
            "wordWrap": "CJK" if self._chinese else None,
        }
        return ParagraphStyle("text", **(options | more))

    def _marked(self, mark: str, markup: str) -> Text:
        style = self._style(10, leftIndent=14, bulletIndent=0, spaceAfter=3)
        return Text(markup, style, bulletText=mark)

    def _entry(self, term: str, text: str) -> Text:
        term, text = escape(term, quote=False), escape(text, quote=False)
        # The Chinese font has no bold cut, and Chinese writes a full-width colon.
        return self._marked("\u2022", f"{term}：{text}" if self._chinese else f"<b>{term}</b>: {text}")

    def _grid(self, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Grid:
        width = (A5[0] - 2 * _MARGIN - 12) / (len(header) + 0.6)
        body, head = self._style(8.5, spaceAfter=0), self._style(8.5, bold=True, spaceAfter=0)
        data = [[Text(escape(cell, quote=False), head) for cell in header]]
        data += [[Text(escape(cell, quote=False), body) for cell in row] for row in rows]
        # The first column holds the names, which are longer than the values.
        widths = [width * 1.6] + [width] * (len(header) - 1)
        rules = [
            ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
        return Grid(data, colWidths=widths, style=rules, repeatRows=1, hAlign="LEFT")

    def flow(self, block: Block) -> list[Any]:
        """The flowables of one block."""
        if isinstance(block, Heading):
            size = _HEADING_SIZES[block.level]
            style = self._style(size, bold=True, spaceBefore=8, keepWithNext=1)
            return [Text(escape(block.text, quote=False), style)]
        if isinstance(block, Paragraph):
            return [Text(escape(block.text, quote=False), self._style(10))]
        if isinstance(block, Definitions):
            return [self._entry(term, text) for term, text in block.entries]
        if isinstance(block, Items):
            marks = [f"{number}." if block.ordered else "\u2022" for number in range(1, len(block.items) + 1)]
            return [
                self._marked(mark, escape(item, quote=False)) for mark, item in zip(marks, block.items, strict=True)
            ]
        return [self._grid(block.header, block.rows), Spacer(1, 8)]


def pdf_bytes(source: Source) -> bytes:
    """Render a document as a PDF file.

    Args:
        source: The document.

    Returns:
        The bytes of the file, the same on every run of one reportlab version.
    """
    writer = _Writer(source.language)

    def number_page(canvas: Any, template: Any) -> None:
        canvas.setFont(writer.regular, 8)
        canvas.drawCentredString(A5[0] / 2, 8 * mm, str(canvas.getPageNumber()))

    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=A5,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=source.title,
        author="Ostrevane Fluid Works",
        # Leaves out the time of writing and the random file id.
        invariant=1,
    )
    story = [flowable for block in source.blocks for flowable in writer.flow(block)]
    template.build(story, onFirstPage=number_page, onLaterPages=number_page)
    return buffer.getvalue()
