"""The part of a page that follows a job, without a browser."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from agent.settings import Settings
from tests.ui.pages.scripted_project import ended_job
from tools.workspace import Project, Workspace
from ui.pages.frame import Frame
from ui.pages.job_panel import JobPanel
from ui.web.desk import Desks

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Workspace(tmp_path / "home").create("x")


def panel(project: Project) -> JobPanel:
    never_drawn: Any = None
    frame = Frame("en", "documents", Desks(Settings(home=project.root.parents[1], _env_file=None)), never_drawn)

    async def build() -> JobPanel:  # a loop of its own, since Blocks leave theirs open
        with gr.Blocks():
            return JobPanel(frame, "ingest", "documents", lambda _, job: f"read by {job.run}")

    return asyncio.run(build())


def asks() -> Any:
    return SimpleNamespace(query_params={"project": "x"}, cookies={}, state=SimpleNamespace(account="", home=""))


def test_a_job_that_is_through_before_the_first_look_is_told_by_the_next(project: Project) -> None:
    job, following = ended_job(project, "ingest"), panel(project)
    said, cancel, facing, timer = following.begun(asks())
    assert (said, cancel.visible, facing, timer.active) == ("", False, "", True)
    said, *_, timer = following._updates(following._look(asks(), is_fresh=True))
    assert f"read by {job.run}" in said
    assert timer.active is False


def test_a_page_that_opens_after_the_end_follows_nothing(project: Project) -> None:
    ended_job(project, "ingest")
    said, *_, timer = panel(project).shown(asks())
    assert (said, timer.active) == ("", False)
