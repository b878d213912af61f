"""An OpenAI-compatible server whose delays are known, so that what is measured of it can be held against them.

with timed(Timing(first=0.2, each=0.04)) as server:
    server.url

python -m tests.tools.benchmark.timed_server '{"first": 0.05, "die_at": 6}'     # a process that can be killed
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

UNMEASURED = 8
"""Requests for at most so many tokens warm up and calibrate; faults and slow beginnings are for the others."""
TEMPLATE = 7
"""Tokens that its chat template adds to a prompt of one token a word."""


@dataclass(frozen=True)
class Timing:
    """How the server answers; seconds."""

    first: float = 0.02
    each: float = 0.002
    """Between chunks."""
    per_chunk: int = 1
    later: tuple[float, ...] = (0.0,)
    """Added to `first` of one measured request after the other, over and over."""
    faults: tuple[str, ...] = ("",)
    """Of one measured request after the other, over and over: `500`, `503`, `cut`, `malformed`, `error`, `empty`,
    `hang`; and without an end: `drip` a byte each 50 ms and no line feed, `drip_head` the same before the reply,
    `flood` as fast as can be; `echo` and `echo_in_stream`, `echo_malformed` repeat the key."""
    usage: bool = True
    claims: dict[str, Any] = field(default_factory=dict)
    """Counts that it gives in place of the true ones."""
    knows: tuple[str, ...] = ("stream_options", "ignore_eos")
    """Fields it takes; any other of these is refused with 400."""
    ends_after: int | None = None
    """Tokens after which replies end by themselves where `ignore_eos` is not taken."""
    busy: int = 0
    """Requests it refuses with 503 at the start."""
    down_at: int | None = None
    """Measured request from which on, the unmeasured included, a proxy answers for it with 502."""
    die_at: int | None = None
    """Measured request in the middle of whose reply the process ends at once."""
    models: tuple[str, ...] = ("timed",)
    word: str = " w"
    """Text of a token."""
    refuses_all: bool = False
    """Answers every request with 401, and repeats the key."""


@dataclass(frozen=True)
class Replied:
    """One measured reply as the server saw it, seconds of this machine's clock: a busy machine keeps no delays."""

    asked: float
    sent: tuple[float, ...]
    """Each chunk with text."""

    @property
    def first_ms(self) -> float:
        return 1000 * (self.sent[0] - self.asked)

    @property
    def gaps_ms(self) -> list[float]:
        return [1000 * (later - earlier) for earlier, later in pairwise(self.sent)]


@dataclass
class Server:
    """A running server."""

    timing: Timing
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    measured: int = 0
    replied: list[Replied] = field(default_factory=list)
    """Measured replies that were sent whole."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.server.told.timing.refuses_all:
            return self._repeat_key()
        names = self.server.told.timing.models
        return self._whole(200, {"object": "list", "data": [{"id": one, "object": "model"} for one in names]})

    def _repeat_key(self) -> None:
        said = f"Incorrect API key provided: {self.headers.get('Authorization', '')}"
        self._whole(401, {"error": {"message": said}})

    def _endless(self, piece: bytes, pause: float) -> None:
        while True:
            self.wfile.write(piece)
            time.sleep(pause)

    def do_POST(self) -> None:
        began = time.perf_counter()
        told: Server = self.server.told
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        timing, number = told.timing, 0
        with told.lock:
            told.asked.append(body)
            told.keys.append(self.headers.get("Authorization", ""))
            count = len(told.asked)
            counts = body["max_tokens"] > UNMEASURED
            if counts:
                number = told.measured
                told.measured += 1
        unknown = [name for name in ("stream_options", "ignore_eos") if name in body and name not in timing.knows]
        if timing.refuses_all:
            return self._repeat_key()
        if count <= timing.busy:
            return self._whole(503, {"error": {"message": "starting"}})
        if unknown:
            return self._whole(400, {"error": {"message": f"unknown field {unknown[0]}"}})
        if timing.down_at is not None and told.measured > timing.down_at:
            return self._whole(502, {"error": {"message": "bad gateway"}})
        fault = timing.faults[number % len(timing.faults)] if counts else ""
        if fault in {"500", "503"}:
            return self._whole(int(fault), {"error": {"message": "broken"}})
        if fault == "echo":
            return self._repeat_key()
        later = timing.later[number % len(timing.later)] if counts else 0.0
        die = counts and number == timing.die_at
        with suppress(BrokenPipeError, ConnectionResetError):
            if fault == "drip_head":
                self.send_response_only(200)
                self.flush_headers()
                self._endless(b"x", 0.05)
            sent = self._stream(body, began + timing.first + later, fault, die=die)
            if counts and sent:
                with told.lock:
                    told.replied.append(Replied(began, tuple(sent)))
        return None

    def _stream(self, body: dict[str, Any], first: float, fault: str, *, die: bool) -> list[float]:
        timing: Timing = self.server.told.timing
        sent: list[float] = []
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        wanted = body["max_tokens"]
        tokens = wanted if timing.ends_after is None or "ignore_eos" in body else min(wanted, timing.ends_after)
        chunks = -(-tokens // timing.per_chunk)
        for number in range(chunks):
            # By the clock, not by one sleep after the other: what a sleep is late adds up to nothing.
            time.sleep(max(0.0, first + number * timing.each - time.perf_counter()))
            if number == chunks // 2:
                if die:
                    os._exit(9)
                if fault == "cut":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return []
                self._spoil(fault)
            text = "" if fault == "empty" else timing.word * timing.per_chunk
            sent.append(time.perf_counter())
            self._event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if timing.usage and body.get("stream_options", {}).get("include_usage"):
            words = len(body["messages"][-1]["content"].split())
            counted = {"prompt_tokens": words + TEMPLATE, "completion_tokens": tokens, **timing.claims}
            self._event({"choices": [], "usage": counted})
        self._data("[DONE]")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        return sent if not fault else []

    def _spoil(self, fault: str) -> None:
        if fault == "malformed":
            self._data("{not json")
        if fault == "error":
            self._data(json.dumps({"error": {"message": "out of memory"}}))
        if fault == "echo_in_stream":
            self._data(json.dumps({"error": {"message": self.headers["Authorization"]}}))
        if fault == "echo_malformed":
            self._data(f"{self.headers['Authorization']} is no key")
        if fault == "hang":
            time.sleep(300)
        if fault == "drip":
            self._endless(b"1\r\nx\r\n", 0.05)
        if fault == "flood":
            self._endless(b"10000\r\n" + b"x" * 2**16 + b"\r\n", 0.0)

    def _event(self, data: dict[str, Any]) -> None:
        self._data(
            json.dumps(
                {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "timed", **data},
                ensure_ascii=False,
            )
        )

    def _data(self, text: str) -> None:
        payload = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(payload), payload))
        self.wfile.flush()

    def _whole(self, code: int, data: dict[str, Any]) -> None:
        payload = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


@contextmanager
def timed(timing: Timing) -> Iterator[Server]:
    """Serve on a free port of this machine."""
    server = Server(timing)
    httpd = _Http(("127.0.0.1", 0), _Handler)
    httpd.told = server  # type: ignore[attr-defined]
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def main() -> None:
    given = {key: tuple(one) if isinstance(one, list) else one for key, one in json.loads(sys.argv[1]).items()}
    with timed(Timing(**given)) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
