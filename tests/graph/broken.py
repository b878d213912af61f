"""Breaking a conversation off around an approval, and what must hold afterwards: one job for a yes, none without one.

faults = kill_settle(nursery, machines_home, folder, at=13)
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from agent.records.job import Job
from tests.graph.mortal import Nursery, Reply
from tools.jobs.processes import end_processes
from tools.jobs.runner import wait
from tools.jobs.store import JobStore
from tools.workspace import Workspace

THREAD = "t"
PROJECT = "machines"
ARGUMENTS = {"k": 10, "arms": ["base", "rag"], "dimensions": ["domain_knowledge"]}


class Broken:
    """A copy of a home in which one conversation is killed and taken up again."""

    def __init__(self, nursery: Nursery, source: Path, folder: Path) -> None:
        self.nursery = nursery
        self.home = Path(shutil.copytree(source, folder)) if source.exists() else folder
        self.faults: list[str] = []
        self._before = {job.id for job in self.jobs()}

    def call(self, name: str, *arguments: Any, **how: Any) -> Reply:
        return self.nursery.call(self.home, name, list(arguments), **how)

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.faults.append(otherwise)

    def jobs(self) -> list[Job]:
        workspace = Workspace(self.home)
        return [job for info in workspace.projects() for job in JobStore(workspace.open(info.name).jobs).list()]

    def started(self) -> list[Job]:
        """Return the jobs that this conversation started."""
        return [job for job in self.jobs() if job.id not in self._before]

    def ask(self) -> str:
        """Let a step be proposed that waits for a yes; returns the approval's id."""
        return str(self.call("propose", THREAD, "evaluate", ARGUMENTS, "en", PROJECT).value["approval"]["id"])

    def approved_once(self, approval: str, killed: bool) -> None:
        """Take the conversation up in new processes, whose person says yes again, and count."""
        self.call("recover")
        waits = [one["id"] for one in self.call("approvals").value]
        self.check(len(self.started()) + len(waits) == 1, f"{len(self.started())} jobs and approvals {waits}")
        self.check(killed or len(self.started()) == 1, "what was answered was not done")
        for _ in range(2):
            self.call("settle", THREAD, approval, "approve")
        self.check(len(self.started()) == 1, f"{len(self.started())} jobs after three times yes")
        self.check(self.call("approvals").value == [], "an approval still waits")

    def finished(self) -> None:
        """Let the job end; a new process finds and reports it, once."""
        job = self.started()[0]
        found = self.call("waiting_job", THREAD).value
        self.check(found is not None and found["id"] == job.id, f"the thread waits for {found}")
        workspace = Workspace(self.home)
        project = next(workspace.open(info.name) for info in workspace.projects() if info.id == job.project)
        ended = wait(project, job.id)
        self.check(ended.state == "done", f"the job is {ended.state}: {ended.error}")
        first, second = self.call("follow", THREAD).value, self.call("follow", THREAD).value
        self.check(first is not None, "nobody reports the job")
        self.check(second is None, "the job is reported twice")

    def whole(self) -> None:
        """Check the thread's file and that its history is one line of messages without doubles."""
        state = self.home / "threads" / THREAD / "state.sqlite"
        with closing(sqlite3.connect(state)) as connection:
            self.check(
                connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), "the thread's file is damaged"
            )
        messages = self.call("history", THREAD).value
        moments = [(one["role"], one["at"], one["text"]) for one in messages]
        self.check(len(set(moments)) == len(moments), "a message stands twice in the history")
        listed = [one["id"] for one in self.call("threads").value]
        self.check(listed == [THREAD], f"the list of threads is {listed}")

    def end(self) -> list[str]:
        for job in self.jobs():
            end_processes(job)
        shutil.rmtree(self.home, ignore_errors=True)
        return self.faults


def kill_settle(
    nursery: Nursery,
    source: Path,
    folder: Path,
    *,
    at: int | None = None,
    after: float | None = None,
    ended: bool = True,
) -> tuple[bool, list[str]]:
    """Kill a process that gives the yes; returns whether it died, and the faults."""
    broken = Broken(nursery, source, folder)
    approval = broken.ask()
    killed = broken.call("settle", THREAD, approval, "approve", at=at, after=after).killed
    broken.approved_once(approval, killed)
    if ended and not broken.faults:
        broken.finished()
    broken.whole()
    return killed, broken.end()


def kill_propose(
    nursery: Nursery, source: Path, folder: Path, *, at: int | None = None, after: float | None = None
) -> tuple[bool, list[str]]:
    """Kill a process that asks for a yes: afterwards it is asked for once, or not at all, and nothing has started."""
    broken = Broken(nursery, source, folder)
    killed = broken.call("propose", THREAD, "evaluate", ARGUMENTS, "en", PROJECT, at=at, after=after).killed
    broken.call("recover")
    broken.check(broken.started() == [], "a job started before anybody said yes")
    waits = [one["id"] for one in broken.call("approvals").value]
    broken.check(len(waits) <= 1, f"{len(waits)} approvals wait")
    broken.check(killed or len(waits) == 1, "what was answered is gone")
    approval = waits[0] if waits else broken.ask()
    broken.approved_once(approval, killed=True)
    broken.whole()
    return killed, broken.end()


def kill_first_documents(
    nursery: Nursery, documents: Path, folder: Path, *, at: int | None = None, after: float | None = None
) -> tuple[bool, list[str]]:
    """Kill a process that makes the project and starts its first job: one project, one job, the profile in it."""
    broken = Broken(nursery, folder / "nothing", folder)
    broken.call("send", THREAD, "we want to know our manuals, prices change monthly", "en")
    approval = broken.call("propose", THREAD, "read_documents", {"paths": [str(documents)]}, "en").value["approval"][
        "id"
    ]
    killed = broken.call("settle", THREAD, approval, "approve", at=at, after=after).killed
    broken.approved_once(approval, killed)
    projects = Workspace(broken.home).projects()
    broken.check(len(projects) == 1, f"{len(projects)} projects")
    known = broken.call("profile", THREAD).value
    broken.check(known["knowledge_change"] == "monthly", "the project does not know what was said")
    broken.whole()
    return killed, broken.end()
