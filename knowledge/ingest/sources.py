"""Which files a user means by the paths they gave, and what each document is called."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import EmptyError, InputError
from agent.records.corpus import DocumentFormat
from knowledge.ingest.formats import format_of, kinds

LEADS_OUT: Final = "a link that leads out of the folder: give what it leads to by its own path"


@dataclass(frozen=True)
class SourceFile:
    """One file to read."""

    path: Path
    """Absolute."""
    name: str
    """Relative to the folder the user gave, with `/`; the file's name if the file itself was given."""
    format: DocumentFormat | None
    """`None` if no reader takes it."""
    refused: str = ""
    """Why it is not even opened, whatever its type; empty otherwise."""

    @property
    def origin(self) -> str:
        """The path as text that can be stored; bytes that are no text are spelled out."""
        return _storable(str(self.path))

    @property
    def is_named(self) -> bool:
        """Whether the path is text: file systems take any bytes."""
        return self.origin == str(self.path)


def collect(paths: Sequence[Path]) -> tuple[list[SourceFile], list[Path]]:
    """Return the files under the given paths, each once, and the folders among the paths.

    Folders are walked in sorted order; hidden files and folders are passed over. A path that was given may be a link; a
    link found inside a folder is followed only to a file of that folder, or a folder of manuals could bring in any file
    of the machine.

    Raises:
        InputError: A path does not exist.
        EmptyError: A folder holds no file of a readable type.
    """
    if not paths:
        raise InputError("no path given", mend="name files or folders")
    files: dict[Path, SourceFile] = {}
    folders: list[Path] = []
    for given in paths:
        path = Path(given).expanduser().resolve()
        if path.is_dir():
            folders.append(path)
            found = [_found(file, path) for file in _walk(path)]
            if not any(file.format for file in found):
                raise EmptyError("no readable file in this folder", where=str(given), mend=f"put {kinds()} files there")
        elif path.is_file():
            found = [SourceFile(path, _storable(path.name), format_of(path))]
        else:
            raise InputError("no such file or folder", where=str(given), mend="check the path")
        for file in found:
            files.setdefault(file.path, file)
    return list(files.values()), folders


def _found(file: Path, folder: Path) -> SourceFile:
    name = _storable(file.relative_to(folder).as_posix())
    if _leads_out(file, folder):
        return SourceFile(file, name, None, refused=LEADS_OUT)
    return SourceFile(file, name, format_of(file))


def _leads_out(path: Path, folder: Path) -> bool:
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(folder)


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        # Folders are never walked through a link; one that leads out is told.
        yield from (path for name in folders if _leads_out(path := Path(root, name), folder))
        for name in sorted(names):
            path = Path(root, name)
            # `~$x.docx` is the lock file of an open Word document.
            if not name.startswith((".", "~$")) and path.is_file():
                yield path


def document_id(name: str, salt: str = "") -> str:
    """Return the id of a document: a readable piece of its name and a hash of all of it, safe as a file name.

    Args:
        name: The document's name.
        salt: Tells two documents of one name apart.
    """
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:40].strip("-")
    digest = hashlib.sha256(f"{name}\0{salt}".encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{slug or 'document'}-{digest}"


def file_of(origin: str) -> Path | None:
    """Return the file a document came from; `None` if it is unknown.

    Args:
        origin: Path of the file, with `#part` where one file holds several documents. A path may hold the sign too, so
            the shortest piece that names an existing file counts.
    """
    if not origin:
        return None
    path, pieces = Path(origin), origin.split("#")
    if len(pieces) == 1 or _is_file(path):
        return path
    for count in range(1, len(pieces)):
        candidate = Path("#".join(pieces[:count]))
        if _is_file(candidate):
            return candidate
    return Path(pieces[0])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # The name of a part may be longer than the system allows a file's to be.
        return False
