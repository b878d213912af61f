"""The folder form of LLaMA-Factory: data files and a `dataset_info.json` that says what is in each.

Read are the entries with a file in that folder, in the Alpaca or ShareGPT formatting with their own column names;
nothing is fetched, and no file outside the folder is opened.
Source: the README of LLaMA-Factory's `data` folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError
from knowledge.files import write_json
from tools.exchange.rows import Row, stream_rows
from tools.extraction.rows import parsed_json, read_utf8

INFO: Final = "dataset_info.json"
DATA: Final = "domainsmith.jsonl"
_ELSEWHERE: Final = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
_TAGS: Final = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "system_tag": "system",
}


def is_dataset_folder(path: Path) -> bool:
    """Return whether a path is such a folder or the description in it."""
    return path.name == INFO or (path / INFO).is_file()


def stream_datasets(path: Path) -> Iterator[Row]:
    """Yield the rows of all data sets of a folder, in the `messages` or Alpaca form.

    Raises:
        InputError: The description cannot be read, describes nothing, or names a file outside the folder.
    """
    folder = path.parent if path.name == INFO else path
    described = parsed_json(INFO, read_utf8(folder / INFO))
    if not isinstance(described, dict) or not described:
        raise InputError("this file describes no data set", where=INFO, mend="name one with its `file_name`")
    for name, entry in described.items():
        yield from _dataset(folder, f"{INFO}, {name}", entry)


def write_description(folder: Path, name: str) -> None:
    """Write the description of `DATA` in a folder, whose rows have the `messages` form.

    Args:
        folder: Holds the data file.
        name: What the data set is called there.
    """
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    entry = {"file_name": DATA, "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
    write_json(folder / INFO, {name: entry})


def _dataset(folder: Path, where: str, entry: Any) -> Iterator[Row]:
    if not isinstance(entry, dict):
        yield Row(where, {}, "this entry is no object", "name a `file_name`")
        return
    if any(entry.get(key) for key in _ELSEWHERE) or not isinstance(entry.get("file_name"), str):
        yield Row(where, {}, "this data set is not in the folder", "fetch it first and name its `file_name`")
        return
    if entry.get("ranking"):
        yield Row(where, {}, "preference data is no training pair", "leave that entry out")
        return
    file = (folder / entry["file_name"]).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        yield Row(where, {}, "there is no such file in the folder", f"put {entry['file_name']} into it")
        return
    columns: dict[str, Any] = entry["columns"] if isinstance(entry.get("columns"), dict) else {}
    tags = {**_TAGS, **entry["tags"]} if isinstance(entry.get("tags"), dict) else _TAGS
    for row in stream_rows(file):
        if row.fault:
            yield row
        elif entry.get("formatting", "alpaca") == "sharegpt":
            yield row._replace(fields=_spoken(row.fields, columns, tags))
        else:
            yield row._replace(fields=_instructed(row.fields, columns))


def _spoken(fields: Mapping[str, Any], columns: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    roles = {tags["user_tag"]: "user", tags["assistant_tag"]: "assistant", tags["system_tag"]: "system"}
    turns = fields.get(columns.get("messages", "conversations"))
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return {}
    return {
        "messages": [
            {"role": roles.get(turn.get(tags["role_tag"])), "content": turn.get(tags["content_tag"])} for turn in turns
        ]
    }


def _instructed(fields: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "instruction": fields.get(columns.get("prompt", "instruction")),
        "input": fields.get(columns.get("query", "input")),
        "output": fields.get(columns.get("response", "output")),
        "history": fields.get(columns.get("history", "history")),
    }
