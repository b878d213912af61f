"""Threads: their names, their list, and that a deleted one leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import graph.threads
from agent.errors import BusyError, InputError, NotFoundError
from agent.records.conversation import Thread
from graph.threads import TITLE_LENGTH, Threads, new_thread, title_of
from tests.graph.worlds import World

HOSTILE = (
    "..",
    ".",
    "",
    "../x",
    "a/b",
    "a\\b",
    "/etc/passwd",
    ".hidden",
    "x" * 65,
    "a\0b",
    "a b",
    "线程",
    "a\n",
    "-x",
    "~root",
)


@pytest.fixture
def threads(tmp_path: Path) -> Threads:
    return Threads(tmp_path / "threads")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_could_leave_the_folder_is_refused(threads: Threads, name: str) -> None:
    for use in (threads.path, threads.known, threads.delete):
        with pytest.raises(InputError, match="thread id"):
            use(name)
    with pytest.raises(InputError), threads.held(name):
        pass
    assert not threads.folder.exists()


@given(st.text(max_size=80))
def test_whatever_the_name_its_folder_stays_inside(name: str) -> None:
    folder = Path("/home/threads")
    try:
        path = Threads(folder).path(name)
    except InputError:
        return
    assert path.parent == folder
    assert os.path.normpath(path) == str(path)


def test_a_hostile_name_reaches_nothing_through_the_assistant(empty: World) -> None:
    assistant = empty.assistant()
    for name in HOSTILE:
        for use in (assistant.history, assistant.delete, assistant.waiting_job, assistant.follow, assistant.profile):
            with pytest.raises(InputError):
                use(name)
        with pytest.raises(InputError):
            assistant.send(name, "hello")
    assert not (empty.home / "threads").exists()


def test_fresh_names_are_valid_and_differ(threads: Threads) -> None:
    names = {new_thread() for _ in range(200)}
    assert len(names) == 200
    assert all(threads.path(name).parent == threads.folder for name in names)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("hello", "hello"),
        ("  two\n lines\t here ", "two lines here"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("手" * 200, "手" * 59 + "…"),
    ],
)
def test_a_title_is_the_beginning_of_the_first_message(text: str, title: str) -> None:
    assert title_of(text) == title
    assert len(title_of(text)) <= TITLE_LENGTH


def test_the_list_is_newest_first_and_says_what_waits(machines: World) -> None:
    assistant = machines.assistant()
    assistant.send("a", "hello there", "en")
    assistant.send("b", "measure it", "en", "machines")
    assistant.send("a", "hello again")
    listed = assistant.threads()
    assert [(one.id, one.title, one.project, one.waiting) for one in listed] == [
        ("a", "hello there", None, False),
        ("b", "measure it", "machines", True),
    ]
    assert machines.assistant().threads() == listed


def test_a_damaged_record_hides_no_other_and_is_written_anew_by_recovery(
    empty: World, caplog: pytest.LogCaptureFixture
) -> None:
    assistant = empty.assistant()
    for name in ("a", "b"):
        assistant.send(name, f"hello {name}", "en")
    (empty.home / "threads" / "a" / "thread.json").write_text("{", encoding="utf-8")
    for _ in range(2):
        assert [one.id for one in assistant.threads()] == ["b"]
    assert assistant.approvals() == ()
    assert [record.getMessage()[:30] for record in caplog.records] == ["conversation a is not listed: "]
    assert assistant.recover() == ()
    assert [one.title for one in sorted(assistant.threads(), key=lambda one: one.id)] == ["hello a", "hello b"]


def test_a_damaged_file_of_checkpoints_stops_no_other_recovery(empty: World) -> None:
    assistant = empty.assistant()
    for name in ("a", "b"):
        assistant.send(name, "hello", "en")
    (empty.home / "threads" / "a" / "state.sqlite").write_bytes(b"no database" * 500)
    (empty.home / "threads" / "b" / "thread.json").unlink()
    assistant.recover()
    assert {one.id for one in assistant.threads()} == {"a", "b"}


def test_a_thread_that_is_deleted_while_it_is_listed_is_no_thread(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads.note(_thread("a"))
    threads.note(_thread("b"))
    ids = threads.ids()
    monkeypatch.setattr(Threads, "ids", lambda self: ids)
    threads.delete("a")
    assert threads.known("a") is None
    assert [one.id for one in threads.list()] == ["b"]


def test_a_deleted_thread_leaves_nothing(empty: World) -> None:
    secret = "the code of the safe is canary-7319"
    assistant = empty.assistant()
    assistant.send("t", f"hello, {secret}", "en")
    assistant.send("other", "hello", "en")
    assert secret in assistant.history("t")[0].text
    assistant.delete("t")
    found = [
        path
        for path in empty.home.rglob("*")
        if path.name == "t" or (path.is_file() and b"canary-7319" in path.read_bytes())
    ]
    assert found == []
    assert assistant.history("t") == ()
    assert [one.id for one in assistant.threads()] == ["other"]
    with pytest.raises(NotFoundError):
        assistant.delete("t")
    assert assistant.send("t", "hello", "en").thread == "t", "the name is free again"
    assert len(assistant.history("t")) == 2


def test_what_a_killed_deletion_left_is_gone_after_recovery(empty: World) -> None:
    assistant = empty.assistant()
    assistant.send("t", "hello, canary-7319", "en")
    half = empty.home / "threads" / ".deleted-0123"
    (empty.home / "threads" / "t").rename(half)
    assert assistant.threads() == ()
    assert assistant.recover() == ()
    assert not half.exists()


def test_looking_at_an_unknown_thread_makes_none(empty: World) -> None:
    assistant = empty.assistant()
    assert assistant.history("nobody") == ()
    assert assistant.waiting_job("nobody") is None
    assert assistant.follow("nobody") is None
    assert assistant.approvals() == ()
    assert not (empty.home / "threads").exists()


def test_looking_at_a_thread_that_is_being_deleted_brings_nothing_of_it_back(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = empty.assistant()
    assistant.send("t", "hello", "en")
    folder = empty.home / "threads" / "t"
    known = Threads.known

    def deleted_after(threads: Threads, thread: str) -> Thread | None:
        found = known(threads, thread)
        if folder.exists():
            shutil.rmtree(folder)
        return found

    monkeypatch.setattr(Threads, "known", deleted_after)
    assert assistant.history("t") == ()
    assert not folder.exists()
    # The folder alone is there where a first turn has just begun.
    folder.mkdir()
    monkeypatch.undo()
    assert assistant.history("t") == ()
    assert list(folder.iterdir()) == []


def test_one_writer_at_a_time(threads: Threads) -> None:
    inside: list[int] = []
    most: list[int] = []

    def write() -> None:
        with threads.held("t"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.002)
            inside.pop()

    workers = [threading.Thread(target=write) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(most) == {1}
    assert len(most) == 12


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph.threads, "WAIT_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
def test_who_waits_too_long_is_told_so(threads: Threads) -> None:
    with threads.held("t"), pytest.raises(BusyError, match="still answering"), threads.held("t"):
        pass
    with threads.held("t"):
        pass


def test_a_thread_deleted_between_the_steps_of_its_opening_is_made_anew(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by another process, after the folder was seen and before its lock is opened, or while it is looked at."""
    taken: list[str] = []
    make, look = Path.mkdir, os.path.samestat

    def made(folder: Path, *arguments: Any, **named: Any) -> None:
        make(folder, *arguments, **named)
        if not taken:
            taken.append("before the lock")
            folder.rename(folder.with_name(".deleted-a"))

    def looked(*arguments: Any) -> bool:
        if len(taken) == 1:
            taken.append("after the lock")
            threads.path("t").rename(threads.folder / ".deleted-b")
            raise FileNotFoundError
        return look(*arguments)

    monkeypatch.setattr(Path, "mkdir", made)
    monkeypatch.setattr("graph.threads.os.path.samestat", looked)
    with threads.held("t"):
        assert (threads.path("t") / ".lock").exists()
    assert taken == ["before the lock", "after the lock"]


