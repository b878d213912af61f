"""A project with a small mix, and the tiny model beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.progress import Silent
from agent.settings import Settings
from tests.domain_mix import write_mix
from tests.tiny_model import build_tiny_model
from tools.workspace import Project, Workspace

FACTS = (
    ("What is the pressure of the pump?", "12 bar"),
    ("At what pressure is the pump rated?", "12 bar"),
    ("Which cartridge does it use?", "KX-7"),
    ("压力是多少？", "12 bar"),
    ("How many hours?", "34 hours"),
    ("Name the cartridge.", "KX-7"),
    ("What does the warranty say? Answer in one long sentence, please.", "56 months from delivery"),
    ("用哪种滤芯？", "KX-7 滤芯"),
)


class Recorder(Silent):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, float, str]] = []
        self.metrics: list[dict[str, object]] = []
        self.notes: list[str] = []
        self.checks = 0

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.steps.append((done, total, message))

    def metric(self, **data: object) -> None:
        self.metrics.append(data)

    def note(self, message: str) -> None:
        self.notes.append(message)

    def check(self) -> None:
        self.checks += 1


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def settings(tiny: Path, tmp_path: Path) -> Settings:
    return Settings(base_model=str(tiny), home=tmp_path / "home", threads=1)


@pytest.fixture
def project(settings: Settings) -> Project:
    return Workspace(settings.home).create("pumps")


@pytest.fixture
def make_mix(project: Project) -> Callable[..., str]:
    def make(
        pairs: tuple[tuple[str, str], ...] = FACTS, validation: tuple[tuple[str, str], ...] = (), name: str = "m1"
    ) -> str:
        write_mix(project.mixes / name, pairs, validation)
        return name

    return make
