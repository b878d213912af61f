"""The votes of a project as files: `/download/votes.csv?project=ID` and `/download/votes.jsonl?project=ID`.

Only votes that stand are in them. The CSV is safe to open in a spreadsheet; the JSONL is the records as they are kept.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from agent.errors import DomainsmithError, NotFoundError
from tools.votes import load_votes, standing, votes_csv, votes_jsonl
from ui.web.desk import Desks

Form = Literal["csv", "jsonl"]


def vote_routes(desks: Desks) -> APIRouter:
    """Return the routes.

    Args:
        desks: What the account of a request can reach.
    """
    routes = APIRouter(prefix="/download")

    @routes.get("/votes.csv")
    def as_csv(request: Request, project: str = "") -> Response:
        return _votes(desks, request, project, "csv")

    @routes.get("/votes.jsonl")
    def as_jsonl(request: Request, project: str = "") -> Response:
        return _votes(desks, request, project, "jsonl")

    return routes


def _votes(desks: Desks, request: Request, name: str, form: Form) -> Response:
    try:
        project = desks.for_account(request.state.account, request.state.home).project(name or None)
        votes = standing(load_votes(project))
    except DomainsmithError as error:
        status = 404 if isinstance(error, NotFoundError) else 400
        return PlainTextResponse(f"{error}\n", status)
    # A spreadsheet takes UTF-8 for granted only after a byte order mark.
    text = f"\ufeff{votes_csv(votes)}" if form == "csv" else votes_jsonl(votes)
    media = "text/csv" if form == "csv" else "application/x-ndjson"
    headers = {
        "Content-Disposition": f'attachment; filename="{project.id}-votes.{form}"',
        "Cache-Control": "no-store",
    }
    return Response(text, media_type=f"{media}; charset=utf-8", headers=headers)
