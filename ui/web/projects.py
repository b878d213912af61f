"""The project in an address: one that the account does not have is not found, one it has is remembered; new ones.

Pages resolve the project themselves through the account's desk; this refuses earlier, for every route at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.errors import InputError, NotFoundError, UserError
from agent.records.base import Language
from ui.pages.frame import PROJECT_COOKIE
from ui.pages.sites import LANGUAGES, address
from ui.web.desk import Desks
from ui.web.doors import door_of
from ui.web.plain import LANG_COOKIE, language_of, plain_page

YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class ProjectGuard:
    """ASGI middleware."""

    app: ASGIApp
    desks: Desks
    secure: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 for a project of somebody else's, and remember a page's project and language in cookies."""
        if scope["type"] != "http" or door_of(scope["path"]) in {"open", "api"}:
            await self.app(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("project", [])
        ids = []
        for name in asked:
            found = await asyncio.to_thread(self._id_of, scope, name)
            if found is None:
                lang = language_of(scope["path"], Headers(scope=scope))
                await plain_page(lang, "plain_no_project", "plain_no_project_why", status=404)(scope, receive, send)
                return
            ids.append(found)
        cookies = self._cookies(scope, ids)

        async def give(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                for cookie in cookies:
                    headers.append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, give if cookies else send)

    def _id_of(self, scope: Scope, name: str) -> str | None:
        state = scope["state"]
        try:
            return self.desks.for_account(state["account"], state["home"]).project(name).id
        except (NotFoundError, InputError):
            return None

    def _cookies(self, scope: Scope, ids: list[str]) -> list[str]:
        lang = scope["path"].split("/")[1]
        if door_of(scope["path"]) != "page" or lang not in LANGUAGES:
            return []
        wanted = [(LANG_COOKIE, lang), *((PROJECT_COOKIE, one) for one in ids[-1:])]
        end = f"; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{'; Secure' if self.secure else ''}"
        return [f"{name}={value}{end}" for name, value in wanted]


def routes(desks: Desks) -> APIRouter:
    """Return the route that makes a project; a plain form, so it needs no script."""
    router = APIRouter()

    @router.post("/projects/new")
    async def new(request: Request) -> Response:
        form = await request.form()
        lang: Language = "zh" if form.get("lang") == "zh" else "en"
        name = form.get("name")
        state = request.state
        try:
            desk = desks.for_account(state.account, state.home)
            project = await asyncio.to_thread(desk.workspace.create, name if isinstance(name, str) else "", lang=lang)
        except UserError as error:
            return _refused(lang, error)
        return RedirectResponse(address(lang, "assistant", project=project.id), 303)

    return router


def _refused(lang: Language, error: UserError) -> HTMLResponse:
    return plain_page(lang, "plain_not_made", detail=str(error), status=400)
