"""ZIP containers, which office files, e-books and zipped folders are: measured before anything is unpacked."""

from __future__ import annotations

import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from knowledge.ingest.limits import (
    LARGEST_MEMBER,
    LARGEST_RATIO,
    LARGEST_UNPACKED,
    MOST_MEMBERS,
    SMALL_ARCHIVE,
)
from knowledge.ingest.parsed import Source, UnreadableError, opened

_OLE: Final = b"\xd0\xcf\x11\xe0"
"""First bytes of Microsoft's old compound files; a password-protected office file is one as well."""
_ENCRYPTED: Final = 1
_UTF8: Final = 1 << 11
"""Bits of an entry's flags. Source: PKWARE's APPNOTE, 4.4.4."""
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_LONGEST_NAME: Final = 200
_HEAD: Final = 65_536
"""Bytes of an XML part that are searched for a document type, which stands before everything else."""


@contextmanager
def archive_of(source: Source, kind: str = "office file") -> Iterator[zipfile.ZipFile]:
    """Open an archive whose size is within bounds.

    Args:
        source: The file.
        kind: What it should be, for the message.

    Raises:
        UnreadableError: It is no archive, locked, or would unpack to an absurd size.
    """
    with opened(source) as file:
        if file.read(4) == _OLE:
            raise UnreadableError("locked by a password, or in the old binary format: save it anew without a password")
        file.seek(0)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
            raise UnreadableError(f"damaged, or no {kind}") from error
        with archive:
            _measure(archive.infolist())
            yield archive


def _measure(members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if unpacked > LARGEST_UNPACKED or len(members) > MOST_MEMBERS:
        raise UnreadableError(f"unpacks to {unpacked / 2**20:.0f} MiB in {len(members)} parts, more than is allowed")
    if unpacked > SMALL_ARCHIVE and unpacked / packed > LARGEST_RATIO:
        raise UnreadableError(f"unpacks to {unpacked / packed:.0f} times its size, as an archive bomb does")
    if any(member.file_size > LARGEST_MEMBER for member in members):
        raise UnreadableError(f"unpacks to a part larger than {LARGEST_MEMBER // 2**20} MiB: split the file")


def unpack(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo, largest: int = LARGEST_MEMBER) -> bytes:
    """Return a member's bytes; what its entry says of its size is not believed.

    Raises:
        UnreadableError: It is missing, locked, damaged, or larger than allowed.
    """
    try:
        info = archive.getinfo(name) if isinstance(name, str) else name
    except KeyError as error:
        raise UnreadableError("damaged: a part is missing") from error
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableError("locked by a password: save it anew without a password")
    try:
        with archive.open(info) as file:
            content = file.read(largest + 1)
    except _BROKEN as error:
        raise UnreadableError("damaged: a part cannot be unpacked") from error
    if len(content) > largest:
        raise UnreadableError(f"unpacks to a part larger than {largest // 2**20} MiB: split the file")
    return content


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's path as the one who packed it knew it; old archivers write Chinese names without saying so."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030", "big5"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def shown_name(name: str) -> str:
    """Return a name from a file as text to show: no way up or out, no invisible characters, not too long.

    Args:
        name: A path as the file states it; taken for text, never for a path.
    """
    visible = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in name.replace("\\", "/"))
    parts = [re.sub(r"\s+", " ", part).strip() for part in visible.split("/")]
    kept = [part for part in parts if part.strip(". ") and not re.fullmatch(r"[A-Za-z]:", part)]
    return "/".join(kept)[-_LONGEST_NAME:] or "document"


def suffix_of(name: str) -> str:
    """Return the suffix of a shown name, with its dot, in lower case; empty if there is none."""
    return Path(name.rpartition("/")[2]).suffix.lower()


def check_archive(source: Source) -> None:
    """Refuse what is no office archive, is locked, or would unpack to an absurd size.

    Raises:
        UnreadableError: Says which.
    """
    with archive_of(source):
        return


def refuse_entities(archive: zipfile.ZipFile) -> None:
    """Refuse an office file whose XML declares a document type: none does, except to smuggle entities in.

    The parsers behind this resolve no outer entity and bound inner ones; this says so in clear words first.

    Raises:
        UnreadableError: A part declares one.
    """
    for info in archive.infolist():
        if info.filename.lower().endswith((".xml", ".rels")) and not info.flag_bits & _ENCRYPTED:
            try:
                with archive.open(info) as file:
                    head = file.read(_HEAD)
            except _BROKEN as error:
                raise UnreadableError("damaged: a part cannot be unpacked") from error
            if b"<!DOCTYPE" in head or "<!DOCTYPE".encode("utf-16-le") in head:
                raise UnreadableError("declares entities in its XML, as no sound office file does")
