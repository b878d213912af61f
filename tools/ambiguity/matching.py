"""Whether a word of a question is meant by words of a document: the same, of the same stem, or said otherwise."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

from agent.prompts.synonyms import SYNONYMS

SYNONYM: Final = 0.9
"""What a synonym counts beside the word itself."""
RELATED: Final = 0.7
"""What a word of the same stem counts, such as `designer` for `designed`."""


def match(word: str, words: Collection[str]) -> float:
    """Return how well a word of a question is met by one of `words`: 1 by itself, 0 by none."""
    if word in words:
        return 1.0
    if not _synonyms().get(word, frozenset()).isdisjoint(words):
        return SYNONYM
    return RELATED if any(_related(word, other) for other in words) else 0.0


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[str]]:
    """Return single words with the single words that say the same, either way round."""
    found: dict[str, set[str]] = {}
    for table in SYNONYMS.values():
        for word, others in table.items():
            for other in others:
                if " " not in word + other:
                    found.setdefault(word, set()).add(other)
                    found.setdefault(other, set()).add(word)
    return {word: frozenset(others) for word, others in found.items()}


@lru_cache(maxsize=65536)
def _related(a: str, b: str) -> bool:
    """Return whether two English words share a stem: at least five letters, and most of the longer word."""
    if len(a) < 5 or a[:5] != b[:5] or not (a.isalpha() and a.isascii() and b.isalpha()):
        return False
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return shared >= 0.6 * max(len(a), len(b))
