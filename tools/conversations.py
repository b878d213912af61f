"""Conversations in files of other trainers: the `messages`, Alpaca and ShareGPT forms, and CSV.

for messages in read_conversations(Path("team.jsonl")): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from agent.errors import InputError
from agent.records.pairs import Message
from tools.extraction.rows import csv_columns, csv_rows, json_lines, parsed_json, read_utf8

_SPEAKERS: Final = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


def read_conversations(path: Path) -> Iterator[tuple[Message, ...]]:
    """Yield the conversations of a file in any of the forms, without system lines.

    Raises:
        InputError: The file or a line of it cannot be read; says which line.
    """
    for where, row in _rows(path):
        yield conversation(row, where)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and object of every row of a file."""
    text = read_utf8(path)
    if path.suffix.lower() == ".csv":
        if not {"question", "answer"} <= csv_columns(text):
            raise InputError("the columns `question` and `answer` are missing", where=f"{path.name}, line 1")
        for where, row in csv_rows(path.name, text):
            yield where, {"question": row["question"], "answer": row["answer"]}
    elif text.lstrip().startswith("["):
        for number, entry in enumerate(parsed_json(path.name, text), start=1):
            if not isinstance(entry, dict):
                raise InputError("an entry is no object", where=f"{path.name}, entry {number}")
            yield f"{path.name}, entry {number}", entry
    else:
        yield from json_lines(path.name, text)


def conversation(row: dict[str, Any], where: str) -> tuple[Message, ...]:
    """Read the turns of a row in any of the forms; the system line is left out, since the mix adds its own."""
    try:
        if "messages" in row:
            turns = [Message.model_validate(turn) for turn in row["messages"]]
        elif "conversations" in row:
            turns = [
                Message.model_validate({"role": _SPEAKERS[turn["from"]], "content": turn["value"]})
                for turn in row["conversations"]
            ]
        elif "instruction" in row:
            # Self-instruct files keep input and output in the first instance.
            filled = row["instances"][0] if row.get("instances") else row
            asked = "\n\n".join(part for part in (row["instruction"], filled.get("input") or "") if part)
            turns = [Message(role="user", content=asked), Message(role="assistant", content=filled["output"])]
        else:
            turns = [Message(role="user", content=row["question"]), Message(role="assistant", content=row["answer"])]
    except (KeyError, TypeError, IndexError, AttributeError, ValidationError) as error:
        raise InputError(
            "this is no training pair",
            where=where,
            mend="use the messages, Alpaca or ShareGPT form, or question and answer",
        ) from error
    spoken = tuple(turn for turn in turns if turn.role != "system")
    roles = [turn.role for turn in spoken]
    expected = ["user", "assistant"] * (len(roles) // 2)
    if not roles or roles != expected or any(not turn.content.strip() for turn in spoken):
        raise InputError("turns must go user, assistant, … and none may be empty", where=where)
    return spoken
