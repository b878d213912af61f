"""Other names for the things and qualities that facts are about.

People shorten names and use everyday words: `the Wren` for `the Tarvo Wren pump`, `lead` for `cable`. A variant is used
only where it can mean nothing else in the corpus at hand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from agent.prompts.synonyms import SYNONYMS
from agent.records.base import Language
from tools.extraction.fact import Fact
from tools.extraction.similarity import normal

_ARTICLE: Final = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_NAME: Final = re.compile(r"^(?:[A-Z][\w\-]*|\S*\d\S*)$")
_CLASS: Final = re.compile(r"^[a-z][a-z\-]+$")


@dataclass(frozen=True)
class Variants:
    """What a corpus leaves unambiguous."""

    runs: Counter[str] = field(default_factory=Counter)
    """Word runs of entities, lower case, and how many entities hold them."""
    taken: frozenset[tuple[str, str]] = frozenset()
    """Entity and attribute of every fact, normalised: what a synonym must not collide with."""

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Variants:
        """Learn from all facts of a corpus which short names are unique and which words are in use."""
        found = list(facts)
        entities = {_ARTICLE.sub("", fact.entity).lower() for fact in found if fact.entity}
        runs: Counter[str] = Counter()
        for entity in entities:
            words = entity.split()
            runs.update({" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)})
        return cls(runs, frozenset((normal(fact.entity), normal(fact.attribute)) for fact in found))

    def names(self, entity: str) -> tuple[str, ...]:
        """Return an English entity's full name and the shorter ones that belong to it alone.

        `the Tarvo Wren pump` is also `the Tarvo Wren` and `the Wren pump`, as long as no other entity is.
        """
        words = _ARTICLE.sub("", entity).split()
        named = [word for word in words if _NAME.match(word)]
        kind = words[len(named) :]
        plain = words[: len(named)] == named and kind and all(_CLASS.match(word) for word in kind)
        if not plain or len(kind) > 2 or entity == " ".join(words):
            return (entity,)
        short = [" ".join(named), f"{named[-1]} {' '.join(kind)}" if len(named) > 1 else ""]
        return (entity, *(f"the {name}" for name in short if name and self.runs[name.lower()] == 1))

    def attributes(self, fact: Fact) -> tuple[str, ...]:
        """Return the attribute in other words, without those that name another fact of the same entity."""
        entity = normal(fact.entity)
        return tuple(
            other
            for other in other_words(fact.attribute, fact.language)
            if (entity, normal(other)) not in self.taken and normal(other) != normal(fact.attribute)
        )


def other_words(text: str, language: Language) -> Iterator[str]:
    """Yield a phrase with one of its words replaced by what people say instead; the longest known phrase wins."""
    pattern = _known(language)
    for match in pattern.finditer(text):
        for synonym in SYNONYMS[language][match.group().lower()]:
            yield f"{text[: match.start()]}{synonym}{text[match.end() :]}"


@lru_cache(maxsize=2)
def _known(language: Language) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(SYNONYMS[language], key=len, reverse=True))
    return re.compile(rf"\b(?:{words})\b" if language == "en" else words, re.IGNORECASE)


NO_VARIANTS: Final = Variants()
"""Nothing is known of the corpus, so every name stays whole."""
