"""Questions that leave open what they ask about.

Two signs: known questions say the same and more, with different answers; or the documents tell the attribute that is
asked for of several things, and the question names none of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.records.base import Language
from agent.records.evaluation import Item
from knowledge.lexical import content_tokens
from tools.diagnosis.lessons import Lesson, words
from tools.evaluation.normalisation import texts, tokenise
from tools.evaluation.scoring import judge
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
class Attribute:
    """What the documents tell of several things."""

    language: Language
    words: frozenset[str]
    """Content words by which it is asked for, names aside."""
    things: frozenset[frozenset[str]]
    """Words of every thing's name."""
    names: frozenset[str]
    """Those of them that tell one of the things from the others."""
    answers: tuple[str, ...]
    """The different values, in the documents' order."""
    told: tuple[tuple[str, str], ...]
    """(document, value) of every thing."""

    def holds(self, item: Item) -> bool:
        """Whether the item's accepted answer is one of the values."""
        return item.language == self.language and any(
            judge(gold, self.answers, item.question, item.language).right for gold in item.answers
        )

    def told_in(self, item: Item) -> bool:
        """Whether the item's own document tells the accepted answer of one of the things."""
        return any(document == item.document and value in item.answers for document, value in self.told)

    def is_asked_by(self, asked: frozenset[str]) -> bool:
        """Whether enough of a question's words, names aside, ask for it."""
        return len(asked & self.words) >= max(1.0, FIT * len(asked.difference(*self.things)))

    def names_one(self, asked: frozenset[str]) -> bool:
        """Whether words tell one of the things from the others, or are all of its name (`pump`, `pump housing`)."""
        return bool(asked & self.names) or any(thing <= asked for thing in self.things if thing)

    def is_of(self, item: Item) -> bool:
        """Whether the item's document alone tells it."""
        return {document for document, _ in self.told} == {item.document}


@dataclass(frozen=True)
class Rivals:
    """Every known question with its answer, and every attribute that several things have."""

    known: tuple[Known, ...]
    attributes: tuple[Attribute, ...] = ()

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
        facts = tuple(facts)
        told = [
            Known(fact.language, words(wording, fact.language), fact.answer, fact.id)
            for fact in facts
            for wording in (*fact.trained, *fact.sealed)
        ]
        return cls(tuple(dict.fromkeys((*sealed, *taught, *told))), shared_attributes(facts))

    def of(self, item: Item, source: str = "") -> tuple[str, ...]:
        """Return the different answers of known questions with all the words of this one and at least one more.

        Two answers to one fact, or another answer to this item's own, are no rivals: one of them is wrong.

        Args:
            item: The question.
            source: Text of its document; empty if unknown.
        """
        asked = words(item.question, item.language)
        if not asked:
            return ()
        values = self._unnamed(item, asked, source)
        if values is not None:
            return values
        found: dict[tuple[str, ...], str] = {}
        facts: set[str] = set()
        for one in self.known:
            fits = one.language == item.language and asked < one.words and one.about != (item.fact or item.question)
            said = tuple(texts(tokenise(one.answer, item.language)))
            if fits and one.about not in facts and said not in found:
                facts.add(one.about)
                found[said] = one.answer
        return tuple(found.values())

    def _unnamed(self, item: Item, asked: frozenset[str], source: str) -> tuple[str, ...] | None:
        """Return the values of the attribute asked for, if several things have it and the question names none.

        The attribute is known by its words, or, where the question names nothing at all, by the accepted answer. Empty
        where the question names a thing; `None` where it asks for no such attribute.
        """
        if item.form != "free" or item.kind != "knowledge":
            return ()
        has_code = bool(_CODE.search(item.question))
        likely = [one for one in self.attributes if one.holds(item) and (not has_code or one.is_of(item))]
        worded = [one for one in likely if one.is_asked_by(asked)]
        if worded:
            best = max(worded, key=lambda one: len(asked & one.words))
            return () if best.names_one(asked) else best.answers
        if has_code:
            return ()
        known = [one for one in self.attributes if one.language == item.language]
        strange = asked.difference(*(one.words for one in known))
        if strange & frozenset(content_tokens(source, item.language)) or not source:
            return None  # What its own document speaks of may well be what it names.
        if any(one.names_one(asked) for one in known):
            return None
        return next((one.answers for one in likely if one.told_in(item)), None)


FIT: Final = 1 / 3
"""Share of a question's content words, names aside, by which an attribute has to be asked for; the rest is how people
speak."""
_CODE: Final = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{2,}")
"""A name with a number in it: `CP-14` says what is meant, whatever else a question leaves out."""


def shared_attributes(facts: Iterable[Fact]) -> tuple[Attribute, ...]:
    """Return the attributes that facts tell of two things or more, with different values."""
    groups: dict[tuple[Language, frozenset[str]], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.form == "attribute" and fact.attribute:
            groups[fact.language, words(fact.attribute, fact.language)].append(fact)
    found = []
    for (language, attribute), told in groups.items():
        answers = tuple(dict.fromkeys(fact.answer for fact in told))
        named = [words(fact.entity, language) for fact in told]
        if len(answers) < 2 or len(set(named)) < 2:
            continue
        wordings = {word for fact in told for one in (*fact.trained, *fact.sealed) for word in words(one, language)}
        things = frozenset(one - attribute for one in named)
        parts = frozenset[str]().union(*things)
        names = parts - frozenset.intersection(*things)
        values = tuple((fact.document, fact.answer) for fact in told)
        found.append(Attribute(language, (attribute | wordings) - parts, things, names, answers, values))
    return tuple(found)
