"""The set-up interview: what answers a question, what is a request of its own, what is corrected, what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from graph.assistant import Assistant
from tests.fakes import TableReader
from tests.graph.worlds import World, write_manuals


@pytest.fixture
def assistant(empty: World) -> Assistant:
    empty.reader = TableReader(
        {
            "want": "setup",
            "想": "setup",
            "memory": "plan",
            "train": "tune",
            "微调": "tune",
            "guide": "guide",
            "read": "ingest",
        }
    )
    return empty.assistant()


def known(assistant: Assistant, *names: str) -> dict[str, Any]:
    profile = assistant.profile("t").model_dump(mode="json", exclude_none=True)
    return {name: profile.get(name) for name in names} if names else profile


def until_asked(assistant: Assistant, field: str, lang: str = "en") -> None:
    """Answer everything that comes before a question."""
    answers = {
        "en": {
            "knowledge": "monthly",
            "source": "yes",
            "leave": "on premises",
            "devices": "one A800",
            "kind": "know facts",
        },
        "zh": {
            "更新": "每月",
            "出处": "是",
            "外传": "内网",
            "设备": "一张 A800",
            "哪类": "掌握事实",
            "任务": "掌握事实",
        },
    }[lang]
    turn = assistant.send("t", {"en": "We want an assistant that knows facts", "zh": "想做一个掌握事实的助手"}[lang])
    for _ in range(10):
        if field in (turn.question or ""):
            return
        reply = next((said for word, said in answers.items() if word in (turn.question or "")), None)
        assert reply is not None, turn.question
        turn = assistant.send("t", reply)
    raise AssertionError("it was never asked")


DOCUMENTS = "Where are the documents"


def test_one_question_at_a_time_until_there_is_a_plan(assistant: Assistant) -> None:
    turn = assistant.send("t", "We want an assistant that knows facts from 2,000 manuals", "en")
    asked = []
    while turn.question and not turn.question.startswith("Where are the documents?"):
        assert turn.reply.count("?") == 1
        assert turn.question not in asked
        asked.append(turn.question)
        turn = assistant.send("t", "I don't know")
        assert len(asked) < 12
    assert "The plan" in turn.reply
    assert "Steps:" in turn.reply


def test_several_facts_of_one_message_are_all_taken(assistant: Assistant) -> None:
    turn = assistant.send("t", "We want an assistant: 2,000 manuals, prices change weekly, it must cite sources", "en")
    assert known(assistant, "documents", "knowledge_change", "needs_citations") == {
        "documents": {"count": 2000},
        "knowledge_change": "weekly",
        "needs_citations": True,
    }
    assert turn.steps[0].tool == "note_facts"


@pytest.mark.parametrize(("correction", "lang"), [("no, monthly", "en"), ("不对，是每月", "zh")])
def test_a_correction_changes_what_was_said_and_answers_nothing_else(
    assistant: Assistant, correction: str, lang: str
) -> None:
    first = {
        "en": "We want an assistant that knows facts, they change weekly",
        "zh": "想做一个掌握事实的助手，每周更新",
    }[lang]
    asked = assistant.send("t", first)
    before = known(assistant)
    turn = assistant.send("t", correction)
    assert known(assistant) == before | {"knowledge_change": "monthly"}
    assert turn.question == asked.question, "the question stays"


@pytest.mark.parametrize(
    ("text", "count"),
    [("2000", 2000), ("about two thousand", 2000), ("roughly 300 files", 300), ("two thousand PDF manuals", 2000)],
)
def test_a_number_answers_how_many(assistant: Assistant, text: str, count: int) -> None:
    until_asked(assistant, DOCUMENTS)
    assistant.send("t", text)
    assert known(assistant, "documents") == {"documents": {"count": count}}


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("how much memory would full fine-tuning of 14B need on one A800?", "plan"),
        ("Just train 14B with full fine-tuning on our one A800.", "tune"),
        ("what does the guide say about 30% domain data?", "guide"),
    ],
)
def test_a_request_of_its_own_is_no_answer(assistant: Assistant, text: str, action: str) -> None:
    until_asked(assistant, DOCUMENTS)
    before = known(assistant)
    assert assistant.send("t", text).action == action
    assert known(assistant, "documents") == {"documents": before.get("documents")}


def test_a_device_corrected_is_no_number_of_documents(assistant: Assistant) -> None:
    until_asked(assistant, "文档在哪里", "zh")
    assistant.send("t", "不对，是两张A800")
    assert known(assistant, "documents", "hardware") == {
        "documents": None,
        "hardware": [{"device": "NVIDIA A800 PCIe", "count": 2}],
    }


def test_a_folder_with_digits_is_no_number_of_documents(assistant: Assistant, empty: World) -> None:
    folder = write_manuals(empty.home.parent / "archive-2019-05")
    until_asked(assistant, DOCUMENTS)
    turn = assistant.send("t", f"They are in {folder}")
    assert turn.action == "ingest"
    assert turn.job is not None
    assert known(assistant, "documents") == {"documents": None}
    assert turn.project is not None


@pytest.mark.parametrize("text", ["train now", "what does the guide say of ranks?"])
def test_a_request_is_no_description_of_the_task(assistant: Assistant, text: str) -> None:
    turn = assistant.send("t", "we want something", "en")
    assert turn.question is not None
    assistant.send("t", text)
    assert known(assistant, "goal") == {"goal": None}


def test_the_language_of_a_message_is_not_that_of_its_paths(assistant: Assistant) -> None:
    turn = assistant.send("t", "文档在 /no/such/very/long/english/folder/name")
    assert turn.question == "这句话有几种理解，您指的是哪一种？"


def test_it_can_be_left_and_taken_up_on_another_day(assistant: Assistant, empty: World) -> None:
    asked = assistant.send("t", "We want an assistant that knows facts, prices change weekly", "en")
    other = empty.assistant()
    assert other.profile("t").knowledge_change == "weekly"
    assert asked.question is not None
    assert asked.question.startswith(DOCUMENTS)
    turn = other.send("t", "2000")
    assert "Noted: documents: 2,000" in turn.reply
    assert turn.question != asked.question


def test_what_is_known_becomes_the_project_s(assistant: Assistant, empty: World) -> None:
    folder = write_manuals(empty.home.parent / "documents")
    until_asked(assistant, DOCUMENTS)
    told = known(assistant)
    turn = assistant.send("t", f"read {folder}")
    assert turn.project is not None
    project = empty.workspace.open(turn.project)
    assert project.decision.exists(), "the road is the plan's"
    assert known(assistant) == told