@pytest.mark.usefixtures("impatient")
def test_a_folder_that_is_never_there_is_waited_for_no_longer_than_a_turn(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: None)
    with pytest.raises(BusyError), threads.held("t"):
        pass


def test_a_file_in_the_place_of_a_thread_is_told(threads: Threads) -> None:
    threads.folder.mkdir()
    threads.path("t").touch()
    with pytest.raises(FileExistsError), threads.held("t"):
        pass


def test_a_folder_that_another_process_deletes_too_is_deleted(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads.note(_thread("t"))
    scan = os.scandir

    def emptied(folder: Any) -> Any:
        found = scan(folder)
        if not isinstance(folder, int):
            return found
        entries = list(found)
        found.close()
        for entry in entries:
            os.unlink(entry.name, dir_fd=folder)
        return nullcontext(iter(entries))

    monkeypatch.setattr(os, "scandir", emptied)
    threads.delete("t")
    monkeypatch.undo()
    assert list(threads.folder.iterdir()) == []


def test_what_cannot_be_deleted_is_told(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    threads.note(_thread("t"))
    monkeypatch.setattr(os, "unlink", lambda *_, **__: _refuse())
    with pytest.raises(PermissionError):
        threads.delete("t")


def _refuse() -> None:
    raise PermissionError


@pytest.mark.usefixtures("impatient")
def test_another_process_counts_as_well(threads: Threads) -> None:
    with threads.held("t"):
        pass
    with (threads.path("t") / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BusyError), threads.held("t"):
            pass
    with threads.held("t"):
        pass


def test_who_waited_for_a_deleted_thread_writes_into_a_new_one(threads: Threads) -> None:
    """The lock it waited for belongs to a file that is gone; two writers must not hold two locks of one name."""
    threads.note(_thread("t"))
    entered, release = threading.Event(), threading.Event()
    inodes: list[int] = []

    def wait() -> None:
        with Threads(threads.folder).held("t"):
            inodes.append((threads.path("t") / ".lock").stat().st_ino)
            entered.set()
            release.wait(60)

    with threads.held("t"):
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.1)
        (threads.path("t")).rename(threads.folder / ".deleted-x")
    assert entered.wait(60)
    with pytest.raises(BlockingIOError), (threads.path("t") / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    release.set()
    waiter.join()
    assert inodes == [(threads.path("t") / ".lock").stat().st_ino]


def _thread(name: str) -> Thread:
    return Thread(id=name, title=name, updated="2026-01-01T00:00:00.000+00:00")


@pytest.fixture(autouse=True)
def _nothing_of_this_leaks() -> Iterator[None]:
    yield
    assert not [one for one in threading.enumerate() if one.name.startswith("writer")]
