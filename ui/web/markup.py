"""Gradio's page as we send it: our language, title, styles and scripts; the answer's nonce on every script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.records.base import Language
from ui.i18n import phrase
from ui.pages.sites import LANGUAGES, PAGES
from ui.web.assets import ASSETS
from ui.web.doors import door_of

_FOREIGN = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*|<link rel="manifest"[^>]*>\s*')
_SCRIPT = re.compile(r"<script(?=[\s>])")
_LANG = re.compile(r'(<html\s+lang=")[a-z]+(")')


def rewrite(html: str, lang: Language, title: str, nonce: str) -> str:
    """Return Gradio's page with our head, and without what points at other machines."""
    head = (
        f'<title>{escape(title)}</title><link rel="icon" href="/favicon.ico">'
        f'<link rel="stylesheet" href="{ASSETS.link("style.css")}">'
        f'<link rel="stylesheet" href="{ASSETS.link("pages.css")}">'
        f'<script src="{ASSETS.link("frame.js")}"></script>'
        f'<script defer src="{ASSETS.link("pages.js")}"></script></head>'
    )
    html = _LANG.sub(rf"\g<1>{lang}\g<2>", _FOREIGN.sub("", html), count=1)
    html = html.replace('control_page_title="true"', 'control_page_title="false"', 1)
    # Text inside the page's JSON cannot open a tag: Gradio writes `<` as \u003c there.
    html = html.replace("</head>", head, 1)
    return _SCRIPT.sub(f'<script nonce="{nonce}"', html)


@dataclass(frozen=True)
class Markup:
    """ASGI middleware around the pages."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the answer if it is a page."""
        parts = scope.get("path", "").strip("/").split("/")
        lang = next((known for known in LANGUAGES if parts[0] == known), None)
        if scope["type"] != "http" or lang is None or door_of(scope["path"]) != "page":
            await self.app(scope, receive, send)
            return
        page = next(name for name, path in PAGES.items() if path == "/".join(parts[1:]))
        title = f"{phrase(f'page_{page}', lang)} – domainsmith"
        # Uncompressed, or there would be nothing to rewrite.
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        start: Message | None = None
        body = b""

        async def give(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body", False) or start is None:
                return
            headers = MutableHeaders(scope=start)
            if headers.get("content-type", "").startswith("text/html"):
                body = rewrite(body.decode(), lang, title, scope["state"]["nonce"]).encode()
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, give)
