"""The events of a page: a stream belongs to the account that opened it, and no event makes the server fetch anything.

Gradio tells streams apart by a number that the browser makes up, and asks nobody whose it is. Here the first account
that uses a number keeps it; for any other there is no such stream. A file in an event may name a URL instead of an
upload, which Gradio would download; such an event is refused.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REMEMBERED = 20_000
"""Streams whose owner is known; the oldest are forgotten."""
LONGEST = 64
"""Characters of a stream's number; browsers make up about eleven."""


@dataclass
class Streams:
    """ASGI middleware."""

    app: ASGIApp
    _owners: OrderedDict[str, str] = field(default_factory=OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request for the stream of another account."""
        if scope["type"] != "http" or "/gradio_api/" not in scope["path"]:
            await self.app(scope, receive, send)
            return
        name = scope["path"].partition("/gradio_api/")[2].rstrip("/")
        if name in {"queue/join", "cancel", "reset"}:
            body = await _whole(receive)
            data, receive = _parsed(body), _again(body, receive)
            if _names_url(data):
                await PlainTextResponse("files are uploaded, not fetched\n", 400)(scope, receive, send)
                return
            named = data.get("session_hash") if isinstance(data, dict) else None
            stream = named if isinstance(named, str) else ""
        elif name.startswith("heartbeat/"):
            stream = name.removeprefix("heartbeat/")
        else:
            stream = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        if stream and not self._may(stream, scope["state"]["account"]):
            await PlainTextResponse("not found\n", 404)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _may(self, stream: str, account: str) -> bool:
        if len(stream) > LONGEST:
            return False
        owner = self._owners.setdefault(stream, account)
        self._owners.move_to_end(stream)
        while len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)
        return owner == account


async def _whole(receive: Receive) -> bytes:
    """Read the body; `Limits` stands before and keeps it small."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def take() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return take


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _names_url(data: object) -> bool:
    """Return whether a file anywhere in an event's data is a URL."""
    waiting = [data]
    while waiting:
        match waiting.pop():
            case dict() as record:
                path = record.get("path")
                if isinstance(path, str) and path.strip().lower().startswith(("http:", "https:")):
                    return True
                waiting.extend(record.values())
            case list() as items:
                waiting.extend(items)
            case _:
                pass
    return False
