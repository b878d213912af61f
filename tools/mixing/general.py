"""The general part of a mix: built in, from a file or folder, from the hub where that is allowed, or self-made.

Whatever it is, it becomes a file of JSON lines whose rows are read by place; other forms are written out once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from agent.errors import EmptyError, InputError, RefusedError
from agent.progress import Silent
from agent.records.mixture import GeneralSource
from agent.settings import Settings
from knowledge.files import write_bytes_atomically
from tools.conversations import Turn, conversation_rows, turns_of
from tools.exchange.faults import Faults
from tools.exchange.llama_factory import is_dataset_folder
from tools.exchange.rows import Row
from tools.mixing.example import Example
from tools.mixing.parts import read_turns
from tools.mixing.pool import Rows, scan
from tools.mixing.request import BUILTIN_GENERAL

_HUB_ID: Final = re.compile(r"^[\w.\-]+/[\w.\-]+$")
_LINES: Final = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class General:
    """A general source as JSON lines on disk."""

    path: Path
    name: str
    """File name, hub id, `builtin` or `self`."""
    licence: str
    made_by: str = ""
    """The base model that wrote it; empty if it comes from elsewhere."""


def open_general(name: str, settings: Settings, work: Path) -> General:
    """Return a general source as JSON lines.

    Args:
        name: `builtin`, a file, a folder with `dataset_info.json`, or a hub id.
        settings: Whether downloads are allowed.
        work: Folder for a copy of what is no file of JSON lines; the caller removes it.

    Raises:
        InputError: The source is not there or cannot be read; counts all bad lines.
        RefusedError: A hub id is named and downloads are not allowed.
    """
    if name == BUILTIN_GENERAL:
        packaged = files("tools.mixing").joinpath("data/general.jsonl")
        with as_file(packaged) as path:
            return General(path, name, "Apache-2.0, written for this product")
    path = Path(name).expanduser()
    licence = "not stated; the file's owner knows"
    if path.is_file() and path.name != "dataset_info.json" and path.suffix.lower() in _LINES and not _is_list(path):
        return General(path, path.name, licence)
    if path.is_file() or is_dataset_folder(path):
        return General(_written(conversation_rows(path), work), path.name, licence)
    if _HUB_ID.match(name) and not path.suffix:
        rows, stated = _from_hub(name, settings)
        return General(_written(rows, work), name, stated)
    raise InputError("no such file of general data", where=name, mend="give a file, a hub id owner/name, or builtin")


def load_general(name: str, settings: Settings) -> tuple[list[Example], GeneralSource]:
    """Load a small general source whole.

    Args:
        name: As for `open_general`.
        settings: Whether downloads are allowed.

    Raises:
        InputError: The source is not there or cannot be read.
        RefusedError: A hub id is named and downloads are not allowed.
        EmptyError: The source holds nothing.
    """
    with TemporaryDirectory() as work:
        opened = open_general(name, settings, Path(work))
        pool = scan(opened, weigh=None, seals=None, seen=set(), drop_same=False, refuse=None, reporter=Silent())
        if not len(pool):
            raise nothing_in(opened)
        with Rows(opened.path) as rows:
            spots = zip(pool.offsets.tolist(), pool.lengths.tolist(), strict=True)
            turns = [read_turns(rows.line(offset, length)) for offset, length in spots]
    examples = [Example.of(pool.id(row), "general", messages) for row, messages in enumerate(turns)]
    return examples, source_of(opened, pool.sha256, len(pool))


def source_of(opened: General, sha256: str, examples: int) -> GeneralSource:
    """Return where the general part came from, for the manifest."""
    return GeneralSource(
        name=opened.name, licence=opened.licence, sha256=sha256, examples=examples, made_by=opened.made_by
    )


def nothing_in(opened: General) -> EmptyError:
    """Return the error for a source without an example."""
    return EmptyError("there is no general data in it", where=opened.name, mend="give a file with at least one example")


def general_line(turns: Sequence[Turn], **fields: str) -> bytes:
    """Return a conversation as one JSON line.

    Args:
        turns: Its turns.
        fields: What else is known of it, such as its source.
    """
    return orjson.dumps({**fields, "messages": [{"role": role, "content": content} for role, content in turns]}) + b"\n"


def _is_list(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _written(rows: Iterable[Row], work: Path) -> Path:
    """Write rows as JSON lines; the fields by which groups are told apart are kept."""
    faults = Faults()
    target = work / "general.jsonl"

    def lines() -> Iterator[bytes]:
        for row in rows:
            if row.fault:
                faults.add(row.where, row.fault, row.mend)
                continue
            try:
                turns = turns_of(row.fields, row.where)
            except InputError as error:
                faults.add(error.where, error.what, error.mend)
                continue
            kept = {name: value for name, value in row.fields.items() if isinstance(value, str) and name in _KEPT}
            yield general_line(turns, **kept)

    write_bytes_atomically(target, lines())
    faults.refuse()
    return target


_KEPT: Final = ("id", "source", "dataset", "kind", "category", "task", "type")


def _from_hub(name: str, settings: Settings) -> tuple[Iterator[Row], str]:
    if not settings.allow_downloads:
        raise RefusedError(
            "downloads are off", where=name, mend="set DOMAINSMITH_ALLOW_DOWNLOADS=true, or give a file, or use builtin"
        )
    from datasets import load_dataset

    rows: Any = load_dataset(name, split="train")
    licence = str(getattr(rows.info, "license", "") or "not stated on the hub")
    return (Row(f"{name}, row {number}", dict(row)) for number, row in enumerate(rows, start=1)), licence
