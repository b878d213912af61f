"""An OpenAI-compatible server that says what it is told to, well or badly, over real HTTP.

with serving([says("Hello."), calls("status"), status(500)]) as server:
    server.url, server.requests
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Answering"], None]
"""One answer of the server to one request."""
Gone = (BrokenPipeError, ConnectionResetError)


class Answering(BaseHTTPRequestHandler):
    """One request; replies write to it."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        reply = self.server.fake.take(json.loads(body))
        self.close_connection = True
        with suppress(*Gone):
            reply(self)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    @property
    def stopped(self) -> threading.Event:
        return self.server.fake.stopped  # type: ignore[no-any-return]

    def begin(self, code: int = 200, kind: str = "text/event-stream", *, chunked: bool = False) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def write(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def event(self, delta: Any, end: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.write(f"data: {json.dumps(chunk)}\n\n")


@dataclass
class FakeServer:
    """The server: its address, what it was asked, and what it has yet to say."""

    replies: list[Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def take(self, request: dict[str, Any]) -> Reply:
        self.requests.append(request)
        return self.replies.pop(0) if self.replies else status(404)

    def messages(self, at: int = -1) -> list[dict[str, Any]]:
        """Return the conversation of a request."""
        found: list[dict[str, Any]] = self.requests[at]["messages"]
        return found


@contextmanager
def serving(replies: Sequence[Reply]) -> Iterator[FakeServer]:
    """Serve on a port of its own until the end of the block."""
    fake = FakeServer(list(replies))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.fake = fake  # type: ignore[attr-defined]
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        fake.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


def says(text: str, *, size: int = 5, end: str = "stop") -> Reply:
    """Answer in words, a few characters a piece."""

    def reply(to: Answering) -> None:
        to.begin()
        to.event({"role": "assistant", "content": ""})
        for at in range(0, len(text), size):
            to.event({"content": text[at : at + size]})
        to.event({}, end)
        to.write("data: [DONE]\n\n")

    return reply


def calls(*made: tuple[str, Mapping[str, Any] | str] | str, text: str = "", ids: Sequence[str] | None = None) -> Reply:
    """Call tools; arguments given as text are sent as they are, in two pieces."""

    def reply(to: Answering) -> None:
        to.begin()
        to.event({"role": "assistant", "content": text or None})
        for at, one in enumerate(made):
            name, given = (one, {}) if isinstance(one, str) else one
            arguments = given if isinstance(given, str) else json.dumps(given)
            identity = ids[at] if ids is not None else f"call_{name}_{at}"
            head = {"index": at, "id": identity, "type": "function", "function": {"name": name, "arguments": ""}}
            to.event({"tool_calls": [head]})
            for part in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
                to.event({"tool_calls": [{"index": at, "function": {"arguments": part}}]})
        to.event({}, "tool_calls")
        to.write("data: [DONE]\n\n")

    return reply


def status(code: int, body: str = '{"error": {"message": "secret-detail 4711", "type": "x"}}') -> Reply:
    """Answer with an HTTP error."""

    def reply(to: Answering) -> None:
        to.begin(code, "application/json")
        to.write(body)

    return reply


def sends(body: str, kind: str = "text/event-stream") -> Reply:
    """Answer with bytes as they are."""

    def reply(to: Answering) -> None:
        to.begin(200, kind)
        to.write(body)

    return reply


def hangs(*, alive: bool = False) -> Reply:
    """Accept and say nothing; `alive` sends comments for ever, as servers do to keep a line open."""

    def reply(to: Answering) -> None:
        to.begin()
        while not to.stopped.wait(0.05):
            if alive:
                to.write(": keep-alive\n\n")

    return reply


def breaks_off(text: str, *, quietly: bool = False) -> Reply:
    """Begin an answer and hang up; quietly means without breaking the rules of HTTP."""

    def reply(to: Answering) -> None:
        to.begin(chunked=not quietly)
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
        ]}  # fmt: skip
        line = f"data: {json.dumps(chunk)}\n\n"
        to.write(line if quietly else f"{len(line.encode()):x}\r\n{line}\r\n")

    return reply
