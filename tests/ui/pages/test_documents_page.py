"""What the page of the documents does with a request, without a browser."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.errors import BusyError, InputError, NotFoundError, RefusedError
from agent.records.base import Language
from agent.records.job import Job
from agent.settings import Settings
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder
from tools.jobs.runner import cancel
from tools.jobs.store import JobStore
from tools.removal import UPLOADS
from tools.workspace import Project, Workspace
from ui.pages import documents
from ui.pages.documents_passage import Place
from ui.pages.frame import Frame
from ui.web.desk import Desks


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Workspace(tmp_path / "home").create("x")


def frame_of(project: Project, lang: Language = "en", roots: tuple[Path, ...] | None = None) -> Frame:
    never_drawn: Any = None
    settings = Settings(home=project.root.parents[1], document_roots=roots)
    return Frame(lang, "documents", Desks(settings), never_drawn)


def request(account: str = "", **query: str) -> Any:
    return SimpleNamespace(query_params=query, cookies={}, state=SimpleNamespace(account=account, home=""))


@pytest.mark.parametrize(
    ("account", "path", "said"),
    [
        ("", "", "Drop files, or give a folder path"),
        ("", "manuals", "whole path"),
        ("", "/no/such/folder", "no such file or folder"),
        ("anna", "/etc", "by upload only"),
    ],
)
def test_refused_paths_start_nothing(project: Project, account: str, path: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        documents.submit_reading(frame_of(project), request(account, project="x"), [], path)
    assert not project.jobs.exists()


def end(project: Project, job: Job) -> None:
    """Cancel a job, unless it has come to its end by itself."""
    try:
        cancel(project, job.id)
    except InputError:
        assert JobStore(project.jobs).get(job.id).state == "done"


@pytest.mark.parametrize("account", ["", "anna"])
def test_a_path_is_read_from_the_opened_folders_only(project: Project, tmp_path: Path, account: str) -> None:
    inside, outside = write_folder(tmp_path / "open" / "manuals"), write_folder(tmp_path / "private")
    (tmp_path / "open" / "link").symlink_to(outside)
    frame = frame_of(project, roots=(tmp_path / "open",))
    asked = request(account, project="x")
    assert documents.has_paths(frame.desk(asked))
    for path in (outside, tmp_path / "open" / "link", tmp_path / "open" / ".." / "private"):
        with pytest.raises(RefusedError, match=f"not open.* upload the files, or name a path in {tmp_path}/open"):
            documents.submit_reading(frame, asked, [], str(path))
    assert not project.jobs.exists()
    job = documents.submit_reading(frame, asked, [], str(inside))
    try:
        assert job.request["paths"] == [str(inside)]
    finally:
        end(project, job)


@pytest.mark.parametrize(
    ("account", "roots", "shown"), [("", None, True), ("", (), False), ("anna", None, False), ("anna", (), False)]
)
def test_a_path_is_asked_for_where_some_folder_is_open(
    project: Project, account: str, roots: tuple[Path, ...] | None, shown: bool
) -> None:
    frame, asked = frame_of(project, roots=roots), request(account, project="x")
    assert documents.has_paths(frame.desk(asked)) is shown
    if not shown:
        with pytest.raises(InputError, match="by upload only"):
            documents.submit_reading(frame, asked, [], "/etc")


def test_a_refused_job_loses_no_upload(project: Project, tmp_path: Path) -> None:
    upload = tmp_path / "manual.md"
    upload.write_text("# Manual\n\nText.\n", encoding="utf-8")
    with project.owned("something else"), pytest.raises(BusyError):
        documents.submit_reading(frame_of(project), request(project="x"), [upload], "")
    assert upload.exists()
    assert not (project.root / UPLOADS).exists()


def test_uploads_and_a_folder_are_read_by_one_job(project: Project, tmp_path: Path) -> None:
    upload = tmp_path / "manual.md"
    upload.write_text("# Manual\n\nText.\n", encoding="utf-8")
    folder = write_folder(tmp_path / "in")
    job: Job = documents.submit_reading(frame_of(project), request(project="x"), [upload], str(folder))
    try:
        assert not upload.exists()
        moved, named = job.request["paths"]
        assert Path(moved).read_text(encoding="utf-8").startswith("# Manual")
        assert Path(moved).is_relative_to(project.root / UPLOADS)
        assert named == str(folder)
    finally:
        end(project, job)


def test_a_project_is_needed(project: Project) -> None:
    with pytest.raises(NotFoundError, match="Choose a project"):
        documents.submit_reading(frame_of(project), request(project="nobody's"), [], "/etc")
    assert "Choose a project" in documents.page_table(frame_of(project), request(project="nobody's"), "")[0]
    assert documents.page_passage(frame_of(project), request(project="nobody's"), Place("d")) == ("", False)


def test_the_table_and_the_text_of_what_the_address_names(project: Project, tmp_path: Path) -> None:
    frame = frame_of(project)
    assert documents.page_table(frame, request(project="x"), "")[1] == 0
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.txt").write_text("")
    ingest([write_folder(tmp_path / "in")], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    known = {one.name: one for one in CorpusStore(project.root).documents()}
    asked = request(project="x", document=known["notes.txt"].id, start="4", end="10")
    html, count = documents.page_table(frame, asked, "")
    assert count == 4
    assert html.count('aria-current="true"') == 1
    assert f"/en/documents?project=x&amp;document={known['manual.md'].id}" in html

    place = documents.asked_place(frame, asked)
    text, is_there = documents.page_passage(frame, asked, place)
    assert is_there
    assert ">canary</mark>" in text

    failed, is_there = documents.page_passage(frame, asked, Place(known["empty.txt"].id))
    assert is_there
    assert "has no text" in failed
    assert "empty" in failed
    for gone in ("nothing", "../../../etc/passwd"):
        assert documents.page_passage(frame, asked, Place(gone))[1] is False
    assert "Choose a document" in documents.page_passage(frame, asked, Place(""))[0]
