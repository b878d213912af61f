"""How a question's words lie in a quote: what stands near a piece of it, and how much of a part the question names.

    lie = Alignment("标志塔什么时候竣工？", quote, "标志塔", "zh")
    lie.weight(12, 22)      # how near the question's words stand to these characters
    lie.named(12, 22)       # share of that part's own words which the question names

A sentence with several facts says beside each what it is about. The piece that answers a question is the one that the
question's words stand round, and the words round a piece that answers another question are not in the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from agent.records.base import Language
from tools.extraction.quantities import plain
from tools.extraction.similarity import STOPWORDS
from tools.extraction.support import segments, stem, telling

_REACH: Final = 30.0
"""Characters over which a word's weight falls to 1/e."""
_BOUNDARY: Final = 0.3
"""What is left of a weight beyond each comma or `and`."""
_TWO_CHARACTERS: Final = 1.5
_ONE_CHARACTER: Final = 0.6
"""Weight of two Chinese characters that stand together, and of one, against an English word."""
_CLAUSE: Final = re.compile(
    r"[;；。！？!?、]|[,，](?!\d{3})|\.(?=\s|$)|\b(?:and|but|or|while|whereas)\b", re.IGNORECASE
)
_NOT: Final = re.compile(r"\b(?:not|never|cannot|without)\b|n't\b", re.IGNORECASE)
_ENGLISH_WORD: Final = re.compile(r"[A-Za-z][\w'-]*|\d[\w.]*")


