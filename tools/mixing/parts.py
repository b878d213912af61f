"""Rows of a file of JSON lines, read once, by one process or several: where each stands and what is known of it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from agent.errors import InputError
from agent.progress import Reporter, Silent
from tools.conversations import Turn, turns_of
from tools.extraction.similarity import is_chinese, words_once
from tools.mixing.leakage import Leak, Seals

LARGE: Final = 1 << 26
"""Bytes of a file from which several processes read it; a process takes a second or two to start."""
LEAKS_KEPT: Final = 100
"""Leaking rows that are kept to be named."""
_PROCESSES: Final = 2
_FAULTS_KEPT: Final = 5
_PAUSE: Final = 4096
"""Rows between two looks at whether to stop."""
_STRATA: Final = 2000
"""Most groups by source, kind and language; a field with more values, as an address for every row, is no group."""
_SOURCES: Final = ("source", "dataset")
_KINDS: Final = ("kind", "category", "task", "type")


@dataclass
class Part:
    """The rows of a stretch of a file; numbers of rows and lines count from its beginning."""

    offsets: npt.NDArray[np.int64]
    """Of each row, in the file."""
    lengths: npt.NDArray[np.int32]
    weights: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int32]
    """Words of each row."""
    strata: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint64]
    """What rows that say the same share; empty where nobody asks."""
    usable: npt.NDArray[np.bool_]
    groups: list[str]
    ids: list[str]
    """Ids that the rows carry; shorter than the rows where one carries none."""
    leaks: list[tuple[int, Leak]]
    """Row and leak, the first ones."""
    leaking: Counter[str]
    lines: int
    """Lines of the stretch, blank ones included."""
    faults: list[tuple[int, str, str]]
    """Line, what is wrong and the mend, the first ones."""
    faulty: int


def read_part(
    path: Path,
    begin: int,
    end: int,
    seals: Seals | None,
    drop_same: bool,
    weigh: Callable[[Sequence[Turn]], int] | None = None,
    refuse: Callable[[int, Sequence[Turn]], bool] | None = None,
    reporter: Reporter | None = None,
) -> Part:
    """Read the rows of a stretch of a file that begins and ends at a line.

    Args:
        path: The file.
        begin: Offset of the first line.
        end: Offset behind the last line.
        seals: What must not be shared with.
        drop_same: Whether the keys of repetitions are wanted.
        weigh: Tokens of a row's turns; `None` for 1 each.
        refuse: Told a row's number and turns; says whether its personal data forbids it.
        reporter: May stop the work.
    """
    listener = reporter or Silent()
    offsets, lengths, weights, keys = array("q"), array("i"), array("q"), array("Q")
    strata, sizes, usable, groups = array("i"), array("i"), bytearray(), _Strata()
    ids: list[str] = []
    leaks: list[tuple[int, Leak]] = []
    leaking: Counter[str] = Counter()
    faults: list[tuple[int, str, str]] = []
    faulty = number = 0
    for number, offset, line in _lines(path, begin, end):
        if number % _PAUSE == 1:
            listener.check()
        if not line.strip():
            continue
        try:
            fields = read_fields(line)
            turns = turns_of(fields, "")
        except InputError as error:
            faulty += 1
            if len(faults) < _FAULTS_KEPT:
                faults.append((number, error.what, error.mend))
            continue
        row = len(offsets)
        offsets.append(offset)
        lengths.append(len(line))
        said = [words_once(content) for _, content in turns]
        sizes.append(sum(map(len, said)))
        weights.append(1 if weigh is None else weigh(turns))
        strata.append(groups.of(fields, turns))
        if drop_same:
            keys.append(same_words(turns))
        if len(ids) == row and isinstance(fields.get("id"), str):
            ids.append(fields["id"])
        leak = seals.leak_of("", turns, "", said) if seals else None
        if leak:
            leaking[leak.kind] += 1
            if len(leaks) < LEAKS_KEPT:
                leaks.append((row, leak))
        usable.append(not leak and not (refuse is not None and refuse(row, turns)))
    return Part(
        np.array(offsets, dtype=np.int64),
        np.array(lengths, dtype=np.int32),
        np.array(weights, dtype=np.int64),
        np.array(sizes, dtype=np.int32),
        np.array(strata, dtype=np.int32),
        np.array(keys, dtype=np.uint64),
        np.frombuffer(bytes(usable), dtype=np.bool_).copy(),
        groups.names(),
        ids,
        leaks,
        leaking,
        number,
        faults,
        faulty,
    )


def read_in_parts(path: Path, seals: Seals | None, drop_same: bool, reporter: Reporter) -> list[Part]:
    """Read a file by several processes; what comes back is the same as by one.

    Args:
        path: The file.
        seals: What must not be shared with.
        drop_same: Whether the keys of repetitions are wanted.
        reporter: May stop the work.
    """
    cuts = _cuts(path, 4 * _PROCESSES)
    pool = ProcessPoolExecutor(
        _PROCESSES, mp_context=get_context("spawn"), initializer=_end_with_parent, initargs=(os.getpid(),)
    )
    try:
        jobs = [pool.submit(read_part, path, *cut, seals, drop_same) for cut in pairwise(cuts)]
        left = set(jobs)
        while left:
            reporter.check()
            _, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        return [job.result() for job in jobs]
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def read_turns(line: bytes) -> list[Turn]:
    """Return the turns of a line that `read_part` has found to be good."""
    return turns_of(read_fields(line), "")


def same_words(turns: Sequence[Turn]) -> int:
    """Return a key of 64 bits that two examples share if they say the same, whatever the case and the spacing."""
    text = "\x1f".join([" ".join(content.split()).lower() for _, content in turns])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def read_fields(line: bytes) -> dict[str, Any]:
    """Return the object that a line holds.

    Raises:
        InputError: It holds none.
    """
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        # What is wrong is told by the reader that tells it for every other file.
        from tools.exchange.rows import parsed_line

        row = parsed_line("", line)
        if row.fault:
            raise InputError(row.fault, mend=row.mend) from None
        fields = dict(row.fields)
        try:
            json.dumps(fields, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise InputError("half a character stands in it", mend="correct or remove that line") from error
    if not isinstance(fields, dict):
        raise InputError("this line is no JSON object", mend="correct or remove that line")
    return fields


def _lines(path: Path, begin: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, offset and bytes of every line of a stretch, without a byte order mark."""
    offset = begin
    with path.open("rb", buffering=1 << 20) as file:
        file.seek(begin)
        for number, line in enumerate(file, start=1):
            if offset >= end:
                return
            skipped = 3 if offset == 0 and line.startswith(b"\xef\xbb\xbf") else 0
            yield number, offset + skipped, line[skipped:]
            offset += len(line)


def _cuts(path: Path, count: int) -> list[int]:
    """Return offsets that cut a file at its lines into about equal stretches, with its beginning and its end."""
    size = path.stat().st_size
    cuts = [0]
    with path.open("rb") as file:
        for number in range(1, count):
            file.seek(size * number // count)
            file.readline()
            if cuts[-1] < file.tell() < size:
                cuts.append(file.tell())
    return [*cuts, size]


def _end_with_parent(parent: int) -> None:
    """End this process when its parent is gone, which a killed one cannot tell it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Strata:
    """Numbers the groups of rows by source, kind and language."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, str], int] = {}

    def of(self, fields: dict[str, Any], turns: Sequence[Turn]) -> int:
        language = "zh" if is_chinese(turns[0][1]) else "en"
        group = (_named(fields, _SOURCES), _named(fields, _KINDS), language)
        known = self._numbers.get(group)
        if known is None:
            if len(self._numbers) >= _STRATA:
                group = ("", "", language)
            known = self._numbers.setdefault(group, len(self._numbers))
        return known

    def names(self) -> list[str]:
        return [" / ".join(part for part in group if part) for group in self._numbers]


def _named(fields: dict[str, Any], names: Sequence[str]) -> str:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            return value[:80]
    return ""
