"""PDF files: what layout says, in text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.lib import colors, pdfencrypt
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from knowledge.ingest.parsed import UnreadableError
from knowledge.ingest.pdf import pictures_note, read_pdf
from knowledge.ingest.pdf_grid import grids
from knowledge.ingest.pdf_lines import join
from knowledge.ingest.pdf_page import HYPHEN, Rule

NTSB = Path(__file__).resolve().parents[4] / "shared" / "data" / "ntsb"
GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6)
HEAD = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=14, leading=18, spaceAfter=6, spaceBefore=8)


def _pdf(*story: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()

    def number(canvas: Any, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawCentredString(A5[0] / 2, 20, f"Page {canvas.getPageNumber()} of 9")
        if canvas.getPageNumber() > 1:
            canvas.drawString(40, A5[1] - 20, f"Ostrevane confidential {canvas.getPageNumber()}")

    SimpleDocTemplate(
        buffer, pagesize=A5, leftMargin=40, rightMargin=40, topMargin=40, bottomMargin=40, **options
    ).build(list(story), onFirstPage=number, onLaterPages=number)
    return buffer.getvalue()


LONG = (
    "The dosing pump moves small amounts of liquid from a tank into a pipe, and it is meant for clean or slightly "
    "cloudy liquids only. It is not meant for food, for fuel, or for anything that sets hard when it dries in the open "
    "air."
)


def test_headings_paragraphs_and_lists() -> None:
    parsed = read_pdf(
        _pdf(
            Paragraph("Pump manual", ParagraphStyle("t", HEAD, fontSize=20, leading=26)),
            Paragraph(LONG, BODY),
            Paragraph("Lamps", HEAD),
            Paragraph("<b>Amber lamp</b>: nearly empty", BODY, bulletText="•"),
            Paragraph("Press the knob.", BODY, bulletText="1."),
            Paragraph("Name: Tarvo", BODY),
            Paragraph("Weight: 4.6 kg", BODY),
            title="manual.docx",
        )
    )
    assert parsed.title == "Pump manual"
    assert parsed.text == (
        f"# Pump manual\n\n{LONG}\n\n## Lamps\n\n- **Amber lamp**: nearly empty\n1. Press the knob.\n\n"
        "Name: Tarvo\nWeight: 4.6 kg"
    )
    assert parsed.pages == ((1, 0, len(parsed.text)),)


def test_a_ruled_table_becomes_a_pipe_table_over_pages() -> None:
    rows = [["Part", "Code"]] + [[f"Part {n}", f"C-{n:02}"] for n in range(100)]
    parsed = read_pdf(_pdf(Paragraph("Parts", HEAD), Table(rows, style=GRID, repeatRows=1), Paragraph(LONG, BODY)))
    table = parsed.text.split("\n\n")[1].split("\n")
    assert table[:3] == ["| Part | Code |", "|---|---|", "| Part 0 | C-00 |"]
    assert len(table) == 102
    assert parsed.text.endswith(LONG)
    assert "confidential" not in parsed.text
    for number, start, end in parsed.pages:
        assert parsed.text[start:end].strip(), number
    assert parsed.pages[1][1] == parsed.text.index("| Part", parsed.pages[1][1])


def test_merged_cells_and_wrapped_cells() -> None:
    name = "A name that is long enough to be wrapped in its cell"
    cells = [["Model", "Data", ""], [Paragraph(name, BODY), "flow", "17"], ["", "cable", "2"]]
    style = [*GRID, ("SPAN", (0, 1), (0, 2)), ("SPAN", (1, 0), (2, 0))]
    parsed = read_pdf(_pdf(Table(cells, style=style, colWidths=[110, 60, 60])))
    assert parsed.text == f"| Model | Data | |\n|---|---|---|\n| {name} | flow | 17 |\n| {name} | cable | 2 |"


def test_a_form_becomes_label_lines() -> None:
    bold = ParagraphStyle("b", BODY, fontName="Helvetica-Bold")
    cells = [[Paragraph("Location:", bold), "Ely", Paragraph("Visibility", bold), "10 miles"],
             [Paragraph("Made in:", bold), "", Paragraph("Damage:", bold), "None"]]  # fmt: skip
    parsed = read_pdf(_pdf(Paragraph("Report", HEAD), Table(cells, style=GRID, colWidths=80), Paragraph(LONG, BODY)))
    assert "Location: Ely\nVisibility: 10 miles\nMade in:\nDamage: None" in parsed.text


def test_columns_without_rules() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A5)
    for row, (name, value) in enumerate([("Part", "Weight"), ("Wren", "4 kg"), ("Heron", "9 kg")]):
        canvas.drawString(60, 500 - 20 * row, name)
        canvas.drawString(200, 500 - 20 * row, value)
    for row, (name, value) in enumerate([("Author:", "Ann"), ("Date:", "1 May"), ("Room:", "K-07")]):
        canvas.drawString(60, 300 - 20 * row, name)
        canvas.drawString(200, 300 - 20 * row, value)
    canvas.drawString(60, 150, "Owner:")
    canvas.drawString(200, 150, "Metrology")
    canvas.save()
    assert read_pdf(buffer.getvalue()).text == (
        "| Part | Weight |\n|---|---|\n| Wren | 4 kg |\n| Heron | 9 kg |\n\n"
        "Author: Ann\nDate: 1 May\nRoom: K-07\nOwner: Metrology"
    )


def test_chinese() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    body = ParagraphStyle("zh", fontName="STSong-Light", fontSize=10, leading=14, wordWrap="CJK")
    head = ParagraphStyle("zhh", body, fontSize=16, leading=22)
    text = "装置四周至少留出七十五厘米的检修通道，控制柜门前要留一米。" * 4
    table = Table([["型号", "重量"], ["砚鹤Y3", "196千克"]], style=[*GRID, ("FONT", (0, 0), (-1, -1), "STSong-Light")])
    parsed = read_pdf(_pdf(Paragraph("使用手册", head), Paragraph(text, body), Spacer(1, 8), table))
    assert parsed.text == f"# 使用手册\n\n{text}\n\n| 型号 | 重量 |\n|---|---|\n| 砚鹤Y3 | 196千克 |"


def test_a_paragraph_goes_on_over_the_page() -> None:
    head = LONG.partition(" only.")[0]
    parts = [
        Paragraph(head, BODY),
        PageBreak(),
        Paragraph("only and no more.", BODY),
        PageBreak(),
        Paragraph("End.", BODY),
    ]
    parsed = read_pdf(_pdf(*parts))
    assert parsed.text == f"{head} only and no more.\n\nEnd."
    assert parsed.text[slice(*parsed.pages[1][1:])] == "only and no more.\n\n"


@pytest.mark.parametrize(
    ("parts", "words", "expected"),
    [
        (["a pump", "runs"], "", "a pump runs"),
        (["加药", "装置"], "", "加药装置"),
        (["self-", "priming"], "", "self-priming"),
        (["dia-", "phragm"], "diaphragm", "diaphragm"),
        ([f"dia{HYPHEN}", "phragm"], "", "diaphragm"),
        ([f"self{HYPHEN}", "priming"], "self-priming", "self-priming"),
        (["PA-", "22"], "", "PA- 22"),
        ([f"x{HYPHEN}y"], "", "x-y"),
        ([], "", ""),
    ],
)
def test_wrapped_lines_are_joined(parts: list[str], words: str, expected: str) -> None:
    assert join(parts, frozenset(words.split())) == expected


def test_lines_that_make_no_table() -> None:
    box = [Rule(0, 0, 50, 0), Rule(0, 50, 50, 50), Rule(0, 0, 0, 50), Rule(50, 0, 50, 50)]
    assert grids(box) == []
    assert grids([*box[:3], Rule(25, 0, 25, 50)]) == []
    assert grids([Rule(0, y, 50, y) for y in (0, 10, 20, 30)]) == []
    assert len(grids([*box, Rule(25, 0, 25, 50)])[0].cells) == 2


def test_what_is_no_readable_pdf_is_refused() -> None:
    locked = _pdf(Paragraph("x", BODY), encrypt=pdfencrypt.StandardEncryption("secret", canPrint=0))
    with pytest.raises(UnreadableError, match="password"):
        read_pdf(locked)
    with pytest.raises(UnreadableError, match="damaged"):
        read_pdf(b"%PDF-1.4 nothing")
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.rect(1, 1, 9, 9)
    canvas.save()
    with pytest.raises(UnreadableError, match="scan"):
        read_pdf(buffer.getvalue())


@pytest.mark.skipif(not NTSB.is_dir(), reason="../shared/data is absent")
def test_real_accident_reports_read_as_forms() -> None:
    for path in sorted(NTSB.glob("*.pdf"))[:6]:
        parsed = read_pdf(path.read_bytes())
        lines = parsed.text.split("\n")
        labels = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith("#"))
        assert labels["Accident Number"].isalnum()
        assert labels["Investigator In Charge (IIC)"]
        assert any(line.endswith("Pilot Information") for line in lines if line.startswith("#"))
        assert not any(line.startswith("Page ") for line in lines)
        assert parsed.pages[-1][2] == len(parsed.text)


def scanned(pages: list[bool]) -> bytes:
    """Return a PDF whose pages are pictures where told so, and say something else."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A5)
    picture = ImageReader(Image.new("L", (50, 70), 200))
    for number, is_scan in enumerate(pages, start=1):
        if is_scan:
            canvas.drawImage(picture, 0, 0, *A5)
            canvas.drawString(300, 20, f"ABC-{number}")
        else:
            canvas.drawString(60, 400, "Some words that are no picture.")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("pages", "note"),
    [
        ([False, False], ""),
        ([False, True], "1 page is a picture (2): `ingest --ocr` reads them (extra ocr)"),
        (
            [True, False, True, True],
            "3 pages are pictures without text (1, 3–4): `ingest --ocr` reads them (extra ocr)",
        ),
    ],
)
def test_pictures_of_pages_are_named(pages: list[bool], note: str) -> None:
    assert read_pdf(scanned(pages)).note == note


