"""Which pairs of answers a judge is shown: those of a finished evaluation, and those that people voted on blind.

found = gather(project, run, request)
[case.question for case in found.cases]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from agent.errors import EmptyError, InputError, NotFoundError
from agent.records.base import Language
from agent.records.evaluation import Arm, Dimension, EvaluationReport, Item, ItemAnswer
from agent.records.judging import JudgeRequest, Preference
from agent.records.vote import Vote
from knowledge.files import read_record, read_records
from tools.diagnosis.weakest import shipped_arm
from tools.erasure import ERASED
from tools.evaluation.dimensions import DOMAIN
from tools.evaluation.items import stratified
from tools.judging.labels import blind_votes
from tools.rounds import Backing
from tools.votes import load_votes
from tools.workspace import Project

PASSAGE: Final = 1200
"""Most characters of a passage shown to the judge; a longer one is cut around the reference."""

Answers = Mapping[tuple[Arm, str], ItemAnswer]


@dataclass(frozen=True)
class Case:
    """One pair of answers to compare."""

    id: str
    kind: Literal["item", "vote"]
    question: str
    a: str
    b: str
    language: Language
    reference: tuple[str, ...] = ()
    answerable: bool = True
    passage: str = ""
    item: Item | None = None
    """The sealed item; `None` for a vote on a free question."""
    sampled: bool = True
    """Whether it counts for the score."""

    @property
    def same(self) -> bool:
        """Whether both arms said the same, so that there is nothing to compare."""
        return self.a.split() == self.b.split()


@dataclass(frozen=True)
class Cases:
    """What a judge is shown, and what is left out of it."""

    cases: tuple[Case, ...]
    people: Mapping[tuple[str, str], Preference]
    """What a person preferred, by kind and id of the case."""
    unanswered: Counter[Dimension]
    """Items that one of the arms failed to answer."""
    left_out: Mapping[Dimension, int]
    """Items beyond the limit."""
    named: int
    """Votes left out because the arms' names were shown."""
    other_models: int
    """Blind votes left out because other weights answered than in the evaluation."""
    gone: int
    """Labels and blind votes that no pair of answers is left of."""


def default_arms(run: Path) -> tuple[Arm, Arm]:
    """Return the arms to compare where nobody named any: the one that would be shipped against `rag`, else `base`.

    Raises:
        EmptyError: The evaluation asked one arm only.
    """
    answers = list(read_records(run / "eval" / "answers.jsonl", ItemAnswer))
    present = {answer.arm for answer in answers}
    shipped = shipped_arm(answers)
    others: tuple[Arm, ...] = ("rag", "base")
    other = next((arm for arm in others if arm in present and arm != shipped), None)
    if other is None:
        raise EmptyError(
            "this evaluation has no two arms to compare",
            where=run.name,
            mend="`domainsmith evaluate --arms base,rag` asks two",
        )
    return other, shipped


def gather(project: Project, run: Path, request: JudgeRequest) -> Cases:
    """Return the pairs of answers to compare.

    Raises:
        EmptyError: The evaluation holds no pair of free answers of the two arms.
        InputError: A label speaks of an item that the evaluation did not ask, or of a third arm.
        NotFoundError: The evaluation has not finished.
    """
    folder = run / "eval"
    if not (folder / "report.json").exists():
        raise NotFoundError("no finished evaluation in this run", where=run.name, mend="`domainsmith evaluate` first")
    items = {item.id: item for item in read_records(folder / "items.jsonl", Item)}
    answers = {(one.arm, one.item): one for one in read_records(folder / "answers.jsonl", ItemAnswer)}
    _check_labels(request, items)
    labelled = {label.item: label for label in request.labels}
    cases: list[Case] = []
    unanswered: Counter[Dimension] = Counter()
    left_out: dict[Dimension, int] = {}
    gone = 0
    chosen = tuple(request.dimensions or DOMAIN)
    # What people labelled is judged wherever it belongs; outside the dimensions asked for it only shows agreement.
    elsewhere = (items[name].dimension for name in labelled if items[name].dimension not in chosen)
    for dimension in (*chosen, *dict.fromkeys(elsewhere)):
        asked = [item for item in items.values() if item.dimension == dimension and _is_asked(item, request, answers)]
        sample = {item.id for item in stratified(asked, request.limit, request.seed)} if dimension in chosen else set()
        if dimension in chosen and len(sample) < len(asked):
            left_out[dimension] = len(asked) - len(sample)
        for item in asked:
            if item.id not in sample and item.id not in labelled:
                continue
            case = _item_case(item, request, answers, sampled=item.id in sample)
            if case is not None:
                cases.append(case)
            elif item.id in sample:
                unanswered[dimension] += 1
    if not cases and not unanswered:
        raise EmptyError(
            "this evaluation holds no free answers of both arms",
            where=f"{run.name}: {request.a}, {request.b}",
            mend="name other arms or dimensions, or evaluate both arms on the same items",
        )
    known = {case.id for case in cases}
    people: dict[tuple[str, str], Preference] = {
        ("item", label.item): _preference(label.preferred, request) for label in request.labels if label.item in known
    }
    gone += sum(label.item not in known for label in labelled.values())
    measured = read_record(folder / "report.json", EvaluationReport)
    behind = Backing(base_model=measured.base_model, tune_run=measured.tune_run)
    blind = blind_votes(load_votes(project), request.a, request.b, behind)
    for vote, preferred in blind.preferences:
        voted = _vote_case(vote, request, items)
        if voted is None:
            gone += 1
        else:
            cases.append(voted)
            people["vote", vote.id] = preferred
    return Cases(tuple(cases), people, unanswered, left_out, blind.named, blind.other_models, gone)


