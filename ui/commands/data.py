"""Data: `extract`, `review`, `mix`, `validate`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import ValidationError

from agent.errors import InputError
from agent.prompts.extraction import forecast_line
from agent.records.pairs import ExtractResult, PairStatus
from tools.workspace import Project
from ui import render
from ui.commands import cleaning
from ui.commands.mixing import mix
from ui.options import Detach, Json, Lang, ProjectName, Seed, refuse_before
from ui.runtime import Runtime
from ui.stations import run_station


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("extract")(extract)
    review = typer.Typer(
        name="review", help="List, accept, reject and edit pairs; import and export them.", rich_markup_mode=None
    )
    review.callback(invoke_without_command=True)(review_by_default)
    review.command("list")(review_list)
    review.command("accept")(review_accept)
    review.command("reject")(review_reject)
    review.command("edit")(review_edit)
    review.command("import")(review_import)
    review.command("export")(review_export)
    cleaning.register(review)
    app.add_typer(review)
    app.command("mix")(mix)
    app.command("validate")(validate)


def extract(
    documents: Annotated[
        list[str] | None, typer.Option("--documents", help="Only documents whose name matches this pattern.")
    ] = None,
    seed: Seed = 0,
    wordings: Annotated[int, typer.Option("--wordings", min=1, max=32, help="Trained wordings of every fact.")] = 12,
    held_out_share: Annotated[
        float, typer.Option("--held-out", min=0.0, max=0.9, help="Share of documents that only test.")
    ] = 0.2,
    reading: Annotated[
        float, typer.Option("--reading", min=0.0, max=0.8, help="Share of pairs that show the passage.")
    ] = 0.15,
    unanswerable: Annotated[
        float,
        typer.Option("--unanswerable", min=0.0, max=0.5, help="Share of pairs that show a passage without the answer."),
    ] = 0.0,
    model_chunks: Annotated[
        int | None,
        typer.Option("--model-chunks", min=0, help="Most passages of prose a model reads; 0 for rules only."),
    ] = None,
    round_trip: Annotated[
        bool,
        typer.Option("--round-trip", help="Have the model answer its own questions; one more short call a pair."),
    ] = False,
    ask_twice: Annotated[
        bool,
        typer.Option("--ask-twice", help="With --round-trip: ask in a second frame too; one more call a pair."),
    ] = False,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Only say what reading the prose would take: calls, tokens, time, price.")
    ] = False,
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Make question-answer pairs from the documents, each with a verbatim quote; documents are split first."""
    from tools.extraction.request import ExtractRequest

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    try:
        request = ExtractRequest(
            documents=tuple(documents or ()),
            seed=seed,
            wordings=wordings,
            held_out_share=held_out_share,
            reading_share=reading,
            unanswerable_share=unanswerable,
            model_chunks=model_chunks,
            round_trip=round_trip,
            ask_twice=ask_twice,
        )
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        mend = "add --round-trip" if "round trip" in said else "lower one of the two"
        raise InputError(said, mend=mend) from error
    if forecast:
        from tools.extraction.run import forecast_of

        told = forecast_of(opened, runtime.settings, request)
        runtime.output.emit(told, forecast_line(told, runtime.output.lang))
        return
    result = run_station(runtime, opened, "extract", request, ExtractResult, detach=detach)
    if result is not None:
        runtime.output.emit(result, render.extract(result, runtime.output))


