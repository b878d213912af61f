"""The cells of a workbook as they were typed, for files that are data and not documents.

    for rows in sheets(Path("pairs.xlsx")):
        for row in rows: ...

The archive is measured before it is opened, and entities are refused; a formula is the text of the formula: nothing is
computed and nothing linked is opened.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from knowledge.ingest.limits import LARGEST_FILE
from knowledge.ingest.office import check_office
from knowledge.ingest.parsed import UnreadableError

_MOST_ROWS: Final = 1_048_576
"""Rows that a sheet has; source: Excel's specifications and limits."""
_WIDEST: Final = 100
"""Columns looked at; a sheet of pairs has ten."""
# What openpyxl and the parsers behind it raise for a damaged part.
_BROKEN: Final = (
    BadZipFile, zlib.error, EOFError, OSError, KeyError, IndexError, ValueError, TypeError, AttributeError,
    SyntaxError, RuntimeError,
)  # fmt: skip


def sheets(path: Path) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Yield the rows of every sheet, in the order of the workbook.

    Raises:
        UnreadableError: It is no workbook, locked, damaged, too large, or unpacks to an absurd size.
    """
    import openpyxl

    if path.stat().st_size > LARGEST_FILE:
        raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MiB: split the file")
    check_office(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except _BROKEN as error:
        raise _damaged(error) from error
    try:
        for sheet in book.worksheets:
            yield _rows(sheet)
    finally:
        book.close()


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    try:
        # A claim of a million rows and 16,384 columns is common, and not believed.
        sheet.reset_dimensions()
        yield from sheet.iter_rows(max_row=_MOST_ROWS, max_col=_WIDEST, values_only=True)
    except _BROKEN as error:
        raise _damaged(error) from error


def _damaged(error: BaseException) -> UnreadableError:
    return UnreadableError(f"damaged ({' '.join(str(error).split())[:200] or type(error).__name__})")
