"""Questions: `retrieve` shows the passages, `ask` the answers of every arm side by side."""

from __future__ import annotations

import json as jsonlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.errors import InputError
from agent.records.corpus import Retrieved
from ui import render
from ui.options import Json, Lang, ProjectName, Questions
from ui.output import complain
from ui.runtime import Runtime


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("retrieve")(retrieve)
    app.command("ask")(ask)


def retrieve(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="Chunks to return.")] = 5,
    questions: Questions = None,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Show the chunks retrieved for a question, or for every question of a file (one JSON line each)."""
    runtime = Runtime(as_json=json, lang=lang)
    asked = list(_questions(question, questions))
    if not any(asked):
        raise InputError("this file holds no question", where=str(questions), mend="one question a line, or JSONL")
    retriever = runtime.retriever(runtime.workspace.open(project))
    for text in asked:
        began = time.perf_counter()
        # A blank question of a file keeps its line, so that answers and questions stay side by side.
        hits = retriever.search(text, k) if text else []
        data = {
            "question": text,
            "chunks": [_chunk(hit) for hit in hits],
            "seconds": round(time.perf_counter() - began, 4),
        }
        if questions is not None:
            print(jsonlib.dumps(data, ensure_ascii=False), flush=True)
        else:
            runtime.output.emit(data, _found(hits, runtime))


def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    arms: Annotated[
        str | None, typer.Option("--arms", help="Arms by comma: base,rag,tuned,tuned+rag. All that exist by default.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=20, help="Chunks retrieved for the arms with retrieval.")] = 5,
    project: ProjectName = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Ask the base model, retrieval and the tuned model the same question, side by side."""
    from tools.asking import ask_arms, choose_arms

    runtime = Runtime(as_json=json, lang=lang)
    if not question.strip():
        raise InputError("the question is empty", mend="give a question in quotes")
    opened = runtime.workspace.open(project)
    chosen = choose_arms(opened, arms)
    retriever = runtime.retriever(opened) if any("rag" in arm for arm in chosen) else None
    hits = retriever.look_up(question, k) if retriever is not None else []
    side_by_side = ask_arms(opened, runtime.settings, question, chosen, hits)
    data = side_by_side.model_dump(mode="json")
    text = render.answers(side_by_side.answers, runtime.output)
    why = render.unread(hits, runtime.output, runtime.settings.abstain_below)
    text += f"\n\n{why}" if why else ""
    if side_by_side.clarify is not None:
        text += f"\n\n{side_by_side.clarify.question}\n" + "\n".join(f"- {o}" for o in side_by_side.clarify.options)
    runtime.output.emit(data, text)


def _found(hits: Sequence[Retrieved], runtime: Runtime) -> str:
    found = render.retrieved(hits, runtime.output, runtime.settings.abstain_below)
    return found or runtime.output.say("nothing_found")


def _chunk(hit: Retrieved) -> dict[str, Any]:
    chunk = hit.chunk
    return {
        "id": chunk.id,
        "document": chunk.name,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "score": round(hit.score, 6),
        "text": chunk.text,
    }


def _questions(question: str | None, path: Path | None) -> Iterator[str]:
    """Yield the questions of the command line or of a file: one a line, or JSONL with `question`."""
    if (question is None) == (path is None):
        raise InputError("give a question or --questions FILE", mend="one of the two, not both")
    if question is not None:
        if not question.strip():
            raise InputError("the question is empty", mend="give a question in quotes")
        yield question
        return
    assert path is not None
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield line.strip()
            continue
        try:
            text = jsonlib.loads(line)["question"]
            if not isinstance(text, str):
                raise TypeError("`question` is no text")
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                "not a JSON object with `question`",
                where=f"{path}, line {number}",
                mend="one question a line, or JSONL",
            ) from error
        if not text.strip():
            complain(f"{path}, line {number}: the question is blank, so nothing is retrieved for it")
        yield text.strip()


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines(): a line separator of Unicode inside a question ends no line of JSON.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError("cannot read the questions", where=str(path), mend=str(error.strerror or error)) from error
    except UnicodeDecodeError as error:
        raise InputError("the questions are not UTF-8", where=str(path), mend="save the file as UTF-8") from error