def validate(
    questions: Annotated[
        list[Path] | None,
        typer.Option("--questions", help="Question file: SQuAD-style JSON, JSONL, CSV, BLiMP, multiple choice."),
    ] = None,
    automatic: Annotated[
        bool, typer.Option("--automatic/--no-automatic", help="Build items from the documents.")
    ] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Leave out the question files imported earlier.")] = False,
    seed: Seed = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Look through the items drawn for a person: the error rate of the set.")
    ] = False,
    right: Annotated[list[str] | None, typer.Option("--right", metavar="ID", help="With --check: is right.")] = None,
    wrong: Annotated[
        list[str] | None, typer.Option("--wrong", metavar="ID[=REASON]", help="With --check: is wrong, and why.")
    ] = None,
    undo: Annotated[
        list[str] | None, typer.Option("--undo", metavar="ID", help="With --check: take that verdict back.")
    ] = None,
    project: ProjectName = None,
    detach: Detach = False,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Build or import the sealed validation set; files imported earlier stay part of it."""
    from tools.validation.request import ValidateRequest, ValidateResult
    from ui.commands.set_check import Said, check_set

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    said = Said(tuple(right or ()), tuple(wrong or ()), tuple(undo or ()))
    if check:
        if questions or replace or detach or seed or not automatic:
            raise InputError("--check builds no set", mend="check the set with --check alone, or build one without it")
        check_set(runtime, opened, said)
        return
    if any(said):
        raise InputError("a verdict belongs to a check", mend="add --check")
    files = tuple(str(existing_file(path)) for path in questions or ())
    request = ValidateRequest(questions=files, automatic=automatic, replace=replace, seed=seed)
    result = run_station(runtime, opened, "validate", request, ValidateResult, detach=detach)
    if result is not None:
        runtime.output.emit(result, render.validation(result, runtime.output))


def review_by_default(
    context: typer.Context, project: ProjectName = None, json: Json = False, lang: Lang = None
) -> None:
    """List, accept, reject and edit pairs; import and export them."""
    if context.invoked_subcommand is None:
        review_list(project=project, json=json, lang=lang)
    else:
        refuse_before(context.invoked_subcommand, (project, json, lang))


def review_list(
    status: Annotated[str | None, typer.Option("--status", help="accepted, pending or rejected.")] = None,
    containing: Annotated[str, typer.Option("--containing", help="Only pairs with this text.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most pairs to print.")] = 50,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """List pairs with their provenance and the reason of every reject."""
    from tools.pairs import load_pairs, select

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    found = select(load_pairs(opened), status=_status(status), containing=containing)
    shown = found[:limit]
    text = render.pairs(shown, runtime.output, document_names(opened)) or runtime.output.say("no_pairs")
    if len(found) > len(shown):
        text += "\n" + runtime.output.say("more", count=len(found) - len(shown))
    runtime.output.emit({"total": len(found), "pairs": [pair.model_dump(mode="json") for pair in shown]}, text)


def review_accept(
    ids: Annotated[list[str], typer.Argument(help="Pair ids.")],
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Accept pairs."""
    from tools.pairs import accept

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    with opened.owned("review"):
        changed = accept(opened, ids)
    runtime.output.emit(
        {"pairs": [pair.model_dump(mode="json") for pair in changed]},
        render.pairs(changed, runtime.output, document_names(opened)),
    )


