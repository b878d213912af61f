"""File names made to escape: through archives, uploads and folders. Nothing may be written outside the project."""

from __future__ import annotations

import io
import random
import tempfile
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agent.progress import Silent
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder
from tools.uploads import destination, safe_name, take_in

PIECES = (
    "..", ".", "...", "~", "~root", "/", "//", "\\", "\\\\", "\\\\server\\share", "C:", "C:\\Windows",
    "file:///etc", "%2e%2e%2f", "%00", "..%c0%af", "\x00", "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "\u202e",
    "\u200b", "\ufeff", "\u2028", "\ud800", "\udc80", "．．／", "∕", "⁄", "＼", "a\u0301" * 20, "𝒇𝒊𝒍𝒆", "文件",
    "手册", "прайс", "ملف", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U000e0041", "CON", "con.txt", "NUL",
    "aux", "COM1", "LPT9", "PRN.", "a.", "a ", " a", "-rf", "--help", "$(id)", "`id`", "; rm x", "|", "<b>",
    '"', "'", "*", "?", "#", "a#b", "&", "=1+1", "@x", "x" * 255, "长" * 100, "x" * 5000, ".git", ".ssh",
    "authorized_keys", "etc/passwd", "__MACOSX", "desktop.ini", "~$lock", "documents.jsonl", "chunks.jsonl",
    "index",
)  # fmt: skip
"""What the names are made of."""
SUFFIXES = (".txt", ".md", ".pdf", ".docx", ".TXT", ".txt.exe", "", ".", ".html", ".csv", ".json", ".t xt", ".文本")


def names(count: int, seed: int = 1) -> Iterator[str]:
    """Yield so many names, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        joints = chance.choice(("/", "\\", "", "/", " "))
        body = joints.join(chance.choice(PIECES) for _ in range(chance.randint(1, 6)))
        if chance.random() < 0.2:
            body += "".join(
                chr(chance.choice((chance.randrange(1, 0x250), chance.randrange(0x4E00, 0x9FA5)))) for _ in range(5)
            )
        yield body + chance.choice(SUFFIXES)


def check_names(count: int, seed: int = 1) -> list[str]:
    """Try every name as an upload, as a member of an archive and as a file; return what went wrong."""
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place).resolve()
        (home / "beside").mkdir()
        (home / "beside" / "kept.txt").write_text("kept")
        all_names = list(names(count, seed))
        inside = {home / "in", home / "project", home / "received"}
        project: Any = SimpleNamespace(root=home / "project")
        faults += _uploads(project, all_names, home / "received")
        _write(home / "in", all_names)
        ingest([home / "in"], CorpusStore(project.root), HashEmbedder(8), Silent())
        faults += _documents(CorpusStore(project.root))
        allowed = {"documents", "texts", "index", "uploads", "reading", "documents.jsonl", "chunks.jsonl", "vectors"}
        for path in home.rglob("*"):
            if not any(path == one or one in path.parents for one in inside) and home / "beside" not in (
                path,
                *path.parents,
            ):
                faults.append(f"written outside: {path}")
        faults += [
            f"in the project's own folder: {path.name}" for path in project.root.iterdir() if path.name not in allowed
        ]
        if [path.name for path in (home / "beside").iterdir()] != ["kept.txt"]:
            faults.append("a neighbour was touched")
    return faults


def _uploads(project: Any, all_names: list[str], received: Path) -> list[str]:
    faults = []
    root = project.root.resolve() / "uploads"
    for name in all_names:
        safe = safe_name(name)
        visible = all(unicodedata.category(character)[0] not in "CZ" or character == " " for character in safe)
        if "/" in safe or "\\" in safe or not visible or safe in ("", ".", "..") or len(safe.encode()) > 200:
            faults.append(f"unsafe name {safe!r} for {name!r}")
        if root not in destination(project, name).parents:
            faults.append(f"leads outside: {name!r}")
    received.mkdir()
    files = [file for file in (_file(received, f"{n}", name) for n, name in enumerate(all_names[:500])) if file]
    _, move = take_in(project, files)
    move()
    return faults


def _file(folder: Path, key: str, name: str) -> Path | None:
    """Write a file of a name where the system takes it; it takes no separators, no NUL and no half characters."""
    last = name.replace("/", "").replace("\x00", "")
    try:
        own = folder / key
        own.mkdir(parents=True, exist_ok=True)
        (own / last).write_text(f"A text of its own, number {key}.", encoding="utf-8")
    except (OSError, UnicodeEncodeError):
        return None
    return own / last


def _write(folder: Path, all_names: list[str]) -> None:
    """Write the names as members of archives, and as files where the system takes them."""
    folder.mkdir()
    for start in range(0, len(all_names), 1_000):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names that are the same once they are cut
            for number, name in enumerate(all_names[start : start + 1_000], start=start):
                member = zipfile.ZipInfo(name.encode("utf-8", "ignore").decode()[:2_000] or "x")
                archive.writestr(member, f"A text of its own, number {number} of an archive.")
        (folder / f"archive-{start}.zip").write_bytes(buffer.getvalue())
    for number, name in enumerate(all_names):
        if number % 10 == 0:
            _file(folder, f"folder-{number}", name)


def _documents(store: CorpusStore) -> list[str]:
    faults = []
    for document in store.documents():
        if not (document.id.isascii() and document.id.replace("-", "").isalnum()):
            faults.append(f"unsafe id {document.id!r}")
    for folder in ("texts", "documents"):
        for path in (store.root / folder).iterdir():
            if not path.is_file() or not path.stem.replace("-", "").isalnum() or not path.name.isascii():
                faults.append(f"unsafe file {path.name!r}")
    return faults
