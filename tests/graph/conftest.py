"""The measured project of six machines, built once and copied for each test that changes it; its jobs are scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import TableReader
from tests.graph.machines import build_machines
from tests.graph.scripted_worker import SCRIPTED
from tests.graph.worlds import World, copied, small_settings
from tools.jobs import runner
from tools.jobs.processes import end_processes
from tools.jobs.store import JobStore

READER = TableReader(
    {
        "measure": "evaluate",
        "why": "diagnose",
        "better": "clarify",
        "status": "status",
        "want": "setup",
        "read": "ingest",
        "pairs": "review",
        "train": "tune",
        "mix": "mix",
        "guide": "guide",
        "decide": "decide",
        "fit": "plan",
        "speed": "benchmark",
        "hello": "smalltalk",
        "results": "export",
        "delete": "refuse",
    }
)
"""Understands the tests' own words, the same whatever the classifier learns."""


@pytest.fixture(scope="session")
def machines_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("machines-source")
    build_machines(home)
    return home


@pytest.fixture
def machines(machines_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setitem(runner.submit.__kwdefaults__, "worker", SCRIPTED)
    home = copied(machines_source, tmp_path / "home")
    world = World(home, small_settings(home), project="machines", reader=READER)
    yield world
    for info in world.workspace.projects():
        for job in JobStore(world.workspace.open(info.name).jobs).list():
            end_processes(job)


@pytest.fixture
def empty(tmp_path: Path) -> World:
    home = tmp_path / "home"
    return World(home, small_settings(home), reader=READER)


@pytest.fixture
def jobs(machines: World) -> Callable[[], list[str]]:
    """Returns the jobs that were started beside the evaluation that the project came with."""
    store = JobStore(machines.workspace.open("machines").jobs)
    return lambda: [job.id for job in store.list()][1:]
