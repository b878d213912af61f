"""Charts and report of a run as files: `/download/charts/RUN/NAME?project=ID&lang=en`, where NAME is one of `NAMES`.

They are drawn when they are asked for, in the reader's language, from the records of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from agent.errors import DomainsmithError, EmptyError, NotFoundError, WorkFailedError
from agent.records.base import Language
from agent.records.diagnosis import Diagnosis
from knowledge.files import read_record
from tools.jobs.store import TERMINAL
from tools.workspace import Project
from ui.pages import chart_files
from ui.pages.evaluation_records import Evaluation
from ui.pages.run_records import Runs, chosen
from ui.web.desk import Desks


@dataclass(frozen=True)
class _Asked:
    """One run of one project, in one language."""

    project: Project
    run: str
    lang: Language

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation.read(self.project, self.run)


def _loss(asked: _Asked, form: str) -> bytes | str:
    runs = Runs()
    job = chosen(runs.jobs(asked.project), asked.run)
    if job is None:
        raise NotFoundError("no such run", where=asked.run)
    course = runs.opened(asked.project, job, asked.lang).course
    if not course.losses:
        raise EmptyError("this run has no losses", where=asked.run)
    if form == "csv":
        return chart_files.loss_csv(course)
    return chart_files.loss_png(course, asked.lang, ended=job.state in TERMINAL)


def _failed(asked: _Asked) -> str:
    seen = asked.evaluation
    diagnosis = read_record(seen.run / "eval" / "diagnosis.json", Diagnosis)
    return chart_files.failed_csv((item, answer, one.cause) for one, item, answer in seen.failures(diagnosis))


_FILES: Final[Mapping[str, Callable[[_Asked], bytes | str]]] = {
    "radar.png": lambda asked: chart_files.radar_png(asked.evaluation.report, asked.lang),
    "scores.csv": lambda asked: chart_files.scores_csv(asked.evaluation.report),
    "differences.png": lambda asked: chart_files.differences_png(asked.evaluation.report, asked.lang),
    "differences.csv": lambda asked: chart_files.differences_csv(asked.evaluation.report),
    "report.html": lambda asked: chart_files.report_html(asked.evaluation, asked.lang),
    "report.md": lambda asked: chart_files.report_markdown(asked.evaluation, asked.lang),
    "failed.csv": _failed,
    "loss.png": lambda asked: _loss(asked, "png"),
    "loss.csv": lambda asked: _loss(asked, "csv"),
}
NAMES: Final = tuple(_FILES)
_KINDS: Final = {
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}
"""Content type by suffix."""


def chart_routes(desks: Desks) -> APIRouter:
    """Return the routes.

    Args:
        desks: What the account of a request can reach.
    """
    routes = APIRouter(prefix="/download/charts")

    @routes.get("/{run}/{name}")
    def draw(request: Request, run: str, name: str, project: str = "", lang: str = "en") -> Response:
        state = request.state
        try:
            if name not in _FILES or lang not in get_args(Language):
                raise NotFoundError("no such chart", where=f"{name} ({lang})", mend=f"one of {', '.join(NAMES)}")
            opened = desks.for_account(state.account, state.home).project(project or None)
            made = _FILES[name](_Asked(opened, run, "zh" if lang == "zh" else "en"))
        except DomainsmithError as error:
            return PlainTextResponse(f"{error}\n", _status(error))
        kind = _KINDS[name.rsplit(".", 1)[-1]]
        # A spreadsheet takes UTF-8 for granted only after a byte order mark.
        mark = "\ufeff" if kind.startswith("text/csv") else ""
        content = made if isinstance(made, bytes) else f"{mark}{made}".encode()
        filename = f"{opened.id}-{run}-{name}"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
        return Response(content, media_type=kind, headers=headers)

    return routes


def _status(error: DomainsmithError) -> int:
    match error:
        case NotFoundError() | EmptyError():
            return 404
        case WorkFailedError():
            return 500
        case _:
            return 400
