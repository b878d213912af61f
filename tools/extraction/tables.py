"""Facts in tables: the cell where a row and a column meet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tools.extraction.blocks import Block, Piece
from tools.extraction.phrases import column_unit, is_empty_value, is_number

_VALUE_COLUMN: Final = re.compile(
    r"^(|values?|details?|descriptions?|specifications?|data|information|figures?|settings?|content|requirement|"
    r"数值|值|内容|说明|参数值|规格|描述|信息|要求|详情)$",
    re.IGNORECASE,
)
_NAME_COLUMN: Final = re.compile(
    r"^(|items?|parameters?|propert(y|ies)|attributes?|fields?|names?|characteristics?|features?|specifications?|"
    r"quantit(y|ies)|项目|参数|属性|名称|指标|特性|条目|项)$",
    re.IGNORECASE,
)
_ORDER_COLUMN: Final = re.compile(r"^(#|no\.?|nr\.?|row|line|step|s/n|序号|编号|步骤|行号)$", re.IGNORECASE)
_LONGEST_CELL = 120
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Cell:
    """One fact of a table."""

    row: str
    """Name of the row; empty where the row's name is the attribute (a table of labels and values)."""
    column: str
    """Attribute asked for, without its unit."""
    row_column: str
    """Name of the column that names the rows."""
    value: Piece
    unit: str
    """Unit from the column's name that the cell itself does not repeat; empty if none."""


def table_cells(block: Block) -> Iterator[Cell]:
    """Yield the facts of a table.

    A first column without names of things (a running number) gives way to the next. Rows of the same name are left
    out: a question could not tell them apart.

    Args:
        block: A table.
    """
    header, rows = block.rows[0], [row for row in block.rows[1:] if len(row) == len(block.rows[0])]
    if len(header) < 2 or not rows:
        return
    names = 1 if _ORDER_COLUMN.match(header[0].text) and len(header) > 2 else 0
    if len(header) - names == 2 and _labels_and_values(header[names], header[names + 1]):
        yield from _labelled(header[names], rows, names)
        return
    repeated = _repeated([unescaped(row[names].text) for row in rows])
    row_column = unescaped(header[names].text)
    for row in rows:
        name = unescaped(row[names].text)
        if is_empty_value(name) or len(name) > _LONGEST_NAME or name in repeated or re.fullmatch(r"[\d.,\s]+", name):
            continue
        for column in range(names + 1, len(header)):
            attribute, unit = column_unit(unescaped(header[column].text))
            if attribute and len(attribute) <= _LONGEST_NAME and _worth_asking(row[column]):
                yield Cell(name, attribute, row_column, row[column], _missing_unit(row[column], unit))


def unescaped(text: str) -> str:
    """Return a cell's text as somebody reads it: a bar within a cell is written with a backslash before it."""
    return text.replace("\\|", "|")


def _labels_and_values(first: Piece, second: Piece) -> bool:
    return _VALUE_COLUMN.match(second.text) is not None and _NAME_COLUMN.match(first.text) is not None


def _labelled(first: Piece, rows: Sequence[tuple[Piece, ...]], names: int) -> Iterator[Cell]:
    repeated = _repeated([row[names].text for row in rows])
    for row in rows:
        label, unit = column_unit(unescaped(row[names].text))
        if label and len(label) <= _LONGEST_NAME and row[names].text not in repeated and _worth_asking(row[names + 1]):
            yield Cell("", label, unescaped(first.text), row[names + 1], _missing_unit(row[names + 1], unit))


def _worth_asking(cell: Piece) -> bool:
    return not is_empty_value(cell.text) and len(cell.text) <= _LONGEST_CELL and "\n" not in cell.text


def _missing_unit(cell: Piece, unit: str) -> str:
    return unit if unit and is_number(cell.text) else ""


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
