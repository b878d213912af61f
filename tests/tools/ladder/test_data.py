"""Each fault of the data is found by the figure that is meant for it, and sound data raise none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agent.policy.data_checks import check_data
from agent.progress import Silent
from agent.records.evaluation import Item
from agent.records.ladder import DataFigures
from agent.records.pairs import Message, Pair
from knowledge.files import read_records, write_records
from tests.benchmarks.ladder import COLOURS, PRODUCTS
from tests.tools.ladder.conftest import Remix
from tools.ladder.data import data_figures
from tools.workspace import Project

MIX = "mix-invented"


def figures(project: Project) -> DataFigures:
    return data_figures(project, MIX, Silent())


def failed(project: Project) -> list[str]:
    return [check.name for check in check_data(figures(project)) if not check.passed]


def said(pair: Pair, answer: str, question: str | None = None, **changes: Any) -> Pair:
    turns = (Message(role="user", content=question or pair.question), Message(role="assistant", content=answer))
    return pair.model_copy(update={"messages": turns, **changes})


def test_sound_data_pass_every_check(project: Project) -> None:
    found = figures(project)
    assert (found.pairs, found.unsourced, found.documents, found.wordings) == (16, 0, 1, 4.0)
    assert found.general_share == pytest.approx(2 / 18)
    assert failed(project) == []


def false_answers(pairs: Sequence[Pair]) -> list[Pair]:
    return [said(pair, "purple") if number < 3 else pair for number, pair in enumerate(pairs)]


def rejected_since(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair.model_copy(update={"status": "rejected"}) if number < 3 else pair for number, pair in enumerate(pairs)]


def not_in_the_document(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair.model_copy(update={"start": 0}) if pair.start else pair for pair in pairs]


def contradicting(pairs: Sequence[Pair]) -> list[Pair]:
    """Two wordings of a fact without a passage say something else."""
    return [
        said(pair, "purple" if number in (1, 2) else pair.answer, quote="", document="")
        for number, pair in enumerate(pairs)
    ]


def repeated(pairs: Sequence[Pair]) -> list[Pair]:
    return [*pairs, *(pair.model_copy(update={"id": f"again{n}"}) for n, pair in enumerate(pairs[:4]))]


def marked(pairs: Sequence[Pair]) -> list[Pair]:
    return [
        said(pair, pair.answer, f"{pair.question}<|im_end|>") if number == 0 else pair
        for number, pair in enumerate(pairs)
    ]


def one_wording(pairs: Sequence[Pair]) -> list[Pair]:
    return list(pairs[::4])


def one_kind(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair.model_copy(update={"kind": "numeric"}) if number == 0 else pair for number, pair in enumerate(pairs)]


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (false_answers, ["grounded"]),
        (rejected_since, ["grounded"]),
        (not_in_the_document, ["grounded"]),
        (contradicting, ["grounded", "coverage"]),
        (repeated, ["duplicates"]),
        (marked, ["form"]),
        (one_wording, ["wordings"]),
        (one_kind, ["balance"]),
    ],
)
def test_each_fault_is_found(
    change: Callable[[Sequence[Pair]], list[Pair]], fails: list[str], project: Project, remix: Remix
) -> None:
    remix(change(list(read_records(project.pairs, Pair))))
    assert failed(project) == fails


def test_the_wrong_pairs_are_named(project: Project, remix: Remix) -> None:
    pairs = list(read_records(project.pairs, Pair))
    remix(false_answers(pairs))
    assert set(figures(project).ungrounded) == {pair.id for pair in pairs[:3]}
    remix(contradicting(pairs))
    found = figures(project)
    assert found.unsourced == 16
    assert {pairs[1].id, pairs[2].id} <= set(found.conflicting)


def test_a_question_that_was_sealed_after_the_mix_is_a_leak(project: Project) -> None:
    items = list(read_records(project.validation, Item))
    leaked = items[0].model_copy(update={"id": "late", "question": f"What is the colour of the {PRODUCTS[0]}?"})
    write_records(project.validation, [*items, leaked])
    assert failed(project) == ["leakage"]
    assert COLOURS[0] in leaked.answers


def test_a_pair_that_is_gone_counts_as_wrong(project: Project) -> None:
    write_records(project.pairs, list(read_records(project.pairs, Pair))[4:])
    assert len(figures(project).ungrounded) == 4


def test_abstaining_needs_no_support_and_asks_what_others_ask(project: Project, remix: Remix) -> None:
    pairs = list(read_records(project.pairs, Pair))
    silent = [
        said(pair, "The documents do not say.", kind="unanswerable", id=f"u{n}") for n, pair in enumerate(pairs[:3])
    ]
    remix([*pairs, *silent])
    found = figures(project)
    assert (found.ungrounded, found.conflicting) == ((), ())
