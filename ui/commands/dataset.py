"""What the pairs are worth as a dataset: `dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.errors import InputError
from ui.options import Json, Lang, ProjectName
from ui.runtime import Runtime


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("dataset")(dataset)


def dataset(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for dataset.json, dataset.md, the card README.md and the accepted pairs."),
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", help="Licence named on the card, as the hub spells it: apache-2.0, other.")
    ] = "other",
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Report on the pairs as a dataset: coverage, balance, diversity, repeats, error rate, samples of rejects."""
    from tools.dataset_report.markdown import report_markdown
    from tools.dataset_report.run import dataset_report, write_report

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    report = dataset_report(opened)
    spoken = runtime.output.lang
    if out is not None:
        try:
            report = write_report(opened, report, out.resolve(), spoken, licence=licence)
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(f"cannot write there: {why}", where=str(out), mend="name another folder") from error
    where = f"\n\n{runtime.output.say('dataset_written', folder=str(out.resolve()))}" if out is not None else ""
    runtime.output.emit(report, report_markdown(report, spoken).rstrip() + where)
