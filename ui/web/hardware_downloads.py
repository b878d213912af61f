"""Files of the hardware page: a comparison, a saved benchmark, the script that measures another machine.

    /download/hardware/comparison.md?of=NAME&of=NAME&size=7&lang=en
    /download/hardware/results/FILE.json
    /download/hardware/bench.py

All of it is made here, from the account's own home and what the server's machine was found to do; nothing is asked of
another machine.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response

from agent.errors import DomainsmithError, NotFoundError
from agent.records.base import Language
from agent.records.device_comparison import DeviceComparison
from tools.benchmark.comparison import USUAL_SIZE, compare
from tools.benchmark.comparison_markdown import as_markdown
from tools.benchmark.emitting import script
from tools.benchmark.prices import prices_of
from tools.benchmark.saved import saved
from tools.benchmark.subjects import choose
from ui.pages.chart_files import table
from ui.pages.hardware_charts import MOST
from ui.web.desk import Desk, Desks

_KINDS: Final = {
    "md": "text/markdown; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "py": "text/x-python; charset=utf-8",
}
_Form = Literal["md", "json", "csv"]


def hardware_routes(desks: Desks) -> APIRouter:
    """Return the routes.

    Args:
        desks: What the account of a request can reach.
    """
    routes = APIRouter(prefix="/download/hardware")

    def desk(request: Request) -> Desk:
        return desks.for_account(request.state.account, request.state.home)

    @routes.get("/comparison.{form}")
    def comparison(
        request: Request,
        form: _Form,
        of: Annotated[list[str], Query(max_length=MOST)],
        size: float = USUAL_SIZE,
        lang: Language = "en",
    ) -> Response:
        try:
            # A result file may be named to the command, never to the server.
            settings = desk(request).settings
            chosen = choose(settings, of, lang, files=False)
            made = compare(chosen, size, lang, prices_of(settings, lang))
        except DomainsmithError as error:
            return _failed(error)
        match form:
            case "md":
                text = as_markdown(made, lang)
            case "json":
                text = made.model_dump_json(indent=1)
            case "csv":
                # A spreadsheet takes UTF-8 for granted only after a byte order mark.
                text = f"\ufeff{_csv(made)}"
        return _file(text, f"comparison.{form}", form)

    @routes.get("/results/{name}")
    def result(request: Request, name: str) -> Response:
        # Compared with what is there, so that a name cannot lead out of the folder.
        found = next((one for file, one in saved(desk(request).settings) if file.name == name), None)
        if found is None:
            return PlainTextResponse("no such benchmark\n", 404)
        return _file(found.model_dump_json(indent=1), name, "json")

    @routes.get("/bench.py")
    def bench() -> Response:
        return _file(script(), "bench.py", "py")

    return routes


def _csv(made: DeviceComparison) -> str:
    """Return one line a figure; what nobody knows is a line without value and label."""
    head = ("row", "name", "unit", "subject", "value", "text", "label", "about", "source")
    return table(
        head,
        (
            (row.key, row.name, row.unit, subject.name, cell.value, cell.text, cell.label, cell.about, cell.source)
            for row in made.rows
            for subject, cell in zip(made.subjects, row.cells, strict=True)
        ),
    )


def _failed(error: DomainsmithError) -> Response:
    return PlainTextResponse(f"{error}\n", 404 if isinstance(error, NotFoundError) else 400)


def _file(text: str, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type=_KINDS[kind], headers=headers)
