"""The golden messages, each sent in a conversation of its own to a project from which every costly step could start.

for sent in send_all(world, read_messages("golden_unseen")): sent.turn.action, sent.seconds, sent.started
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.errors import EmptyError
from agent.records.conversation import Turn
from agent.records.job import JobKind
from knowledge.files import write_record
from knowledge.retrieval import Retriever
from tests.graph.machines import NAME, build_machines
from tests.graph.worlds import World, small_settings
from tests.tools.diagnosis.test_run import manifest
from tools.jobs.processes import end_processes
from tools.jobs.reconcile import reconcile
from tools.jobs.store import JobStore
from tools.profiles import save_facts
from tools.workspace import Project

GOLDEN: Final = ("golden_unseen", "golden")
COSTLY: Final[frozenset[JobKind]] = frozenset({"extract", "tune", "evaluate"})
"""Kinds of jobs that never start in a conversation without a yes, however short they are."""


@dataclass(frozen=True)
class Sent:
    """A message and what came of it."""

    line: dict[str, Any]
    turn: Turn
    seconds: float
    started: tuple[JobKind, ...]
    """Jobs that run since."""

    @property
    def right(self) -> bool:
        """Whether it was read as one of the actions that a careful reader would take."""
        return self.turn.action == self.line["action"] or self.turn.action in self.line["also"]


def read_messages(name: str) -> list[dict[str, Any]]:
    """Return the messages of a golden set."""
    path = Path(__file__).parent / "understanding" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def ready_world(home: Path) -> World:
    """Make a measured project with a mix, so that only the missing yes stands before a training."""
    project = build_machines(home)
    save_facts(project, {"goal": "answer questions", "task_kind": "facts", "needs_citations": True})
    write_record(project.mixes / "m" / "manifest.json", manifest(3))
    return World(home, small_settings(home), project=NAME, shelf=_no_index)


def send_all(world: World, lines: Sequence[dict[str, Any]]) -> Iterator[Sent]:
    """Send every message and end what it started, so that none finds the project busy."""
    assistant = world.assistant()
    project = world.workspace.open(NAME)
    store = JobStore(project.jobs)
    assistant.send("first", "hello", "en", NAME)
    for number, line in enumerate(lines):
        known = {job.id for job in store.list()}
        began = time.perf_counter()
        turn = assistant.send(f"message-{number}", line["text"], project=NAME)
        seconds = time.perf_counter() - began
        started = [job for job in store.list() if job.id not in known]
        for job in started:
            end_processes(job)
            reconcile(project)
        yield Sent(line, turn, seconds, tuple(job.kind for job in started))


def _no_index(project: Project) -> Retriever:
    raise EmptyError("no documents")
