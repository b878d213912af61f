"""A sheet of pairs goes out, is edited, and comes back; what cannot be used is named by its row."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from agent.errors import InputError
from agent.records.pairs import Pair
from tests.tools.test_pairs import pair
from tools.conversations import read_conversations
from tools.exchange.rows import stream_rows
from tools.pair_import import import_pairs
from tools.pair_sheets import holds_own_pairs, import_sheet
from tools.pairs import export_pairs, load_pairs, save_pairs
from tools.workspace import Project, Workspace

SUM = "=SUM(1,2)"


def known() -> list[Pair]:
    return [
        pair("p1", "Is it -5?", "-5 degrees"),
        pair("p2", "谁造了它？", "=安"),
        pair("p3", "When\nwas it?", "'In May'"),
        pair("p4", "Why?", "Nobody knows.").model_copy(update={"status": "rejected", "reason": "length: too short"}),
        pair("p5", "Where?", "In the hall.").model_copy(update={"status": "pending", "reason": "conflict: two say so"}),
    ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Workspace(tmp_path / "home").create("x")
    save_pairs(project, known())
    return project


def exported(project: Project, path: Path, change: Callable[[Any], object] = lambda sheet: None) -> Path:
    """Export all pairs and save the sheet again as a spreadsheet program would, with changes."""
    export_pairs(project, path, "xlsx", status=None)
    book = openpyxl.load_workbook(path)
    change(book.active)
    book.save(path)
    return path


def written(path: Path, rows: Iterable[Iterable[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def column(sheet: Any, name: str) -> int:
    return 1 + [cell.value for cell in sheet[1]].index(name)


def put(row: int, **values: object) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        for name, value in values.items():
            sheet.cell(row, column(sheet, name)).value = value

    return change


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_sheet_that_nobody_edited_changes_nothing(project: Project, tmp_path: Path, form: Any) -> None:
    before = project.pairs.read_bytes()
    path = tmp_path / f"out.{form}"
    export_pairs(project, path, form, status=None)
    assert holds_own_pairs(project, path)
    assert import_sheet(project, path) == (0, 0, 0, 5, 0)
    assert project.pairs.read_bytes() == before


def test_what_people_edited_decided_and_added_is_taken_over(project: Project, tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        put(2, answer="-6 degrees")(sheet)
        put(3, status="rejected", reason="not ours")(sheet)
        put(5, status="accepted")(sheet)
        put(6, question="Where does it stand?")(sheet)
        sheet.append(["", "How many?", "Nine.", *[None] * 7])

    path = exported(project, tmp_path / "out.xlsx", change)
    assert import_sheet(project, path) == (2, 1, 1, 1, 1)
    first, second, third, fourth, fifth, new = load_pairs(project)
    assert (first.answer, first.status, first.edited, first.reviewed) == ("-6 degrees", "accepted", True, True)
    assert (second.answer, second.status, second.reason, second.edited) == ("=安", "rejected", "not ours", False)
    assert third == known()[2]
    assert (fourth.status, fourth.reason, fourth.reviewed) == ("accepted", "", True)
    assert (fifth.question, fifth.status) == ("Where does it stand?", "accepted")
    assert (new.question, new.answer, new.source, new.status) == ("How many?", "Nine.", "import", "accepted")
    # Once more, and nothing is left to do.
    assert import_sheet(project, path) == (0, 0, 0, 5, 0)
    assert len(load_pairs(project)) == 6


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        ("rejected", "not ours", ("rejected", "not ours")),
        ("Rejected", None, ("rejected", "rejected in review")),
        ("pending", "ask Ann", ("pending", "ask Ann")),
        ("accepted", None, ("accepted", "")),
        (None, None, ("accepted", "")),
    ],
)
def test_a_new_row_has_the_status_that_it_says(
    project: Project, tmp_path: Path, status: str | None, reason: str | None, told: tuple[str, str]
) -> None:
    row = ["", "How many?", "Nine.", *[None] * 5, status, reason]
    path = exported(project, tmp_path / "out.xlsx", lambda sheet: sheet.append(row))
    assert import_sheet(project, path).added == 1
    new = load_pairs(project)[-1]
    assert (new.status, new.reason) == told


def test_a_character_that_a_workbook_escapes_comes_back(project: Project, tmp_path: Path) -> None:
    texts = ("Write _x0041_ or _xD83D_.", "A\vB")
    save_pairs(project, [pair("p1", *texts)])
    path = exported(project, tmp_path / "out.xlsx")
    assert import_sheet(project, path).unchanged == 1
    assert (load_pairs(project)[0].question, load_pairs(project)[0].answer) == texts


def test_an_edited_reject_stays_one_if_its_row_says_so(project: Project, tmp_path: Path) -> None:
    path = exported(project, tmp_path / "out.xlsx", put(5, answer="The yard knows."))
    assert import_sheet(project, path) == (1, 0, 0, 4, 0)
    changed = load_pairs(project)[3]
    assert (changed.answer, changed.status, changed.reason) == ("The yard knows.", "rejected", "length: too short")
    assert changed.edited


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(3, id="p99"), "row 3.*no pair p99"),
        (put(3, id="p1"), "row 3.*earlier row"),
        (put(4, status="maybe"), "row 4.*unknown"),
        (lambda sheet: sheet.append(["", "Q?", "A.", *[None] * 5, "maybe"]), "row 7.*unknown"),
        (put(2, answer=None), "row 2.*empty"),
        (put(2, question="  "), "row 2.*empty"),
        (put(4, id=None, answer=None), "row 4"),
        (lambda sheet: sheet.cell(3, 30, "note"), "row 3.*no column name"),
        (lambda sheet: (put(2, id="a")(sheet), put(3, id="b")(sheet)), "2 lines.*row 2.*row 3"),
    ],
)
def test_rows_that_cannot_be_used_are_named_and_nothing_changes(
    project: Project, tmp_path: Path, change: Callable[[Any], object], told: str
) -> None:
    before = project.pairs.read_bytes()
    path = exported(project, tmp_path / "out.xlsx", change)
    with pytest.raises(InputError) as caught:
        import_sheet(project, path)
    assert re.search(told, f"{caught.value.what} {caught.value.where} {caught.value.what}"), caught.value
    assert project.pairs.read_bytes() == before


def test_the_sheet_of_another_project_gives_new_pairs(project: Project, tmp_path: Path) -> None:
    path = exported(project, tmp_path / "out.xlsx")
    other = Workspace(tmp_path / "other").create("y")
    assert not holds_own_pairs(other, path)
    assert [(one.question, one.answer) for one in import_pairs(other, path)] == [
        (one.question, one.answer) for one in known()
    ]


def test_cells_are_read_as_people_see_them(tmp_path: Path) -> None:
    rows = [
        ("Question", " answer ", None),
        ("How many?", 17, None),
        ("How long?", 2.5, None),
        (None, None, None),
        ("When?", date(2026, 3, 1), None),
        ("Is it?", True, None),
        ("Which formula?", SUM, None),
    ]
    found = [(one[-2].content, one[-1].content) for one in read_conversations(written(tmp_path / "a.xlsx", rows))]
    assert found == [
        ("How many?", "17"),
        ("How long?", "2.5"),
        ("When?", "2026-03-01"),
        ("Is it?", "TRUE"),
        ("Which formula?", SUM),
    ]


def test_the_sheet_with_the_columns_is_taken(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Read me first"])
    book.create_sheet("pairs").append(["question", "answer"])
    book["pairs"].append(["a?", "b"])
    book.save(tmp_path / "a.xlsx")
    assert [row.where for row in stream_rows(tmp_path / "a.xlsx")] == ["a.xlsx, row 2"]


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (60 * 2**20))


def entities(path: Path) -> None:
    written(path, [("question", "answer"), ("a?", "b")])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/extra.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


def cut(path: Path) -> None:
    written(path, [("question", "answer"), ("a?", "b")])
    path.write_bytes(path.read_bytes()[:-200])


def damaged(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types><broken")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (bomb, "archive bomb"),
        (entities, "declares entities"),
        (cut, "damaged"),
        (damaged, "damaged"),
        (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" + b"x" * 100), "locked"),
        (lambda path: path.write_bytes(b"question,answer"), "damaged"),
        (lambda path: written(path, [("q", "a"), ("a?", "b")]), "missing"),
        (lambda path: openpyxl.Workbook().save(path), "missing"),
    ],
)
def test_a_file_that_is_no_sound_workbook_is_refused(tmp_path: Path, make: Callable[[Path], object], told: str) -> None:
    path = tmp_path / "a.xlsx"
    make(path)
    with pytest.raises(InputError, match=told):
        list(read_conversations(path))
