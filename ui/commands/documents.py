"""Documents: `ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui import render
from ui.options import Detach, Json, Lang, ProjectName
from ui.runtime import Runtime
from ui.stations import run_station


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("ingest")(ingest)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Read documents into the project: text, chunks, index. A second run reads only what changed."""
    from agent.records.corpus import IngestRequest, IngestResult
    from knowledge.ingest.sources import collect

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    collect(paths)  # a wrong path is said here, not by a job
    request = IngestRequest(paths=tuple(str(path.resolve()) for path in paths))
    result = run_station(runtime, opened, "ingest", request, IngestResult, detach=detach)
    if result is not None:
        runtime.output.emit(result, render.ingest(result, runtime.output))
