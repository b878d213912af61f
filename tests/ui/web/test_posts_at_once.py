"""Many posts at once to one conversation, from tabs of a real server and from a terminal: all answered, each once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.ui.web.conftest import Server
from tests.ui.web.killable import PROJECT, THREAD, Killable
from tests.ui.web.pressing import Door

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TABS = 5
EACH = 2
"""Messages that a tab sends without waiting."""
BESIDE = 10
"""Messages of another process, at the same time."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killable]:
    made = Killable.build(tmp_path_factory.mktemp("posts"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def server(house: Killable) -> Iterator[Server]:
    with house.up() as running:
        yield running


def test_twenty_posts_at_once_from_two_processes_are_answered_once_each(house: Killable, server: Server) -> None:
    assistant = house.assistant()

    def from_a_tab(tab: int) -> list[bool]:
        with Door(server.url, PROJECT, THREAD) as door:
            streams = [door.say(f"hello {number} of tab {tab}") for number in range(EACH)]
            return [door.over(stream) for stream in streams]

    def from_a_terminal(number: int) -> str:
        return assistant.send(THREAD, f"hello {number} of the terminal", "en", PROJECT).thread

    with ThreadPoolExecutor(TABS + BESIDE) as pool:
        tabs = [pool.submit(from_a_tab, tab) for tab in range(TABS)]
        beside = [pool.submit(from_a_terminal, number) for number in range(BESIDE)]
        assert [one.result(600) for one in tabs] == [[True] * EACH] * TABS
        assert [one.result(600) for one in beside] == [THREAD] * BESIDE
    history = house.history()
    said = [one.text for one in history if one.role == "user"]
    assert [one.role for one in history] == ["user", "assistant"] * (TABS * EACH + BESIDE)
    expected = [f"hello {number} of tab {tab}" for tab in range(TABS) for number in range(EACH)]
    assert sorted(said) == sorted([*expected, *(f"hello {number} of the terminal" for number in range(BESIDE))])
    for tab in range(TABS):
        mine = [text for text in said if text.endswith(f"tab {tab}")]
        assert mine == [f"hello {number} of tab {tab}" for number in range(EACH)], "in the order of sending"
    replied = [one.at for one in history if one.role == "assistant"]
    assert replied == sorted(replied)
    with Door(server.url, PROJECT, THREAD) as door:
        assert door.over(door.say("What can you do?"))


def test_one_message_from_many_tabs_is_as_many_messages(house: Killable, server: Server) -> None:
    """Nobody can tell a hasty person from two people who say the same; nothing is dropped as a double."""

    def hello(_: int) -> bool:
        with Door(server.url, PROJECT, "same") as door:
            return door.over(door.say("hello"))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(hello, range(8))) == [True] * 8
    assert [one.role for one in house.history("same")] == ["user", "assistant"] * 8
