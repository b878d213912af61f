"""Documents: `ingest`, `documents`, `remove`."""

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
    app.command("documents")(documents)
    app.command("remove")(remove)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Read pages that are pictures by text recognition; needs the extra `ocr`.")
    ] = False,
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Read documents into the project: text, chunks, index. A second run reads only what changed."""
    from agent.records.corpus import IngestRequest, IngestResult
    from knowledge.ingest.recognition import require
    from knowledge.ingest.sources import collect

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    collect(paths)  # a wrong path is said here, not by a job
    if ocr:
        require()
    request = IngestRequest(paths=tuple(str(path.resolve()) for path in paths), ocr=ocr)
    result = run_station(runtime, opened, "ingest", request, IngestResult, detach=detach)
    if result is not None:
        runtime.output.emit(result, render.ingest(result, runtime.output))


def documents(project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """List the documents of a project, those that could not be read included."""
    runtime = Runtime(as_json=json, lang=lang)
    known = runtime.store(runtime.workspace.open(project)).documents()
    runtime.output.emit(
        {"documents": [document.model_dump(mode="json") for document in known]},
        render.documents(known, runtime.output) if known else runtime.output.say("no_documents_yet"),
    )


def remove(
    document: Annotated[str, typer.Argument(help="Name or id of a document.")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it only what would go is told.")] = False,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Delete a document and everything that holds its text; tells which adapters learnt from it."""
    from agent.errors import ConsentNeededError
    from agent.records.corpus import RemovalResult
    from graph.forgetting import forget
    from knowledge.store import CorpusStore
    from tools.erasure import wordings
    from tools.removal import remove_document, traces

    runtime = Runtime(as_json=json, lang=lang)
    say = runtime.output.say
    opened = runtime.workspace.open(project)
    found = CorpusStore(opened.root).named(document)
    if not yes:
        counted = traces(opened, found.id)
        summary = say(
            "removal_asks",
            name=found.name,
            chunks=found.chunks,
            pairs=counted.pairs,
            items=counted.items,
            mixes=counted.mixes,
        )
        learnt = say("removal_learners", runs=", ".join(counted.learners)) if counted.learners else ""
        same = say("removal_twins", names=", ".join(counted.twins)) if counted.twins else ""
        raise ConsentNeededError(" ".join(part for part in (summary, learnt, same) if part), mend=say("removal_yes"))
    with opened.owned("removal of a document"):
        words = wordings(CorpusStore(opened.root), found.id)
        forgotten = forget(runtime.assistant, {opened.id, opened.info.name}, found.name, words)
        gone = remove_document(opened, found.id, words, lang=runtime.output.lang)
    result = RemovalResult(
        document=found.id,
        name=gone.name,
        pairs=gone.pairs,
        items=gone.items,
        mixes=gone.mixes,
        conversations=forgotten,
        learners=gone.learners,
        twins=gone.twins,
    )
    runtime.output.emit(result, render.removal(result, runtime.output))
