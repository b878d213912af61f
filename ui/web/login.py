"""Log in and out: plain forms, a cookie that scripts cannot read, and a limit on guessing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agent.records.base import Language
from ui.web.accounts import Account, Accounts
from ui.web.auth import SESSION_COOKIE, session_of
from ui.web.plain import language_of, login_page
from ui.web.throttle import Throttle
from ui.web.tokens import SESSION_SECONDS, Tokens

AT_ONCE = 2
"""Passwords that are looked at at the same time; each takes 32 MiB and a processor."""


@dataclass
class Logins:
    """What a login needs."""

    accounts: Accounts
    tokens: Tokens
    throttle: Throttle
    secure: bool = False
    """Whether the cookie is for HTTPS only."""
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def enter(self, name: str, password: str, address: str) -> tuple[Account | None, bool]:
        """Return the account if the password is right, and whether it was looked at at all."""
        tries = await asyncio.to_thread(self.throttle.admit, name, address)
        if tries is None:
            return None, False
        async with self._turn:
            account = await asyncio.to_thread(self.accounts.verify, name, password)
        if account is not None:
            await asyncio.to_thread(self.throttle.forgive, tries)
        return account, True


def routes(logins: Logins | None) -> APIRouter:
    """Return the routes; without login they lead to the pages."""
    router = APIRouter()

    @router.get("/login")
    async def ask(request: Request) -> Response:
        onward = local(request.query_params.get("next"))
        if logins is None:
            return RedirectResponse(onward, 303)
        return login_page(_language(request, request.query_params.get("lang")), onward)

    @router.post("/login")
    async def enter(request: Request) -> Response:
        form = await request.form()
        onward = local(_text(form, "next"))
        if logins is None:
            return RedirectResponse(onward, 303)
        lang = _language(request, _text(form, "lang"))
        client = request.client.host if request.client else ""
        account, looked = await logins.enter(_text(form, "name"), _text(form, "password"), client)
        if account is None:
            problem, status = ("login_wrong", 401) if looked else ("login_wait", 429)
            return login_page(lang, onward, problem, status)
        response = RedirectResponse(onward, 303)
        token = await asyncio.to_thread(logins.tokens.begin, account)
        response.set_cookie(
            SESSION_COOKIE, token, max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=logins.secure
        )
        return response

    @router.post("/logout")
    async def leave(request: Request) -> Response:
        if logins is not None:
            await asyncio.to_thread(logins.tokens.end, session_of(request.headers))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(SESSION_COOKIE)
        return response

    return router


def local(address: str | None) -> str:
    """Return an address of this server; the start page for one that leads elsewhere."""
    if not address or not address.startswith("/") or address.startswith("//") or not address.isprintable():
        return "/"
    return "/" if "\\" in address else address


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _language(request: Request, asked: str | None) -> Language:
    if asked == "en":
        return "en"
    return "zh" if asked == "zh" else language_of("", request.headers)
