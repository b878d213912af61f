"""What training taught: the domain pairs of the mix, found again by fact or by wording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from agent.records.base import Language
from agent.records.evaluation import Item
from agent.records.pairs import Pair
from knowledge.files import read_records
from knowledge.lexical import content_tokens
from tools.diagnosis.case import Taught
from tools.evaluation.scoring import holds, values_of
from tools.workspace import Project

SAME_THING: Final = 0.2
"""The same from which two questions on one line of a document are about the same thing."""
NEAR: Final = 0.6
"""Share of common content words (Jaccard) from which two questions are worded nearly alike."""


@dataclass(frozen=True)
class Lesson:
    """A training pair with the fact it words."""

    id: str
    question: str
    answer: str
    quote: str
    fact: str
    language: Language
    document: str = ""
    """Id of the document it comes from."""


@dataclass(frozen=True)
class Lessons:
    """The domain pairs a model was trained on."""

    all: tuple[Lesson, ...]

    @cached_property
    def documents(self) -> frozenset[str]:
        """Ids of the documents that pairs come from."""
        return frozenset(lesson.document for lesson in self.all if lesson.document)

    def on(self, item: Item) -> tuple[Taught, ...]:
        """Return the pairs that taught an item.

        Those on its fact, those worded nearly alike that name the same numbers and codes, and those that rest on a
        line of its document which holds the accepted answer and speak of the same thing: an imported question has no
        fact by which pairs could be found.
        """
        found = []
        for lesson in self.all:
            same = bool(item.fact) and lesson.fact == item.fact
            if same or _near(lesson, item) or _rests_on_gold(lesson, item):
                found.append(Taught(lesson.id, lesson.question, lesson.answer, lesson.quote, same))
        return tuple(found)


def read_lessons(project: Project, mix: str | None) -> Lessons:
    """Return what the mix taught; without its file, the accepted training pairs of the project."""
    pairs = {pair.id: pair for pair in read_records(project.pairs, Pair)}
    path = project.mixes / mix / "train.jsonl" if mix else None
    if path is None or not path.exists():
        kept = [pair for pair in pairs.values() if pair.status == "accepted" and pair.split == "train"]
        return Lessons(tuple(_lesson(p.id, p.question, p.answer, p) for p in kept))
    found = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row.get("origin") != "domain":
                continue
            asked = [message["content"] for message in row["messages"] if message["role"] == "user"]
            said = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
            if asked and said:
                found.append(_lesson(row["id"], asked[-1], said[-1], pairs.get(row["id"])))
    return Lessons(tuple(found))


def _lesson(name: str, question: str, answer: str, pair: Pair | None) -> Lesson:
    quote, fact, document = (pair.quote, pair.fact, pair.document) if pair else ("", "", "")
    language: Language = (
        pair.language if pair else "zh" if any("\u4e00" <= char <= "\u9fff" for char in question) else "en"
    )
    return Lesson(name, question, answer, quote, fact, language, document)


def _near(lesson: Lesson, item: Item) -> bool:
    if lesson.language != item.language or values_of(lesson.question) != values_of(item.question):
        return False
    return overlap(words(lesson.question, lesson.language), words(item.question, item.language)) >= NEAR


def _rests_on_gold(lesson: Lesson, item: Item) -> bool:
    if not lesson.document or lesson.document != item.document or lesson.language != item.language:
        return False
    asked, taught = words(item.question, item.language), words(lesson.question, lesson.language)
    return overlap(asked, taught) >= SAME_THING and bool(holds(lesson.quote, item.answers, item.language))


@lru_cache(maxsize=65536)
def words(question: str, language: Language) -> frozenset[str]:
    """Return the content words of a question."""
    return frozenset(content_tokens(question, language))


def overlap(first: Sequence[str] | frozenset[str], second: Sequence[str] | frozenset[str]) -> float:
    """Return the share of common words (Jaccard)."""
    a, b = set(first), set(second)
    return len(a & b) / len(a | b) if a | b else 0.0
