"""Whatever work says of itself while it runs has Chinese words: collected from the source, so that none is forgotten.

A name, a unit or a sentence that is made at run time (a file's name, a check's own words) is not to be seen there.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from agent.records.base import Language
from agent.records.job import JobKind
from ui.i18n import phrases
from ui.progress import TerminalReporter
from ui.progress_words import step, unit, work

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "knowledge", "tools", "graph", "ui")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2}")


def calls() -> Iterator[ast.Call]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield from (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def written(node: ast.expr | None) -> str:
    """Return a string of the source, a figure or a name in each of its gaps; nothing for what is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
            return said if WORDS.search(said) else ""
        case _:
            return ""


def given(call: ast.Call, place: int, name: str) -> str:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return written(named if named is not None else call.args[place] if len(call.args) > place else None)


def collected() -> tuple[set[str], set[str], set[str]]:
    """Return names of work, units and sentences."""
    names, units, said = set(get_args(JobKind)), set(), set()
    for call in calls():
        match called(call):
            case "TerminalReporter":
                names.add(given(call, 0, "step"))
            case "progress":
                units.add(given(call, 2, "unit"))
                said.add(given(call, 3, "message"))
            case "note":
                # Two ways of writing a note take a language beside; what they write is in the reader's already.
                said.add(given(call, 0, "message") if len(call.args) == 1 else "")
            case "ask_all":
                units.add(given(call, 9, "unit"))
                said.add(given(call, 9, "told"))
    return names - {""}, units - {""}, said - {""}


NAMES, UNITS, SAID = collected()


def test_the_source_was_read() -> None:
    assert {"sweep", "personal", "duplicates", "retrieve", "tune"} <= NAMES
    assert {"steps", "questions", "pilots", "verdicts"} <= UNITS
    assert {"embedding", "writing 7 examples", "the model answers its own questions"} <= SAID


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_work_has_a_chinese_name(name: str) -> None:
    assert CHINESE.search(work(name, "zh")), f"frame_kind_{name} or progress_work_{name} is missing"
    assert work(name, "en") == name


@pytest.mark.parametrize("name", sorted(UNITS))
def test_every_unit_has_a_chinese_name(name: str) -> None:
    assert CHINESE.search(unit(name, "zh")), f"progress_unit_{name} is missing"
    assert f"progress_unit_{name}" in phrases("en")


@pytest.mark.parametrize("said", sorted(SAID))
def test_every_step_is_told_in_chinese(said: str) -> None:
    told = step(said, "zh")
    assert CHINESE.search(told) or told != said, f"ui/progress_words.py does not know “{said}”"
    assert step(said, "en") == said


def test_a_terminal_shows_the_work_the_unit_and_the_step_in_the_readers_language() -> None:
    shown = {}
    for lang in get_args(Language):
        stream = io.StringIO()
        with TerminalReporter("retrieve", stream, lang) as reporter:
            reporter.progress(5, 5, "questions", "retrieving")
            reporter.note("going on after epoch 2")
        shown[lang] = stream.getvalue()
    assert shown["en"] == "retrieve: 5/5 questions (100%)  retrieving\nretrieve: going on after epoch 2\n"
    assert shown["zh"] == "检索: 5/5 个问题 (100%)  检索\n检索: 从第 2 轮之后继续\n"
