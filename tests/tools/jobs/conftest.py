"""A project in a temporary folder, and jobs whose work is the sleeper's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.records.job import Job
from agent.settings import Settings
from tests.tools.jobs.sleeper import SLEEPER
from tools.jobs.processes import end_processes
from tools.jobs.runner import resume, submit
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Workspace(tmp_path).create("Jobs")
    yield project
    for job in JobStore(project.jobs).list():
        end_processes(job)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, lang="zh")


@pytest.fixture
def start(project: Project, settings: Settings) -> Callable[..., Job]:
    """Submit a job with the sleeper's request fields."""

    def submit_sleeper(**request: Any) -> Job:
        return submit(project, settings, "mix", request, "mix", worker=SLEEPER)

    return submit_sleeper


@pytest.fixture
def again(project: Project) -> Callable[[str], Job]:
    """Resume a job of the sleeper."""
    return lambda job_id: resume(project, job_id, worker=SLEEPER)