def review_reject(
    ids: Annotated[list[str], typer.Argument(help="Pair ids.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the pair.")],
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Reject pairs with a reason; they are kept and never trained on."""
    from tools.pairs import reject

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    with opened.owned("review"):
        changed = reject(opened, ids, reason)
    runtime.output.emit(
        {"pairs": [pair.model_dump(mode="json") for pair in changed]},
        render.pairs(changed, runtime.output, document_names(opened)),
    )


def review_edit(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Pair id.")],
    question: Annotated[str | None, typer.Option("--question", help="The new question.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="The new answer.")] = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Change a pair's question or answer; it counts as accepted then."""
    from tools.pairs import edit

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    with opened.owned("review"):
        changed = edit(opened, identifier, question=question, answer=answer)
    runtime.output.emit(changed, render.pairs([changed], runtime.output, document_names(opened)))


def review_import(
    path: Annotated[
        Path,
        typer.Argument(
            help="messages, Alpaca or ShareGPT as JSON(L) or Parquet, CSV, XLSX, a folder with dataset_info.json; "
            "an edited sheet of this project's pairs; or reviews of Argilla or Label Studio."
        ),
    ],
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Add a team's own pairs, or take over what reviewers decided."""
    from tools.pair_import import import_counted
    from tools.pair_reviews import holds_reviews, import_reviews
    from tools.pair_sheets import holds_own_pairs, import_sheet
    from tools.pairs import reason_of

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    source = path.resolve() if (path / "dataset_info.json").is_file() else existing_file(path)
    if holds_reviews(source):
        with opened.owned("review"):
            reviewed = import_reviews(opened, source)._asdict()
        runtime.output.emit(reviewed, runtime.output.say("reviews_imported", **reviewed))
        return
    if holds_own_pairs(opened, source):
        with opened.owned("review"):
            sheet = import_sheet(opened, source)._asdict()
        runtime.output.emit(sheet, runtime.output.say("sheet_imported", **sheet))
        return
    with opened.owned("review"):
        made = import_counted(opened, source)
    accepted = sum(pair.status == "accepted" for pair in made.added)
    refused = Counter(reason_of(pair) for pair in made.added if pair.status == "rejected")
    counted = {"imported": len(made.added), "accepted": accepted, "rejected": len(made.added) - accepted}
    said = runtime.output.say("imported", count=len(made.added), accepted=accepted)
    there = runtime.output.say("imported_present", count=made.present) if made.present else ""
    runtime.output.emit(
        {**counted, "rejects_by_reason": dict(refused), "present": made.present},
        "\n".join(line for line in (said, there, render.rejects(refused, runtime.output.lang)) if line),
    )


def review_export(
    path: Annotated[Path, typer.Argument(help="File to write; a folder for llama-factory.")],
    form: Annotated[
        str,
        typer.Option(
            "--form",
            help="messages, alpaca, sharegpt, csv, xlsx, parquet, llama-factory, argilla or label-studio.",
        ),
    ] = "messages",
    status: Annotated[str, typer.Option("--status", help="accepted, pending, rejected or all.")] = "accepted",
    licence: Annotated[
        str, typer.Option("--licence", help="Licence named on the card, as the hub spells it: apache-2.0, other.")
    ] = "other",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Write pairs to a file that other trainers, spreadsheets or review tools read, with a dataset card beside it."""
    from tools.dataset_report.exports import export_with_card
    from tools.exchange.writing import PairFormat

    runtime = Runtime(as_json=json, lang=lang)
    for known in get_args(PairFormat):
        if form == known:
            break
    else:
        raise InputError("unknown form", where=form, mend="--form takes " + ", ".join(get_args(PairFormat)))
    opened = runtime.workspace.open(project)
    wanted = None if status == "all" else _status(status)
    try:
        count, card = export_with_card(
            opened, path, known, status=wanted, overwrite=force, lang=runtime.output.lang, licence=licence
        )
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"cannot write there: {why}", where=str(path), mend="name another file") from error
    runtime.output.emit(
        {"exported": count, "file": str(path), "card": str(card) if card else None},
        runtime.output.say("exported", count=count, path=str(path)),
    )


def document_names(project: Project) -> dict[str, str]:
    """Return the names of a project's documents by id."""
    from knowledge.store import CorpusStore

    return {document.id: document.name for document in CorpusStore(project.root).documents()}


def existing_file(path: Path) -> Path:
    """Return the absolute path of a file.

    Raises:
        InputError: There is no such file.
    """
    if path.is_dir():
        raise InputError(
            "this is a folder", where=str(path), mend="name a file in it; only one with dataset_info.json is read whole"
        )
    if not path.is_file():
        raise InputError("no such file", where=str(path), mend="check the path")
    return path.resolve()


def _status(status: str | None) -> PairStatus | None:
    if status is None:
        return None
    for known in get_args(PairStatus):
        if status == known:
            return known  # type: ignore[no-any-return]
    raise InputError("unknown status", where=status, mend="--status takes " + ", ".join(get_args(PairStatus)))
