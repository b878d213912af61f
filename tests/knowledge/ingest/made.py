"""Documents generated in every format, with what must be found in them again: for round trips and table look-ups.

Every sentence is different and carries a number, so that a lost, doubled or moved one is noticed. Every table has a
label column, so that a look-up (row label and column → value) has one right answer.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import docx
import openpyxl
import pptx
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageBreak, PageTemplate, Paragraph, Table

from tests.campaigns.hostile_archives import book, saved, zipped

NAMES = (
    "Wren", "Heron", "Otter", "Falcon", "Badger", "Marten", "Osprey", "Plover", "Curlew", "Dunlin", "Egret", "Finch",
    "Grebe", "Hoopoe", "Ibis", "Jackdaw", "Kestrel", "Linnet", "Merlin", "Nuthatch", "Oriole", "Pipit", "Quail",
    "Raven",
)  # fmt: skip
COLUMNS = ("rated flow", "cable length", "net weight", "tank volume", "noise level", "warranty")
UNITS = ("l/h", "m", "kg", "litres", "dB", "months")
_NOUNS = ("pump", "valve", "filter", "sensor", "hose", "motor", "seal", "tank", "gauge", "nozzle")
_VERBS = ("feeds", "holds", "cleans", "meets", "guards", "drives", "warms", "lifts", "opens", "marks")
GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey)]
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=12, spaceAfter=6)
HEAD = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=13, leading=16, spaceAfter=6)


@dataclass
class Made:
    """One generated document."""

    name: str
    suffix: str
    sections: list[list[str]]
    """Sentences of each section; a section is a page where the format has pages."""
    table: list[list[str]]
    """Header and rows; the first column holds the labels."""
    content: bytes = field(default=b"", repr=False)

    @property
    def sentences(self) -> list[str]:
        """All sentences, in order."""
        return [sentence for section in self.sections for sentence in section]


def made(kind: str, seed: int, *, family: str = "") -> Made:
    """Generate a document.

    Args:
        kind: A key of `KINDS`.
        seed: Decides everything in it.
        family: Name of the product family in the table's labels; by default one made from the seed.
    """
    chance = random.Random(f"{kind}-{seed}")
    sections = [
        [_sentence(chance, f"{seed}{page}{number:02d}") for number in range(chance.randint(9, 14))]
        for page in range(1, 4)
    ]
    names = chance.sample(NAMES, 6)
    columns = chance.sample(range(len(COLUMNS)), 3)
    table = [["Model", *(COLUMNS[column] for column in columns)]]
    for name in names:
        values = [f"{chance.randint(11, 989)} {UNITS[column]}" for column in columns]
        table.append([f"{family or f'Series {seed}'} {name}", *values])
    suffix, make = KINDS[kind]
    document = Made(f"{kind}-{seed}{suffix}", suffix, sections, table)
    document.content = make(document)
    return document


def _sentence(chance: random.Random, number: str) -> str:
    parts = [f"the {chance.choice(_NOUNS)} {chance.choice(_VERBS)} the {chance.choice(_NOUNS)}" for _ in range(3)]
    return f"Remark {number} says that {parts[0]}, while {parts[1]} and {parts[2]} for good."


def _pdf(columns: int) -> Callable[[Made], bytes]:
    def make(document: Made) -> bytes:
        buffer = io.BytesIO()
        width, gap = A4[0] - 100, 18
        own = (width - gap * (columns - 1)) / columns
        frames = [Frame(50 + i * (own + gap), 60, own, A4[1] - 130, id=f"f{i}") for i in range(columns)]
        single = [Frame(50, 60, width, A4[1] - 130, id="single")]

        def furniture(canvas: Canvas, _: Any) -> None:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(50, A4[1] - 30, "Ostrevane Works - internal handbook")
            canvas.drawRightString(A4[0] - 50, 30, f"Page {canvas.getPageNumber()} of 9")

        template = BaseDocTemplate(buffer, pagesize=A4, title=document.name)
        template.addPageTemplates([
            PageTemplate("columns", frames, onPage=furniture), PageTemplate("single", single, onPage=furniture)
        ])  # fmt: skip
        story: list[Any] = []
        for number, section in enumerate(document.sections, start=1):
            story.append(Paragraph(f"Section {number}", HEAD))
            story += [Paragraph(sentence, BODY) for sentence in section]
            story += [NextPageTemplate("columns"), PageBreak()]
        story[-2:] = [NextPageTemplate("single"), PageBreak()]
        story += [Paragraph("Technical data", HEAD), Table(document.table, style=GRID)]
        template.build(story)
        return buffer.getvalue()

    return make


def _interleaved(columns: int) -> Callable[[Made], bytes]:
    """Draw columns row by row across the page, as some programs do, so that the file's order is not the reader's."""

    def make(document: Made) -> bytes:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=A4)
        width = (A4[0] - 100 - 20 * (columns - 1)) / columns
        for section in document.sections:
            lines = _wrapped(canvas, section, width)
            height = -(-len(lines) // columns)
            canvas.setFont("Helvetica", 9)
            for row in range(height):
                for column in range(columns):
                    if column * height + row < len(lines):
                        text = lines[column * height + row]
                        canvas.drawString(50 + column * (width + 20), A4[1] - 80 - 12 * row, text)
            canvas.showPage()
        table = Table(document.table, style=GRID)
        table.wrapOn(canvas, 400, 400)
        table.drawOn(canvas, 60, 500)
        canvas.save()
        return buffer.getvalue()

    return make


def _wrapped(canvas: Canvas, sentences: list[str], width: float) -> list[str]:
    lines: list[str] = []
    for sentence in sentences:
        words: list[str] = []
        for word in sentence.split():
            if words and canvas.stringWidth(" ".join([*words, word]), "Helvetica", 9) > width:
                lines.append(" ".join(words))
                words = []
            words.append(word)
        lines.append(" ".join(words))
    return lines


def _docx(document: Made) -> bytes:
    word = docx.Document()
    word.sections[0].header.paragraphs[0].text = "Ostrevane Works - internal handbook"
    word.sections[0].footer.paragraphs[0].text = "Page 1 of 9"
    for number, section in enumerate(document.sections, start=1):
        word.add_heading(f"Section {number}", 1)
        for sentence in section:
            word.add_paragraph(sentence)
    word.add_heading("Technical data", 1)
    table = word.add_table(rows=0, cols=len(document.table[0]))
    for row in document.table:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    return saved(word.save)


def _pptx(document: Made) -> bytes:
    deck = pptx.Presentation()
    for number, section in enumerate(document.sections, start=1):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"Section {number}"
        slide.placeholders[1].text = "\n".join(section)
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Technical data"
    shape = slide.shapes.add_table(
        len(document.table), len(document.table[0]), Inches(1), Inches(2), Inches(8), Inches(3)
    )
    for i, row in enumerate(document.table):
        for j, text in enumerate(row):
            shape.table.cell(i, j).text = text
    return saved(deck.save)


def _xlsx(document: Made) -> bytes:
    workbook = openpyxl.Workbook()
    first = workbook.active
    assert first is not None
    first.title = "Technical data"
    for row in document.table:
        first.append(row)
    for number, section in enumerate(document.sections, start=1):
        sheet = workbook.create_sheet(f"Section {number}")
        for sentence in section:
            sheet.append([sentence])
    return saved(workbook.save)


def _web(document: Made, *, framed: bool = True) -> str:
    sections = "".join(
        f"<h2>Section {n}</h2>" + "".join(f"<p>{sentence}</p>" for sentence in section)
        for n, section in enumerate(document.sections, start=1)
    )
    head, *rows = document.table
    table = "<table><tr>" + "".join(f"<th>{text}</th>" for text in head) + "</tr>"
    table += "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows) + "</table>"
    top, end = (
        ("<nav>Home</nav><header>Ostrevane Works</header>", "<footer>Page 1 of 9</footer>") if framed else ("", "")
    )
    return f"<html><body>{top}<main>{sections}<h2>Technical data</h2>{table}</main>{end}</body></html>"


def _epub(document: Made) -> bytes:
    chapters = []
    for number, section in enumerate(document.sections, start=1):
        body = "".join(f"<p>{sentence}</p>" for sentence in section)
        chapters.append(f"<html><body><h1>Section {number}</h1>{body}</body></html>")
    table = "<table>" + _web(document, framed=False).partition("<table>")[2].partition("</table>")[0] + "</table>"
    return book([*chapters, f"<html><body><h1>Technical data</h1>{table}</body></html>"])


def _markdown(document: Made) -> str:
    parts = []
    for number, section in enumerate(document.sections, start=1):
        parts += [f"## Section {number}", *section]
    head, *rows = document.table
    table = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n\n".join([*parts, "## Technical data", "\n".join(table)]) + "\n"


def _text(document: Made) -> str:
    return "\n\n".join(document.sentences) + "\n\n" + "\n".join("\t".join(row) for row in document.table) + "\n"


def _csv(document: Made) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    width = len(document.table[0])
    writer.writerows(document.table)
    writer.writerows([[sentence] + [""] * (width - 1) for sentence in document.sentences])
    return buffer.getvalue().encode("utf-8-sig")


def _mail(document: Made) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Mara Ilse <mara@example.com>", "Works <works@example.com>"
    mail["Subject"], mail["Date"] = f"Handbook {document.name}", "Mon, 01 Jan 2024 10:00:00 +0000"
    mail.set_content("\n\n".join(document.sentences))
    mail.add_alternative(_web(document, framed=False), subtype="html")
    return bytes(mail)


def _zip(document: Made) -> bytes:
    return zipped([("handbook/part one.md", _markdown(document)), ("handbook/empty.txt", "")])


KINDS: dict[str, tuple[str, Callable[[Made], bytes]]] = {
    "pdf": (".pdf", _pdf(1)),
    "pdf2": (".pdf", _pdf(2)),
    "pdf3": (".pdf", _pdf(3)),
    "interleaved2": (".pdf", _interleaved(2)),
    "interleaved3": (".pdf", _interleaved(3)),
    "docx": (".docx", _docx),
    "pptx": (".pptx", _pptx),
    "xlsx": (".xlsx", _xlsx),
    "html": (".html", lambda document: _web(document).encode()),
    "epub": (".epub", _epub),
    "md": (".md", lambda document: _markdown(document).encode()),
    "txt": (".txt", lambda document: _text(document).encode()),
    "csv": (".csv", _csv),
    "eml": (".eml", _mail),
    "zip": (".zip", _zip),
}
"""Suffix and maker by kind."""
