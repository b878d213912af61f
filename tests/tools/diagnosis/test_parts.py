"""One part of an evaluation, and the same items before and after: from hand-made answers, so every count is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.errors import EmptyError
from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import Arm, Dimension, Item, ItemAnswer
from knowledge.files import write_records
from tools.diagnosis.change import paired_change
from tools.diagnosis.narrowing import narrow, speaks_of
from tools.diagnosis.weakest import arm_for, weakest_dimensions
from tools.workspace import Project, Workspace

EMPTY = Diagnosis(run="", failed=0, items=(), causes=(), fixes=(), retrain=False)


def item(number: int, question: str, dimension: Dimension = "domain_knowledge") -> Item:
    return Item(
        id=f"v{number}", kind="knowledge", dimension=dimension, language="en", question=question, answers=("12 bar",),
        document=f"d{number % 6}",
    )  # fmt: skip


def run_with(folder: Path, items: list[Item], scores: Mapping[Arm, list[float | None]]) -> Path:
    """Write a run whose arms scored these items so; `None` is an error."""
    (folder / "eval").mkdir(parents=True)
    write_records(folder / "eval" / "items.jsonl", items)
    answers = [
        ItemAnswer(item=one.id, arm=arm, text="12 bar", score=score, error="" if score is not None else "lost")
        for arm, row in scores.items()
        for one, score in zip(items, row, strict=True)
    ]
    write_records(folder / "eval" / "answers.jsonl", answers)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Workspace(tmp_path).create("Pumps")


ITEMS = [item(n, f"What is the price of part {n}?") for n in range(8)] + [
    item(n, f"How long is the warranty of pump {n}?", "domain_knowledge_held_out") for n in range(8, 12)
]


def test_a_topic_is_counted_with_its_interval(project: Project) -> None:
    scores: dict[Arm, list[float | None]] = {"rag": [1, 1, 0, 0, 0, 0, None, 0, 1, 1, 1, 1]}
    run = run_with(project.runs / "20260101T000000Z-evaluate", ITEMS, scores)
    found = narrow(project, run, EMPTY, topic="prices")
    assert (found.items, found.right) == (7, 2)  # the unscored one is no failure
    assert found.share == pytest.approx(2 / 7)
    assert found.low < found.share < found.high
    assert narrow(project, run, EMPTY, dimension="domain_knowledge_held_out").right == 4
    nothing = narrow(project, run, EMPTY, topic="helicopters")
    assert (nothing.items, nothing.share) == (0, 0.0)
    assert nothing.weakest[0][0] == "domain_knowledge"


@pytest.mark.parametrize(
    ("question", "topic", "speaks"),
    [
        ("What is the price of the kit?", "prices", True),
        ("What does the kit cost?", "price", True),
        ("How long is the guarantee?", "warranty", True),
        ("How long is the warranty?", "prices", False),
        ("What is the surprise?", "price", False),
    ],
)
def test_a_topic_counts_everyday_synonyms(question: str, topic: str, *, speaks: bool) -> None:
    assert speaks_of(item(1, question), topic) is speaks


def test_a_chinese_topic_is_found_inside_words() -> None:
    asked = item(1, "x").model_copy(update={"question": "密封件的价格是多少？", "language": "zh"})
    assert speaks_of(asked, "价格")
    assert not speaks_of(asked, "保修")


def test_the_weakest_dimension_comes_first_and_errors_are_apart(project: Project) -> None:
    scores: dict[Arm, list[float | None]] = {
        "base": [0] * 12,
        "rag": [1, 1, 1, 1, 1, 1, None, 1, 0, 0, 1, 1],
    }
    run = run_with(project.runs / "20260101T000000Z-evaluate", ITEMS, scores)
    assert weakest_dimensions(run) == (("domain_knowledge_held_out", 2, 4), ("domain_knowledge", 7, 7))
    assert weakest_dimensions(run, "base")[0][1:] == (0, 8)
    assert arm_for(run, "domain_knowledge") == "rag"
    assert arm_for(run, "syntax") is None


def test_a_change_is_paired_on_the_same_items(project: Project) -> None:
    before = run_with(project.runs / "20260101T000000Z-evaluate", ITEMS, {"rag": [0] * 8 + [1] * 4})
    after = run_with(project.runs / "20260102T000000Z-evaluate", ITEMS, {"rag": [1] * 7 + [0] + [1, 1, 1, 0]})
    change = paired_change(before, after, "rag")
    assert (change.n, change.right_before, change.right_after) == (12, 4, 10)
    assert change.difference == pytest.approx(0.5)
    assert change.low <= change.difference <= change.high
    assert (len(change.gained), change.lost) == (7, ("v11",))
    only = paired_change(before, after, "rag", {"v8", "v9", "v10", "v11"})
    assert (only.n, only.right_before, only.right_after) == (4, 4, 3)
    with pytest.raises(EmptyError):
        paired_change(before, after, "tuned")


def test_no_change_says_so_by_its_interval(project: Project) -> None:
    before = run_with(project.runs / "20260101T000000Z-evaluate", ITEMS, {"rag": [0, 1] * 6})
    after = run_with(project.runs / "20260102T000000Z-evaluate", ITEMS, {"rag": [1, 0] + [0, 1] * 5})
    change = paired_change(before, after, "rag")
    assert change.difference == 0
    assert change.low < 0 < change.high
