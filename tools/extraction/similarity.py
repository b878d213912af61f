"""How alike two wordings are: Jaccard over words, over characters for Chinese.

The unit is the one of the leakage rule in `evaluation.md` (MinHash >= 0.8), so that what is kept apart here is also
apart for the rule there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

_WORD: Final = re.compile(r"[a-z0-9]+(?:[.,'’\-/][a-z0-9]+)*|[\u3400-\u9fff]", re.IGNORECASE)
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")

NEAR_DUPLICATE: Final = 0.8
"""Jaccard similarity from which two wordings count as the same; source: `evaluation.md`, validation set."""
_PERMUTATIONS: Final = 128
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
    return list(_words(text)) if len(text) <= _SHORT else [match.lower() for match in _WORD.findall(text)]


@lru_cache(maxsize=50_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(match.lower() for match in _WORD.findall(text))


def content_words(text: str) -> set[str]:
    """Return the words that carry meaning."""
    return {word for word in words(text) if word not in STOPWORDS and word not in FUNCTION_CHARACTERS}


def jaccard(left: str, right: str) -> float:
    """Return shared words / all words of two wordings, 0 to 1."""
    one, two = set(words(left)), set(words(right))
    return len(one & two) / len(one | two) if one | two else 1.0


def is_chinese(text: str) -> bool:
    """Return whether a third or more of the letters of a text are Chinese characters."""
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and 3 * len(_CHINESE.findall(text)) >= len(letters)


def normal(text: str) -> str:
    """Return a text without case, punctuation and spacing, for comparing answers and questions."""
    return " ".join(words(text)) or text.strip().lower()


class NearDuplicates:
    """An index of wordings that finds those which are nearly the same as another.

    MinHash finds candidates and the exact similarity decides, so that no estimate refuses or passes by chance.
    """

    def __init__(self, wordings: Iterable[str], threshold: float = NEAR_DUPLICATE) -> None:
        """Index wordings.

        Args:
            wordings: What to look for.
            threshold: Jaccard similarity from which two count as the same.
        """
        from datasketch import MinHashLSH

        self._threshold = threshold
        # A lower threshold for candidates: the estimate is off by some hundredths.
        self._index = MinHashLSH(threshold=max(0.1, threshold - 0.2), num_perm=_PERMUTATIONS)
        self._wordings: list[str] = []
        self._numbers: dict[str, list[int]] = {}
        self._sets: dict[str, frozenset[str]] = {}
        for number, wording in enumerate(wordings):
            self._wordings.append(wording)
            key = " ".join(sorted(set(words(wording))))
            if key and key not in self._numbers:
                self._index.insert(key, _minhash(key.split()))
                self._sets[key] = frozenset(key.split())
            self._numbers.setdefault(key, []).append(number)

    def alike(self, wording: str) -> list[int]:
        """Return the numbers of the indexed wordings that are nearly the same, ascending."""
        here = frozenset(words(wording))
        keys = self._index.query(_minhash(sorted(here))) if here and self._wordings else []
        found = [key for key in keys if len(here & self._sets[key]) >= self._threshold * len(here | self._sets[key])]
        return sorted(number for key in found for number in self._numbers[key])


def _minhash(parts: Iterable[str]) -> Any:
    # Drawing the permutations costs milliseconds, copying them microseconds.
    sketch = _empty_sketch().copy()
    sketch.update_batch([part.encode() for part in parts])
    return sketch


@lru_cache(maxsize=1)
def _empty_sketch() -> Any:
    from datasketch import MinHash

    return MinHash(num_perm=_PERMUTATIONS, seed=1)
