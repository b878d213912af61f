"""Word, PowerPoint and Excel files, sound and hostile."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches

from knowledge.ingest.archives import check_archive
from knowledge.ingest.office import read_docx, read_pptx, read_xlsx
from knowledge.ingest.parsed import UnreadableError
from tests.campaigns.hostile_archives import replaced


def _bytes(save: object) -> bytes:
    buffer = io.BytesIO()
    save(buffer)  # type: ignore[operator]
    return buffer.getvalue()


def test_word() -> None:
    document = docx.Document()
    document.core_properties.title = "Pump guide"
    document.add_heading("Pump", 0)
    document.add_heading("Models", 1)
    document.add_paragraph("Two models.")
    table = document.add_table(rows=0, cols=2)
    for row in (("Model", "Flow"), ("Wren", "17 l/h")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    item = document.add_paragraph(style="List Bullet")
    item.add_run("E17").bold = True
    item.add_run(": blocked filter")
    document.add_paragraph("步骤一", style="List Number")
    parsed = read_docx(_bytes(document.save))
    assert parsed.title == "Pump guide"
    assert parsed.text == (
        "# Pump\n\n# Models\n\nTwo models.\n\n| Model | Flow |\n|---|---|\n| Wren | 17 l/h |\n\n"
        "- **E17**: blocked filter\n\n1. 步骤一"
    )


def test_a_default_title_is_none() -> None:
    document = docx.Document()
    document.core_properties.title = "Word Document"
    document.add_paragraph("x")
    assert read_docx(_bytes(document.save)).title == ""


def test_slides() -> None:
    deck = pptx.Presentation()
    deck.core_properties.title = "Deck"
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Lamps"
    slide.placeholders[1].text = "white: ready\namber: empty"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    second = deck.slides.add_slide(deck.slide_layouts[6])
    table = second.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for i, text in enumerate(["型号", "重量", "Y3", "196千克"]):
        table.cell(i // 2, i % 2).text = text
    box = second.shapes.add_group_shape().shapes.add_textbox(Inches(1), Inches(4), Inches(4), Inches(1))
    box.text_frame.text = "In a group."
    deck.slides.add_slide(deck.slide_layouts[6])
    parsed = read_pptx(_bytes(deck.save))
    assert parsed.title == "Deck"
    assert parsed.text == (
        "# Lamps\n\n- white: ready\n- amber: empty\n\nSay it slowly.\n\n"
        "| 型号 | 重量 |\n|---|---|\n| Y3 | 196千克 |\n\nIn a group."
    )
    assert [page for page, _, _ in parsed.pages] == [1, 2, 3]
    assert parsed.text[slice(*parsed.pages[1][1:])].startswith("| 型号")


def test_sheets() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Prices"
    for row in (["Part", "Price", "Since", None], ["Seal", 12.5, date(2024, 5, 1), None], [None] * 4,
                ["Pump", 0.1 + 0.2, datetime(2024, 5, 1, 8, 30), True]):  # fmt: skip
        sheet.append(row)
    hidden = book.create_sheet("Secret")
    hidden.append(["x"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Empty")
    parsed = read_xlsx(_bytes(book.save))
    assert parsed.text == (
        "# Prices\n\n| Part | Price | Since | |\n|---|---|---|---|\n| Seal | 12.5 | 2024-05-01 | |\n"
        "| Pump | 0.3 | 2024-05-01 08:30 | TRUE |"
    )


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ("", ""),
        ("<c><f>2*1000</f><v>2000</v></c>", ""),
        ('<c t="str"><f>IF(1,"","")</f><v></v></c>', ""),
        ("<c><f>2*1000</f><v></v></c>", "1 cell holds a formula without a value"),
        ('<c><f t="shared" si="0"/></c><c><f>A1</f><v/></c>', "2 cells hold formulas without a value"),
    ],
)
def test_formulas_without_a_value_are_told(cells: str, note: str) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Part", "Price"])
    whole = _bytes(book.save)
    row = f"<row><c t='inlineStr'><is><t>Seal</t></is></c>{cells}</row></sheetData>".encode()
    part = "xl/worksheets/sheet1.xml"
    parsed = read_xlsx(replaced(whole, part, lambda sheet: sheet.replace(b"</sheetData>", row)))
    assert "Seal" in parsed.text
    assert parsed.note.partition(":")[0] == note


def test_a_sheet_that_a_program_wrote_keeps_no_silent_gap() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Seal", "=2*1000"])
    assert read_xlsx(_bytes(book.save)).note.startswith("1 cell holds a formula without a value")


def test_files_without_text_are_refused() -> None:
    with pytest.raises(UnreadableError, match="no text"):
        read_docx(_bytes(docx.Document().save))
    with pytest.raises(UnreadableError, match="no text"):
        read_pptx(_bytes(pptx.Presentation().save))
    with pytest.raises(UnreadableError, match="no text"):
        read_xlsx(_bytes(openpyxl.Workbook().save))


def _bomb(size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * size)
    return buffer.getvalue()


def _crowd() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not a zip", "damaged"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "password"),
        (_bomb(30 * 2**20), "bomb"),
        (_crowd(), "20001 parts"),
    ],
)
def test_hostile_archives_are_refused_unopened(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        check_archive(content)


def test_a_sheet_of_a_million_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.office.MOST_CELLS", 5)
    book = openpyxl.Workbook()
    for _ in range(3):
        book.active.append([1, 2, 3])  # type: ignore[union-attr]
    with pytest.raises(UnreadableError, match="more than 5 cells"):
        read_xlsx(_bytes(book.save))


def test_a_title_above_a_table_is_no_header_of_it() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Price list 2024"], ["all prices in euro"], [], ["Part", "Price"], ["Seal", 12.5], [], ["Pump", 99],
                [], ["Part", "Weight"], ["Seal", 3], ["Checked by Mara"]):  # fmt: skip
        sheet.append(row)
    assert read_xlsx(_bytes(book.save)).text == (
        "# Sheet\n\nPrice list 2024\n\nall prices in euro\n\n"
        "| Part | Price |\n|---|---|\n| Seal | 12.5 |\n| Pump | 99 |\n\n"
        "| Part | Weight |\n|---|---|\n| Seal | 3 |\n| Checked by Mara | |"
    )


def test_cells_that_span_rows_stand_in_each_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Model", "Part", "Price"], ["Wren", "Seal", 1], [None, "Hose", 2], [None, "Tank", 3]):
        sheet.append(row)
    sheet.merge_cells("A2:A4")
    assert "| Wren | Tank | 3 |" in read_xlsx(_bytes(book.save)).text
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(3, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for place, text in {(0, 0): "Model", (0, 1): "Part", (1, 0): "Wren", (1, 1): "Seal", (2, 1): "Hose"}.items():
        table.cell(*place).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert "| Wren | Hose |" in read_pptx(_bytes(deck.save)).text


def test_too_many_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.office._WIDEST_ROW", 2)
    book = openpyxl.Workbook()
    book.active.append([1, 2, 3])  # type: ignore[union-attr]
    with pytest.raises(UnreadableError, match="more than 2 columns"):
        read_xlsx(_bytes(book.save))


def test_the_foot_of_slides_stays_out() -> None:
    deck = pptx.Presentation()
    layout = deck.slide_layouts[1]
    slide = deck.slides.add_slide(layout)
    slide.shapes.title.text = "Lamps"
    for placeholder in layout.placeholders:
        if placeholder.placeholder_format.type is not None and "FOOTER" in str(placeholder.placeholder_format.type):
            slide.shapes.clone_placeholder(placeholder)
    foot = next(shape for shape in slide.placeholders if "FOOTER" in str(shape.placeholder_format.type))
    foot.text = "Ostrevane confidential"
    assert read_pptx(_bytes(deck.save)).text == "# Lamps"


@pytest.mark.parametrize("part", ["word/document.xml", "docProps/core.xml"])
def test_a_document_type_is_refused(part: str) -> None:
    document = docx.Document()
    document.add_paragraph("words")
    declared = b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'b'>]>"
    content = replaced(_bytes(document.save), part, lambda data: declared + data.partition(b"?>")[2])
    with pytest.raises(UnreadableError, match="declares entities"):
        read_docx(content)
