"""Tasks on passages of held-out documents: every kind, checkable, and what is checked stands in the task."""

from __future__ import annotations

import json

import pytest

from agent.prompts.instructions import TASKS
from agent.records.base import Language
from tests.tools.extraction.corpus import text_of
from tools.evaluation.constraints import satisfies
from tools.validation.instructions import instruction_items

ENGLISH = [
    f"The filtration unit number {number} stands in the northern hall and is checked by two crews in every week of May."
    for number in range(64)
]
CHINESE = [f"第{number}号隔膜泵安装在北面的车间里，每个季度由两名检修人员检查一次并作记录。" for number in range(64)]


def items_of(language: Language, most: int = 24):
    lines = ENGLISH if language == "en" else CHINESE
    texts = [
        text_of("a", "\n\n".join(lines[:32]), language),
        text_of("b", "\n\n".join(lines[32:]), language),
    ]
    return list(instruction_items(texts, 0, most))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_in_turn_and_the_documents_in_turn(language: Language) -> None:
    items = items_of(language)
    assert len(items) == 24
    assert {item.question_kind for item in items} == set(TASKS[language])
    assert {item.document for item in items} == {"a", "b"}
    assert [(item.form, item.kind) for item in items] == [("constraint", "skill")] * 24
    assert len(items_of(language, most=5)) == 5
    assert items == items_of(language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_checked_stands_in_the_task(language: Language) -> None:
    for item in items_of(language):
        wanted = [*item.constraint.get("words", []), *item.constraint.get("keys", [])]
        assert all(str(word) in item.question for word in wanted)
        assert str(item.constraint.get("n", "")) in item.question
        assert "{" not in item.question


@pytest.mark.parametrize(
    ("language", "good"),
    [
        (
            "en",
            {
                "max_words": "A unit.",
                "bullets": "- a\n- b\n- c\n- d",
                "json": '{"topic": "a", "summary": "b"}',
                "language": "关于设备。",
                "forbidden": "A hall.",
                "one_word": "Pumps",
                "starts_with": "In short, a unit.",
                "uppercase": "A UNIT",
            },
        ),
        (
            "zh",
            {
                "max_words": "水泵。",
                "bullets": "- 一\n- 二\n- 三\n- 四",
                "json": json.dumps({"主题": "泵", "概要": "检查"}, ensure_ascii=False),
                "language": "It is about a pump.",
                "forbidden": "设备。",
                "one_word": "水泵",
                "starts_with": "总之，要检查。",
            },
        ),
    ],
)
def test_the_tasks_can_be_obeyed_and_disobeyed(language: Language, good: dict[str, str]) -> None:
    for item in items_of(language):
        kind = item.question_kind
        answer = str(item.constraint["words"][0]) if kind == "contains" else good[kind]  # type: ignore[index]
        if kind == "bullets":
            answer = "\n".join(answer.split("\n")[: int(item.constraint["n"])])  # type: ignore[call-overload]
        assert satisfies(answer, item.constraint, language), (kind, answer)
        bad = "x" * 9 + " und " * 60 if kind != "forbidden" else str(item.constraint["words"][0])  # type: ignore[index]
        if kind != "language":
            assert not satisfies(bad if language == "en" else bad + "不" * 60, item.constraint, language), kind


def test_passages_with_marks_or_without_a_word_are_left_out() -> None:
    marked = "| a | table row that is long enough to be a passage of its own here, with many words in it |"
    assert list(instruction_items([text_of("a", marked)], 0, 5)) == []
