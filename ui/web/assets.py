"""Our own style sheets and scripts: those of the frame, and those that pages bring beside their modules."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Assets:
    """Files by name, read once."""

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Name to content."""
        web = resources.files("ui.web")
        pages = sorted(resources.files("ui.pages").iterdir(), key=lambda file: file.name)
        found = {name: web.joinpath(name).read_bytes() for name in ("style.css", "frame.js", "icon.svg")}
        for kind in ("css", "js"):
            found[f"pages.{kind}"] = b"\n".join(f.read_bytes() for f in pages if f.name.endswith(f".{kind}"))
        return found

    def link(self, name: str) -> str:
        """Return the address of a file; it changes with the content, so browsers may keep it for good."""
        return f"/assets/{name}?v={hashlib.sha256(self.files[name]).hexdigest()[:12]}"


ASSETS: Final = Assets()


def routes() -> APIRouter:
    """Return the routes of the assets."""
    router = APIRouter()

    @router.get("/assets/{name}")
    async def asset(name: str, v: str = "") -> Response:
        content = ASSETS.files.get(name)
        if content is None:
            raise HTTPException(404)
        kept = "public, max-age=31536000, immutable" if v else "no-cache"
        return Response(content, media_type=_type(name), headers={"Cache-Control": kept})

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return Response(ASSETS.files["icon.svg"], media_type=TYPES["svg"], headers={"Cache-Control": "max-age=86400"})

    return router


def _type(name: str) -> str:
    return TYPES[name.rpartition(".")[2]]
