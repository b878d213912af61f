"""Conversations in files of other trainers: the `messages`, Alpaca and ShareGPT forms, CSV and Parquet.

for messages in read_conversations(Path("team.jsonl")): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from agent.errors import InputError
from agent.records.pairs import Message
from tools.exchange.faults import Faults
from tools.exchange.llama_factory import is_dataset_folder, stream_datasets
from tools.exchange.rows import Row, stream_rows

Role: TypeAlias = Literal["system", "user", "assistant"]
Turn: TypeAlias = tuple[Role, str]
"""Who speaks, and what."""

_ROLES: Final[Mapping[str, Role]] = {"system": "system", "user": "user", "assistant": "assistant"}
_SPEAKERS: Final[Mapping[str, Role]] = {"human": "user", "gpt": "assistant", **_ROLES}
_NO_PAIR: Final = "this is no training pair"
_TURNS: Final = "give each conversation a question and its answer in turn, or take the line out"
_FORMS: Final = "use the messages, Alpaca or ShareGPT form, or question and answer"


def read_conversations(path: Path) -> Iterator[tuple[Message, ...]]:
    """Yield the conversations of a file, or of a folder with `dataset_info.json`, without system lines.

    Raises:
        InputError: The file cannot be read, or lines of it; raised at the end, counts all bad lines, names the first.
    """
    faults = Faults()
    for row in conversation_rows(path):
        try:
            if row.fault:
                faults.add(row.where, row.fault, row.mend)
            else:
                yield conversation(row.fields, row.where)
        except InputError as error:
            faults.add(error.where, error.what, error.mend)
    faults.refuse()


def conversation_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file or of a folder with `dataset_info.json`, good and bad."""
    return stream_datasets(path) if is_dataset_folder(path) else stream_rows(path)


def conversation(row: Mapping[str, Any], where: str) -> tuple[Message, ...]:
    """Read the turns of a row in any of the forms; the system line is left out, since the mix adds its own.

    Raises:
        InputError: It has none of the forms, or its turns are not user, assistant, …
    """
    return tuple(Message(role=role, content=content) for role, content in turns_of(row, where))


def turns_of(row: Mapping[str, Any], where: str) -> list[Turn]:
    """Return the turns of a row in any of the forms, without system lines.

    Raises:
        InputError: It has none of the forms, or its turns are not user, assistant, …
    """
    try:
        turns = [turn for turn in _turns(row) if turn[0] != "system"]
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(_NO_PAIR, where=where, mend=_FORMS) from error
    if (
        not turns
        or len(turns) % 2
        or any(
            role != ("user", "assistant")[place % 2] or not content.strip()
            for place, (role, content) in enumerate(turns)
        )
    ):
        raise InputError("turns must go user, assistant, … and none may be empty", where=where, mend=_TURNS)
    return turns


def _turns(row: Mapping[str, Any]) -> list[Turn]:
    if "messages" in row:
        return [_turn(_ROLES[turn["role"]], turn["content"], turn) for turn in row["messages"]]
    if "conversations" in row:
        return [(_SPEAKERS[turn["from"]], _text(turn["value"])) for turn in row["conversations"]]
    if "instruction" in row:
        # Self-instruct files keep input and output in the first instance.
        filled = row["instances"][0] if row.get("instances") else row
        asked = "\n\n".join(_text(part) for part in (row["instruction"], filled.get("input") or "") if part)
        earlier: list[Turn] = []
        for question, answer in row.get("history") or ():
            earlier += [("user", _text(question)), ("assistant", _text(answer))]
        return [*earlier, ("user", asked), ("assistant", _text(filled["output"]))]
    return [("user", _text(row["question"])), ("assistant", _text(row["answer"]))]


def _turn(role: Role, content: Any, turn: Mapping[str, Any]) -> Turn:
    # What a turn holds besides, such as calls of tools, would be lost without a word.
    if any(turn[key] for key in turn if key not in ("role", "content")):
        raise KeyError(role)
    return role, _text(content)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value
