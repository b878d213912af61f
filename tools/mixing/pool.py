"""General data on disk: a first pass finds where each row stands and what is known of it; rows are read again by place.

    pool = scan(opened, weigh=None, seals=seals, ...)
    pool.turns(17)

A million rows take some 30 MB of memory, whatever the file's size.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agent.errors import WorkFailedError
from agent.progress import Reporter
from tools.conversations import Turn
from tools.exchange.faults import Faults
from tools.mixing.leakage import Leak, Seals
from tools.mixing.parts import LARGE, LEAKS_KEPT, Part, read_in_parts, read_part


class OpenedGeneral(Protocol):
    """A general source as JSON lines on disk."""

    @property
    def path(self) -> Path:
        """The file of JSON lines."""

    @property
    def name(self) -> str:
        """What errors call it."""


class Rows:
    """A file of JSON lines whose lines are read by offset."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY)
        self._as_it_was = self._state()

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def line(self, offset: int, length: int) -> bytes:
        """Return the bytes of a line."""
        return os.pread(self._file, length, offset)

    def unchanged(self) -> None:
        """Make sure that nobody wrote to the file since it was opened.

        Raises:
            WorkFailedError: Somebody did.
        """
        if self._state() != self._as_it_was:
            raise WorkFailedError("the file was changed while it was read", where=self._path.name, mend="mix again")

    def _state(self) -> tuple[int, int, int]:
        now = self._path.stat()
        return now.st_ino, now.st_size, now.st_mtime_ns


@dataclass
class Pool:
    """The rows of a general source."""

    prefix: str
    offsets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int64]
    """Tokens a row has, or 1 each for a share by examples."""
    sizes: npt.NDArray[np.int32]
    """Words of a row."""
    strata: npt.NDArray[np.int32]
    usable: npt.NDArray[np.bool_]
    """False for a row that leaks, repeats another one or holds personal data that must not train."""
    named_strata: list[str]
    ids: list[str] | None
    """Ids that the rows carry themselves; `None` if they are numbered."""
    sha256: str
    leaks: list[Leak]
    """The first leaking rows."""
    leaking: Counter[str]
    repeated: int

    def __len__(self) -> int:
        return len(self.offsets)

    def id(self, row: int) -> str:
        """Return the id of a row."""
        return self.ids[row] if self.ids is not None else f"{self.prefix}-{row + 1}"


def scan(
    opened: OpenedGeneral,
    *,
    weigh: Callable[[Sequence[Turn]], int] | None,
    seals: Seals | None,
    seen: set[int],
    drop_same: bool,
    refuse: Callable[[int, Sequence[Turn]], bool] | None,
    reporter: Reporter,
) -> Pool:
    """Read a general source once and note where each row stands.

    A large file is read in parts by several processes, as long as each row is judged by itself.

    Args:
        opened: The source.
        weigh: Tokens of a row's turns; `None` where a share counts examples.
        seals: What must not be shared with.
        seen: Keys (`same_words`) of the domain examples, which no general example shall repeat.
        drop_same: Whether a row with the same words as an earlier one is left out.
        refuse: Told a row's number and turns; says whether its personal data forbids it.
        reporter: May stop the work.

    Raises:
        InputError: Rows cannot be used; counts all, names the first.
    """
    with opened.path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
    if size >= LARGE and weigh is None and refuse is None and (os.cpu_count() or 1) > 1:
        parts = read_in_parts(opened.path, seals, drop_same, reporter)
    else:
        parts = [read_part(opened.path, 0, size, seals, drop_same, weigh, refuse, reporter)]
    with opened.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _joined(parts, opened.name, seen, drop_same, sha256)


def _joined(parts: Sequence[Part], name: str, seen: set[int], drop_same: bool, sha256: str) -> Pool:
    faults = Faults()
    line = 0
    for part in parts:
        faults.take([(f"{name}, line {line + at}", what, mend) for at, what, mend in part.faults], part.faulty)
        line += part.lines
    faults.refuse()
    strata, numbers = [], dict[str, int]()
    for part in parts:
        # A group that several parts know has one number.
        known = np.array([numbers.setdefault(group, len(numbers)) for group in part.groups] or [0], dtype=np.int32)
        strata.append(known[part.strata])
    usable = np.concatenate([part.usable for part in parts])
    keys = np.concatenate([part.keys for part in parts])
    ids = [identifier for part in parts for identifier in part.ids]
    own = len(ids) == len(usable) and len(set(ids)) == len(ids)
    leaks, row = [], 0
    for part in parts:
        leaks += [
            leak.model_copy(update={"example": ids[row + at] if own else f"general-{row + at + 1}"})
            for at, leak in part.leaks
        ]
        row += len(part.usable)
    return Pool(
        prefix="general",
        offsets=np.concatenate([part.offsets for part in parts]),
        lengths=np.concatenate([part.lengths for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        sizes=np.concatenate([part.sizes for part in parts]),
        strata=np.concatenate(strata),
        repeated=_without_repetitions(keys, seen, usable) if drop_same else 0,
        usable=usable,
        named_strata=list(numbers),
        ids=ids if own else None,
        sha256=sha256,
        leaks=leaks[:LEAKS_KEPT],
        leaking=sum((part.leaking for part in parts), Counter()),
    )


def _without_repetitions(keys: npt.NDArray[np.uint64], seen: set[int], usable: npt.NDArray[np.bool_]) -> int:
    """Mark rows that repeat a domain example or an earlier row as unusable; returns how many."""
    _, first = np.unique(keys, return_index=True)
    again = np.ones(len(keys), dtype=np.bool_)
    again[first] = False
    if seen:
        again |= np.isin(keys, np.fromiter(seen, dtype=np.uint64, count=len(seen)))
    again &= usable
    usable &= ~again
    return int(again.sum())
