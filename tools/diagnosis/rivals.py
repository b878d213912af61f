"""Questions that leave open what they ask about: known questions that say the same and more, with different answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.records.base import Language
from agent.records.evaluation import Item
from tools.diagnosis.lessons import Lesson, words
from tools.evaluation.normalisation import texts, tokenise


@dataclass(frozen=True)
class Rivals:
    """Every known question with its answer."""

    known: tuple[tuple[Language, frozenset[str], str], ...]
    """Language, content words of the question, answer."""

    @classmethod
    def among(cls, items: Iterable[Item], lessons: Iterable[Lesson]) -> Rivals:
        """Collect the questions of sealed items and of training pairs."""
        sealed = [(i.language, words(i.question, i.language), i.answers[0]) for i in items if i.answers]
        taught = [(one.language, words(one.question, one.language), one.answer) for one in lessons]
        return cls(tuple(dict.fromkeys((*sealed, *taught))))

    def of(self, item: Item) -> tuple[str, ...]:
        """Return the different answers of known questions with all the words of this one and at least one more."""
        asked = words(item.question, item.language)
        if not asked:
            return ()
        found: dict[tuple[str, ...], str] = {}
        for language, other, answer in self.known:
            if language == item.language and asked < other:
                found.setdefault(tuple(texts(tokenise(answer, language))), answer)
        return tuple(found.values())
