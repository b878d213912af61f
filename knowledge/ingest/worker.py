"""The process that opens the user's files: limited in memory, time and output, so that a hostile file harms only it.

Started by `knowledge.ingest.reading`; speaks JSON lines. A request names a file, its format, the keys of the
containers on the way to what is wanted, and at last the member:

    {"path", "format", "open": [], "member": null}       → {"documents": […], "members": […]} or {"refused": reason}
    {"path", "format", "open": [], "member": ["3", "pdf"]}  → the same for the third file in an archive

While it reads, `{"earned": characters}` tells how much new text came so far. With `--recognise` it also reads pages
that are pictures.

    echo '{"path": "a.pdf", "format": "pdf"}' | python -m knowledge.ingest.worker
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from knowledge.ingest import recognition
from knowledge.ingest.confinement import confine
from knowledge.ingest.folders import CONTAINERS, Opened
from knowledge.ingest.formats import read
from knowledge.ingest.limits import (
    CHARACTERS_A_SECOND,
    LARGEST_FILE,
    LARGEST_TEXT,
    MEMORY,
    RECOGNITION_MEMORY,
    RECOGNITION_SECONDS,
    RECOGNITION_WORTH,
    SECONDS,
)
from knowledge.ingest.parsed import Member, Parsed, UnreadableError
from knowledge.ingest.recognition import RECOGNISES, Recognise

_DIGITS = re.compile(r"\d+")
_HALVES = re.compile("[\ud800-\udfff]")
_TOLD_EVERY: Final = CHARACTERS_A_SECOND // 4
"""New characters after which the parent is told."""


class Earnings:
    """Counts the characters a file has given, each stretch once, and bounds its processor time by them."""

    def __init__(self, tell: Callable[[int], None], *, recognises: bool = False) -> None:
        """Begin with nothing.

        Args:
            tell: Hears of the characters so far.
            recognises: Whether text may come from pictures, which takes longer.
        """
        self._seconds = RECOGNITION_SECONDS if recognises else SECONDS
        self._worth = RECOGNITION_WORTH if recognises else 1
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._spent_before = usage.ru_utime + usage.ru_stime
        self._tell = tell
        self._seen: set[int] = set()
        self._characters = 0
        self._told = 0
        self._bound()

    def __call__(self, text: str) -> None:
        """Count a stretch, unless it differs from an earlier one in its numbers only."""
        key = hash(_DIGITS.sub("#", text))
        if key in self._seen:
            return
        self._seen.add(key)
        self._characters += len(text) * self._worth
        if self._characters - self._told >= _TOLD_EVERY:
            self._told = self._characters
            self._bound()
            self._tell(self._characters)

    def _bound(self) -> None:
        """Bound processor time, for a parent that is gone; one that is there measures the wall."""
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(self._spent_before + self._seconds + self._characters / CHARACTERS_A_SECOND) + 3
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def answer(
    request: dict[str, Any], containers: Opened, tell: Callable[[int], None], recognise: Recognise | None = None
) -> dict[str, Any]:
    """Read one file or member and return the answer to the parent; every failure of a parser is a refusal of it."""
    try:
        earnings = Earnings(tell, recognises=recognise is not None)
        documents, members = _read(request, containers, earnings, recognise)
        if sum(len(document.text) for document in documents) > LARGEST_TEXT:
            raise UnreadableError(f"more than {LARGEST_TEXT} characters of text: split the file")
        if not members and not any(document.text.strip() for document in documents):
            raise UnreadableError("no text in it")
        return {
            "documents": [_sound(dataclasses.asdict(document)) for document in documents],
            "members": [_sound(dataclasses.asdict(member)) for member in members],
        }
    # Parsers of broken files raise anything; the parent must hear of it, not lose the worker.
    except Exception as error:
        return {"refused": _sound_text(str(_refusal(error)))}


def _refusal(error: Exception) -> UnreadableError:
    match error:
        case UnreadableError():
            return error
        case MemoryError():
            return UnreadableError(f"needs more than {MEMORY // 2**20} MiB of memory to read: split the file")
        case RecursionError():
            return UnreadableError("nested too deep")
        case OSError():
            return UnreadableError(f"cannot be opened: {error.strerror or error}")
        case _:
            return UnreadableError(f"damaged ({type(error).__name__})")


def _read(
    request: dict[str, Any], containers: Opened, earn: Earnings, recognise: Recognise | None
) -> tuple[list[Parsed], list[Member]]:
    path, form = Path(request["path"]), request["format"]
    keys, member = request.get("open", []), request.get("member")
    if not path.stat().st_size:
        raise UnreadableError("empty")
    if path.stat().st_size > LARGEST_FILE:
        raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MiB: split the file")
    if member is None and form not in CONTAINERS:
        containers.close()
        return read(path, form, earn, recognise), []
    container = containers.reach(path, form, keys)
    if member is not None:
        key, own = member
        content = container.content(key)
        digest = hashlib.sha256(content).hexdigest()
        return [dataclasses.replace(one, sha256=digest) for one in read(content, own, earn, recognise)], []
    said = container.parsed()
    return [said] if said else [], container.members()


def _sound(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _sound_text(value) if isinstance(value, str) else value for name, value in fields.items()}


def _sound_text(text: str) -> str:
    """Return text without halves of characters, which no file can be written with; its length stays."""
    return text if text.isascii() else _HALVES.sub(" ", text)


def serve(requests: BinaryIO, replies: BinaryIO, recognise: Recognise | None = None) -> None:
    """Answer requests until there are no more."""
    containers = Opened()

    def send(reply: dict[str, Any]) -> None:
        replies.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
        replies.flush()

    for line in requests:
        reply = answer(json.loads(line), containers, lambda characters: send({"earned": characters}), recognise)
        try:
            send(reply)
        except MemoryError:
            send({"refused": str(_refusal(MemoryError()))})
    containers.close()


def main() -> None:
    """Run the worker on standard input and output."""
    # A parser that prints must not break the protocol: replies keep the pipe, everything else goes to standard error.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")
    recognises = RECOGNISES in sys.argv[1:]
    confine(RECOGNITION_MEMORY if recognises else MEMORY)
    serve(sys.stdin.buffer, replies, recognition.recognise if recognises else None)


if __name__ == "__main__":
    main()
