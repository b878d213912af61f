"""Asking a chat model: its reply piece by piece, within a time, and every way an endpoint can fail told apart.

for piece in ask(model, messages, until=time.monotonic() + 120):
    ...                                # raises ChatFailure, whose cause is a key of `agent.prompts.chat.CAUSES`
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from langchain_core.exceptions import LangChainException
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable

LONGEST: Final = 16_000
"""Characters of a reply after which a model is taken to have lost its way."""
_PROVIDERS: Final = {
    "openai": "OpenAIError",
    "httpx": "HTTPError",
    "httpx2": "HTTPError",
    "anthropic": "AnthropicError",
    "ollama": "ResponseError",
    "groq": "GroqError",
}
"""Base of the errors of a provider's client, by module; there is none they all share."""
_NONSENSE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What LangChain's readers raise on a reply of another shape than the provider's. Caught around the client's own code
alone: nothing of ours runs in there."""
_STATUS: Final = {401: "denied", 403: "denied", 408: "slow", 429: "busy"}
_AGAIN: Final = frozenset({"failed", "cut", "unreadable"})
"""Causes that may be gone a moment later."""
_log: Final = logging.getLogger(__name__)


class ChatFailure(Exception):  # noqa: N818 - a failure, of which the client's error is only one kind
    """No reply came; the conversation goes on without the model.

    Attributes:
        cause: A key of `agent.prompts.chat.CAUSES`.
        detail: The kind of error, for whoever runs the endpoint; nothing the endpoint said, which may be anything.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause} {detail}".strip())
        self.cause = cause
        self.detail = detail

    @property
    def passing(self) -> bool:
        """Whether asking again at once may help."""
        return self.cause in _AGAIN


def ask(
    model: Runnable[Any, Any], messages: Sequence[BaseMessage], until: float, *, longest: int = LONGEST
) -> Iterator[AIMessage]:
    """Yield the pieces of a reply as they come.

    Args:
        model: A chat model.
        messages: The conversation.
        until: `time.monotonic()` at which to give up.
        longest: Characters after which to give up.

    Raises:
        ChatFailure: There is no reply, or it breaks off, or it does not end.
    """
    reader = _Reader(model, messages)
    length = 0
    try:
        while True:
            piece = reader.next(until)
            if piece is None:
                return
            length += len(str(piece.content)) + sum(len(one["args"] or "") for one in _chunks(piece))
            if length > longest:
                raise ChatFailure("endless")
            yield piece
    finally:
        reader.stop()


def whole(pieces: Sequence[AIMessage]) -> AIMessage:
    """Return the pieces of a reply as one message.

    Raises:
        ChatFailure: They do not fit together.
    """
    first, *rest = pieces or [AIMessage("")]
    if not rest or not isinstance(first, AIMessageChunk):
        return first
    try:
        return first.__add__([piece for piece in rest if isinstance(piece, AIMessageChunk)])
    except _NONSENSE as error:
        raise ChatFailure("unreadable", type(error).__name__) from error


def _chunks(piece: AIMessage) -> Sequence[Any]:
    return getattr(piece, "tool_call_chunks", ())


class _Reader:
    """Reads a reply in a thread of its own: a server that only keeps the line alive would hold this one for good."""

    def __init__(self, model: Runnable[Any, Any], messages: Sequence[BaseMessage]) -> None:
        self._pieces: queue.SimpleQueue[AIMessage | BaseException | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        threading.Thread(target=self._read, args=(model, list(messages)), name="chat-model", daemon=True).start()

    def next(self, until: float) -> AIMessage | None:
        """Return the next piece; `None` after the last."""
        try:
            piece = self._pieces.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise ChatFailure("slow", "no end within the time given") from None
        if isinstance(piece, BaseException):
            failure = failure_of(piece)
            if failure is None:
                raise piece
            _log.info("the chat model failed", exc_info=piece)
            raise failure from piece
        return piece

    def stop(self) -> None:
        """Hang up; at the latest with the next piece."""
        self._stopped.set()

    def _read(self, model: Runnable[Any, Any], messages: list[BaseMessage]) -> None:
        try:
            stream = model.stream(messages)
            for piece in stream:
                if self._stopped.is_set():
                    stream.close()  # type: ignore[attr-defined]  # every stream of LangChain is a generator
                    return
                self._pieces.put(piece)
        except BaseException as error:
            self._pieces.put(error)  # whatever it is, it is raised again where the reply is awaited
        else:
            self._pieces.put(None)


def failure_of(error: BaseException) -> ChatFailure | None:
    """Return what a client's error means; `None` if it is none of a client's."""
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    if not isinstance(error, (LangChainException, OSError, *_NONSENSE, *_provider_errors())):
        return None
    if isinstance(status, int):
        cause = _STATUS.get(status, "failed" if status >= 500 else "rejected")
        return ChatFailure(cause, f"{kind}, HTTP {status}")
    return ChatFailure(_cause(error), kind)


def _cause(error: BaseException) -> str:
    chain = [error]
    while chain[-1].__cause__ is not None and len(chain) < 8:
        chain.append(chain[-1].__cause__)
    names = {base.__name__ for one in chain for base in type(one).__mro__}
    if any("Timeout" in name for name in names):
        return "slow"
    if names & {"RemoteProtocolError", "ReadError", "IncompleteRead"}:
        return "cut"
    if names & {"ConnectError", "ConnectionRefusedError", "APIConnectionError", "ModelConnectionError", "gaierror"}:
        return "unreachable"
    if isinstance(error, OSError):
        return "unreachable"
    return "unreadable"


def _provider_errors() -> tuple[type[BaseException], ...]:
    """Return the errors of the clients in use; none is imported for it."""
    loaded = (getattr(sys.modules.get(module), name, None) for module, name in _PROVIDERS.items())
    return tuple(one for one in loaded if isinstance(one, type))
