"""The report of a finished evaluation, written anew in the language asked for: `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.errors import InputError
from ui import render
from ui.options import Json, Lang, ProjectName
from ui.runtime import Runtime


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("report")(report)


def report(
    run: Annotated[str | None, typer.Argument(help="Evaluation run; the newest by default.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for report.md, report.html, report.json, radar.png and radar.html."),
    ] = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Show or write the report of a finished evaluation in English or Chinese; nothing is measured again."""
    from ui.commands.models import evaluation_run
    from ui.pages.evaluation_records import Evaluation
    from ui.pages.report_files import report_in, write_report

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    seen = Evaluation.read(opened, evaluation_run(opened, run).name)
    spoken = runtime.output.lang
    told = report_in(seen, spoken)
    text, data = render.evaluation(told, runtime.output), told.model_dump(mode="json", by_alias=True)
    if out is not None:
        try:
            files = write_report(seen, out.resolve(), spoken)
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(f"cannot write there: {why}", where=str(out), mend="name another folder") from error
        text += "\n" + runtime.output.say("report_written", folder=str(out.resolve()))
        data |= {"files": {file.name.replace(".", "_"): str(file) for file in files}}
    runtime.output.emit(data, text)
