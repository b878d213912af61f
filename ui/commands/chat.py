"""The assistant in the terminal: `chat`."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.errors import BusyError, InputError
from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.records.conversation import ToolStep, Turn
from ui.options import Json, Lang, ProjectName
from ui.output import complain
from ui.runtime import Runtime
from ui.visible import in_text

if TYPE_CHECKING:
    from graph.assistant import Assistant


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("chat")(chat)


def chat(
    message: Annotated[str | None, typer.Option("--message", "-m", help="Say this and leave: one turn.")] = None,
    thread: Annotated[
        str | None, typer.Option("--thread", help="Conversation to go on with; a new one by default.")
    ] = None,
    messages: Annotated[
        Path | None, typer.Option("--messages", help="A file, one message a line, each in a fresh conversation.")
    ] = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Talk with the assistant; every costly step waits for your yes."""
    from graph.threads import new_thread

    runtime = Runtime(as_json=json, lang=lang)
    if message is not None and messages is not None:
        raise InputError("give --message or --messages, not both")
    if project is not None:
        runtime.workspace.open(project)
    name = project if project is not None else _only_project(runtime)
    assistant = runtime.assistant
    wanted = runtime.output.lang if lang is not None else None
    if messages is not None:
        for line in _lines(messages):
            # Answered in the language it is written in, unless --lang says otherwise.
            print(_json(assistant.send(new_thread(), line, wanted, name)), flush=True)
        return
    conversation = thread or new_thread()
    if message is not None:
        if not message.strip():
            raise InputError("the message is empty", mend="say something in quotes")
        _show(runtime, _said(assistant, conversation, message, wanted, name))
        return
    _talk(runtime, assistant, conversation, wanted, name)


def _talk(runtime: Runtime, assistant: Assistant, thread: str, lang: Any, project: str | None) -> None:
    """Go on until the input ends."""
    complain(runtime.output.say("chat_begin", thread=thread))
    for open_step in assistant.approvals():
        if open_step.thread == thread:
            # It may have been asked for on a page or by a program: a yes here is to what was read here.
            asked = fill(TALK, "asks_yes", runtime.output.lang, summary=open_step.summary)
            print(in_text(runtime.output.say("chat_waits", project=open_step.project, step=asked)), flush=True)
    for line in _typed():
        if not line.strip():
            continue
        try:
            _show(runtime, _said(assistant, thread, line, lang, project))
            while assistant.waiting_job(thread) is not None:
                _watch(runtime, assistant, thread)
                turn = assistant.follow(thread)
                if turn is not None:
                    _show(runtime, turn)
        except BusyError as error:
            complain(str(error))
        except KeyboardInterrupt:
            _stop_job(runtime, assistant, thread)
            raise


def _stop_job(runtime: Runtime, assistant: Assistant, thread: str) -> None:
    """Cancel the job that this conversation has just started."""
    from tools.jobs.runner import cancel

    job = assistant.waiting_job(thread)
    if job is not None:
        cancel(runtime.workspace.open(job.project), job.id)


def _watch(runtime: Runtime, assistant: Assistant, thread: str) -> None:
    """Show the job of a thread until it ends; Ctrl-C cancels it."""
    from tools.jobs.runner import wait
    from ui.following import reporter_of, show

    job = assistant.waiting_job(thread)
    if job is None:
        return
    project = next(info for info in runtime.workspace.projects() if info.id == job.project)
    with reporter_of(job.kind, runtime.output.lang) as reporter:
        wait(runtime.workspace.open(project.name), job.id, lambda event: show(event, reporter))


def _said(assistant: Assistant, thread: str, text: str, lang: Any, project: str | None) -> Turn:
    turn: Turn | None = None
    for part in assistant.stream(thread, text, lang, project):
        if isinstance(part, ToolStep):
            if part.state == "running":
                complain(f"… {part.title}")
        elif isinstance(part, Turn):
            turn = part
    assert turn is not None
    return turn


def _show(runtime: Runtime, turn: Turn) -> None:
    text = turn.reply
    if turn.options:
        text += "\n" + "  ".join(f"[{option.label}]" for option in turn.options)
    runtime.output.emit(jsonlib.loads(_json(turn)), text + "\n")


def _json(turn: Turn) -> str:
    """Return a turn in the shape of `chat --json`."""
    return jsonlib.dumps(turn.model_dump(mode="json"), ensure_ascii=False)


def _only_project(runtime: Runtime) -> str | None:
    known = runtime.workspace.projects()
    return known[0].name if len(known) == 1 else None


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input("> " if sys.stdin.isatty() else "")
        except EOFError:
            return


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError("cannot read the messages", where=str(path), mend=str(error.strerror or error)) from error
    except UnicodeDecodeError as error:
        raise InputError("the messages are not UTF-8", where=str(path), mend="save the file as UTF-8") from error
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise InputError("this file holds no message", where=str(path), mend="one message a line")
    return found
