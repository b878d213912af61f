"""How much of a question each statement explains, and how near it is by meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from agent.records.corpus import Retrieved
from tools.ambiguity.matching import match
from tools.ambiguity.quantities import kind_words
from tools.ambiguity.question import Question
from tools.ambiguity.statements import Statement, statements

ABOVE: Final = 0.8
"""Weight of a word that stands in the title or an outer heading and not in the statement itself."""
HEADING: Final = 0.92
"""Weight of a word that stands in the innermost heading."""
_CODE: Final = 2.0
"""Weight of a word with a digit in it: a code or a number is what a question is about."""
_MEANING: Final = 0.7
_RANK: Final = 0.1
_KIND: Final = 0.2


@dataclass(frozen=True)
class Weighed:
    """A statement with what speaks for it."""

    statement: Statement
    score: float
    """Words, meaning, kind of quantity and rank together; for ordering."""
    explained: float
    """Share of the question that its words and quantities explain, 0 to 1."""


class Evidence:
    """The statements of the retrieved chunks, weighed by the words of one question."""

    def __init__(self, question: Question, retrieved: Sequence[Retrieved]) -> None:
        """Weigh what was retrieved."""
        self.question = question
        pool = [(rank, hit, one) for rank, hit in enumerate(retrieved) for one in statements(hit.chunk)]
        seen = Counter(word for _, _, one in pool for word in question.words if match(word, one.said | one.above))
        # Rarity among the statements at hand, not in the corpus: the question is which of these is meant.
        self.weights = {
            word: log(1 + len(pool) / (1 + seen[word])) * (_CODE if any(c.isdigit() for c in word) else 1)
            for word in question.words
        }
        # What kind of quantity is asked for is part of the question, whether or not a word says it.
        self._kind = sum(self.weights.values()) / max(1, len(self.weights)) if question.kinds else 0.0
        self._total = sum(self.weights.values()) + self._kind or 1.0
        self._near = {(hit.chunk.id, start, end): value for hit in retrieved for start, end, value in hit.pieces}
        near = [value for _, _, one in pool if (value := self.nearness(one)) is not None]
        self._low, self._high = min(near, default=0.0), max(near, default=0.0)
        weighed = [self._weigh(rank, one) for rank, _, one in pool]
        self.statements = sorted(weighed, key=lambda entry: -entry.score)

    def nearness(self, statement: Statement) -> float | None:
        """Return how near a statement is to the question by meaning; `None` if that is not known."""
        return self._near.get((statement.chunk.id, statement.start, statement.end))

    def apart(self, statements: Sequence[Statement]) -> float:
        """Return by how much the first is nearer to the question than the second, as a share of all nearness at hand.

        0 where the nearness of any is not known.
        """
        near = sorted((v for one in statements if (v := self.nearness(one)) is not None), reverse=True)
        if len(near) < max(2, len(statements)) or self._high <= self._low:
            return 0.0
        return (near[0] - near[1]) / (self._high - self._low)

    def weight(self, words: Collection[str]) -> float:
        """Return the weight of some of the question's words together."""
        return sum(self.weights[word] for word in words)

    def kind_words(self, statement: Statement) -> frozenset[str]:
        """Return the question's words that only ask for a quantity, of a kind which the statement gives."""
        question = self.question
        return kind_words(question.kinds & statement.kinds, question.language) & frozenset(question.words)

    def explained(self, said: Collection[str], statement: Statement) -> float:
        """Return the share of the question that words, headings and the kind of a statement's quantity explain."""
        asked = self.kind_words(statement)
        found = self._kind if self.question.kinds & statement.kinds else 0.0
        for word, weight in self.weights.items():
            met = 1.0 if word in asked else match(word, said)
            met = max(met, HEADING * match(word, statement.heading), ABOVE * match(word, statement.above))
            found += weight * met
        return found / self._total

    def answering(self) -> list[Weighed]:
        """Return the statements that could answer, best first: those with the kind of quantity asked for.

        Where nothing near states such a quantity, nothing could answer.
        """
        kinds = self.question.kinds
        return [one for one in self.statements if not kinds or kinds & one.statement.kinds]

    def _weigh(self, rank: int, statement: Statement) -> Weighed:
        explained = self.explained(statement.said, statement)
        near = self.nearness(statement)
        spread = self._high - self._low
        meant = 0.0 if near is None or spread <= 0 else (near - self._low) / spread
        fits = _KIND if self.question.kinds & statement.kinds else 0.0
        return Weighed(statement, explained + _MEANING * meant + _RANK / (1 + rank) + fits, explained)
