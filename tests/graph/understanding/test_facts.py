"""What a message tells about a task: tables in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from agent.records.profile import Profile
from graph.understanding.facts import read_facts, says_unknown
from tools.profiles import changed_fields, with_facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (
            "We have 2,000 PDF manuals and want a service assistant.",
            {"documents": {"count": 2000}, "task_kind": "facts"},
        ),
        ("The prices change every Monday", {"knowledge_change": "weekly"}),
        ("rules are amended once a year", {"knowledge_change": "yearly"}),
        ("our handbook never changes", {"knowledge_change": "never"}),
        ("Stock levels are updated several times a day", {"knowledge_change": "daily"}),
        ("We are air-gapped and answers must cite their source", {"privacy": "air_gapped", "needs_citations": True}),
        ("no sources needed", {"needs_citations": False}),
        ("nothing may leave the building, no cloud", {"privacy": "on_premises"}),
        ("classify support tickets", {"task_kind": "classification"}),
        ("Everybody may read all of it", {"per_document_access_control": False}),
        ("300 good examples", {"labelled_pairs": 300}),
        ("we have no labelled examples yet", {"labelled_pairs": 0}),
        ("a 7B model, at least 90% accuracy", {"base_model_params_b": 7.0, "target": 0.9}),
        ("answers within 2 seconds", {"latency_target_ms": 2000}),
        ("我们有两千多份设备手册", {"documents": {"count": 2000}}),
        ("费率每周一变", {"knowledge_change": "weekly"}),
        ("规程一年一修订", {"knowledge_change": "yearly"}),
        ("内网部署，答案必须给出处", {"privacy": "on_premises", "needs_citations": True}),
        ("不用给出处", {"needs_citations": False}),
        ("涉密单位，断网", {"privacy": "air_gapped"}),
        ("工单要自动分类", {"task_kind": "classification"}),
        ("准确率至少90%", {"target": 0.9}),
        ("每一百题最多错八题", {"target": 0.92}),
        ("手头有五百条标注好的问答", {"labelled_pairs": 500}),
        ("微调7B的模型", {"base_model_params_b": 7.0}),
        ("一块 Ascend 910B，微调7B的模型", {"base_model_params_b": 7.0}),
    ],
)
def test_facts_are_read_from_what_is_said(text: str, facts: dict[str, Any]) -> None:
    assert facts.items() <= read_facts(text).items()


@pytest.mark.parametrize(
    "text", ["hello there", "how is the weather", "你好", "开始吧", "What is the torque of M8 bolts?"]
)
def test_nothing_is_read_where_nothing_is_told(text: str) -> None:
    assert read_facts(text) == {}


@pytest.mark.parametrize(
    ("text", "asked", "value"),
    [
        ("yes", "needs_citations", True),
        ("no", "needs_citations", False),
        ("不用", "needs_citations", False),
        ("是的", "needs_citations", True),
        ("monthly", "knowledge_change", "monthly"),
        ("rarely, but the prices change every Monday", "knowledge_change", "weekly"),
        ("每月", "knowledge_change", "monthly"),
        ("70%", "target", 0.7),
        ("none", "labelled_pairs", 0),
        ("没有", "labelled_pairs", 0),
        ("about 50", "labelled_pairs", 50),
        ("about five hundred", "documents", {"count": 500}),
        ("air-gapped", "privacy", "air_gapped"),
        ("可以上云", "privacy", "open"),
        ("several of these", "task_kind", "mixed"),
        ("know facts", "task_kind", "facts"),
        ("掌握事实", "task_kind", "facts"),
    ],
)
def test_a_bare_answer_answers_the_question(text: str, asked: str, value: object) -> None:
    assert read_facts(text, asked)[asked] == value


def test_a_correction_answers_nothing_else() -> None:
    assert read_facts("no, monthly", "needs_citations", {"knowledge_change"}) == {"knowledge_change": "monthly"}
    assert read_facts("不对，是每月", "needs_citations", {"knowledge_change"}) == {"knowledge_change": "monthly"}


@pytest.mark.parametrize("text", ["I don't know", "not sure", "skip", "不清楚", "以后再说"])
def test_not_knowing_is_no_value(text: str) -> None:
    assert says_unknown(text)
    assert read_facts(text, "target") == {}


def test_facts_are_added_and_corrected() -> None:
    first = with_facts(Profile(), {"documents": {"count": 2000}, "knowledge_change": "weekly"})
    second = with_facts(first, {"documents": {"characters": 9}, "knowledge_change": "monthly"})
    assert second.documents is not None
    assert (second.documents.count, second.documents.characters) == (2000, 9)
    assert changed_fields(first, second) == ("knowledge_change", "documents")
    assert with_facts(second, {}, ["documents"]).documents is None
