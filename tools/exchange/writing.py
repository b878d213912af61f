"""Pairs in the forms of other programs, each file whole or not there.

    write_pairs(pairs, Path("pairs.xlsx"), "xlsx", overwrite=False)

`llama-factory` is a folder with `dataset_info.json`; `argilla` is a list of records for `dataset.records.from_json`;
`label-studio` is a list of tasks, with the labelling configuration beside it; to a name in `.jsonl` both go one a line.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from agent.errors import InputError
from agent.records.pairs import Pair
from knowledge.files import sync_folder, write_json, write_text
from tools.exchange.cells import guarded
from tools.exchange.llama_factory import DATA, INFO, write_description
from tools.exchange.reviews import CONFIGURATION, argilla_record, label_studio_task
from tools.extraction.rows import csv_text

PairFormat = Literal[
    "messages", "alpaca", "sharegpt", "csv", "xlsx", "parquet", "llama-factory", "argilla", "label-studio"
]
COLUMNS: Final[tuple[str, ...]] = (
    "id",
    "question",
    "answer",
    "quote",
    "document",
    "page",
    "kind",
    "language",
    "status",
    "reason",
)
_LONGEST_CELL: Final = 32_767
"""Characters that a cell of a spreadsheet holds; source: Excel's specifications and limits."""


def write_pairs(pairs: Sequence[Pair], path: Path, form: PairFormat, *, overwrite: bool) -> None:
    """Write pairs to a file or, for `llama-factory`, into a folder.

    Args:
        pairs: What to write.
        path: Where to.
        form: In which form. In CSV and XLSX a cell that a spreadsheet would take for a formula gets an apostrophe.
        overwrite: Whether what is there already may be replaced.

    Raises:
        InputError: Something is there already, or a text does not fit into a cell.
    """
    for target in _targets(path, form):
        if target.is_file() and not overwrite:
            raise InputError("this file is there already", where=str(target), mend="name another, or add --force")
    match form:
        case "csv":
            write_text(path, csv_text(COLUMNS, iter(_cells(pairs))))
        case "xlsx":
            with _replacing(path) as part:
                _write_xlsx(pairs, part)
        case "parquet":
            with _replacing(path) as part:
                _write_parquet(pairs, part)
        case "llama-factory":
            write_text(path / DATA, _json_lines(pairs, _messages))
            write_description(path, "domainsmith")
        case "argilla":
            _write_records(path, pairs, argilla_record)
        case "label-studio":
            write_text(_configuration(path), CONFIGURATION)
            _write_records(path, pairs, label_studio_task)
        case "alpaca":
            write_text(path, _json_lines(pairs, _alpaca))
        case "sharegpt":
            write_text(path, _json_lines(pairs, _sharegpt))
        case "messages":
            write_text(path, _json_lines(pairs, _messages))


def _targets(path: Path, form: PairFormat) -> tuple[Path, ...]:
    if form == "llama-factory":
        return (path / DATA, path / INFO)
    return (path, _configuration(path)) if form == "label-studio" else (path,)


def _configuration(path: Path) -> Path:
    return path.with_suffix(".config.xml")


def _cells(pairs: Sequence[Pair]) -> Iterator[tuple[object, ...]]:
    return (tuple(getattr(pair, name) for name in COLUMNS) for pair in pairs)


def _json_lines(pairs: Sequence[Pair], shape: Callable[[Pair], dict[str, Any]]) -> str:
    return "".join(json.dumps(shape(pair), ensure_ascii=False) + "\n" for pair in pairs)


def _write_records(path: Path, pairs: Sequence[Pair], shape: Callable[[Pair], dict[str, Any]]) -> None:
    """Write a list, or one record a line where the name of the file says so."""
    if path.suffix.lower() == ".jsonl":
        write_text(path, _json_lines(pairs, shape))
    else:
        write_json(path, [shape(pair) for pair in pairs])


def _messages(pair: Pair) -> dict[str, Any]:
    return {"messages": [message.model_dump() for message in pair.messages]}


def _sharegpt(pair: Pair) -> dict[str, Any]:
    speakers = {"user": "human", "assistant": "gpt", "system": "system"}
    return {"conversations": [{"from": speakers[m.role], "value": m.content} for m in pair.messages]}


def _alpaca(pair: Pair) -> dict[str, Any]:
    spoken = [message.content for message in pair.messages if message.role != "system"]
    earlier = [list(turns) for turns in zip(spoken[:-2:2], spoken[1:-2:2], strict=True)]
    shaped: dict[str, Any] = {"instruction": pair.question, "input": "", "output": pair.answer}
    return {**shaped, "history": earlier} if earlier else shaped


def _write_xlsx(pairs: Sequence[Pair], part: Path) -> None:
    from xlsxwriter import Workbook

    # Text stays text whatever it looks like; the apostrophe holds when the sheet is saved in another form.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(str(part), {**options, "constant_memory": True}) as book:
        sheet = book.add_worksheet("pairs")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name)
        for number, row in enumerate(_cells(pairs), start=1):
            for column, value in enumerate(row):
                text = guarded(value)
                if len(text) > _LONGEST_CELL:
                    raise InputError(
                        f"its {COLUMNS[column]} has more than {_LONGEST_CELL} characters, which no cell holds",
                        where=pairs[number - 1].id,
                        mend="export to csv or parquet",
                    )
                sheet.write_string(number, column, text)


def _write_parquet(pairs: Sequence[Pair], part: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    texts = [(name, pa.int64() if name == "page" else pa.string()) for name in COLUMNS]
    schema = pa.schema([("messages", pa.list_(turn)), *texts])
    with ParquetWriter(part, schema) as writer:
        for at in range(0, len(pairs), 10_000):
            rows = [
                {**_messages(pair), **{name: getattr(pair, name) for name in COLUMNS}}
                for pair in pairs[at : at + 10_000]
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; what was written takes the place of `path` only when it is whole and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
