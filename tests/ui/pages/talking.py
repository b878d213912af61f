"""Conversations in a browser: a project with documents, and what a person does on the page of the assistant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.settings import Settings
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder
from tests.ui.pages.awaiting import expect
from tools.workspace import Project, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.ui.web.conftest import Watched

ROW = "#assistant-chat .message-row"
CARD = "#assistant-approve"
BOX = "#assistant-box textarea"


def build_read(home: Path, name: str) -> Project:
    """Make a project that has read two manuals."""
    project = Workspace(Settings(home=home).home).create(name)
    folder = write_folder(home / f"{name}-files")
    ingest([folder], CorpusStore(project.root), HashEmbedder(), RecordingReporter())
    return project


def visit(watched: Watched, path: str) -> None:
    """Open the page and wait until it is drawn.

    Not `Watched.visit`: of two events of a page that opens, Gradio may open a stream for the second after its answer
    has come already, and that stream stays open.
    """
    watched.page.goto(watched.origin + path)
    drawn(watched.page)


def drawn(page: Page) -> None:
    """Wait until frame, conversation and what stands beside it are there, and the address names the conversation."""
    for part in ("#ds-rail .ds-pages", "#assistant-threads nav", "#assistant-decision h2", BOX):
        page.wait_for_selector(part)
    page.wait_for_function("new URLSearchParams(location.search).has('thread')")


def say(page: Page, text: str) -> None:
    """Type a message and send it, once the one before has been taken."""
    expect(page.locator(BOX)).to_have_value("")
    page.fill(BOX, text)
    page.press(BOX, "Enter")


def unfold(watched: Watched) -> None:
    """Open the list of conversations, once nothing is under way that would draw it anew beneath the pointer."""
    watched.settle()
    watched.page.click(".ds-threads summary")
    expect(watched.page.locator(".ds-threads details[open]")).to_have_count(1)


def replies(page: Page) -> list[str]:
    """Return what the assistant has said so far."""
    return page.locator("#assistant-chat .bot-row").all_inner_texts()


def answered(page: Page, count: int, seconds: float = 120) -> str:
    """Wait until the assistant has said so many things and nothing is under way; returns the last."""
    page.wait_for_function(
        """(n) => document.querySelectorAll("#assistant-chat .bot-row").length >= n &&
                  !document.querySelector("#assistant-chat [role=status], #assistant-chat .ds-steps-open")""",
        arg=count,
        timeout=seconds * 1000,
    )
    return replies(page)[-1]


def options(page: Page) -> list[str]:
    """Return the answers that are offered."""
    return page.locator("#assistant-chat .option").all_inner_texts()
