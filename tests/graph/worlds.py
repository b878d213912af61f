"""Homes in which conversations take place, from an empty one to a measured project; models and indexes are small."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.records.conversation import Reading
from agent.settings import Settings
from graph.assistant import Assistant
from graph.chat_model import ChatBrain
from graph.understanding.brain import Brain
from knowledge.company.build import build_documents
from tests.fakes import HashEmbedder
from tests.graph.machines import Shelf
from tools.workspace import Project, Workspace

KEPT = ("tarvo-spec", "tarvo-maintenance")
"""Documents of the example company that are enough for a conversation."""
FACTS = {
    "pump.md": "# Halden pump\n\nThe rated pressure of the Halden pump is 12 bar.\n",
    "valve.md": "# Corin valve\n\nThe rated pressure of the Corin valve is 6 bar.\n",
}


class Nobody:
    """A reader for tests that say nothing."""

    def read(self, text: str) -> tuple[Reading, ...]:
        return (Reading(action="status", score=0.3), Reading(action="setup", score=0.28))


@dataclass
class World:
    """A home, the assistant in it, and how its index is opened."""

    home: Path
    settings: Settings
    project: str | None = None
    """Project to speak of from the beginning."""
    names: dict[str, str] = field(default_factory=dict)
    """What `{name}` stands for in a transcript."""
    reader: Any = None
    """Understands without a chat model; `None` takes the classifier that ships."""
    shelf: Callable[[Project], Any] = Shelf

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.home)

    def assistant(self, chat: ChatBrain | None = None) -> Assistant:
        brain = None if self.reader is None else Brain(self.reader)
        return Assistant(self.settings, retriever=self.shelf, brain=brain, chat=chat)

    def fill(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace("{" + name + "}", value)
        return text

    def filled(self, value: Any) -> Any:
        """Fill the names into every text of a structure."""
        match value:
            case str():
                return self.fill(value)
            case dict():
                return {key: self.filled(one) for key, one in value.items()}
            case list():
                return [self.filled(one) for one in value]
            case _:
                return value


def small_settings(home: Path, **changes: Any) -> Settings:
    """Return settings whose pairs are made by rules and whose embedder needs no model."""
    return Settings(home=home, cache=home / "cache", extraction_model="rules", threads=1, _env_file=None, **changes)


def write_manuals(folder: Path) -> Path:
    """Write two short documents."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FACTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def empty_world(folder: Path) -> World:
    """A fresh home, and a folder with documents of the example company to be read."""
    documents = folder / "documents"
    for path in build_documents(documents):
        if path.stem not in KEPT:
            path.unlink()
    home = folder / "home"
    return World(home, small_settings(home), names={"documents": str(documents)}, shelf=open_shelf)


def open_shelf(project: Project) -> Any:
    """Open a project's real index over hashed words."""
    from knowledge.retrieval import Retriever
    from knowledge.store import CorpusStore

    return Retriever.open(CorpusStore(project.root), HashEmbedder())


def copied(source: Path, folder: Path) -> Path:
    """Return a copy of a home that was built once."""
    return Path(shutil.copytree(source, folder))
