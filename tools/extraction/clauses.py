"""Whether an answer stands in the part of its quote that the question asks about, whatever kind of answer it is.

`nearness` compares figures with figures of the same unit; here anything that a quote says to the letter is compared
with whatever else it says beyond the question's words.
"""

from __future__ import annotations

import math
import re
from typing import Final

from agent.records.base import Language
from tools.extraction.alignment import Alignment
from tools.extraction.fitting import fits, kind_asked
from tools.extraction.quantities import quantities
from tools.extraction.support import PASSED, Verdict

_LONGEST: Final[dict[Language, int]] = {"en": 60, "zh": 30}
"""Characters up to which an answer is one piece; a longer one retells its sentence."""
_LINE: Final[dict[Language, float]] = {"en": 2.45, "zh": 2.3}
"""Logarithm of how many times the weight another piece must have. Set so that 1% of the right answers fail to questions
that people wrote (CMRC trial, COVID-QA); BENCHMARKS.md has the cross-validation."""
_NAMED: Final[dict[Language, float]] = {"en": 0.0, "zh": 2.0}
"""What it adds that the question names all words of the other piece's part and none of the answer's; in English, where
clauses are longer, it tells nothing."""
_LEAST_WEIGHT: Final = 0.3
"""Weight that another piece has by chance."""
_NEVER_ZERO: Final = 0.05
"""Added to both weights, so that their ratio is always a number."""
_MEASURE: Final = re.compile(
    r"\b(?:duration|time|period|age|dose|dosage|rate|ratio|percentage|proportion|share|level|size|length|width|height|"
    r"depth|distance|weight|mass|number|score|price|cost|fee|temperature|pressure|speed|volume|value|similarity|"
    r"prevalence|range|interval|frequency|capacity|area|amount)s?\b|[率量度额数价费期积]|时间|年龄|距离|比例|范围|间隔|编号",
    re.IGNORECASE,
)
"""What is told by a figure, so that only figures compete."""


def right_clause(question: str, answer: str, quote: str, title: str, language: Language) -> Verdict:
    """Score whether a piece of a quote is what the question asks about, against all other pieces.

    Args:
        question: The user turn.
        answer: The assistant turn; one that is not in the quote to the letter passes.
        quote: What the answer rests on.
        title: Title and headings.
        language: Language of the passage.
    """
    lie = Alignment(question, quote, title, language)
    mine = lie.found(answer)
    if not mine or len(answer) > _LONGEST[language] or not lie.places:
        return PASSED
    here = max(lie.weight(*span) for span in mine)
    named = max(lie.named(*span) for span in mine)
    parts = {lie.part(at) for start, end in mine for at in (start, end - 1)}
    worst, other = 0.0, ""
    for start, end in lie.unasked(mine):
        piece = lie.flat[start:end].strip()
        if (piece.isascii() and not answer.isascii()) or not _of_kind(question, answer, piece, language):
            continue
        there = max(lie.weight(start, end) - _LEAST_WEIGHT, 0.0)
        gain = math.log((there + _NEVER_ZERO) / (here + _NEVER_ZERO))
        if lie.part(start) not in parts:
            gain += _NAMED[language] * (lie.named(start, end) - named)
        if gain > worst:
            worst, other = gain, piece
    line = _LINE[language]
    if worst <= line:
        return PASSED
    return Verdict(round(max(0.1, 0.45 * line / worst), 2), other)


def _of_kind(question: str, answer: str, piece: str, language: Language) -> bool:
    """Return whether another piece could be the answer: of the kind asked for, and a figure for a figure."""
    if fits(question, piece, language).score < 1:
        return False
    given = quantities(answer)
    kind = kind_asked(question, language)
    if not given or kind in ("place", "person", "name") or not (kind or _MEASURE.search(question)):
        return True
    return bool({number.unit for number in given} & {number.unit for number in quantities(piece)})
