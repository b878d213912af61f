"""Sentences that were recorded in one language, told in the other.

Work records its reasons and warnings as sentences. Every such sentence comes from a table that holds it in both
languages, so a recorded one is recognised by its table and filled anew. What is in no table stays as it is.

    Recorded(tables, value).told("cancelled after 2 of 5 parts", "zh")  # 已取消，完成 5 项中的 2 项
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from string import Formatter
from typing import Final

from agent.records.base import Language

Sentence = Mapping[Language, str]
OTHER: Final[dict[Language, Language]] = {"en": "zh", "zh": "en"}


class Recorded:
    """Recognises the sentences of some tables.

    Args:
        sentences: Yields the sentences, each in both languages; asked once, when the first text is told.
        value: Returns what stood in a gap, told in a language; takes the gap's name, the words and the language.
        inner: Gaps that hold another sentence. Sentences with such a gap are tried first: what they hold would else be
            recognised alone, with their own words in one of its gaps.
    """

    def __init__(
        self,
        sentences: Callable[[], Iterable[Sentence]],
        value: Callable[[str, str, Language], str],
        inner: Collection[str] = (),
    ) -> None:
        self._sentences = sentences
        self._value = value
        self._inner = inner
        self._known: dict[Language, tuple[tuple[re.Pattern[str], Sentence], ...]] = {}

    def told(self, text: str, lang: Language) -> str:
        """Return a recorded sentence in a language; as it was recorded if it is in no table."""
        for known, sentence in self._patterns(OTHER[lang]):
            found = known.fullmatch(text)
            if found is not None:
                values = {name: self._value(name, value, lang) for name, value in found.groupdict().items()}
                return filled(sentence[lang], values)
        return text

    def _patterns(self, lang: Language) -> tuple[tuple[re.Pattern[str], Sentence], ...]:
        """Return every sentence with its pattern, those around others first, then those with the most fixed words."""
        if lang not in self._known:
            # One that is nothing but a gap would recognise everything.
            told = [both for both in self._sentences() if not re.fullmatch(r"\{\w+\}", both["en"])]
            told.sort(key=lambda both: (not self._holds(both), -len(re.sub(r"\{[^}]*\}", "", both[lang]))))
            self._known[lang] = tuple((re.compile(pattern(both[lang]), re.DOTALL), both) for both in told)
        return self._known[lang]

    def _holds(self, sentence: Sentence) -> bool:
        return any(name in self._inner for _, name, _, _ in Formatter().parse(sentence["en"]))


def pattern(sentence: str) -> str:
    """Return the pattern of a sentence: its words as they are, a group for each gap."""
    parts: list[str] = []
    seen: set[str] = set()
    for words, name, _, _ in Formatter().parse(sentence):
        parts.append(re.escape(words))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return "".join(parts)


def filled(sentence: str, values: Mapping[str, str]) -> str:
    """Fill a sentence with values that are written out already."""
    pieces = Formatter().parse(sentence)
    return "".join(words + (values[name] if name else "") for words, name, _, _ in pieces)


def renamed(value: str, names: Iterable[Sentence], lang: Language) -> str:
    """Return words with the names in them told in a language.

    Args:
        value: What stood in a gap.
        names: Each in both languages.
        lang: Of the result.
    """
    # The longest first: "tuned + RAG" holds "tuned".
    for both in sorted(names, key=lambda both: -len(both[OTHER[lang]])):
        value = re.sub(rf"(?<!\w){re.escape(both[OTHER[lang]])}(?!\w)", both[lang], value)
    return value
