"""The gate around the whole application: who asks, may they, and is it really them. Refusal is the default.

It sets `scope["state"]["account"]` and `["home"]`; nothing behind it looks at cookies or keys again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.web.accounts import Account
from ui.web.doors import Door, door_of
from ui.web.origin import from_our_pages, host_name
from ui.web.tokens import Tokens

SESSION_COOKIE = "domainsmith_session"

NOBODY = Account("", "", "", "")
"""Who everybody is without login."""


@dataclass(frozen=True)
class Gate:
    """ASGI middleware.

    Attributes:
        app: What lies behind.
        tokens: Sessions and keys; `None` without login.
        hosts: Names this server answers to; `None` for any. Set on the loopback, against DNS rebinding.
    """

    app: ASGIApp
    tokens: Tokens | None
    hosts: frozenset[str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            # No page uses a websocket.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        if self.hosts is not None and host_name(headers.get("host", "")) not in self.hosts:
            refusal: Response | None = PlainTextResponse("this server does not answer to that name\n", 421)
        else:
            refusal = await self._settle(scope, headers)
        await (self.app if refusal is None else refusal)(scope, receive, send)

    async def _settle(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the refusal, or `None` after noting who asks."""
        door = door_of(scope["path"])
        account = await self._account(door, headers)
        key_only = door == "api" and self.tokens is not None
        if not key_only and not from_our_pages(scope["method"], headers):
            return PlainTextResponse("this request was started by another site\n", 403)
        if account is None and door != "open":
            return _unknown(scope, door)
        if door is None:
            return PlainTextResponse("not found\n", 404)
        known = account if account is not None else NOBODY
        scope.setdefault("state", {}).update(account=known.name, home=known.home)
        return None

    async def _account(self, door: Door | None, headers: Headers) -> Account | None:
        if self.tokens is None:
            return NOBODY
        if door == "open":
            return None
        if door == "api":
            # Never by cookie: a program's door that a browser's session opened could be used by any page it visits.
            scheme, _, key = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not key.strip():
                return None
            return await asyncio.to_thread(self.tokens.of_key, key.strip())
        token = session_of(headers)
        return await asyncio.to_thread(self.tokens.of_session, token) if token else None


def session_of(headers: Headers) -> str:
    """Return the session token of a request; empty if it has none."""
    return cookies_of(headers).get(SESSION_COOKIE, "")


def cookies_of(headers: Headers) -> dict[str, str]:
    """Return the cookies of a request; none if the header is malformed."""
    try:
        parsed = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in parsed.items()}


def _unknown(scope: Scope, door: Door | None) -> Response:
    if door == "page" and scope["method"] in {"GET", "HEAD"}:
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(wanted, safe='/')}", 303)
    challenge = {"WWW-Authenticate": "Bearer"} if door == "api" else {}
    if door == "api":
        error = {"message": "a valid API key is needed", "type": "invalid_request_error", "code": "invalid_api_key"}
        return JSONResponse({"error": error}, 401, challenge)
    return PlainTextResponse("log in first\n", 401)