def test_a_long_list_of_pictures_is_cut() -> None:
    note = pictures_note(list(range(1, 100, 2)))
    assert note.startswith("50 pages are pictures without text (1, 3, 5")
    assert "and 30 more places)" in note


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_page_reads_as_it_is_seen(turn: int) -> None:
    buffer = io.BytesIO()
    width, height = (400, 600) if turn % 180 == 0 else (600, 400)
    # The canvas turns the size it is given with the page.
    canvas = Canvas(buffer, pagesize=(width, height))
    canvas.setPageRotation(turn)
    places = {0: (0, 0), 90: (400, 0), 180: (400, 600), 270: (0, 600)}
    canvas.translate(*places[turn])
    canvas.rotate(turn)
    for row, words in enumerate(("The first line of it", "and the second line", "then comes the third.")):
        canvas.drawString(60, height - 100 - 14 * row, words)
    canvas.drawString(width / 2, 20, "7")
    canvas.save()
    assert read_pdf(buffer.getvalue()).text == "The first line of it and the second line then comes the third."


def test_too_many_pages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.pdf.MOST_PAGES", 1)
    with pytest.raises(UnreadableError, match="more than 1 pages: split the file"):
        read_pdf(scanned([False, False]))


def test_every_page_earns() -> None:
    heard: list[str] = []
    read_pdf(scanned([False, True]), heard.append)
    assert heard == ["Some words that are no picture.", "ABC-2"]


def test_a_table_without_rules_is_not_taken_for_columns() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A5)
    for row in range(8):
        for column, words in enumerate((f"Part {row}", f"{row * 7} mm", f"{row * 3} kg")):
            canvas.drawString(50 + 110 * column, 500 - 16 * row, words)
    canvas.save()
    assert "| Part 3 | 21 mm | 9 kg |" in read_pdf(buffer.getvalue()).text


def test_a_heading_over_two_columns_stays_above_them() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setFont("Helvetica-Bold", 18)
    canvas.drawString(50, 780, "A heading that runs over the whole width of it")
    canvas.setFont("Helvetica", 10)
    for row in range(12):
        canvas.drawString(50, 740 - 13 * row, f"left line {row:02d} with words that fill its column ok")
        canvas.drawString(310, 740 - 13 * row, f"right line {row:02d} with words that fill its column ok")
    canvas.drawString(
        50, 540, "A closing line under both of the columns, as wide as the page is, for good measure, ends it."
    )
    canvas.save()
    text = read_pdf(buffer.getvalue()).text
    order = [
        text.index(words) for words in ("A heading", "left line 00", "left line 11", "right line 00", "right line 11")
    ]
    assert order == sorted(order)
    assert text.index("A closing") > order[-1]
