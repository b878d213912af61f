"""How much a request may carry: refused with 413 at the limit, whether its length was announced or not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.web.doors import is_upload

MIB = 1024 * 1024
UPLOAD_BYTES = 512 * MIB
BODY_BYTES = MIB
STALL_SECONDS = 60.0
"""A body of which nothing has come for so long is given up."""


@dataclass(frozen=True)
class Limits:
    """ASGI middleware.

    Attributes:
        app: What lies behind.
        upload_bytes: Most that an upload may carry.
        body_bytes: Most that any other request may carry.
    """

    app: ASGIApp
    upload_bytes: int = UPLOAD_BYTES
    body_bytes: int = BODY_BYTES
    stall_seconds: float = STALL_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while it keeps within its limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.upload_bytes if is_upload(scope["path"]) else self.body_bytes
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            await _too_large(limit)(scope, receive, send)
            return
        await _Body(self.app, receive, send, limit, self.stall_seconds).run(scope)


class _Body:
    """One request's body on its way in."""

    def __init__(self, app: ASGIApp, receive: Receive, send: Send, limit: int, stall: float) -> None:
        self._app, self._receive, self._send, self._limit, self._stall = app, receive, send, limit, stall
        self._seen = 0
        self._whole = False
        self._refusal: PlainTextResponse | None = None
        self._answered = False

    async def run(self, scope: Scope) -> None:
        try:
            await self._app(scope, self._take, self._give)
        except HTTPException:
            if self._refusal is None:
                raise
        if self._refusal is not None and not self._answered:
            await self._refusal(scope, self._receive, self._send)

    async def _take(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._stall)
        except TimeoutError:
            self._refusal = PlainTextResponse("the request stalled\n", 408, {"Connection": "close"})
            raise HTTPException(408) from None
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._seen > self._limit:
                self._refusal = _too_large(self._limit)
                raise HTTPException(413)
        return message

    async def _give(self, message: Message) -> None:
        # Whatever the application makes of the broken body, the answer is ours, unless its own has begun.
        if self._refusal is not None and not self._answered:
            return
        self._answered = True
        await self._send(message)


def _too_large(limit: int) -> PlainTextResponse:
    text = f"too large: at most {limit // MIB} MiB are taken here\n"
    return PlainTextResponse(text, 413, {"Connection": "close"})
