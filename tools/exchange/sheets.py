"""The rows of a spreadsheet of pairs: one line each under a line of column names, every cell as text.

    for row in sheet_rows(Path("pairs.xlsx")): row.where, row.fields, row.fault

What `write_pairs(…, "xlsx")` writes comes back to the letter. How a workbook is opened safely is told in
`knowledge.ingest.sheet_rows`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from knowledge.ingest.parsed import UnreadableError
from knowledge.ingest.sheet_rows import sheets
from tools.exchange.cells import bare
from tools.exchange.rows import NAME_THEM, NO_COLUMNS, Row, column_name

_NEEDED: Final = frozenset({"question", "answer"})
_ESCAPED: Final = re.compile(r"_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_")
"""A character as a workbook writes those that XML has not (ECMA-376, part 1, 22.9.2.19); half a surrogate is none."""


def sheet_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of the first sheet that has the columns `question` and `answer`; empty rows are passed over."""
    number = 0
    try:
        for rows in sheets(path):
            columns = [column_name(_text(cell)) for cell in next(rows, ())]
            if set(columns) >= _NEEDED:
                for number, row in enumerate(rows, start=2):
                    yield from _row(f"{path.name}, row {number}", columns, [_text(cell) for cell in row])
                return
    except UnreadableError as error:
        where = f"{path.name}, behind row {number}" if number else path.name
        yield Row(where, {}, f"this is no workbook that can be read: {error}", "save the file again")
        return
    yield Row(f"{path.name}, row 1", {}, NO_COLUMNS, NAME_THEM)


def _row(where: str, columns: Sequence[str], cells: Sequence[str]) -> Iterator[Row]:
    if any(cells[len(columns) :]) or any(cell and not name for name, cell in zip(columns, cells, strict=False)):
        yield Row(where, {}, "a cell stands under no column name", "name the column, or empty the cell")
    elif any(cells):
        texts = [*cells, *("" for _ in columns[len(cells) :])]
        yield Row(where, {name: bare(text) for name, text in zip(columns, texts, strict=False) if name})


def _text(cell: Any) -> str:
    """Return a cell as somebody reads it: a whole number without a point, a date as ISO 8601, a formula as written."""
    match cell:
        case None:
            return ""
        case str():
            return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), cell).replace("\r\n", "\n")
        case bool():
            return str(cell).upper()
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
        case _:
            # A formula over several cells is an object that holds its text.
            return str(getattr(cell, "text", None) or cell)
