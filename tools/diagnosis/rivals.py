"""Questions that leave open what they ask about: known questions that say the same and more, with different answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.records.base import Language
from agent.records.evaluation import Item
from tools.diagnosis.lessons import Lesson, words
from tools.evaluation.normalisation import texts, tokenise
from tools.extraction.fact import Fact


@dataclass(frozen=True)
class Known:
    """A question with its answer."""

    language: Language
    words: frozenset[str]
    """Content words of the question."""
    answer: str
    about: str
    """Id of the fact that is asked for; the question itself where none is known."""


@dataclass(frozen=True)
class Rivals:
    """Every known question with its answer."""

    known: tuple[Known, ...]

    @classmethod
    def among(cls, items: Iterable[Item], lessons: Iterable[Lesson], facts: Iterable[Fact] = ()) -> Rivals:
        """Collect the questions of sealed items, of training pairs, and every wording of the facts in the documents."""
        sealed = [
            Known(i.language, words(i.question, i.language), i.answers[0], i.fact or i.question)
            for i in items
            if i.answers
        ]
        taught = [
            Known(one.language, words(one.question, one.language), one.answer, one.fact or one.question)
            for one in lessons
        ]
        told = [
            Known(fact.language, words(wording, fact.language), fact.answer, fact.id)
            for fact in facts
            for wording in (*fact.trained, *fact.sealed)
        ]
        return cls(tuple(dict.fromkeys((*sealed, *taught, *told))))

    def of(self, item: Item) -> tuple[str, ...]:
        """Return the different answers of known questions with all the words of this one and at least one more.

        Two answers to one fact, or another answer to this item's own, are no rivals: one of them is wrong.
        """
        asked = words(item.question, item.language)
        if not asked:
            return ()
        found: dict[tuple[str, ...], str] = {}
        facts: set[str] = set()
        for one in self.known:
            fits = one.language == item.language and asked < one.words and one.about != (item.fact or item.question)
            said = tuple(texts(tokenise(one.answer, item.language)))
            if fits and one.about not in facts and said not in found:
                facts.add(one.about)
                found[said] = one.answer
        return tuple(found.values())
