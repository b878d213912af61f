"""Turns under way: one at a time in a conversation, seen by whoever looks, broken off by no page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import BusyError
from agent.records.conversation import ChatMessage, Part, TextPiece, ToolStep
from ui.pages.assistant_turns import Ask, Turns, with_step

KEY = (Path("/home"), "t")
BEFORE = (ChatMessage(role="user", text="hello", at="2026-01-01T00:00:00+00:00"),)


def step(state: str = "running", tool: str = "status") -> ToolStep:
    return ToolStep.model_validate({"tool": tool, "title": "Look", "state": state})


class Gate:
    """A turn that goes on part by part."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self.opened = threading.Semaphore(0)
        self.ended = threading.Event()

    def __call__(self) -> Iterator[Part]:
        for part in self.parts:
            assert self.opened.acquire(timeout=120)
            yield part
        assert self.opened.acquire(timeout=120)
        self.ended.set()

    def open(self) -> None:
        for _ in range(len(self.parts) + 1):
            self.opened.release()


def ask(make: object, said: str = "hi", once: str = "") -> Ask:
    return Ask(said, lambda: BEFORE, make, once=once)  # type: ignore[arg-type]


def until(true: object, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_runs_is_seen_and_the_next_waits_its_turn() -> None:
    turns, first, second = Turns(), Gate(step(), step("done")), Gate()
    one, two = turns.put(KEY, ask(first, "one")), turns.put(KEY, ask(second, "two"))
    until(lambda: one.state == "running")
    assert [(each.said, each.state) for each in turns.of(KEY)] == [("one", "running"), ("two", "waiting")]
    assert one.before == BEFORE
    first.opened.release()
    until(lambda: one.steps)
    assert one.steps[0].state == "running"
    first.open()
    until(lambda: two.state == "running")
    assert one.steps == (step("done"),)
    second.open()
    until(lambda: not turns.of(KEY))
    assert (one.state, two.state) == ("done", "done")


def test_conversations_do_not_wait_for_each_other() -> None:
    turns, slow = Turns(), Gate()
    turns.put(KEY, ask(slow))
    other = turns.put((KEY[0], "other"), ask(lambda: iter(())))
    assert list(turns.watch(other)) is not None
    assert turns.of(KEY)
    slow.open()
    until(lambda: not turns.of(KEY))


def test_who_watches_hears_whether_anything_has_changed() -> None:
    turns, gate = Turns(), Gate(step())
    one = turns.put(KEY, ask(gate))
    until(lambda: one.state == "running")
    watching = turns.watch(one)
    assert next(watching) is True
    assert next(watching) is False  # a while later
    gate.opened.release()
    until(lambda: one.steps)
    assert next(watching) is True
    gate.open()
    list(watching)


def test_a_page_that_is_closed_breaks_nothing_off() -> None:
    turns, gate = Turns(), Gate(step(), step("done"))
    watching = turns.watch(turns.put(KEY, ask(gate)))
    next(watching)
    watching.close()
    gate.open()
    assert gate.ended.wait(120)


def test_the_same_occasion_is_one() -> None:
    turns, gate = Turns(), Gate()
    first = turns.put(KEY, ask(gate, once="a1"))
    assert turns.put(KEY, ask(gate, once="a1")) is first
    assert turns.put(KEY, ask(lambda: iter(()), once="a2")) is not first
    gate.open()
    until(lambda: not turns.of(KEY))
    assert turns.put(KEY, ask(lambda: iter(()), once="a1")) is not first


def test_who_watches_hears_what_broke_it_off_and_the_next_goes_on() -> None:
    def fails() -> Iterator[Part]:
        raise BusyError("somebody else speaks")
        yield

    turns = Turns()
    broken, after = turns.put(KEY, ask(fails)), turns.put(KEY, ask(lambda: iter(())))
    with pytest.raises(BusyError):
        list(turns.watch(broken))
    list(turns.watch(after))
    assert after.error is None
    assert not turns.of(KEY)


def test_a_reply_is_seen_as_it_is_written() -> None:
    turns = Turns()
    parts = (TextPiece(text="No"), TextPiece(text="thing", fresh=True), TextPiece(text=" yet"))
    written = turns.put(KEY, ask(lambda: iter(parts)))
    list(turns.watch(written))
    assert written.text == "thing yet"


def test_a_step_that_ends_takes_the_place_of_its_beginning() -> None:
    steps = with_step(with_step((), step()), step("done"))
    assert [one.state for one in steps] == ["done"]
    assert len(with_step(steps, step(tool="decide"))) == 2
