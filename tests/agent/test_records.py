from __future__ import annotations

import importlib
import json
import pkgutil
from typing import Any

import pytest
from pydantic import ValidationError

import agent.records
from agent.records.base import Record
from agent.records.corpus import Chunk, DocumentText, PageSpan
from agent.records.pairs import Message, Pair
from agent.records.profile import DocumentsProfile, Profile


def records() -> list[type[Record]]:
    for module in pkgutil.iter_modules(agent.records.__path__, "agent.records."):
        importlib.import_module(module.name)
    return sorted(Record.__subclasses__(), key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", [kind for kind in records() if kind.__module__.startswith("agent.")])
def test_every_record_is_frozen_closed_and_described(kind: type[Record]) -> None:
    assert kind.model_config["frozen"]
    assert kind.model_config["extra"] == "forbid"
    assert kind.__doc__


def text(*spans: tuple[int, int, int]) -> DocumentText:
    pages = tuple(PageSpan(page=page, start=start, end=end) for page, start, end in spans)
    return DocumentText(document="d", name="d.pdf", sha256="0", language="en", title="T", text="x" * 20, pages=pages)


@pytest.mark.parametrize(("offset", "page"), [(0, 1), (9, 1), (10, 2), (19, 2), (25, 2)])
def test_the_page_that_holds_an_offset(offset: int, page: int) -> None:
    assert text((1, 0, 10), (2, 10, 20)).page_at(offset) == page


def test_a_format_without_pages_has_none() -> None:
    assert text().page_at(3) is None


def chunk(title: str, *headings: str) -> Chunk:
    return Chunk(
        id="d:0-4",
        document="d",
        name="d.md",
        title=title,
        headings=headings,
        page=None,
        start=0,
        end=4,
        text="文本 x",
        language="zh",
    )


@pytest.mark.parametrize(
    ("one", "seen"),
    [
        (chunk("Pump", "Pump", "Warranty"), "Pump > Warranty\n文本 x"),
        (chunk("", "Warranty"), "Warranty\n文本 x"),
        (chunk(""), "文本 x"),
    ],
)
def test_the_index_sees_title_and_headings_once(one: Chunk, seen: str) -> None:
    assert one.embedded_text() == seen


def pair(*turns: tuple[str, str]) -> Pair:
    messages = tuple(Message.model_validate({"role": role, "content": content}) for role, content in turns)
    return Pair(
        id="p",
        messages=messages,
        document="d",
        page=None,
        start=0,
        end=1,
        quote="x",
        kind="factual",
        language="en",
        split="train",
        checks={},
        status="accepted",
        reason="",
    )


@pytest.mark.parametrize(
    ("one", "question", "answer"),
    [
        (pair(("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")), "q2", "a2"),
        (pair(("system", "s")), "", ""),
    ],
)
def test_question_and_answer_are_the_last_turns(one: Pair, question: str, answer: str) -> None:
    assert (one.question, one.answer) == (question, answer)


def test_a_line_is_readable_json_in_field_order() -> None:
    line = Message(role="user", content="质保多久？").line()
    assert line == '{"role":"user","content":"质保多久？"}'
    assert Message.model_validate_json(line).line() == line
    assert json.loads(line)["content"] == "质保多久？"


@pytest.mark.parametrize(
    "wrong", [{"labeled_pairs": 3}, {"labelled_pairs": -1}, {"task_kind": "poetry"}, {"measured": {"rag": 1.2}}]
)
def test_a_profile_refuses_what_it_does_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate(wrong)


def test_a_profile_is_told_by_what_is_known_of_it() -> None:
    known = Profile(needs_citations=True, documents=DocumentsProfile(count=3))
    assert known.sha256() == Profile(documents=DocumentsProfile(count=3), needs_citations=True).sha256()
    assert known.sha256() == Profile(**known.model_dump()).sha256()
    others = (Profile(), Profile(needs_citations=False), Profile(needs_citations=True), known)
    assert len({one.sha256() for one in others}) == len(others)
