"""`validate --check`: a person looks through the items drawn from the sealed set, one by one or by their ids."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from agent.errors import InputError
from agent.prompts.set_check import check_line
from agent.records.evaluation import Item
from agent.records.set_check import SetCheck
from tools.evaluation.wording import dimension_name, kind_name
from tools.validation.check import items_left, judge, set_check
from tools.workspace import Project
from ui.output import Output
from ui.runtime import Runtime


class Said(NamedTuple):
    """What the command line says of items."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    """`ID` or `ID=REASON`."""
    undo: tuple[str, ...]


def check_set(runtime: Runtime, project: Project, said: Said) -> None:
    """Take verdicts by their ids; without any, walk through the sample on a terminal, else list what is left of it.

    Raises:
        EmptyError: There is no sealed set.
        InputError: An item is named twice.
        NotFoundError: An item is not in the sample.
    """
    output = runtime.output
    if any(said):
        wrong = [(name, reason) for name, _, reason in (one.partition("=") for one in said.wrong)]
        named = [*said.right, *(name for name, _ in wrong), *said.undo]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise InputError("two verdicts on one item", where=", ".join(twice), mend="give one")
        judge(project, {**dict.fromkeys(said.right), **dict(wrong)}, said.undo)
        left: Sequence[Item] = ()
    else:
        left = items_left(project)
        if left and sys.stdin.isatty() and sys.stdout.isatty() and not output.as_json:
            _walk(project, left, output)
            left = ()
    made = set_check(project, output.lang)
    items = [item.model_dump(mode="json") for item in items_left(project)]
    shown = [item_text(item, output) for item in left]
    output.emit({**made.model_dump(mode="json"), "items": items}, "\n\n".join([*shown, state_text(made, output)]))


def _walk(project: Project, items: Sequence[Item], output: Output) -> None:
    """Ask of one item after the other; every verdict is on the disk before the next item is shown."""
    at, before = 0, list[int]()
    while at < len(items):
        item = items[at]
        output.emit({}, f"\n[{at + 1}/{len(items)}] {item_text(item, output)}\n")
        key = _asked(output.say("check_keys"))
        match key.lower() if key else key:
            case "r":
                judge(project, {item.id: None})
            case "w":
                reason = _asked(output.say("check_reason"))
                if reason is None:
                    return
                judge(project, {item.id: reason})
            case "u" if before:
                at = before.pop()
                judge(project, {}, [items[at].id])
                continue
            case "s":
                at += 1
                continue
            case "q" | None:
                return
            case _:
                continue
        before.append(at)
        at += 1


def _asked(prompt: str) -> str | None:
    """Return what is typed; `None` at the end of the input."""
    try:
        return input(f"{prompt} ").strip()
    except EOFError:
        return None


def item_text(item: Item, output: Output) -> str:
    """Return an item as a person judges it: what is asked, the accepted answers, the passage, the kind."""
    kinds = [dimension_name(item.dimension, output.lang)]
    kinds += [kind_name(item.question_kind, output.lang)] if item.question_kind else []
    lines = [f"{item.id}  {' · '.join([*kinds, item.source])}"]
    lines += [_line("question", item.question, output)] if item.question else []
    lines += [f"  {'✓' if number == (item.correct or 0) else ' '} {one}" for number, one in enumerate(item.options)]
    if not item.answerable:
        lines.append(output.say("evaluation_unanswerable"))
    elif item.constraint:
        lines.append(_line("constraint", ", ".join(f"{name}: {one}" for name, one in item.constraint.items()), output))
    elif item.answers:
        lines.append(_line("answers", " | ".join(item.answers), output))
    lines += [_line("passage", item.context, output)] if item.context else []
    return "\n".join(lines)


def state_text(made: SetCheck, output: Output) -> str:
    """Return the error rate with its interval, and what was found wrong with its mend."""
    lines = [check_line(made.figures, output.lang)]
    lines += [output.say("check_found")] if made.found else []
    for one in made.found:
        said = f" – {one.reason}" if one.reason else ""
        earlier = "" if one.counted else f" ({output.say('check_earlier')})"
        lines += [f"- {one.item}  {one.question}{said}{earlier}", f"  {one.mend}"]
    return "\n".join(lines)


def _line(key: str, text: str, output: Output) -> str:
    return output.say(f"check_item_{key}", text=text)
