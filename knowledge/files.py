"""Files that are whole or not there: atomic writes and JSONL of records.

A reader never sees half a file: data goes to a temporary file in the same folder, is synced, takes the final name by
rename, and the folder entry is synced too (promise 2: acknowledged means on disk).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from agent.errors import InputError, NotFoundError
from agent.records.base import Record

R = TypeVar("R", bound=Record)

_PART: Final = re.compile(r"^\..*\.(\d+)-[0-9a-f]{8}\.part$")
"""Name of a file that is being written, with the process that writes it."""

_CLOCK_SECONDS: Final = 60.0
"""By so much a process's start and a file's time may be out of step."""
_ELSEWHERE: Final = "name a folder that you may write to; projects live in DOMAINSMITH_HOME"
_SHUT: Final = frozenset({errno.ENOTDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS})
"""Errors that say that this is no place to write to, whatever is written."""


def write_bytes_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Write `chunks` to `path` so that it holds either the old or the whole new content.

    Raises:
        InputError: Nothing can be written there: a folder on the way is a file, or may not be written to.
    """
    try:
        _write(path, chunks)
    except OSError as error:
        if error.errno not in _SHUT:
            raise
        where, why = error.filename or str(path.parent), error.strerror or "cannot be written to"
        raise InputError(f"nothing can be written there ({why})", where=str(where), mend=_ELSEWHERE) from error


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `tempfile`: its files are private whatever the user's umask says, and the final file keeps the mode.
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def drop_parts(root: Path) -> int:
    """Delete what processes left half-written when they were killed; returns how many files.

    Args:
        root: Folder to look through, with those in it. Files of living processes stay.
    """
    gone = 0
    for folder, _, names in os.walk(root):
        for name in names:
            writer = _PART.search(name)
            if writer and not _is_written(Path(folder, name), int(writer[1])):
                Path(folder, name).unlink(missing_ok=True)
                gone += 1
    return gone


def names_writer(path: Path) -> bool:
    """Return whether a file is one that is being written, or was left so, under the name of its process."""
    return _PART.search(path.name) is not None


def _is_written(path: Path, writer: int) -> bool:
    """Return whether a process of that id lives and is no later one that was given the same id."""
    import psutil

    try:
        return bool(psutil.Process(writer).create_time() <= path.stat().st_mtime + _CLOCK_SECONDS)
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except psutil.Error:  # another user's
        return True


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    write_bytes_atomically(path, [text.encode()])


def write_json(path: Path, data: Any) -> None:
    """Write `data` as indented JSON, atomically."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def write_record(path: Path, record: Record) -> None:
    """Write one record as indented JSON, atomically."""
    write_text(path, record.model_dump_json(indent=2) + "\n")


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write records as JSONL, atomically, streaming."""
    write_bytes_atomically(path, (f"{record.line()}\n".encode() for record in records))


def read_record(path: Path, kind: type[R]) -> R:
    """Read one record.

    Raises:
        InputError: The file is not such a record; names the field.
        NotFoundError: There is no such file.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFoundError("no such file", where=str(path)) from error
    except ValidationError as error:
        raise _invalid(error, str(path)) from error


def read_records(path: Path, kind: type[R]) -> Iterator[R]:
    """Yield the records of a JSONL file; a missing file holds none.

    Raises:
        InputError: A line is not such a record; names file and line.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                raise _invalid(error, f"{path.name}, line {number}") from error


def state_of(path: Path) -> tuple[int, int, int]:
    """Return what differs once a file was written anew, even within one step of the file system's clock."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _invalid(error: ValidationError, where: str) -> InputError:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "document"
    return InputError(f"{field}: {first['msg']}", where=where, mend="correct or remove that record")
