"""Loaded models: which are kept, and whose turn it is."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agent.errors import BusyError, CancelledError, InputError
from agent.settings import Settings
from tests.fakes import RecordingReporter
from tools.answerers import Answerers


class Loads:
    """Stands for `load_generator`; what it returns says what it is."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Path | None]] = []

    def __call__(self, settings: Settings, adapter: Path | None) -> Any:
        if settings.base_model == "broken":
            raise InputError("the weights cannot be read")
        self.made.append((settings.base_model, adapter))
        return self.made[-1]


def model(name: str) -> Settings:
    return Settings(base_model=name)


A, B = Path("/runs/a/adapter"), Path("/runs/b/adapter")


@pytest.mark.parametrize(
    ("keep", "asked", "loaded"),
    [
        pytest.param(1, [("m", None), ("m", None)], [("m", None)], id="the same model stays"),
        pytest.param(1, [("m", A), ("m", None), ("m", A)], [("m", A)], id="with an adapter it serves the base too"),
        pytest.param(1, [("m", None), ("m", A)], [("m", None), ("m", A)], id="without one it serves no adapter"),
        pytest.param(1, [("m", A), ("m", B), ("m", A)], [("m", A), ("m", B), ("m", A)], id="one at a time"),
        pytest.param(1, [("m", None), ("n", None)], [("m", None), ("n", None)], id="another base"),
        pytest.param(2, [("m", A), ("m", B), ("m", A)], [("m", A), ("m", B)], id="two are kept"),
        pytest.param(
            2,
            [("m", A), ("n", None), ("m", A), ("o", None), ("m", A), ("n", None)],
            [("m", A), ("n", None), ("o", None), ("n", None)],
            id="the one used longest ago goes",
        ),
    ],
)
def test_models_are_kept(
    keep: int, asked: list[tuple[str, Path | None]], loaded: list[tuple[str, Path | None]]
) -> None:
    loads = Loads()
    answerers = Answerers(loads, keep=keep)
    for base, adapter in asked:
        with answerers.using(model(base), adapter) as generator:
            assert generator[0] == base  # type: ignore[index]
            assert adapter in {None, generator[1]}  # type: ignore[index]
    assert loads.made == loaded


def test_the_old_model_is_let_go_before_the_new_one_is_loaded() -> None:
    held: list[int] = []

    def load(settings: Settings, adapter: Path | None) -> Any:
        held.append(len(answerers._held))
        return object()

    answerers = Answerers(load)
    for name in ("m", "n", "o"):
        with answerers.using(model(name)):
            pass
    assert held == [0, 0, 0]


def test_release_lets_go() -> None:
    loads = Loads()
    answerers = Answerers(loads)
    for _ in range(2):
        with answerers.using(model("m")):
            pass
        answerers.release()
    assert loads.made == [("m", None), ("m", None)]


def test_what_cannot_be_loaded_blocks_nobody() -> None:
    answerers = Answerers(Loads())
    with pytest.raises(InputError), answerers.using(model("broken")):
        pass
    with answerers.using(model("m")):
        pass


def until(condition: Any) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_at_a_time_in_the_order_asked() -> None:
    answerers = Answerers(Loads())
    order: list[int] = []
    inside: list[int] = []

    def ask(number: int) -> None:
        with answerers.using(model("m")):
            inside.append(number)
            assert len(inside) == 1
            order.append(number)
            time.sleep(0.002)
            inside.remove(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    with answerers.using(model("m")):
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            until(lambda waiting=waiting: answerers.waiting == waiting)
    for thread in threads:
        thread.join()
    assert order == list(range(12))
    assert answerers.waiting == 0


def test_who_waits_may_give_up() -> None:
    answerers = Answerers(Loads())
    with (
        answerers.using(model("m")),
        pytest.raises(CancelledError),
        answerers.using(model("m"), reporter=RecordingReporter(cancel_after=1)),
    ):
        pass
    assert answerers.waiting == 0
    with answerers.using(model("m")):
        pass


def test_a_line_has_an_end() -> None:
    answerers = Answerers(Loads(), longest_line=1)
    with answerers.using(model("m")):
        waiting = threading.Thread(target=lambda: answerers.using(model("m")).__enter__())
        waiting.start()
        until(lambda: answerers.waiting == 1)
        with pytest.raises(BusyError, match="1 questions wait"), answerers.using(model("m")):
            pass
    waiting.join()


def test_another_thread_may_end_a_turn() -> None:
    answerers = Answerers(Loads())
    turn = answerers.using(model("m"))
    turn.__enter__()
    thread = threading.Thread(target=lambda: turn.__exit__(None, None, None))
    thread.start()
    thread.join()
    with answerers.using(model("m")):
        pass
