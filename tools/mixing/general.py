"""The general part of a mix: built in, from a file, or from the hub where that is allowed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from agent.errors import EmptyError, InputError, RefusedError
from agent.records.mixture import GeneralSource
from agent.records.pairs import Message
from agent.settings import Settings
from tools.mixing.example import Example
from tools.mixing.request import BUILTIN_GENERAL
from tools.pairs import conversation, read_conversations

_HUB_ID: Final = re.compile(r"^[\w.\-]+/[\w.\-]+$")


def load_general(name: str, settings: Settings) -> tuple[list[Example], GeneralSource]:
    """Load the general examples.

    Args:
        name: `builtin`, a file, or a hub id.
        settings: Whether downloads are allowed.

    Raises:
        InputError: The file is not there or cannot be read.
        RefusedError: A hub id is named and downloads are not allowed.
        EmptyError: The source holds nothing.
    """
    if name == BUILTIN_GENERAL:
        lines = files("tools.mixing").joinpath("data/general.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        found = [(row["id"], tuple(Message.model_validate(turn) for turn in row["messages"])) for row in rows]
        return _examples(found), _source(name, "Apache-2.0, written for this product", found)
    path = Path(name).expanduser()
    if path.is_file():
        found = [(f"general-{number}", turns) for number, turns in enumerate(read_conversations(path), start=1)]
        licence = "not stated; the file's owner knows"
    elif _HUB_ID.match(name) and not path.suffix:
        found, licence = _from_hub(name, settings)
    else:
        raise InputError(
            "no such file of general data", where=name, mend="give a file, a hub id owner/name, or builtin"
        )
    if not found:
        raise EmptyError("there is no general data in it", where=name, mend="give a file with at least one example")
    return _examples(found), _source(path.name if path.is_file() else name, licence, found)


def _from_hub(name: str, settings: Settings) -> tuple[list[tuple[str, tuple[Message, ...]]], str]:
    if not settings.allow_downloads:
        raise RefusedError(
            "downloads are off", where=name, mend="set DOMAINSMITH_ALLOW_DOWNLOADS=true, or give a file, or use builtin"
        )
    from datasets import load_dataset

    rows = load_dataset(name, split="train")
    licence = str(getattr(rows.info, "license", "") or "not stated on the hub")
    return [
        (f"general-{n}", conversation(dict(row), f"{name}, row {n}")) for n, row in enumerate(rows, start=1)
    ], licence


def _examples(found: Sequence[tuple[str, tuple[Message, ...]]]) -> list[Example]:
    return [Example.of(key, "general", messages) for key, messages in found]


def _source(name: str, licence: str, found: Sequence[tuple[str, tuple[Message, ...]]]) -> GeneralSource:
    digest = hashlib.sha256()
    for _, messages in found:
        digest.update(json.dumps([m.model_dump() for m in messages], ensure_ascii=False).encode())
    return GeneralSource(name=name, licence=licence, sha256=digest.hexdigest(), examples=len(found))
