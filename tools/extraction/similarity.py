"""How alike two wordings are: Jaccard over words, over characters for Chinese.

The unit is the one of the leakage rule in `evaluation.md` (>= 0.8), so that what is kept apart here is also apart for
the rule there. `tools.cleaning.near` finds alike texts among many.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+(?:[.,'’\-/][a-z0-9]+)*|[\u3400-\u9fff]")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")

NEAR_DUPLICATE: Final = 0.8
"""Jaccard similarity from which two wordings count as the same; source: `evaluation.md`, validation set."""
_SHORT = 400
"""Characters up to which a text is a question or an answer, which are compared again and again."""

STOPWORDS: Final = frozenset((
    "a", "an", "and", "are", "about", "any", "as", "at", "be", "by", "can", "could", "do", "does", "did", "for",
    "from", "give", "has", "have", "how", "i", "in", "is", "it", "know", "look", "me", "my", "need", "of", "on",
    "or", "please", "shall", "should", "tell", "that", "the", "their", "there", "this", "to", "up", "was",
    "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would", "you",
    "your", "not", "no", "so", "than", "then", "also", "its", "into",
))  # fmt: skip
"""English function words and the filler of question frames."""
FUNCTION_CHARACTERS: Final = frozenset(
    "的是什么多少了吗呢请问我你有在和与为几怎哪谁告诉知道一下关于查个及把被对从到要会能可"
)
"""Chinese particles and the filler of question frames."""


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; every Chinese character is a word."""
    return list(_words(text)) if len(text) <= _SHORT else _WORD.findall(text.lower())


def words_once(text: str) -> list[str]:
    """Return what `words` does for a text that is not met again; nothing of it is kept."""
    return _WORD.findall(text.lower())


@lru_cache(maxsize=50_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))


def content_words(text: str) -> set[str]:
    """Return the words that carry meaning."""
    return {word for word in words(text) if word not in STOPWORDS and word not in FUNCTION_CHARACTERS}


def jaccard(left: str, right: str) -> float:
    """Return shared words / all words of two wordings, 0 to 1."""
    one, two = set(words(left)), set(words(right))
    return len(one & two) / len(one | two) if one | two else 1.0


def is_chinese(text: str) -> bool:
    """Return whether a third or more of the letters of a text are Chinese characters."""
    if text.isascii():
        return False
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and 3 * len(_CHINESE.findall(text)) >= len(letters)


def normal(text: str) -> str:
    """Return a text without case, punctuation and spacing, for comparing answers and questions."""
    return " ".join(words(text)) or text.strip().lower()
