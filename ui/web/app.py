"""The server's application: the pages in both languages, our own routes, and the gate around everything.

Example:
    uvicorn.run(build_app(Desks(settings), Rules()), host="127.0.0.1", port=7860)
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

# Read once by Gradio when it is imported: nothing is reported, and no version is looked up.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from agent.records.base import Language
from ui.pages import assistant, compare, documents, evaluation, guide, hardware, pairs, runs
from ui.pages.frame import Frame
from ui.pages.sites import LANGUAGES, PAGES, PageName
from ui.web import assets, downloads, login, projects
from ui.web.accounts import Accounts
from ui.web.auth import Gate
from ui.web.chart_downloads import chart_routes
from ui.web.database import Database
from ui.web.desk import Desks
from ui.web.hardware_downloads import hardware_routes
from ui.web.headers import SecurityHeaders
from ui.web.limits import Limits
from ui.web.markup import Markup
from ui.web.mcp_server import mcp_routes
from ui.web.openai_api import openai_routes
from ui.web.plain import language_of
from ui.web.projects import ProjectGuard
from ui.web.rules import Rules
from ui.web.streams import Streams
from ui.web.theme import make_theme
from ui.web.throttle import Throttle
from ui.web.tokens import Tokens
from ui.web.vote_downloads import vote_routes

BUILDERS: Final[tuple[tuple[PageName, Callable[[Frame], None]], ...]] = (
    ("assistant", assistant.build),
    ("compare", compare.build),
    ("documents", documents.build),
    ("pairs", pairs.build),
    ("runs", runs.build),
    ("evaluation", evaluation.build),
    ("hardware", hardware.build),
    ("guide", guide.build),
)
"""What draws each page, in the order of the pages."""

QUEUED = 64
"""Events that may wait for their turn; more are turned away."""
AT_ONCE = 8
"""Handlers of one event that run at the same time."""
CACHE_SECONDS = 24 * 3600
"""How long Gradio keeps files that were uploaded and not taken over."""


def build_app(desks: Desks, rules: Rules) -> ASGIApp:
    """Return the application with everything that stands around it."""
    database = Database.of(desks.settings.home)
    tokens = Tokens(database) if rules.login else None
    logins = login.Logins(Accounts(database), tokens, Throttle(database), rules.secure) if tokens else None
    return guarded(build_routes(desks, rules, logins), desks, rules, tokens)


def guarded(app: ASGIApp, desks: Desks, rules: Rules, tokens: Tokens | None) -> ASGIApp:
    """Return an application behind limits and gate, with the headers of every answer."""
    inner: ASGIApp = ProjectGuard(Markup(app), desks, rules.secure)
    inner = Gate(Streams(inner), tokens, rules.hosts)
    return SecurityHeaders(Limits(inner, rules.upload_bytes, rules.body_bytes))


def build_routes(desks: Desks, rules: Rules, logins: login.Logins | None) -> FastAPI:
    """Return all routes, not guarded yet."""
    _keep_uploads_private(desks.settings.cache_folder / "uploads")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for router in (
        _entrance(),
        assets.routes(),
        login.routes(logins),
        projects.routes(desks),
        downloads.routes(desks),
        vote_routes(desks),
        chart_routes(desks),
        hardware_routes(desks),
        openai_routes(desks, desks.answerers),
        mcp_routes(desks),
    ):
        app.include_router(router)
    for lang in LANGUAGES:
        _mount(app, lang, build_pages(lang, desks), rules)
    return app


def build_pages(lang: Language, desks: Desks) -> gr.Blocks:
    """Return the pages of one language."""
    blocks = gr.Blocks(
        analytics_enabled=False, title="domainsmith", fill_width=True, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)
    )
    for page, build in BUILDERS:
        frame = Frame(lang, page, desks, blocks)
        path = PAGES[page]
        opened = blocks.route(frame.say(f"page_{page}"), path, show_in_navbar=False) if path else blocks
        with opened, frame.shell():
            build(frame)
    blocks.queue(max_size=QUEUED, api_open=False, default_concurrency_limit=AT_ONCE)
    return blocks


def _mount(app: FastAPI, lang: Language, blocks: gr.Blocks, rules: Rules) -> None:
    with warnings.catch_warnings():
        # It says that it turns off what was not asked for.
        warnings.filterwarnings("ignore", "SSR mode is not supported with multi-page apps", UserWarning)
        gr.mount_gradio_app(
            app,
            blocks,
            path=f"/{lang}",
            footer_links=[],
            run_history=False,
            show_error=False,
            ssr_mode=False,
            mcp_server=False,
            max_file_size=rules.upload_bytes,
            theme=make_theme(),
        )


def _entrance() -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def enter(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{language_of('', request.headers)}/{query}", 303)

    @router.get("/healthz")
    async def healthy() -> Response:
        return JSONResponse({"status": "ok"})

    async def tidy(request: Request) -> Response:
        # Gradio would lead to a page that is not below its mount.
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{request.url.path.rstrip('/')}{query}", 308)

    for lang in LANGUAGES:
        router.add_api_route(f"/{lang}/{{page}}/", tidy, methods=["GET"])
    return router


def _keep_uploads_private(folder: Path) -> None:
    """Let Gradio put uploads where only this user can read them, not into the shared /tmp."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
