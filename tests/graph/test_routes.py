"""Where a turn goes next."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.graph import END

from graph.routes import (
    MOST_ROUNDS,
    after_deciding,
    after_observing,
    after_receiving,
    after_replying,
    after_understanding,
)
from graph.state import RECURSION_LIMIT, ConversationState, Incoming

STEP = {"tool": "status", "arguments": {}}
SAID = {"text": "Yes."}
TALK = [{"role": "tool", "content": "done"}]


def state(kind: str = "message", **values: Any) -> ConversationState:
    return ConversationState(incoming=Incoming(kind=kind), **values)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("message", "understand"), ("proposal", "understand"), ("verdict", "settle"), ("job", "observe")],
)
def test_what_comes_in_goes_where_it_belongs(kind: str, expected: str) -> None:
    assert after_receiving(state(kind)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(state("verdict"), "settle", id="a bare yes was read"),
        pytest.param(state(), "decide", id="a message was understood"),
        pytest.param(state(outcome=SAID), "reply", id="a chat model replied in words"),
        pytest.param(state("verdict", outcome=SAID), "settle", id="a yes is settled whatever else there is"),
    ],
)
def test_after_understanding(given: ConversationState, expected: str) -> None:
    assert after_understanding(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(state(step=STEP), "act", id="a step was let in"),
        pytest.param(state(step=None, outcome=SAID), "reply", id="there is something to say"),
        pytest.param(state(), "reply", id="nothing to do"),
    ],
)
def test_after_deciding(given: ConversationState, expected: str) -> None:
    assert after_deciding(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(state(step=STEP, talk=TALK), "act", id="a step follows"),
        pytest.param(state(talk=TALK, rounds=1), "understand", id="the chat model looks again"),
        pytest.param(state(talk=TALK, rounds=MOST_ROUNDS), "reply", id="the chat model has looked often enough"),
        pytest.param(state(talk=[]), "reply", id="nobody looks again"),
    ],
)
def test_after_observing(given: ConversationState, expected: str) -> None:
    assert after_observing(given) == expected


@pytest.mark.parametrize(("approval", "expected"), [({"id": "a"}, "confirm"), (None, END)])
def test_a_turn_ends_or_waits_for_a_person(approval: dict[str, Any] | None, expected: str) -> None:
    assert after_replying(state(approval=approval)) == expected


def test_the_longest_turn_stays_under_the_recursion_limit() -> None:
    # receive, then for every call understand, decide, act, observe, then a last look, the reply and the wait.
    assert 1 + 4 * MOST_ROUNDS + 3 < RECURSION_LIMIT
