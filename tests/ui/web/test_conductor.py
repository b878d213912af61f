"""The conductor goes on whatever an account, a conversation or the list of accounts comes to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.errors import BusyError
from agent.records.conversation import Thread
from graph.threads import Threads
from ui.web.conductor import Conductor


@dataclass
class Follower:
    """Stands for an assistant whose listed threads all wait for a job."""

    kept: Threads
    fails: dict[str, Exception] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)
    recovered: int = 0

    def threads(self) -> tuple[Thread, ...]:
        return self.kept.list()

    def follow(self, thread: str) -> object:
        self.followed.append(thread)
        if thread in self.fails:
            raise self.fails[thread]
        return object()

    def recover(self) -> tuple[str, ...]:
        self.recovered += 1
        return ()


@dataclass
class OneDesk:
    assistant: Follower
    account: str = "ada"


class BrokenDesk:
    account = "broken"

    @property
    def assistant(self) -> Follower:
        raise OSError("the home is not mounted")


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    threads = Threads(tmp_path / "threads")
    for name in ("a", "b", "c"):
        threads.note(Thread(id=name, title=name, updated=f"2026-01-01T00:00:00.000+00:00{name}", job="j"))
    return Follower(threads)


def conductor(desks: Callable[[], Iterable[Any]]) -> Conductor:
    return Conductor(desks, period=0.01)


def test_a_damaged_record_and_a_failing_desk_keep_nobody_waiting(
    follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    (follower.kept.path("b") / "thread.json").write_text("{", encoding="utf-8")
    assert conductor(lambda: [BrokenDesk(), OneDesk(follower)]).look() == 2
    assert follower.followed == ["c", "a"]
    unforeseen = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in unforeseen] == ["conversations of broken"]
    assert "the home is not mounted" in caplog.text


def test_a_conversation_that_fails_keeps_no_other_waiting(follower: Follower, caplog: pytest.LogCaptureFixture) -> None:
    follower.fails = {"c": ValueError("unforeseen"), "b": BusyError("still answering")}
    assert conductor(lambda: [OneDesk(follower)]).look() == 1
    assert follower.followed == ["c", "b", "a"]
    assert [(record.getMessage(), record.levelno, bool(record.exc_info)) for record in caplog.records] == [
        ("conversation c", logging.ERROR, True),
        ("conversation b: still answering", logging.WARNING, False),
    ]


def test_it_lives_on_when_the_accounts_cannot_be_told(follower: Follower) -> None:
    asked: list[int] = []
    looked = threading.Event()

    def desks() -> list[Any]:
        asked.append(1)
        if len(asked) in (1, 2, 4):
            raise RuntimeError("the database is locked")
        if len(follower.followed) > 3:
            looked.set()
        return [BrokenDesk(), OneDesk(follower)]

    running = conductor(desks)
    running.start()
    try:
        assert looked.wait(120)
    finally:
        running.stop()
    assert follower.recovered == 1, "those left in the middle are finished once the accounts are known"
