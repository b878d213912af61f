"""Uploaded files get names that the server makes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agent.errors import InputError
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tools.removal import UPLOADS, remove_document
from tools.uploads import LONGEST_NAME, destination, safe_name, take_in
from tools.workspace import Project, Workspace

PIECES = (
    "..", "/", "\\", "\0", "\n", "\u202e", "\ufeff", "~$", ".", " ", "C:", "con", "a", "手册", "é", "\U0001f600",
    "%2e%2e", "<img src=x>", '"', "|", "*", "?", "x" * 300, "泵" * 200, ".pdf", ".PDF", ".tar.gz", "\ud800",
)  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Workspace(tmp_path / "home").create("x")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("manual.pdf", "manual.pdf"),
        ("Pumpe 3 (neu).PDF", "Pumpe 3 (neu).pdf"),
        ("手册.docx", "手册.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\手册.md", "手册.md"),
        (".hidden.txt", "hidden.txt"),
        ("~$locked.docx", "locked.docx"),
        ("a\u202efdp.exe", "a fdp.exe"),
        ("<b>.md", "b.md"),
        ("...", "document"),
        ("", "document"),
        ("no suffix", "no suffix"),
        ("version 1.2 of it", "version 1.2 of it"),
    ],
)
def test_names(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_ten_thousand_names_stay_inside_the_folder(project: Project) -> None:
    draw = random.Random(0)
    uploads = (project.root / UPLOADS).resolve()
    for _ in range(10_000):
        name = "".join(draw.choices(PIECES, k=draw.randrange(1, 6)))
        path = destination(project, name)
        assert path.parent.parent == uploads
        assert path.name.isprintable()
        assert path.name[0] not in ".~"
        assert len(path.name.encode()) <= LONGEST_NAME
        assert "/" not in path.name
        assert "\0" not in path.name


def upload(folder: Path, name: str, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_files_are_moved_only_when_asked_and_a_new_version_replaces_the_old(project: Project, tmp_path: Path) -> None:
    store = CorpusStore(project.root)
    for version in ("one", "two"):
        source = upload(tmp_path / version, "pump manual.md", f"# Pump\n\nThis is version {version}.\n")
        request, move = take_in(project, [source])
        assert source.exists()
        assert not Path(request.paths[0]).exists() or version == "two"
        move()
        assert not source.exists()
        ingest([Path(path) for path in request.paths], store, HashEmbedder(), RecordingReporter())
    (document,) = store.documents()
    assert document.name == "pump manual.md"
    assert "version two" in store.text(document.id).text
    remove_document(project, document.id)
    assert list((project.root / UPLOADS).rglob("*")) == []


def test_two_files_of_one_name_in_one_drop_are_both_kept(project: Project, tmp_path: Path) -> None:
    sources = [upload(tmp_path / name, "readme.md", f"# {name}\n\ntext {name}\n") for name in ("a", "b", "c")]
    request, move = take_in(project, sources)
    move()
    assert sorted(Path(path).name for path in request.paths) == ["readme 2.md", "readme 3.md", "readme.md"]
    assert {Path(path).read_text(encoding="utf-8")[2] for path in request.paths} == {"a", "b", "c"}


def test_a_lost_upload_is_said(project: Project, tmp_path: Path) -> None:
    _, move = take_in(project, [tmp_path / "gone.md"])
    with pytest.raises(InputError, match="gone"):
        move()
    assert not [path for path in (project.root / UPLOADS).rglob("*") if path.is_file()]
