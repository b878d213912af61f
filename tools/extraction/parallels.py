"""Whether an answer is taken from the right one of several clauses that say the same kind of thing of different things.

`1975年取得硕士学位，1978年取得博士学位`: the clauses share words, and each has its own. Where the question names
what is another clause's own and nothing of the answer's, the answer is another thing's, however near the question's
other words stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from agent.records.base import Language
from tools.extraction.alignment import standing
from tools.extraction.quantities import plain, quantities
from tools.extraction.support import telling

_CUT: Final = re.compile(
    r"[;；。！？!?，、]|,(?!\d{3})|\.(?=\s|$)|\b(?:while|whereas|but|and)\b(?! [\w-]+ (?:were|was|are|is)\b)",
    re.IGNORECASE,
)
"""Where a clause ends; `A and B were` names two things in one."""
_DATE_ALONE: Final = re.compile(
    # Possessive: dots and blanks are of two classes, and trying every split of many of them takes for ever.
    r"^\W*+(?:(?:在|于|到|至|In|On|By)(?=[\d年月日\s.:-])|(?<=[\s.:-])|(?=[\d年月日]))"
    r"[\d年月日\s.:-]*+(?:[A-Z][a-z]+ \d{4})?\W*+$|^[^\w\s.:-]*+[\s.:-]\W*+$"
)
"""A date before a comma, which belongs to what follows it."""
_UNIT: Final = re.compile(r"#[a-z]")
"""How `_words` gives the unit of a figure."""
_SIDES: Final = re.compile(r"[东南西北上下左右内外长宽阔高深厚重]")
"""Characters that alone tell one figure or side of a thing from another."""


def of_another(question: str, answer: str, quote: str, title: str, language: Language) -> bool:
    """Return whether a clause beside the answer's, and like it, is what the question asks about.

    Args:
        question: The user turn.
        answer: The assistant turn; one that is not in the quote to the letter tells nothing.
        quote: What the answer rests on.
        title: Title and headings; their words tell no clause from another.
        language: Language of the passage.
    """
    flat, wanted = plain(quote), plain(answer).strip().rstrip("。.，,;； ")
    topic = _words(plain(title), language)
    asked = {word for word in _words(plain(question), language) - topic if not _UNIT.match(word)}
    clauses = _clauses(flat)
    held = [_words(flat[low:high], language) for low, high in clauses]
    found = standing(answer, flat)
    said = _words(wanted, language)
    if asked & said:
        # It names what is asked about itself.
        return False
    # Only a clause with a figure of the same unit has another answer to what a figure answers.
    units = {word for word in said if _UNIT.match(word)}
    votes = []
    for start, end in found:
        inside = [at for at, (low, high) in enumerate(clauses) if low < end and high > start]
        apart = topic | {word for word in said if not _UNIT.match(word)}
        own = set[str]().union(*(held[at] for at in inside)) - apart
        others = [held[at] - apart for at in range(len(clauses)) if at not in inside]
        others = [words for words in others if units <= words]
        votes.append(_told_apart(own, others, asked))
    return bool(votes) and all(votes)


def _told_apart(own: set[str], others: Sequence[set[str]], asked: set[str]) -> bool:
    """Return whether some clause that shares words with the answer's has the asked ones, and none is behind it."""
    told = set()
    for other in others:
        mine, theirs = bool(asked & (own - other)), bool(asked & (other - own))
        if own & other and mine != theirs:
            told.add(theirs)
    return told == {True}


def _clauses(flat: str) -> list[tuple[int, int]]:
    """Return the spans of clauses; a date that stands alone belongs to what follows it."""
    cuts = [0, *(match.end() for match in _CUT.finditer(flat)), len(flat)]
    spans: list[tuple[int, int]] = []
    start = 0
    for _, high in pairwise(cuts):
        if _DATE_ALONE.match(flat[start:high]) and high < len(flat):
            continue
        spans.append((start, high))
        start = high
    return spans


def _words(flat: str, language: Language) -> set[str]:
    """Return what tells a clause from another: words, measures and sides, and figures with their units."""
    words = {word for word, _ in telling(flat, language) if language == "en" or len(word) > 1}
    if language == "zh":
        words |= {match.group().replace("阔", "宽") for match in _SIDES.finditer(flat)}
    for number in quantities(flat):
        words |= {f"#{number.value}", f"#{number.unit}"} if number.unit else {f"#{number.value}"}
    return words
