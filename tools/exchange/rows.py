"""The rows of a file of training data, one after another, whatever its form: JSONL, JSON, CSV, XLSX, Parquet.

    for row in stream_rows(Path("team.jsonl")): row.where, row.fields, row.fault

A file is never held whole. A row that cannot be read comes with what is wrong instead of its fields, and reading goes
on, so that all bad lines can be counted.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from agent.errors import InputError
from knowledge.ingest.encoding import decode
from knowledge.ingest.limits import LARGEST_FILE
from knowledge.ingest.parsed import UnreadableError
from tools.exchange.cells import bare

NO_COLUMNS: Final = "the columns `question` and `answer` are missing"
NAME_THEM: Final = "name them in the first line, in English or in Chinese (问题, 答案)"
_PIECE: Final = 1 << 20
"""Bytes read at a time."""
_LONGEST_CELL: Final = 1 << 26
"""Characters of the longest cell of a CSV file."""
_ROWS_AT_ONCE: Final = 512
"""Rows of a Parquet file held at a time."""


_COLUMNS: Final = {
    "编号": "id",
    "问题": "question",
    "提问": "question",
    "问": "question",
    "答案": "answer",
    "回答": "answer",
    "答": "answer",
    "状态": "status",
    "原因": "reason",
    "理由": "reason",
    "引用": "quote",
    "文档": "document",
    "页码": "page",
    "类型": "kind",
    "语言": "language",
}
"""What Chinese sheets call the columns."""


class Row(NamedTuple):
    """One row of a file."""

    where: str
    """File and line, entry or row."""
    fields: Mapping[str, Any]
    fault: str = ""
    """What is wrong with it; empty if nothing is."""
    mend: str = ""


def stream_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file.

    Raises:
        InputError: The file is not there, or is of no form that can be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError("this file cannot be read", where=str(path), mend="check the path") from error
    if path.suffix.lower() == ".parquet" or head.startswith(b"PAR1"):
        return _parquet(path)
    if path.suffix.lower() == ".csv":
        return _csv(path)
    if path.suffix.lower() == ".xlsx" or head.startswith(b"PK\x03\x04"):
        from tools.exchange.sheets import sheet_rows

        return sheet_rows(path)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        return _json_list(path)
    return _json_lines(path)


def column_name(text: str) -> str:
    """Return the name of a sheet's column: in small letters, in English where the sheet has it in Chinese."""
    name = text.strip().lower()
    return _COLUMNS.get(name, name)


def _lines(path: Path) -> Iterator[tuple[int, str | None]]:
    """Yield number and text of every line, `None` where it is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                yield number, None


def _sheet_lines(path: Path) -> Iterator[tuple[int, str | None]]:
    """Yield what `_lines` does, for a sheet that a spreadsheet program saved: its encoding is told as documents' is."""
    if all(line is not None for _, line in _lines(path)) or path.stat().st_size > LARGEST_FILE:
        return _lines(path)
    try:
        text = decode(path.read_bytes())
    except UnreadableError:
        return _lines(path)
    return enumerate((f"{line}\n" for line in text.split("\n")), start=1)


def _json_lines(path: Path) -> Iterator[Row]:
    for number, line in _lines(path):
        where = f"{path.name}, line {number}"
        if line is None:
            yield Row(where, {}, "this file is not UTF-8", "save it as UTF-8")
        elif line.strip():
            yield parsed_line(where, line)


def parsed_line(where: str, line: bytes | str) -> Row:
    """Return what one JSON line says, or what is wrong with it."""
    try:
        row = json.loads(line.decode() if isinstance(line, bytes) else line)
    except UnicodeDecodeError:
        return Row(where, {}, "this file is not UTF-8", "save it as UTF-8")
    except (ValueError, RecursionError):
        return Row(where, {}, "not valid JSON", "correct or remove that line")
    if not isinstance(row, dict):
        return Row(where, {}, "this line is no JSON object", "correct or remove that line")
    return Row(where, row)


def _json_list(path: Path) -> Iterator[Row]:
    number, line = 0, 1
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8-sig") as file:
        try:
            text = file.read(_PIECE).lstrip()
            ended, place = False, 1
            while True:
                place = _behind(text, place)
                if text[place : place + 1] == "]":
                    if (text[place + 1 :] + file.read(_PIECE)).strip():
                        line += text.count("\n", 0, place)
                        yield Row(f"{path.name}, line {line}", {}, "something follows the list", "correct the file")
                    return
                try:
                    entry, end = decoder.raw_decode(text, place)
                    if end == len(text) and not ended:
                        raise json.JSONDecodeError("cut", text, end)
                except json.JSONDecodeError as error:
                    if ended:
                        where = f"{path.name}, line {line + text.count(chr(10), 0, error.pos)}, entry {number + 1}"
                        yield Row(where, {}, f"not valid JSON ({error.msg})", "correct the file")
                        return
                    # Twice as much each time, so that one long entry is not decoded again and again.
                    piece = file.read(max(_PIECE, len(text) - place))
                    line += text.count("\n", 0, place)
                    text, place, ended = text[place:] + piece, 0, not piece
                    continue
                number, place = number + 1, end
                where = f"{path.name}, entry {number}"
                if isinstance(entry, dict):
                    yield Row(where, entry)
                else:
                    yield Row(where, {}, "an entry is no object", "correct or remove that entry")
        except UnicodeDecodeError:
            yield Row(f"{path.name}, behind entry {number}", {}, "this file is not UTF-8", "save it as UTF-8")
        except RecursionError:
            yield Row(f"{path.name}, entry {number + 1}", {}, "nested too deeply", "correct the file")


def _behind(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place


def _csv(path: Path) -> Iterator[Row]:
    broken: list[int] = []

    def lines() -> Iterator[str]:
        for number, line in _sheet_lines(path):
            if line is None:
                broken.append(number)
            yield line if line is not None else "\n"

    before = csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(lines(), strict=True)
    try:
        columns = {column_name(name or "") for name in reader.fieldnames or ()}
        if not {"question", "answer"} <= columns:
            yield Row(f"{path.name}, line 1", {}, NO_COLUMNS, NAME_THEM)
            return
        for row in reader:
            where = f"{path.name}, line {reader.line_num}"
            if None in row:
                yield Row(where, {}, "more cells than columns", "put cells that hold a comma in quotation marks")
                continue
            cells = {column_name(key): bare(value) for key, value in row.items() if isinstance(key, str)}
            yield Row(where, cells)
    except csv.Error as error:
        yield Row(f"{path.name}, line {reader.line_num}", {}, f"not valid CSV ({error})", "correct the file")
    finally:
        csv.field_size_limit(before)
    for number in broken:
        yield Row(f"{path.name}, line {number}", {}, "this file is not UTF-8", "save it as UTF-8")


def _parquet(path: Path) -> Iterator[Row]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    number = 0
    try:
        # No memory map: a file on a network share that is cut short would end the process.
        with ParquetFile(path, memory_map=False) as file:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield Row(f"{path.name}, row {number}", row)
    except (ArrowException, OSError) as error:
        said = str(error).splitlines()[0][:200]
        yield Row(f"{path.name}, behind row {number}", {}, f"not valid Parquet ({said})", "write the file again")
