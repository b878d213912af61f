"""Many writers on one thread, many threads at once: one history, no lock error, nothing lost (promises 9 and 10)."""

from __future__ import annotations

import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import graph.threads
from agent.errors import BusyError
from graph.assistant import Assistant
from graph.threads import Threads
from tests.graph.conftest import READER
from tests.graph.worlds import World, small_settings
from tools.jobs.runner import wait


def world(home: Path) -> World:
    return World(home, small_settings(home), reader=READER)


def pairs_of(assistant: Assistant, thread: str) -> list[tuple[str, str]]:
    """Return each message with the reply that follows it, and fail where the history is no such line."""
    history = assistant.history(thread)
    assert [one.role for one in history] == ["user", "assistant"] * (len(history) // 2)
    return [(history[at].text, history[at + 1].text) for at in range(0, len(history), 2)]


def test_twenty_messages_at_once_make_one_history(empty: World) -> None:
    assistant = empty.assistant()
    texts = [f"hello {number}" for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        turns = list(pool.map(lambda text: assistant.send("t", text, "en"), texts))
    said = pairs_of(assistant, "t")
    assert sorted(text for text, _ in said) == sorted(texts)
    assert len(turns) == len(said) == 20


def _send(home: Path, name: str, count: int) -> None:
    assistant = world(home).assistant()
    for number in range(count):
        assistant.send("t", f"hello from {name} {number}", "en")


@pytest.mark.slow
def test_two_processes_on_one_thread_make_one_history(empty: World) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_send, args=(empty.home, name, 10)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
        assert process.exitcode == 0
    said = [text for text, _ in pairs_of(empty.assistant(), "t")]
    assert len(said) == 20
    for name in ("a", "b"):
        mine = [text for text in said if f"from {name}" in text]
        assert mine == [f"hello from {name} {number}" for number in range(10)]


def test_who_cannot_wait_is_told_what_to_do_and_leaves_nothing_behind(
    empty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty posts from two doors: those for which it takes too long are refused, and only the others are kept."""
    doors = [empty.assistant(), empty.assistant()]
    doors[0].send("t", "hello", "en")
    monkeypatch.setattr(graph.threads, "WAIT_SECONDS", 0.2)

    def post(number: int) -> str | BusyError:
        try:
            return doors[number % 2].send("t", f"hello {number}", "en").thread
        except BusyError as error:
            return error

    with Threads(empty.home / "threads").held("t"), ThreadPoolExecutor(5) as pool:
        refused = list(pool.map(post, range(5)))
    for one in refused:
        assert isinstance(one, BusyError)
        assert (one.what, one.mend) == ("this conversation is still answering", "wait for the answer")
    with ThreadPoolExecutor(20) as pool:
        posted = list(pool.map(post, range(5, 25)))
    answered = [f"hello {number}" for number, one in enumerate(posted, start=5) if one == "t"]
    assert all(one == "t" or isinstance(one, BusyError) for one in posted)
    assert answered
    assert sorted(text for text, _ in pairs_of(doors[0], "t")) == sorted(["hello", *answered])


def test_looking_at_a_thread_never_fails_and_never_stops_its_turns(empty: World) -> None:
    """Pages ask for history, jobs and approvals all the time, from other processes as well."""
    assistant, stop, errors = empty.assistant(), threading.Event(), []
    assistant.send("t", "hello", "en")

    def look(other: Assistant) -> None:
        try:
            while not stop.is_set():
                other.history("t"), other.waiting_job("t"), other.approvals(), other.threads()
        except Exception as error:
            errors.append(error)

    watchers = [threading.Thread(target=look, args=(empty.assistant(),)) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for number in range(12):
            assistant.send("t", f"hello {number}")
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()
    assert errors == []
    assert len(pairs_of(assistant, "t")) == 13


def test_one_process_reports_the_end_of_a_job(machines: World, jobs: Callable[[], list[str]]) -> None:
    first = machines.assistant()
    turn = first.send("t", "measure it", "en", "machines")
    assert turn.approval is not None
    first.settle("t", turn.approval.id, "approve")
    wait(machines.workspace.open("machines"), jobs()[0])
    doors = [machines.assistant() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        reports = [one for one in pool.map(lambda door: door.follow("t"), doors) if one is not None]
    assert len(reports) == 1
    assert sum("Evaluation " in one.text for one in first.history("t")) == 1
    assert first.send("t", "hello").action == "smalltalk"


def test_deleting_while_others_write_leaves_no_half_thread(empty: World) -> None:
    assistant = empty.assistant()
    assistant.send("t", "hello", "en")
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            assistant.send("t", f"hello {number}", "en")
        except Exception as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    assistant.delete("t")
    for writer in writers:
        writer.join()
    assert errors == []
    assert 1 <= len(pairs_of(assistant, "t")) <= 6 or not assistant.history("t")
    assert [path.name for path in (empty.home / "threads").iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_eight_people_and_a_job_meet_no_lock(
    machines: World, jobs: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 10: eight users, fifty turns each, a job running; no lock error, and no wait behind another's turn."""
    waits: list[float] = []
    turns: list[float] = []
    held = Threads.held

    @contextmanager
    def timed(threads: Threads, thread: str) -> Iterator[None]:
        began = time.monotonic()
        with held(threads, thread):
            entered = time.monotonic()
            yield
        waits.append(entered - began)
        turns.append(time.monotonic() - entered)

    monkeypatch.setattr(Threads, "held", timed)
    assistant = machines.assistant()
    turn = assistant.send("job", "measure it", "en", "machines")
    assert turn.approval is not None
    assistant.settle("job", turn.approval.id, "approve")
    doors = [machines.assistant() for _ in range(4)]
    words = ("hello", "status", "guide to ranks", "what do the pairs say", "does it fit")

    def user(number: int) -> list[Exception]:
        failures: list[Exception] = []
        for at in range(50):
            try:
                doors[number % 4].send(f"user-{number}", f"{words[at % len(words)]} {at}", "en", "machines")
            except Exception as error:
                failures.append(error)
        return failures

    with ThreadPoolExecutor(8) as pool:
        failures = [one for failed in pool.map(user, range(8)) for one in failed]
    assert failures == []
    assert len(waits) >= 400
    # A busy machine makes turns and waits long alike; behind even one other turn it would be all of a turn.
    assert statistics.quantiles(waits, n=100)[98] < max(1.0, statistics.median(turns) / 2)
    for number in range(8):
        assert len(pairs_of(assistant, f"user-{number}")) == 50
    assert len(jobs()) == 1
