"""Files of a project for its owner: always as an attachment, never shown, never from outside the project."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from agent.errors import InputError, NotFoundError
from tools.workspace import Project
from ui.web.desk import Desks

PROJECT_FILES: Final[frozenset[str]] = frozenset(
    {"chunks.jsonl", "documents.jsonl", "pairs.jsonl", "validation.jsonl", "general.jsonl", "profile.json"}
)
PROJECT_FOLDERS: Final = ("mixes", "exports")
"""Folders of a project whose files are handed out, beside the runs."""


def routes(desks: Desks) -> APIRouter:
    """Return the routes below `/download`; each takes the project as `?project=ID`."""
    router = APIRouter(prefix="/download")

    async def send(request: Request, project: str, find: Callable[[Project], Path]) -> FileResponse:
        state = request.state

        def look() -> Path:
            return find(desks.for_account(state.account, state.home).project(project))

        try:
            file = await asyncio.to_thread(look)
        except (NotFoundError, InputError) as error:
            raise HTTPException(404) from error
        return FileResponse(file, filename=file.name, content_disposition_type="attachment")

    @router.get("/run/{run}/{path:path}")
    async def of_run(request: Request, run: str, path: str, project: str = "") -> FileResponse:
        return await send(request, project, lambda opened: inside(opened.runs, f"{run}/{path}"))

    @router.get("/project/{path:path}")
    async def of_project(request: Request, path: str, project: str = "") -> FileResponse:
        if path not in PROJECT_FILES and path.partition("/")[0] not in PROJECT_FOLDERS:
            raise HTTPException(404)
        return await send(request, project, lambda opened: inside(opened.root, path))

    return router


def inside(folder: Path, path: str) -> Path:
    """Return the file at `path` below `folder`.

    Raises:
        NotFoundError: It is no file, is hidden, or lies elsewhere, be it through a link.
    """
    parts = path.split("/")
    if "\0" in path or any(not part or part.startswith(".") for part in parts):
        raise NotFoundError("no such file", where=path)
    root = folder.resolve()
    file = root.joinpath(*parts).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise NotFoundError("no such file", where=path)
    return file
