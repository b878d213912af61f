"""Golden conversations, word for word through the whole graph, with both brains and real job workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.graph.golden import goldens, read_golden, replay
from tests.graph.scripted_worker import SCRIPTED
from tests.graph.worlds import World, copied, empty_world, open_shelf, small_settings
from tests.tiny_model import build_tiny_model
from tests.tiny_project import build_tiny_project, tiny_settings
from tools.jobs import runner
from tools.jobs.processes import end_processes
from tools.jobs.store import JobStore


@pytest.fixture(scope="module")
def tuned_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tuned")
    build_tiny_project(tiny_settings(home, build_tiny_model(home / "tiny")), "pumps", tuned=True)
    return home


@pytest.fixture
def world_of(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def build(name: str) -> World:
        match name:
            case "empty":
                world = empty_world(tmp_path)
            case "machines":
                monkeypatch.setitem(runner.submit.__kwdefaults__, "worker", SCRIPTED)
                home = copied(request.getfixturevalue("machines_source"), tmp_path / "home")
                world = World(home, small_settings(home), project="machines")
            case "tuned":
                tuned: Path = request.getfixturevalue("tuned_home")
                home = copied(tuned, tmp_path / "home")
                settings = small_settings(home, base_model=str(tuned / "tiny"))
                world = World(home, settings, project="pumps", shelf=open_shelf)
            case _:
                raise AssertionError(name)
        made.append(world)
        return world

    yield build
    for world in made:
        for info in world.workspace.projects():
            for job in JobStore(world.workspace.open(info.name).jobs).list():
                end_processes(job)


def cases() -> Iterator[Any]:
    """Every conversation with both brains; what trains, or walks the road a second time, is slow."""
    for path in goldens():
        for chat in (False, True):
            slow = path.stem == "side_by_side" or (chat and path.stem.startswith("setup"))
            brain = "chat model" if chat else "offline"
            yield pytest.param(path, chat, id=f"{path.stem}-{brain}", marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(("path", "chat"), cases())
def test_a_golden_conversation(path: Path, chat: bool, world_of: Callable[[str], World]) -> None:
    golden = read_golden(path)
    replies = replay(golden, world_of(golden.world), chat=chat)
    assert len(replies) == len(golden.turns)


def test_there_are_the_five_long_conversations() -> None:
    names = {path.stem for path in goldens()}
    assert {"setup_english", "setup_chinese", "diagnosis", "side_by_side", "full_finetuning"} <= names
