"""Many wordings looked for at once in much text: which of them stand in it, and in which lines of a file.

    sought = Sought(["The pump of the plant runs hot.", "桑给巴尔工厂的水泵运行时温度很高。"])
    sought.found("He said: The pump of the plant runs hot.")

Eight bytes of each wording, those that fewest others have, are looked up at every position of the text, by arrays and
a table of bits (after Karp and Rabin, 1987, doi:10.1147/rd.312.0249, with windows of machine words instead of a rolling
hash); only where they stand is the whole wording compared. So the time depends on the text and hardly on how many are
sought.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import numpy as np
from pydantic import ValidationError

from agent.errors import InputError
from agent.records.base import Record
from knowledge.files import write_bytes_atomically

R = TypeVar("R", bound=Record)
Words: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint64]]
"""Machine words: one for every window."""

_WINDOW: Final = 8
"""Bytes looked up: one machine word."""
_BITS: Final = range(20, 26)
"""Binary logarithm of the size of the table, at least and below."""
_SPARE: Final = 10
"""Binary logarithm of the table's places for each wording: one position in a thousand is looked at twice."""
_AT_ONCE: Final = 1 << 18
"""Bytes of wordings that are weighed together."""
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
        self._at: dict[int, list[tuple[int, bytes, int]]] = {}
        forms = [(form, number) for number, word in enumerate(self.words) for form in sorted(_forms(word))]
        self._longest = max((len(form) for form, _ in forms), default=1)
        self._bits = min(max(_BITS.start, len(forms).bit_length() + _SPARE), _BITS.stop - 1)
        self._table = np.zeros(1 << self._bits, dtype=bool)
        for (form, number), place in zip(forms, _rarest([form for form, _ in forms], self._bits), strict=True):
            window = np.frombuffer(form, dtype="<u8", count=1, offset=place)
            self._table[_slots(window, self._bits)] = True
            self._at.setdefault(int(window[0]), []).append((place, form, number))

    def __bool__(self) -> bool:
        """Return whether anything is sought."""
        return bool(self.words)

    def places(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield the first byte and the number of every wording that stands in UTF-8 text, in no order."""
        for shift in range(min(_WINDOW, max(0, len(data) - _WINDOW + 1)) if self._at else 0):
            windows = np.frombuffer(data, dtype="<u8", count=(len(data) - shift) // _WINDOW, offset=shift)
            for index in np.flatnonzero(self._table[_slots(windows, self._bits)]).tolist():
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


def found_elsewhere(sought: Sought, path: Path, head: bytes) -> set[str]:
    """Return the wordings that stand in lines of a file which do not begin with some bytes; the file is not held whole.

    Args:
        sought: The wordings.
        path: The file; a missing one holds none.
        head: Beginning of the lines that do not count.
    """
    found: set[int] = set()
    for _, block in _blocks(path):
        for start, number in sought.places(block):
            if number not in found and not block.startswith(head, block.rfind(b"\n", 0, start) + 1):
                found.add(number)
    return {sought.words[number] for number in found}


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


def _forms(word: str) -> set[bytes]:
    """Return how a wording stands in text and in JSON."""
    forms = (word, json.dumps(word, ensure_ascii=False)[1:-1], json.dumps(word)[1:-1])
    return {form.encode("utf-8", "surrogateescape") for form in forms}


def _rarest(forms: Sequence[bytes], bits: int) -> list[int]:
    """Return where the window of each form stands that fewest of them have; of several the one of most distinct bytes.

    Wordings that share a window (`........`) would all be compared wherever it stands.

    Raises:
        ValueError: A form is shorter than a window.
    """
    short = next((form for form in forms if len(form) < _WINDOW), None)
    if short is not None:
        raise ValueError(f"too short to be looked for: {short!r}")
    shared = np.zeros(1 << bits, dtype=np.int32)
    for some in _batches(forms):
        np.add.at(shared, _slots(_windows(some)[0], bits), 1)
    places: list[int] = []
    for some in _batches(forms):
        windows, starts = _windows(some)
        ordered = np.sort(windows.view(np.uint8).reshape(-1, _WINDOW), axis=1)
        alike = np.count_nonzero(ordered[:, 1:] == ordered[:, :-1], axis=1)
        # The least number is the best window, and its last part says where that stands.
        rank = (shared[_slots(windows, bits)].astype(np.int64) * _WINDOW + alike) * len(windows)
        best = np.minimum.reduceat(rank + np.arange(len(windows)), starts) % len(windows)
        places += (best - starts).tolist()
    return places


def _batches(forms: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    first = size = 0
    for number, form in enumerate(forms):
        size += len(form)
        if size >= _AT_ONCE:
            yield forms[first : number + 1]
            first, size = number + 1, 0
    if first < len(forms):
        yield forms[first:]


def _windows(forms: Sequence[bytes]) -> tuple[Words, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return every window of some forms, one form after the other, and where those of each begin."""
    lengths = np.array([len(form) for form in forms])
    data = np.frombuffer(b"".join(forms), dtype=np.uint8)
    every = np.lib.stride_tricks.sliding_window_view(data, _WINDOW)
    inside = np.ones(len(data), dtype=bool)
    ends = np.cumsum(lengths)
    for back in range(1, _WINDOW):
        inside[ends - back] = False
    windows = np.ascontiguousarray(every[inside[: len(every)]]).view("<u8").ravel()
    return windows, np.concatenate(([0], np.cumsum(lengths - _WINDOW + 1)[:-1]))


def _slots(windows: Words, bits: int) -> Words:
    return (windows * _SPREAD) >> np.uint64(64 - bits)


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
