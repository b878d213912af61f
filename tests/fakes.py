"""Test doubles: an embedder by hashing, scripted models, a scripted chat model and a recording listener.

They implement the product's own protocols, so a test swaps one in without touching the code under test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agent.errors import CancelledError
from agent.progress import Reporter
from agent.records.conversation import Reading
from agent.records.corpus import Chunk
from agent.records.decision import Action
from knowledge.embedding import chunk_text
from knowledge.lexical import tokens

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage


class HashEmbedder:
    """Bag of hashed words: texts that share words are near; the same on every machine and in microseconds."""

    name = "hash"

    def __init__(self, dimension: int = 256) -> None:
        self.dimension = dimension
        self.embedded: list[str] = []
        """Every passage embedded so far."""

    def embed_passages(self, texts: Sequence[str], reporter: Reporter | None = None) -> npt.NDArray[np.float32]:
        self.embedded.extend(texts)
        if reporter is not None:
            reporter.check()
            reporter.progress(len(texts), len(texts), "chunks", "embedding")
        return np.stack([self._row(text) for text in texts]) if texts else np.zeros((0, self.dimension), np.float32)

    def embed_chunks(self, chunks: Sequence[Chunk], reporter: Reporter | None = None) -> list[npt.NDArray[np.float32]]:
        wholes = self.embed_passages([chunk.embedded_text() for chunk in chunks], reporter)
        return [
            np.stack([whole, *(self._row(sentence) for sentence in chunk_text(chunk).sentences)])
            for whole, chunk in zip(wholes, chunks, strict=True)
        ]

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        return self._row(text)

    def _row(self, text: str) -> npt.NDArray[np.float32]:
        row = np.zeros(self.dimension, np.float32)
        for word in tokens(text, "en"):
            digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
            row[int.from_bytes(digest[:4], "big") % self.dimension] += 1 if digest[4] & 1 else -1
        length = float(np.linalg.norm(row))
        if not length:
            row[0] = length = 1.0
        return np.asarray(row / length, dtype=np.float32)


@dataclass
class RecordingReporter:
    """A listener that remembers what it heard, and cancels after a number of checks if told to."""

    cancel_after: int | None = None
    progressed: list[tuple[float, float, str, str]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: int = 0

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.progressed.append((done, total, unit, message))

    def metric(self, **data: Any) -> None:
        self.metrics.append(data)

    def note(self, message: str) -> None:
        self.notes.append(message)

    def check(self) -> None:
        self.checks += 1
        if self.cancel_after is not None and self.checks > self.cancel_after:
            raise CancelledError("cancelled by the test")


@dataclass
class TableReader:
    """Reads a message's action by the first of some words that it holds; what holds none is unclear."""

    table: Mapping[str, Action]
    read_texts: list[str] = field(default_factory=list)
    """Every message it was given."""

    def read(self, text: str) -> tuple[Reading, ...]:
        self.read_texts.append(text)
        for part, action in self.table.items():
            if part.casefold() in text.casefold():
                rest: Action = "guide" if action != "guide" else "status"
                return (Reading(action=action, score=0.9), Reading(action=rest, score=0.05))
        return (Reading(action="status", score=0.3), Reading(action="setup", score=0.28))


Say = Callable[[Sequence["BaseMessage"]], "AIMessage"]
"""What a scripted chat model says to a conversation."""


def chat_call(tool: str, arguments: Mapping[str, Any] | None = None, text: str = "") -> AIMessage:
    """Return the message with which a chat model calls a tool."""
    from langchain_core.messages import AIMessage

    return AIMessage(text, tool_calls=[{"name": tool, "args": dict(arguments or {}), "id": f"call-{tool}"}])


def chat_text(text: str) -> AIMessage:
    """Return the message with which a chat model speaks."""
    from langchain_core.messages import AIMessage

    return AIMessage(text)


def scripted_chat(script: Say | Sequence[AIMessage]) -> BaseChatModel:
    """Return a chat model that says what it is told to: messages in turn, or a function of the conversation.

    It remembers in `heard` what it was shown and in `bound` the tools it was given. Asked for more than the script
    holds, it fails as an endpoint does that has gone away.
    """
    # Imported here: the other doubles are wanted where no chat model is.
    from langchain_core.language_models import BaseChatModel
    from langchain_core.outputs import ChatGeneration, ChatResult
    from pydantic import Field

    left = iter(()) if callable(script) else iter(script)

    class Scripted(BaseChatModel):
        heard: list[list[Any]] = Field(default_factory=list)
        bound: list[Any] = Field(default_factory=list)

        @property
        def _llm_type(self) -> str:
            return "scripted"

        def bind_tools(self, tools: Any, **_: Any) -> Any:
            self.bound[:] = list(tools)
            return self

        def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
            self.heard.append(list(messages))
            said = script(messages) if callable(script) else next(left, None)
            if said is None:
                raise ConnectionError("the script is over")
            return ChatResult(generations=[ChatGeneration(message=said)])

    return Scripted()
