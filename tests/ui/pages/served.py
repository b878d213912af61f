"""The application in a thread of the tests: the tiny random model, and words hashed in place of an embedder."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from agent.records.evaluation import Item
from agent.settings import Settings
from knowledge.files import write_records
from tests.fakes import HashEmbedder
from tests.tiny_project import build_tiny_project
from tools.workspace import Project
from ui.web.app import build_app
from ui.web.desk import Desks
from ui.web.rules import Rules

QUESTIONS = (
    ("What is the rated pressure of the pump?", "12 bar"),
    ("When is the cartridge changed?", "after 34 hours"),
)


def build_compared(settings: Settings, name: str) -> Project:
    """Make a project that every arm answers from, with two sealed questions."""
    project = build_tiny_project(settings, name, tuned=True)
    items = [
        Item(
            id=f"i{number}",
            kind="knowledge",
            dimension="domain_knowledge",
            language="en",
            question=question,
            answers=(answer,),
        )
        for number, (question, answer) in enumerate(QUESTIONS)
    ]
    write_records(project.validation, items)
    return project


@contextmanager
def served(desks: Desks) -> Iterator[str]:
    """Serve until the block ends; yields the address."""
    desks._shelf.__dict__["embedder"] = HashEmbedder()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # who connects before the server runs waits instead of being refused
    server = uvicorn.Server(uvicorn.Config(build_app(desks, Rules()), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(120)
        desks.close()
