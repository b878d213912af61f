"""One part of an evaluation, looked at closely: the items of a topic or dimension, how many are right, why not.

narrow(project, run, diagnosis, topic="prices").right       # of .items
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from pydantic import Field

from agent.policy.fixes import fixes_for
from agent.prompts.synonyms import SYNONYMS
from agent.records.base import Language, Record
from agent.records.diagnosis import Cause, CauseCount, Diagnosis, Fix
from agent.records.evaluation import Arm, Dimension, Item, ItemAnswer
from knowledge.files import read_records
from tools.diagnosis.case import passed
from tools.diagnosis.run import count_causes
from tools.diagnosis.weakest import SHIPPED_FIRST, shipped_arm, weakest_dimensions
from tools.evaluation.statistics import wilson
from tools.workspace import Project

EXAMPLES: Final = 3
"""Failures shown word for word; the rest are listed where there is room."""


class FailedExample(Record):
    """One failure, for a person to look at."""

    item: str
    question: str
    expected: str
    answered: str
    cause: Cause


class Narrowed(Record):
    """What one part of an evaluation shows."""

    run: str
    arm: Arm
    topic: str | None
    dimension: Dimension | None
    items: int
    """Items of this part that the arm answered and that were scored."""
    right: int
    share: float
    low: float
    high: float
    """95% Wilson interval of the share."""
    ids: tuple[str, ...]
    """All items of this part, for measuring them again."""
    causes: tuple[CauseCount, ...]
    """Of the wrong ones, most frequent first."""
    fixes: tuple[Fix, ...]
    examples: tuple[FailedExample, ...]
    weakest: tuple[tuple[Dimension, int, int], ...] = Field(default_factory=tuple)
    """Dimensions of the whole run by share of right answers, worst first: name, right, items."""


def narrow(
    project: Project,
    run: Path,
    diagnosis: Diagnosis,
    *,
    topic: str | None = None,
    dimension: Dimension | None = None,
    arm: Arm | None = None,
    lang: Language = "en",
) -> Narrowed:
    """Return the part of an evaluation that speaks of a topic or belongs to a dimension.

    Args:
        project: The project.
        run: Run folder of the evaluation.
        diagnosis: Its diagnosis.
        topic: Words that the items must speak of; everyday synonyms count.
        dimension: Dimension the items must belong to.
        arm: The arm; `None` takes the one that was diagnosed.
        lang: Language of the fixes.
    """
    items = {item.id: item for item in read_records(run / "eval" / "items.jsonl", Item)}
    answers = list(read_records(run / "eval" / "answers.jsonl", ItemAnswer))
    chosen: Arm = arm or _diagnosed_arm(diagnosis, answers)
    mine = {a.item: a for a in answers if a.arm == chosen and passed(a) is not None and a.item in items}
    part = [
        item
        for item in items.values()
        if item.id in mine
        and (dimension is None or item.dimension == dimension)
        and (topic is None or speaks_of(item, topic))
    ]
    right = sum(passed(mine[item.id]) is True for item in part)
    ids = {item.id for item in part}
    failed = [one for one in diagnosis.items if one.id in ids and one.arm == chosen]
    causes = count_causes(failed)
    fixes, _ = fixes_for(causes, failed, project.info.name, preambles=diagnosis.preambles, lang=lang)
    low, high = wilson(right, len(part))
    return Narrowed(
        run=run.name,
        arm=chosen,
        topic=topic,
        dimension=dimension,
        items=len(part),
        right=right,
        share=right / len(part) if part else 0.0,
        low=low,
        high=high,
        ids=tuple(item.id for item in part),
        causes=causes,
        fixes=fixes,
        examples=tuple(
            FailedExample(
                item=one.id,
                question=items[one.id].question,
                expected=" / ".join(items[one.id].answers[:2]),
                answered=mine[one.id].text,
                cause=one.cause,
            )
            for one in failed[:EXAMPLES]
        ),
        weakest=weakest_dimensions(run),
    )


def speaks_of(item: Item, topic: str) -> bool:
    """Return whether an item's question, answers or passage name the topic or an everyday synonym of it."""
    text = " ".join((item.question, *item.answers, item.question_kind)).casefold()
    return any(_names(text, word) for word in _synonyms(topic.casefold().strip(), item.language))


def _names(text: str, word: str) -> bool:
    if re.search(r"[\u4e00-\u9fff]", word):
        return word in text
    stem = re.escape(re.sub(r"(?:ies|es|s|y|e)$", "", word) if len(word) > 4 else word)
    return re.search(rf"\b{stem}", text) is not None


def _synonyms(topic: str, language: Language) -> Collection[str]:
    known = {topic}
    single = topic.removesuffix("s")
    for word, others in SYNONYMS[language].items():
        group = {word, *others}
        if topic in group or single in group:
            known |= group
    return known


def _diagnosed_arm(diagnosis: Diagnosis, answers: Sequence[ItemAnswer]) -> Arm:
    named = {one.arm for one in diagnosis.items}
    return next((arm for arm in SHIPPED_FIRST if arm in named), shipped_arm(list(answers)))
