"""Files that came over the network, on their way into a project: under names that the server makes.

    <root>/uploads/<hash of the name>/<safe name>

A file of the same name replaces the one before, so that a new version of a document is recognised as such. The folder
belongs to the project: removing a document deletes its upload as well (`tools.removal`).

    request, move = take_in(project, [Path("/tmp/gradio/…/manual.pdf")])
    submit(project, settings, "ingest", request.model_dump(mode="json"), "ingest", prepare=lambda run: move())
"""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from agent.errors import InputError
from agent.records.corpus import IngestRequest
from knowledge.files import sync_folder
from tools.removal import UPLOADS
from tools.workspace import Project

LONGEST_NAME: Final = 160
"""Bytes of a file name; below every file system's limit, with room for a number and a temporary suffix."""
_UNWELCOME: Final = re.compile(r'[<>:"|?*\s]+')


def safe_name(name: str) -> str:
    """Return a file name that is one component, visible, printable and short, and still says what the user called it.

    Args:
        name: What the browser sent; taken for text, never for a path.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in last)
    clean = _UNWELCOME.sub(" ", visible).strip(" .~$")
    stem, dot, suffix = clean.rpartition(".")
    if not dot or not suffix.isascii() or len(suffix) > 10:
        stem, suffix = clean, ""
    room = LONGEST_NAME - len(suffix) - 1
    short = stem.encode("utf-8")[:room].decode("utf-8", "ignore").strip(" .") or "document"
    return f"{short}.{suffix.lower()}" if suffix else short


def destination(project: Project, name: str) -> Path:
    """Return where an uploaded file of a name goes; two different names never meet."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return (project.root / UPLOADS / digest / safe_name(name)).resolve()


def take_in(project: Project, files: Sequence[Path]) -> tuple[IngestRequest, Callable[[], None]]:
    """Plan the move of uploaded files into a project.

    Args:
        project: Where to.
        files: Where the server received them; their last component is the name the user knows.

    Returns:
        The request that reads them, and the move itself, for the moment in which the project is held. Until then
        nothing has changed, so a refused job loses no upload.
    """
    moves: dict[Path, Path] = {}
    for file in files:
        target, count = destination(project, file.name), 1
        while target in moves:
            count += 1
            target = destination(project, f"{file.stem} {count}{file.suffix}")
        moves[target] = file

    def move() -> None:
        for target, source in moves.items():
            _move(source, target)

    return IngestRequest(paths=tuple(str(target) for target in moves)), move


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    except FileNotFoundError as error:
        raise InputError("the uploaded file is gone", where=target.name, mend="drop it again") from error
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)
    source.unlink(missing_ok=True)