@dataclass(frozen=True)
class Alignment:
    """A question laid over a quote; all offsets count in the quote's plain form."""

    question: str
    quote: str
    title: str
    """Title and headings; their words tell no part of a quote from another."""
    language: Language

    @cached_property
    def flat(self) -> str:
        """The quote in plain form."""
        return plain(self.quote)

    @cached_property
    def parts(self) -> list[tuple[int, int]]:
        """Spans of the parts that say each their own."""
        return segments(self.flat)

    @cached_property
    def asked(self) -> frozenset[str]:
        """The question's telling words, those of the title left out."""
        return frozenset(word for word, _ in _told(plain(self.question), self.language)) - self._topic

    @cached_property
    def _topic(self) -> frozenset[str]:
        return frozenset(word for word, _ in telling(plain(self.title), self.language))

    @cached_property
    def _words(self) -> list[tuple[str, int]]:
        return _told(self.flat, self.language)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each of the question's words stands in the quote."""
        found: dict[str, list[int]] = {}
        for word, at in self._words:
            if word in self.asked:
                found.setdefault(word, []).append(at)
        return found

    def part(self, place: int) -> int:
        """Return the number of the part that a place lies in."""
        return next((number for number, (low, high) in enumerate(self.parts) if low <= place < high), 0)

    def found(self, piece: str) -> list[tuple[int, int]]:
        """Return where a piece stands to the letter."""
        return standing(piece, self.flat)

    def weight(self, start: int, end: int) -> float:
        """Return how near the question's words stand to a piece; those within it count whole."""
        low, high = self.part(start), self.part(max(start, end - 1))
        return sum(
            self._worth(word)
            / math.sqrt(len(places))
            * max(self._nearness(place, place + len(word), start, end, low, high) for place in places)
            for word, places in self.places.items()
        )

    def _worth(self, word: str) -> float:
        if self.language == "en" or word.isascii():
            return 1.0
        return _TWO_CHARACTERS if len(word) > 1 else _ONE_CHARACTER

    def _nearness(self, place: int, until: int, start: int, end: int, low: int, high: int) -> float:
        distance = 0 if start <= place < end else min(abs(place - end), abs(until - start))
        part = self.part(place)
        crossed = 0 if low <= part <= high else min(abs(part - low), abs(part - high))
        return math.exp(-distance / _REACH) * _BOUNDARY**crossed

    def named(self, start: int, end: int) -> float:
        """Return the share of the words in a piece's part, the piece left out, that the question names."""
        low, high = self.parts[self.part(start)]
        own = {
            word
            for word, at in self._words
            if low <= at < high
            and (not start <= at < end or word in self.asked)
            and (len(word) == 1 or word.isascii())
            and word not in self._topic
        }
        # One word more on either side, so that a part of few words says little.
        return (len(own & self.asked) + 0.5) / (len(own) + 1)

    def unasked(self, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield the pieces that hold none of the question's words: what the quote says beyond the question.

        Args:
            taken: Spans that are no such pieces.
        """
        known = [(word, at) for word, at in self._words if word in self.asked or word in self._topic]
        spans = [*taken, *(self._whole(at, at + len(word)) for word, at in known)]
        covered = {number for start, end in spans for number in range(start, end)}
        telling_at = [at for word, at in self._words if self.language == "en" or len(word) > 1]
        for low, high in self.parts:
            start = low
            for at in range(low, high + 1):
                if at < high and at not in covered and (self.flat[at].isalnum() or self.flat[at] in " -.·"):
                    continue
                if any(start <= one < at - 1 for one in telling_at):
                    yield start, at
                start = at + 1

    def _whole(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of an English word of which a stem was found."""
        while end < len(self.flat) and self.flat[end].isascii() and self.flat[end].isalnum():
            end += 1
        return start, end

    def contrast(self, mine: tuple[int, int], other: tuple[int, int], least: int) -> int:
        """Return which of two pieces the question names by what stands beside them, and nothing else.

        Of `上班时间为8点，下班时间为17点` the words beside the figures are the same up to `上班` and `下班`; those tell
        them apart.

        Args:
            mine: Span of a piece.
            other: Span of another.
            least: Words, or Chinese characters, that must be the same beside both before they differ.

        Returns:
            1 if the words that tell the other piece are asked and those of this one are not, -1 the other way round.
        """
        # Behind a figure stands its unit, which is the same without being said of the same.
        for before in (True,) if least else (True, False):
            same, ours, theirs = self._told_apart(self._beside(mine, before), self._beside(other, before), before)
            if same < least:
                continue
            here, there = any(map(self._is_asked, ours)), any(map(self._is_asked, theirs))
            if ours and theirs and here != there:
                return -1 if here else 1
        return 0

    def _beside(self, piece: tuple[int, int], before: bool) -> str:
        """Return the rest of a piece's clause before or behind it."""
        if before:
            return self.flat[max((m.end() for m in _CLAUSE.finditer(self.flat, 0, piece[0])), default=0) : piece[0]]
        following = _CLAUSE.search(self.flat, piece[1])
        return self.flat[piece[1] : following.start() if following else len(self.flat)]

    def _told_apart(self, mine: str, other: str, before: bool) -> tuple[int, set[str], set[str]]:
        """Return how far two texts beside a piece agree, and the first words of each from where they differ."""
        if self.language == "en":
            one, two = ([stem(word) for word in _ENGLISH_WORD.findall(text)] for text in (mine, other))
            if before:
                one, two = one[::-1], two[::-1]
            same = _shared(one, two)
            return same, set(one[same : same + 2]), set(two[same : same + 2])
        one, two = (list(text[::-1] if before else text) for text in (mine, other))
        same = _shared(one, two)
        found = []
        for text in (one, two):
            near = "".join(text[max(0, same - 1) : same + 2])
            words = (near[at : at + 2] for at in range(len(near) - 1))
            found.append({word[::-1] if before else word for word in words if word.isalnum()})
        return same, found[0], found[1]

    def _is_asked(self, word: str) -> bool:
        return word in self._question_words if self.language == "en" else word in plain(self.question)

    @cached_property
    def _question_words(self) -> frozenset[str]:
        words = _ENGLISH_WORD.findall(plain(self.question))
        return frozenset(stem(word) for word in words if word.lower() not in STOPWORDS)


_ARTICLE: Final = re.compile(r"^(?:the|an?) ", re.IGNORECASE)


def standing(piece: str, flat: str) -> list[tuple[int, int]]:
    """Return where a piece stands in a plain text to the letter, but for case, an article before and a stop behind."""
    wanted = _ARTICLE.sub("", plain(piece).strip().rstrip("。.，,;； "))
    return [match.span() for match in re.finditer(re.escape(wanted), flat, re.IGNORECASE)] if wanted else []


def _told(flat: str, language: Language) -> list[tuple[str, int]]:
    """Return the telling words of a plain text with their offsets; an English negation is one of them."""
    denied = [("not", match.start()) for match in _NOT.finditer(flat)] if language == "en" else []
    return [*telling(flat, language), *denied]


def _shared(one: list[str], two: list[str]) -> int:
    """Return how many items two lists have in common at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
