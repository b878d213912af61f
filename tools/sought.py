"""Many wordings looked for at once in much text: which of them stand in it, and in which lines of a file.

    sought = Sought(["The pump of the plant runs hot.", "桑给巴尔工厂的水泵运行时温度很高。"])
    sought.found("He said: The pump of the plant runs hot.")

Eight bytes from the middle of each wording are looked up at every position of the text, by arrays and a table of bits
(after Karp and Rabin, 1987, doi:10.1147/rd.312.0249, with windows of machine words instead of a rolling hash); only
where they stand is the whole wording compared. So the time depends on the text and hardly on how many are sought.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from pydantic import ValidationError

from agent.errors import InputError
from agent.records.base import Record
from knowledge.files import write_bytes_atomically

R = TypeVar("R", bound=Record)

_WINDOW: Final = 8
"""Bytes looked up: one machine word."""
_BITS: Final = 20
"""Binary logarithm of the size of the table: with a thousand wordings one position in a thousand is looked at twice."""
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Spreads neighbouring words over the table; 2^64 divided by the golden ratio (Knuth, vol. 3, 6.4)."""
_BLOCK: Final = 1 << 22
"""Bytes of a file held at a time; a longer line is held whole."""


class Sought:
    """Wordings of eight bytes or more."""

    def __init__(self, words: Iterable[str]) -> None:
        """Prepare the table.

        Args:
            words: What is looked for, the longest first; each as it is and as JSON writes it.

        Raises:
            ValueError: One is shorter than eight bytes in UTF-8.
        """
        self.words = tuple(dict.fromkeys(words))
        self._table = np.zeros(1 << _BITS, dtype=bool)
        self._at: dict[int, list[tuple[int, bytes, int]]] = {}
        self._longest = 1
        for number, word in enumerate(self.words):
            for form in {word, json.dumps(word, ensure_ascii=False)[1:-1], json.dumps(word)[1:-1]}:
                self._add(form.encode("utf-8", "surrogateescape"), number)

    def _add(self, form: bytes, number: int) -> None:
        if len(form) < _WINDOW:
            raise ValueError(f"too short to be looked for: {form!r}")
        place = (len(form) - _WINDOW) // 2
        window = np.frombuffer(form, dtype="<u8", count=1, offset=place)
        self._table[_slots(window)] = True
        self._at.setdefault(int(window[0]), []).append((place, form, number))
        self._longest = max(self._longest, len(form))

    def __bool__(self) -> bool:
        """Return whether anything is sought."""
        return bool(self.words)

    def places(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield the first byte and the number of every wording that stands in UTF-8 text, in no order."""
        for shift in range(min(_WINDOW, max(0, len(data) - _WINDOW + 1)) if self._at else 0):
            windows = np.frombuffer(data, dtype="<u8", count=(len(data) - shift) // _WINDOW, offset=shift)
            for index in np.flatnonzero(self._table[_slots(windows)]).tolist():
                for place, form, number in self._at.get(int(windows[index]), ()):
                    start = shift + index * _WINDOW - place
                    if start >= 0 and data.startswith(form, start):
                        yield start, number

    def found(self, text: str) -> tuple[str, ...]:
        """Return the wordings that stand in a text, as it is or as JSON writes them, in the order they were given."""
        numbers = {number for _, number in self.places(text.encode("utf-8", "surrogateescape"))}
        return tuple(self.words[number] for number in sorted(numbers))

    def stands_in(self, text: str) -> bool:
        """Return whether any of the wordings stands in a text."""
        return next(self.places(text.encode("utf-8", "surrogateescape")), None) is not None

    def stands_in_file(self, path: Path) -> bool:
        """Return whether any of the wordings stands in a file; the file is not held whole."""
        tail = b""
        for _, block in _blocks(path):
            # A wording may go on beyond the end of a line.
            if next(self.places(tail + block), None) is not None:
                return True
            tail = block[-self._longest :]
        return False

    def lines(self, path: Path, also: bytes = b"") -> set[int]:
        """Return the numbers, from 0, of the lines of a file in which a wording stands.

        Args:
            path: The file; not held whole.
            also: Another text whose lines count; none if it is empty.
        """
        numbers: set[int] = set()
        for first, block in _blocks(path):
            starts = [start for start, _ in self.places(block)]
            at = block.find(also) if also else -1
            while at >= 0:
                starts.append(at)
                at = block.find(also, at + 1)
            if starts:
                ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
                numbers.update((first + np.searchsorted(ends, np.unique(starts))).tolist())
        return numbers


def leave_out(path: Path, kind: type[R], suspects: set[int], gone: Callable[[R], bool]) -> int:
    """Delete records from a JSONL file; the lines of the others are copied unread. Returns how many went.

    Args:
        path: The file; a missing one has no lines.
        kind: What its lines are.
        suspects: Numbers, from 0, of the lines that are looked at.
        gone: Whether one of these is to go.

    Raises:
        InputError: One of them is no such record; names the line.
    """
    if not suspects:
        return 0
    doomed = {number for number, record in _numbered(path, kind, suspects) if gone(record)}
    if doomed:
        with path.open("rb") as file:
            write_bytes_atomically(path, (line for number, line in enumerate(file) if number not in doomed))
    return len(doomed)


def records_on(path: Path, kind: type[R], numbers: set[int]) -> Iterator[R]:
    """Yield the records on some lines of a JSONL file; the other lines are not parsed.

    Raises:
        InputError: One of them is no such record; names the line.
    """
    return (record for _, record in _numbered(path, kind, numbers))


def _numbered(path: Path, kind: type[R], numbers: set[int]) -> Iterator[tuple[int, R]]:
    if not numbers:
        return
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number in numbers and line.strip():
                try:
                    yield number, kind.model_validate_json(line)
                except ValidationError as error:
                    where = f"{path.name}, line {number + 1}"
                    raise InputError("this is no such record", where=where, mend="correct or remove it") from error


def _slots(windows: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return (windows * _SPREAD) >> np.uint64(64 - _BITS)


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of a file that end with a line, each with the number of its first line; a missing file has none."""
    if not path.exists():
        return
    number = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if not block.endswith(b"\n"):
                block += file.readline()
            yield number, block
            number += block.count(b"\n")
