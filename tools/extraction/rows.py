"""Rows of JSON, JSONL and CSV files, each with the place it stands in, so that an error can name its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.errors import InputError
from tools.exchange.cells import bare, guarded


def read_utf8(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: The file is not there or not UTF-8; names the line.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError("this file cannot be read", where=str(path), mend="check the path") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        where = f"{path.name}, line {line}"
        raise InputError("this file is not UTF-8", where=where, mend="save it as UTF-8") from error


def parsed_json(name: str, text: str) -> Any:
    """Return what a JSON text says.

    Raises:
        InputError: It is not JSON; names the line.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise InputError(f"not valid JSON ({reason})", where=f"{name}{line}", mend="correct the file") from error


def json_lines(name: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and object of every line that is not blank.

    Raises:
        InputError: A line is no JSON object; names it.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError("not valid JSON", where=where, mend="correct or remove that line") from error
        if not isinstance(row, dict):
            raise InputError("this line is no JSON object", where=where, mend="correct or remove that line")
        yield where, row


def csv_rows(name: str, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield place and cells of every row, by column name in lower case.

    An apostrophe that keeps a spreadsheet from taking a cell for a formula is removed.

    Raises:
        InputError: The text is no CSV; names the line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield (
                f"{name}, line {reader.line_num}",
                {
                    (key or "").strip().lower(): bare(value)
                    for key, value in row.items()
                    if isinstance(key, str) and (value is None or isinstance(value, str))
                },
            )
    except csv.Error as error:
        raise InputError(f"not valid CSV ({error})", where=f"{name}, line {reader.line_num}") from error


def csv_columns(text: str) -> set[str]:
    """Return the column names of a CSV text, in lower case."""
    first = next(csv.reader(io.StringIO(text, newline="")), [])
    return {column.strip().lower() for column in first}


def csv_text(columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    """Return rows as CSV; a cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return buffer.getvalue()
