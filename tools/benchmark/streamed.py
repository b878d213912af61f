"""One streamed chat completion with the time of every chunk, or what kind of failure it was.

    Client("http://127.0.0.1:8000/v1", "qwen3-8b").ask("Hello", 128)        # Answered(...) or Failed("cut_off", ...)

The stream is read line by line rather than by the client library's parser: a broken line must be a counted failure,
and the time of a chunk is that of its arrival.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from agent.errors import InputError

SECONDS: Final = 120.0
"""After which a request counts as timed out."""
EXTRAS: Final[tuple[dict[str, Any], ...]] = (
    {"stream_options": {"include_usage": True}, "ignore_eos": True},
    {"stream_options": {"include_usage": True}},
    {"ignore_eos": True},
    {},
)
"""What is asked beyond the plain request, the fullest first: token counts, and replies that do not end early (vLLM,
SGLang, llama.cpp); servers that know neither refuse the request."""
Refusal = Literal["connection", "timeout", "cut_off", "malformed", "error_in_stream", "empty"]


@dataclass(frozen=True)
class Answered:
    """A reply that came whole."""

    arrivals: tuple[float, ...]
    """Seconds from the request to each chunk with text."""
    ended: float
    """Seconds from the request to the end of the stream."""
    text: str
    prompt_tokens: int | None
    """By the server's count, `None` where it gives none."""
    output_tokens: int | None
    began: float
    """Of the clock, to see what ran side by side."""


@dataclass(frozen=True)
class Failed:
    """A reply that did not."""

    kind: str
    """A `Refusal`, or `http_500` with the status."""
    why: str
    """In the server's or the library's words; holds no key."""


class Stopped(Exception):  # noqa: N818 - no error: the one who waits for this thread has left
    """Nobody waits for the reply any more."""


class Client:
    """Asks one model of one endpoint; any number of threads may ask at once.

    Args:
        url: Base address as OpenAI's clients take it; `/v1` is added to a bare host.
        model: The endpoint's name of it; empty takes the only one it serves.
        seconds: After which a request counts as timed out.

    Raises:
        InputError: The address is none, or the environment holds no key.
    """

    def __init__(self, url: str, model: str = "", seconds: float = SECONDS) -> None:
        import openai

        self.url = base_address(url)
        self.model = model
        self._seconds = seconds
        try:
            # No retries: a second try would hide an error and lengthen the time to the first token.
            self._client = openai.OpenAI(base_url=self.url, max_retries=0, timeout=seconds)
        except openai.OpenAIError as error:
            raise InputError(
                "the endpoint needs a key",
                where="OPENAI_API_KEY",
                mend="set it; any text will do for a server that asks for none",
            ) from error

    def models(self) -> list[str] | Failed:
        """Return the names of the models that the endpoint serves."""
        import openai

        try:
            return [one.id for one in self._client.models.list(timeout=min(self._seconds, 20.0)).data]
        except (openai.OpenAIError, ValueError) as error:
            return _failure(error)

    def ask(
        self, prompt: str, limit: int, extras: Mapping[str, Any] | None = None, stop: threading.Event | None = None
    ) -> Answered | Failed:
        """Ask for a reply at temperature 0 and time it.

        Args:
            prompt: The user's turn.
            limit: Most tokens of the reply.
            extras: One of `EXTRAS`.
            stop: Set by whoever no longer waits.

        Raises:
            Stopped: `stop` was set.
        """
        messages: Any = [{"role": "user", "content": prompt}]
        began = time.perf_counter()
        create = self._client.chat.completions.with_streaming_response.create
        try:
            with create(
                model=self.model,
                messages=messages,
                max_tokens=limit,
                temperature=0.0,
                stream=True,
                extra_body=dict(extras or {}),
            ) as response:
                return self._read(response.iter_lines(), began, stop or threading.Event())
        except Stopped:
            raise
        except Exception as error:  # whatever breaks a request is what is being counted
            return _failure(error)

    def _read(self, lines: Iterable[str], began: float, stop: threading.Event) -> Answered | Failed:
        arrivals: list[float] = []
        pieces: list[str] = []
        usage: Mapping[str, Any] = {}
        finished = False
        for line in lines:
            now = time.perf_counter() - began
            if stop.is_set():
                raise Stopped
            if now > self._seconds:
                return Failed("timeout", f"no end after {self._seconds:g} s")
            if not line.startswith("data:"):
                continue
            data = line[5:].strip()
            if data == "[DONE]":
                finished = True
                break
            event = _event(data)
            if event is None:
                return Failed("malformed", data[:200])
            if event.error:
                return Failed("error_in_stream", event.error)
            usage = event.usage or usage
            finished = finished or event.finished
            if event.text:
                arrivals.append(now)
                pieces.append(event.text)
        ended = time.perf_counter() - began
        if not finished:
            return Failed("cut_off", f"the stream ended after {len(arrivals)} chunks without an end mark")
        if not arrivals:
            return Failed("empty", "the reply holds no text")
        return Answered(
            tuple(arrivals),
            ended,
            "".join(pieces),
            _count(usage.get("prompt_tokens")),
            _count(usage.get("completion_tokens")),
            began,
        )


@dataclass(frozen=True)
class _Event:
    text: str
    finished: bool
    usage: Mapping[str, Any]
    error: str


def _event(data: str) -> _Event | None:
    """Return what one event of the stream says; `None` if it is not of the protocol."""
    try:
        told = json.loads(data)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    if told.get("error"):
        return _Event("", False, {}, str(told["error"])[:200])
    choices, usage = told.get("choices"), told.get("usage")
    if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
        return None
    choice = choices[0] if choices else {}
    delta = choice.get("delta") or {}
    if not isinstance(delta, dict):
        return None
    # Servers send a reasoning model's thoughts in a field of their own; they are tokens like all others.
    said = (delta.get(name) for name in ("content", "reasoning_content", "reasoning"))
    text = "".join(one for one in said if isinstance(one, str))
    return _Event(text, bool(choice.get("finish_reason")), usage if isinstance(usage, dict) else {}, "")


def base_address(url: str) -> str:
    """Return the address that clients take.

    Raises:
        InputError: It is no address of a server.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError("this is no address of a server", where=url, mend="e.g. http://127.0.0.1:8000/v1")
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") or "/v1", query="", fragment=""))


def without_credentials(url: str) -> str:
    """Return an address without user, password and query."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return urlunsplit((parts.scheme, host + (f":{parts.port}" if parts.port else ""), parts.path, "", ""))


def _failure(error: Exception) -> Failed:
    """Return the kind of an error of OpenAI's client, or of the HTTP library beneath while a stream is read."""
    import openai

    why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
    if isinstance(error, openai.APIStatusError):
        return Failed(f"http_{error.status_code}", why)
    # That library changed with a version of the client; its names of errors did not.
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, openai.APITimeoutError) or "TimeoutException" in names:
        return Failed("timeout", why)
    if isinstance(error, openai.APIConnectionError):
        return Failed("connection", why)
    if names & {"TransportError", "StreamError"}:
        return Failed("cut_off", why)
    return Failed("malformed", why)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