def _check_labels(request: JudgeRequest, items: Mapping[str, Item]) -> None:
    for label in request.labels:
        if label.item not in items:
            raise InputError(
                "a label speaks of an item that was not asked",
                where=label.item,
                mend=f"`item` is an id of eval/items.jsonl of {request.run}",
            )
        _preference(label.preferred, request)


def _preference(preferred: Arm | Literal["tie"], request: JudgeRequest) -> Preference:
    if preferred == "tie":
        return "tie"
    if preferred not in (request.a, request.b):
        raise InputError(
            "a label prefers an arm that is not compared",
            where=preferred,
            mend=f"`preferred` is {request.a}, {request.b} or tie",
        )
    return "a" if preferred == request.a else "b"


def _is_asked(item: Item, request: JudgeRequest, answers: Answers) -> bool:
    """Return whether both arms were asked an item in free words, and its words are still there."""
    pair = [answers.get((arm, item.id)) for arm in (request.a, request.b)]
    return (
        item.form == "free"
        and item.question != ERASED
        and all(answer is not None and answer.text != ERASED for answer in pair)
    )


def _item_case(item: Item, request: JudgeRequest, answers: Answers, *, sampled: bool) -> Case | None:
    """Return the pair of answers to an item; `None` where one of the arms gave none."""
    a, b = (answers[arm, item.id].text.strip() for arm in (request.a, request.b))
    if not a or not b:
        return None
    return Case(
        id=item.id,
        kind="item",
        question=item.question,
        a=a,
        b=b,
        language=item.language,
        reference=item.answers,
        answerable=item.answerable,
        passage=around(item.context, item.answers),
        item=item,
        sampled=sampled,
    )


def _vote_case(vote: Vote, request: JudgeRequest, items: Mapping[str, Item]) -> Case | None:
    """Return the pair of answers that was voted on; `None` where their words are gone.

    What is known of the question is shown with it, so that a vote on an evaluation's own answers is the same case.
    """
    said = {answer.arm: (answer.text or "").strip() for answer in vote.answers}
    item = items.get(vote.item)
    if item is not None and (item.question == ERASED or item.question != vote.question):
        item = None
    if not said[request.a] or not said[request.b]:
        return None
    return Case(
        id=vote.id,
        kind="vote",
        question=vote.question,
        a=said[request.a],
        b=said[request.b],
        language=vote.language,
        reference=item.answers if item else (),
        answerable=item.answerable if item else True,
        passage=around(item.context, item.answers) if item else "",
        item=item,
        sampled=False,
    )


def around(passage: str, answers: Sequence[str]) -> str:
    """Return a passage, a long one cut around the first accepted answer that stands in it."""
    if len(passage) <= PASSAGE:
        return passage
    places = [place for answer in answers if (place := passage.find(answer)) >= 0]
    start = max(0, min(places[0] - PASSAGE // 2 if places else 0, len(passage) - PASSAGE))
    return passage[start : start + PASSAGE]
