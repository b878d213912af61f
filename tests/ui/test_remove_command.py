"""`remove` on the command line: nothing goes without a yes, everything with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.store import CorpusStore
from tests.tools.extraction.corpus import corpus, put
from tests.ui.conftest import Ran
from tests.ui.test_cli import assert_one_line
from tools.workspace import Project, Workspace

Cli = Callable[..., Ran]


@pytest.fixture
def project(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")
    assert cli("new", "Pumps").code == 0
    project = Workspace(home).open("Pumps")
    put(project, corpus())
    return project


def test_without_a_yes_only_what_would_go_is_told(cli: Cli, project: Project) -> None:
    assert cli("extract").code == 0
    before = project.pairs.read_bytes()
    asked = cli("remove", "pump-manual.md")
    assert_one_line(asked, 3, "--yes")
    assert "0 sealed questions" in asked.err
    assert "将删除" in cli("remove", "pump-manual.md", "--lang", "zh").err
    assert project.pairs.read_bytes() == before


def test_with_a_yes_the_document_is_gone_and_the_others_stay(cli: Cli, project: Project) -> None:
    assert cli("extract").code == 0
    store = CorpusStore(project.root)
    others = [one.id for one in store.documents() if one.name != "pump-manual.md"]
    gone = cli("remove", "pump-manual.md", "--yes", "--json").json
    assert gone["name"] == "pump-manual.md"
    assert gone["pairs"] > 0
    assert (gone["mixes"], gone["learners"], gone["conversations"]) == ([], [], 0)
    assert [one.id for one in store.documents()] == others
    assert_one_line(cli("remove", "pump-manual.md", "--yes"), 2, "no such document")


def test_other_files_of_the_same_text_are_named_before_and_after(cli: Cli, project: Project) -> None:
    store = CorpusStore(project.root)
    documents = store.documents()
    first = next(one for one in documents if one.name == "pump-manual.md")
    copy = first.model_copy(update={"id": "twin-1", "name": "copy of the manual.md", "origin": "/elsewhere/x"})
    store.save_text(store.stored_text(first.id).model_copy(update={"document": "twin-1"}), ".md", b"x")
    store.save([*documents, copy], list(store.chunks()))
    asked = cli("remove", first.id)
    assert_one_line(asked, 3, "--yes")
    assert "copy of the manual.md" in asked.err
    assert cli("remove", first.id, "--yes", "--json").json["twins"] == ["copy of the manual.md"]


def test_one_of_two_documents_of_a_name_is_asked_for_by_its_id(cli: Cli, project: Project) -> None:
    store = CorpusStore(project.root)
    first, *rest = store.documents()
    twin = first.model_copy(update={"id": "twin-1", "origin": "/elsewhere/x"})
    store.save_text(store.stored_text(first.id).model_copy(update={"document": "twin-1"}), ".md", b"x")
    store.save([first, twin, *rest], list(store.chunks()))
    refused = cli("remove", first.name, "--yes")
    assert_one_line(refused, 2, "twin-1")
    assert cli("remove", "twin-1", "--yes").code == 0
