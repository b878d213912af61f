"""Projects and the machine: `new`, `projects`, `status`, `guide`, `doctor`."""

from __future__ import annotations

from shlex import quote
from typing import Annotated

import typer

from ui import render
from ui.options import Json, Lang, ProjectName
from ui.runtime import Runtime


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("new")(new)
    app.command("projects")(projects)
    app.command("status")(status)
    app.command("guide")(guide)
    app.command("doctor")(doctor)


def new(
    name: Annotated[str, typer.Argument(help="Name of the project.")], json: Json = False, lang: Lang = None
) -> None:
    """Make a project."""
    runtime = Runtime(as_json=json, lang=lang)
    project = runtime.workspace.create(name, lang=runtime.output.lang)
    name = project.info.name
    runtime.output.emit(project.info, runtime.output.say("project_made", name=name, quoted=quote(name)))


def projects(json: Json = False, lang: Lang = None) -> None:
    """List the projects."""
    runtime = Runtime(as_json=json, lang=lang)
    known = runtime.workspace.projects()
    text = "\n".join(f"{info.name}  ({info.created})" for info in known) or runtime.output.say("no_projects")
    runtime.output.emit({"projects": [info.model_dump() for info in known]}, text)


def status(project: ProjectName = None, json: Json = False, lang: Lang = None) -> None:
    """Show where a project stands on the road and the next sensible step."""
    from tools.status import stand

    runtime = Runtime(as_json=json, lang=lang)
    opened = runtime.workspace.open(project)
    readiness = stand(opened, runtime.output.lang)
    runtime.output.emit(readiness, render.readiness(readiness, opened.info.name, runtime.output))


def guide(
    question: Annotated[str | None, typer.Argument(help="A question; without one the articles are listed.")] = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Say what the guide says, with article ids."""
    from knowledge.guide.library import load_library

    runtime = Runtime(as_json=json, lang=lang)
    library = load_library()
    if question is None:
        articles = [library.get(identifier, runtime.output.lang) for identifier in library.ids()]
        text = "\n".join(f"{article.id:<28} {article.title}" for article in articles)
    else:
        found = library.search(question, runtime.output.lang)
        # A question in the other language is answered in it rather than not at all.
        articles = list(found or library.search(question, "en" if runtime.output.lang == "zh" else "zh"))
        text = "\n\n".join(render.article(article.title, article.id, article.text) for article in articles)
    runtime.output.emit(
        {"articles": [article.model_dump() for article in articles]}, text or runtime.output.say("no_article")
    )


def doctor(json: Json = False, lang: Lang = None) -> None:
    """Say what works on this machine, what is missing and how to get it."""
    from tools.doctor import doctor as examine

    runtime = Runtime(as_json=json, lang=lang)
    report = examine(runtime.settings)
    runtime.output.emit(report, render.doctor(report, runtime.output))
