"""A real server that is killed and started again on the same home and port, with jobs that wait to be let go.

house = Killable.build(folder)
with house.up() as server:
    ...
    kill(server)
with house.up() as server:
    assert len(house.jobs()) == 1
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.records.conversation import Approval, ChatMessage, Thread
from agent.records.job import Job
from agent.settings import Settings
from graph.assistant import Assistant
from tests.tools.jobs.sleeper import until
from tests.ui.pages.talking import build_read
from tests.ui.web.conftest import Server, serving
from tests.ui.web.paced import GO, WORKED
from tools.jobs.processes import end_processes
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace

PROJECT = "pumps"
THREAD = "t"
ASK = "Make training pairs"
"""What is said so that a step is proposed that waits for a yes."""


def kept_port() -> socket.socket:
    """Return a socket on a free port; a server that may share an address, as ours does, can listen there beside it."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place


@dataclass
class Killable:
    """A home, and the port at which its server is found again."""

    home: Path
    place: socket.socket = field(default_factory=kept_port)
    """Bound to the port and never listening, so that nobody else is given it while no server is there."""

    @classmethod
    def build(cls, home: Path, *projects: str) -> Killable:
        """Make a home whose projects have read two manuals."""
        for name in projects or (PROJECT,):
            build_read(home, name)
        return cls(home)

    @contextmanager
    def up(self) -> Iterator[Server]:
        """Run the server until the block ends, if nobody kills it before."""
        port = str(self.place.getsockname()[1])
        with serving(self.home, "--port", port, program="tests.ui.web.paced") as server:
            yield server

    def assistant(self) -> Assistant:
        """Return the assistant of another process than the server's: what it sees is on disk."""

        def no_index(project: Project) -> Any:
            raise AssertionError("nothing here retrieves")

        settings = Settings(home=self.home, cache=self.home / "cache", extraction_model="rules", _env_file=None)
        return Assistant(settings, retriever=no_index)

    def project(self, name: str = PROJECT) -> Project:
        return Workspace(self.home).open(name)

    def jobs(self, name: str = PROJECT) -> tuple[Job, ...]:
        project = self.project(name)
        return JobStore(project.jobs).list() if project.jobs.exists() else ()

    def worked(self, name: str = PROJECT) -> int:
        """Return how often any job of a project was worked at."""
        return sum(len(path.read_text().splitlines()) for path in self.project(name).runs.glob(f"*/{WORKED}"))

    def let_go(self, name: str = PROJECT) -> None:
        """Let the jobs of a project do their work, now and later."""
        (self.project(name).root / GO).touch()

    def approvals(self) -> tuple[Approval, ...]:
        return self.assistant().approvals()

    def history(self, thread: str = THREAD) -> tuple[ChatMessage, ...]:
        return self.assistant().history(thread)

    def thread(self, thread: str = THREAD) -> Thread:
        return next(one for one in self.assistant().threads() if one.id == thread)

    def end(self) -> None:
        """End whatever runs, and give the port back."""
        self.place.close()
        for info in Workspace(self.home).projects():
            for job in self.jobs(info.name):
                end_processes(job)


def kill(server: Server) -> None:
    """Kill the server as a crash would; nothing of it tidies up."""
    server.process.kill()
    server.process.wait()


def running(house: Killable, name: str = PROJECT) -> Job:
    """Wait until the one job of a project is worked at; returns it."""
    until(lambda: [job.state for job in house.jobs(name)] == ["running"] and house.worked(name) == 1)
    return house.jobs(name)[0]
