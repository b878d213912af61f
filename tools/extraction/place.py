"""Whether the quote of a pair is what its question is about, and the answer the piece of it that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.records.base import Language
from knowledge.lexical import sentences
from tools.extraction.clauses import right_clause
from tools.extraction.nearness import right_number
from tools.extraction.parallels import of_another
from tools.extraction.quantities import plain
from tools.extraction.support import PASSED, Verdict, meaning, says_the_same

_AROUND: Final = 1200
"""Characters before and after a quote whose sentences compete with it."""
_BETTER: Final = 0.66
"""Share of a question's own words in another sentence from which that one is what it asks about. On questions people
wrote, the rule fails 1.5% (CMRC trial) and 1.7% (COVID-QA) of right quotes, and finds 44% and 18% of wrong ones."""


def right_place(question: str, answer: str, quote: str, title: str, language: Language) -> Verdict:
    """Score whether an answer is the piece of its quote that the question asks about, no other figure or name of it.

    Args:
        question: The user turn.
        answer: The assistant turn.
        quote: What the answer rests on.
        title: Title and headings; their words tell no piece from another.
        language: Language of the passage.
    """
    if of_another(question, answer, quote, title, language):
        return Verdict(0.2, answer.strip()[:60])
    return min(
        right_number(question, answer, quote, title, language),
        right_clause(question, answer, quote, title, language),
        key=lambda verdict: verdict.score,
    )


def on_topic(question: str, quote: str, text: str, start: int, title: str, language: Language) -> Verdict:
    """Score whether a quote speaks of what its question asks: no word of it shared, and another sentence has most.

    Args:
        question: The user turn.
        quote: What the answer rests on.
        text: The document's text.
        start: Offset of the quote.
        title: Title and headings; their words tell no sentence from another.
        language: Language of the passage.
    """
    about, topics = plain(title).lower(), frozenset(meaning(title, language))
    own = [word for word in meaning(question, language) if not says_the_same(word, about, topics, language)]
    if len(own) < 2 or _share(own, quote, language) > 0:
        return PASSED
    low, end = max(0, start - _AROUND), start + len(quote)
    around = text[low : end + _AROUND]
    others = (around[a:b] for a, b in sentences(around, language) if low + b <= start or low + a >= end)
    best = max(others, key=lambda one: _share(own, one, language), default="")
    return Verdict(0.3, best.strip()[:60]) if _share(own, best, language) >= _BETTER else PASSED


def _share(words: Sequence[str], text: str, language: Language) -> float:
    flat, stems = plain(text).lower(), frozenset(meaning(text, language))
    return sum(says_the_same(word, flat, stems, language) for word in words) / len(words)
