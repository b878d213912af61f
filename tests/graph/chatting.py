"""An assistant that speaks with a fake OpenAI-compatible server, and what its tests look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.records.conversation import TextPiece, ToolStep, Turn
from graph.assistant import Assistant
from graph.chat_model import load_chat
from graph.understanding.brain import Brain
from tests.fakes import TableReader
from tests.graph.fake_openai import FakeServer, Reply, serving
from tests.graph.machines import Shelf
from tests.graph.worlds import small_settings

OFFLINE = {"where": "status", "manuals": "setup", "14B": "plan", "guide": "guide", "weather": "refuse"}
"""What the offline assistant understands here, by a word of the message."""


@dataclass
class Chat:
    """A thread with the assistant, and the server behind it."""

    assistant: Assistant
    server: FakeServer
    thread: str = "t1"
    pieces: list[TextPiece] = field(default_factory=list)
    """Pieces of words of the last turn."""
    steps: list[ToolStep] = field(default_factory=list)
    """Steps of the last turn as they were told."""

    def say(self, text: str, lang: Any = None, project: str | None = None) -> Turn:
        self.pieces, self.steps = [], []
        turn: Turn | None = None
        for part in self.assistant.stream(self.thread, text, lang, project):
            match part:
                case TextPiece():
                    self.pieces.append(part)
                case ToolStep():
                    self.steps.append(part)
                case Turn():
                    turn = part
        assert turn is not None
        assert self.assistant.history(self.thread)[-1].turn == turn
        return turn

    @property
    def shown(self) -> str:
        """What a page shows of the words by the end of the turn."""
        text = ""
        for piece in self.pieces:
            text = piece.text if piece.fresh else text + piece.text
        return text

    def tool_results(self, at: int = -1) -> list[str]:
        """Return what the tools told the model in a request."""
        return [one["content"] for one in self.server.messages(at) if one["role"] == "tool"]


@contextmanager
def chatting(
    home: Path, monkeypatch: pytest.MonkeyPatch, replies: Sequence[Reply], *, seconds: float = 20.0
) -> Iterator[Chat]:
    """Set the environment as a user does and talk with the server."""
    with serving(replies) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        settings = small_settings(home, chat_model="openai:fake-8b")
        yield Chat(
            Assistant(
                settings, retriever=Shelf, brain=Brain(TableReader(OFFLINE)), chat=load_chat(settings, seconds=seconds)
            ),
            server,
        )
