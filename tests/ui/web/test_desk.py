"""Open indexes: nobody waits for somebody else's, and nobody opens the same one twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from tools.workspace import Project, Workspace
from ui.web.desk import Shelf


@dataclass
class Opened:
    """Stands for an open index."""

    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Opening:
    """Takes the place of opening an index: that of the project `slow` takes until it is released."""

    begun: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    opened: list[str] = field(default_factory=list)

    def __call__(self, store: CorpusStore, embedder: object, *, reranker: object = None) -> Any:
        name = store.root.name
        self.opened.append(name)
        if name == "slow":
            self.begun.set()
            assert self.release.wait(120)
        return Opened()


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    made = Opening()
    monkeypatch.setattr(Retriever, "open", made)
    yield made
    made.release.set()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr("knowledge.embedding.load_embedder", lambda settings: object())
    return Shelf(Settings(home=tmp_path, _env_file=None))


def project(home: Path, name: str) -> Project:
    made = Workspace(home).create(name)
    made.chunks.parent.mkdir(parents=True, exist_ok=True)
    made.chunks.write_text("{}\n", encoding="utf-8")
    return made


def test_an_index_that_is_being_opened_keeps_no_other_account_waiting(
    shelf: Shelf, opening: Opening, tmp_path: Path
) -> None:
    slow, quick = project(tmp_path / "ada", "slow"), project(tmp_path / "ben", "quick")
    with ThreadPoolExecutor(3) as pool:
        first = [pool.submit(shelf.retriever, slow) for _ in range(2)]
        assert opening.begun.wait(120)
        other = pool.submit(shelf.retriever, quick).result(120)
        assert not any(one.done() for one in first)
        opening.release.set()
        assert first[0].result(120) is first[1].result(120)
    assert sorted(opening.opened) == ["quick", "slow"]
    assert shelf.retriever(quick) is other


def test_changed_chunks_open_an_index_again_and_closing_closes_all(
    shelf: Shelf, opening: Opening, tmp_path: Path
) -> None:
    opening.release.set()
    one, two = project(tmp_path, "slow"), project(tmp_path, "quick")
    before = shelf.retriever(one)
    one.chunks.write_text("{}\n{}\n", encoding="utf-8")
    after, other = shelf.retriever(one), shelf.retriever(two)
    assert after is not before
    shelf.close()
    assert [after, other] == [Opened(closed=True)] * 2
