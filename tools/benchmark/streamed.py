"""One streamed chat completion with the time of every chunk, or what kind of failure it was.

    with Client("http://127.0.0.1:8000/v1", "qwen3-8b") as client:
        client.ask("Hello", 128)        # Answered(...) or Failed("cut_off", ...)

The stream is read as bytes rather than by the client library's parser: a broken line must be a counted failure, the
time of a chunk is that of its arrival, and lines end with a line feed alone (a JSON text may hold U+2028 and U+0085).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, Self

from agent.errors import InputError
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill
from agent.records.base import Language
from tools.benchmark.addresses import base_address, no_address
from tools.benchmark.arriving import Stopped, TooLateError, TooMuchError, limited, lines_of
from tools.benchmark.hiding import Secrets

SECONDS: Final = 120.0
"""After which a request counts as timed out."""
REPLY: Final = 2**26
"""Most bytes of a reply; a chunk of one token has some 300, and the longest reply some thousand chunks."""
_SLACK: Final = 5.0
"""Seconds beyond the time limit that a request may need to end by itself, which tells more than being left."""
_LISTING_SECONDS: Final = 20.0
_LISTING: Final = 2**24
"""Most bytes of a list of models; a server of thousands has some 100 KB."""
TEMPLATE: Final = 4096
"""Most tokens that a chat template and a server's own instruction add to a prompt; Harmony's are some 70."""
_TOLD: Final = 200
"""Characters of what a server or a library says."""
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
    """Seconds from the sending of the request to each chunk with text."""
    ended: float
    """Seconds from the request to the end of the stream."""
    text: str
    prompt: str
    """What was asked."""
    prompt_tokens: int | None
    """By the server's count, `None` where it gives none that can be one."""
    output_tokens: int | None
    doubted: tuple[str, ...]
    """Counts of the server's that no such request has, by their names; they are not used."""
    began: float
    """Of the clock when it was sent, to see what ran side by side."""


@dataclass(frozen=True)
class Failed:
    """A reply that did not."""

    kind: str
    """A `Refusal`, or `http_500` with the status."""
    why: str
    """In the server's or the library's words; what `Secrets` hides is taken out, whoever wrote it there."""


class Client:
    """Asks one model of one endpoint; any number of threads may ask at once. Leaving its context closes connections.

    The time limit is looked at with every piece that arrives. A server that is silent for as long, or takes as long for
    the lines before its reply, is left to whoever waits (`together`).

    Args:
        url: Base address as OpenAI's clients take it; `/v1` is added to a bare host.
        model: The endpoint's name of it; empty takes the only one it serves.
        seconds: After which a request counts as timed out.
        lang: Language of errors.

    Raises:
        InputError: The address is none, or the environment holds no key.
    """

    def __init__(self, url: str, model: str = "", seconds: float = SECONDS, lang: Language = "en") -> None:
        import openai

        self.url = base_address(url, lang)
        self.model = model
        self._seconds = seconds
        self._sent = threading.local()
        try:
            # No retries: a second try would hide an error and lengthen the time to the first token.
            self._client = openai.OpenAI(
                base_url=self.url,
                max_retries=0,
                timeout=seconds,
                http_client=openai.DefaultHttpxClient(event_hooks={"request": [self._mark_sent]}),
            )
        except openai.OpenAIError as error:
            says = partial(fill, BENCHMARK_ERRORS, lang=lang)
            raise InputError(says("needs_key"), where="OPENAI_API_KEY", mend=says("needs_key_mend")) from error
        except Exception as error:
            if "InvalidURL" not in _kinds(error):
                raise
            raise no_address(url, lang) from error
        self._secrets = Secrets(self._client.api_key, self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def patience(self) -> float:
        """Seconds after which nobody need wait for a call any more."""
        return self._seconds + _SLACK

    def models(self) -> list[str] | Failed:
        """Return the names of the models that the endpoint serves."""
        began = time.perf_counter()
        seconds = min(self._seconds, _LISTING_SECONDS)
        try:
            with self._client.models.with_streaming_response.list(timeout=seconds) as response:
                pieces = [piece for piece, _ in limited(response.iter_bytes(), began, seconds, _LISTING)]
            listed = json.loads(b"".join(pieces))["data"]
            return [str(one["id"]) for one in listed]
        except Exception as error:  # whatever breaks a request, or is no list of models, is what is told
            return self._failure(error)

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
        self._sent.at = None
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
                sent: float = self._sent.at
                lines = lines_of(limited(response.iter_bytes(), sent, self._seconds, REPLY, stop))
                return self._read(lines, sent, prompt, limit)
        except Stopped:
            raise
        except Exception as error:  # whatever breaks a request is what is being counted
            return self._failure(error)

    def _mark_sent(self, _: Any) -> None:
        # From here and not from the call: with 32 threads at once, the client's own work on each request takes tens of
        # milliseconds of a slow machine, which are none of the server's. A redirection is: the first sending counts.
        if getattr(self._sent, "at", None) is None:
            self._sent.at = time.perf_counter()

    def _read(self, lines: Iterable[tuple[bytes, float]], began: float, prompt: str, limit: int) -> Answered | Failed:
        arrivals: list[float] = []
        pieces: list[str] = []
        usage: Mapping[str, Any] = {}
        finished = False
        for line, now in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                finished = True
                break
            event = _event(data)
            if event is None:
                return self._failed("malformed", data.decode(errors="replace"))
            if event.error:
                return self._failed("error_in_stream", event.error)
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
        # A token is a byte at least, and a reply never longer than what was asked for.
        most = {"prompt_tokens": len(prompt.encode()) + TEMPLATE, "completion_tokens": limit}
        counted = {name: _count(usage.get(name), bound) for name, bound in most.items()}
        doubted = tuple(name for name, count in counted.items() if count is None and usage.get(name) is not None)
        tokens = (counted["prompt_tokens"], counted["completion_tokens"])
        return Answered(tuple(arrivals), ended, "".join(pieces), prompt, *tokens, doubted, began)

    def _failed(self, kind: str, why: str) -> Failed:
        # Hidden first and shortened then: of a key that is cut in two a half would remain.
        return Failed(kind, self._secrets.hidden(why)[:_TOLD])

    def _failure(self, error: Exception) -> Failed:
        """Return the kind of an error of OpenAI's client, or of the HTTP library beneath while a stream is read."""
        import openai

        kinds = _kinds(error)
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if isinstance(error, TooLateError):
            return self._failed("timeout", str(error))
        if isinstance(error, TooMuchError):
            return self._failed("malformed", str(error))
        if isinstance(error, openai.APIStatusError):
            return self._failed(f"http_{error.status_code}", why)
        if isinstance(error, openai.APITimeoutError) or "TimeoutException" in kinds:
            return self._failed("timeout", why)
        if isinstance(error, openai.APIConnectionError):
            return self._failed("connection", why)
        if kinds & {"TransportError", "StreamError"}:
            return self._failed("cut_off", why)
        return self._failed("malformed", why)


def _kinds(error: Exception) -> set[str]:
    # The HTTP library changed with a version of the client; its names of errors did not.
    return {kind.__name__ for kind in type(error).__mro__}


@dataclass(frozen=True)
class _Event:
    text: str
    finished: bool
    usage: Mapping[str, Any]
    error: str


def _event(data: bytes) -> _Event | None:
    """Return what one event of the stream says; `None` if it is not of the protocol."""
    try:
        told = json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    if told.get("error"):
        return _Event("", False, {}, str(told["error"]))
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


def _count(value: Any, most: int) -> int | None:
    """Return a server's count, `None` where it is none or more than there can be: `true` is an int, and 10^400 too."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else None
