"""What is looked at before training: `review personal`, `review duplicates`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.prompts.personal import PERSONAL_NAMES
from ui.options import Json, Lang, ProjectName
from ui.progress import TerminalReporter
from ui.runtime import Runtime

General = Annotated[
    str | None, typer.Option("--general", help="Look through general data instead: builtin, a file, or a hub id.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Most lines to print; --json gives all.")]


def register(review: typer.Typer) -> None:
    """Add the commands of this module to `review`."""
    review.command("personal")(review_personal)
    review.command("duplicates")(review_duplicates)


def review_personal(
    general: General = None,
    names: Annotated[bool, typer.Option("--names", help="Also names that a title or a label introduces.")] = False,
    people: Annotated[
        bool,
        typer.Option("--people", help="Also names in Chinese text that nothing introduces; needs the extra `names`."),
    ] = False,
    limit: Limit = 50,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """List the personal data in the pairs, or in general data; nothing is changed."""
    from tools.cleaning.people import require
    from tools.cleaning.run import look_for_personal

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    if people:
        require()
    with TerminalReporter("personal", lang=runtime.output.lang) as reporter:
        result = look_for_personal(
            opened, runtime.settings, reporter, general=_resolved(general), names=names, people=people
        )
    say, spoken = runtime.output.say, runtime.output.lang
    lines = [say("personal_found", count=len(result.found), looked_at=result.looked_at)]
    lines += [f"  {count} × {PERSONAL_NAMES[kind][spoken]}" for kind, count in result.by_kind.items()]
    lines += [f"{one.id}  {PERSONAL_NAMES[one.kind][spoken]}  {one.text}" for one in result.found[:limit]]
    if len(result.found) > limit:
        lines.append(say("more", count=len(result.found) - limit))
    if result.found:
        lines.append(say("personal_choice"))
    runtime.output.emit(result, "\n".join(lines))


def review_duplicates(
    general: General = None,
    threshold: Annotated[
        float, typer.Option("--threshold", min=0.5, max=1.0, help="Share of words from which two are alike.")
    ] = 0.8,
    meaning: Annotated[
        bool, typer.Option("--meaning", help="Also by meaning, with the embedder; takes as long as embedding.")
    ] = False,
    limit: Limit = 50,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """List what repeats an earlier pair or general example; wordings of one fact do not count."""
    from tools.cleaning.run import look_for_duplicates

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    with TerminalReporter("duplicates", lang=runtime.output.lang) as reporter:
        result = look_for_duplicates(
            opened, runtime.settings, reporter, general=_resolved(general), threshold=threshold, meaning=meaning
        )
    say = runtime.output.say
    lines = [say("duplicates_found", count=len(result.found), looked_at=result.looked_at)]
    lines += [
        f"{one.id} = {one.of}  {say('duplicate_' + one.kind)} {one.similarity:.2f}  {' '.join(one.text.split())[:80]}"
        for one in result.found[:limit]
    ]
    if len(result.found) > limit:
        lines.append(say("more", count=len(result.found) - limit))
    runtime.output.emit(result, "\n".join(lines))


def _resolved(general: str | None) -> str | None:
    return str(Path(general).resolve()) if general and Path(general).exists() else general
