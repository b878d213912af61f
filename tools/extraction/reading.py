"""Pairs that teach to read: a question with passages before it, answered from them, or not at all.

Tuning on closed-book facts alone would teach a model to overlook its context; a modest share of these keeps the tuned
model good behind retrieval (`policy.md`: RAFT-style pairs with distractors, 2403.10131).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.progress import Reporter, Silent
from agent.prompts.forms import ABSTENTION, context_question
from agent.records.corpus import Chunk, DocumentText
from knowledge.pieces import pieces, under_heading
from tools.extraction.blocks import passage
from tools.extraction.fact import Fact
from tools.extraction.similarity import content_words, normal

_PASSAGE = 320
"""Characters of a passage; short, since every token of it is paid for in training."""


@dataclass(frozen=True)
class Reading:
    """One reading pair before its checks."""

    fact: Fact
    question: str
    """The question without the passages."""
    turn: str
    """The whole user turn."""
    answer: str
    document: str
    start: int
    end: int
    """Offsets of the quote: of an answerable pair the fact's own, of an unanswerable one the passage shown."""
    answerable: bool


def reading_counts(closed_book: int, reading_share: float, unanswerable_share: float) -> tuple[int, int]:
    """Return how many reading and unanswerable pairs give the asked shares of all domain pairs.

    Args:
        closed_book: Closed-book pairs.
        reading_share: Share of answerable reading pairs, 0 to 1.
        unanswerable_share: Share of unanswerable ones.
    """
    rest = 1 - reading_share - unanswerable_share
    return round(closed_book * reading_share / rest), round(closed_book * unanswerable_share / rest)


def reading_pairs(
    facts: Sequence[Fact],
    texts: Mapping[str, DocumentText],
    reading: int,
    unanswerable: int,
    seed: int,
    chunks: Sequence[Chunk] = (),
    reporter: Reporter | None = None,
) -> list[Reading]:
    """Make reading pairs, spread over the facts.

    Every second answerable pair shows a distractor beside the right passage. An unanswerable pair shows a passage of
    another entity in which neither the answer nor all words of the question stand.

    Args:
        facts: Accepted facts of training documents, with their trained wordings.
        texts: Texts of the training documents.
        reading: How many answerable pairs.
        unanswerable: How many unanswerable ones.
        seed: Seed of the choice.
        chunks: Chunks of the training documents; a passage is shown as `knowledge.answering` would show it.
        reporter: Asked before every pair whether to stop.
    """
    listener = reporter or Silent()
    usable = _shuffled([fact for fact in facts if fact.trained and fact.document in texts], seed, "order")
    if not usable:
        return []
    # A fact is read for once in every wording; more would only repeat.
    most = len(usable) * min(len(fact.trained) for fact in usable)
    page = _Page(texts, chunks)
    pairs = []
    for number in range(min(reading, most)):
        listener.check()
        pairs.append(_answerable(usable, number, page, seed))
    for fact in reversed(usable):
        listener.check()
        if sum(not pair.answerable for pair in pairs) >= unanswerable:
            break
        other = _stranger(fact, usable, texts, seed)
        if other is None:
            continue
        start, end = _span(other, texts)
        question = fact.trained[0]
        turn = context_question(question, [page.passage(other)], fact.language)
        pairs.append(Reading(fact, question, turn, ABSTENTION[fact.language], other.document, start, end, False))
    return pairs


@dataclass(frozen=True)
class _Page:
    """Shows a fact's passage as retrieval would."""

    texts: Mapping[str, DocumentText]
    chunks: Sequence[Chunk]

    def passage(self, fact: Fact) -> str:
        """Return the piece of a chunk that holds the fact, under its heading; without chunks the text around it."""
        for chunk in self.chunks:
            if chunk.document != fact.document or not chunk.start <= fact.start < chunk.end:
                continue
            for piece in pieces(chunk):
                first, last = piece.whole
                inside = fact.start < chunk.start + last and chunk.start + first < fact.end
                if inside and normal(fact.answer) in normal(piece.text):
                    return under_heading(chunk, piece.text)
        start, end = _span(fact, self.texts)
        return self.texts[fact.document].text[start:end]


def _answerable(usable: Sequence[Fact], number: int, page: _Page, seed: int) -> Reading:
    fact = usable[number % len(usable)]
    question = fact.trained[sum(divmod(number, len(usable))) % len(fact.trained)]
    passages = [page.passage(fact)]
    other = _distractor(fact, usable, page, seed) if number % 2 else None
    if other is not None:
        passages.insert((number // 2) % 2, page.passage(other))
    turn = context_question(question, passages, fact.language)
    return Reading(fact, question, turn, fact.answer, fact.document, fact.start, fact.end, True)


def _distractor(fact: Fact, facts: Sequence[Fact], page: _Page, seed: int) -> Fact | None:
    """Return a look-alike (the same attribute of another entity) if there is one, else a fact of another topic."""
    for other in _shuffled(facts, seed, f"{fact.id}:like"):
        alike = other.attribute == fact.attribute and other.entity != fact.entity
        if alike and normal(fact.answer) not in normal(page.passage(other)):
            return other
    return _stranger(fact, facts, page.texts, seed)


def _stranger(fact: Fact, facts: Sequence[Fact], texts: Mapping[str, DocumentText], seed: int) -> Fact | None:
    """Return a fact whose passage says nothing about another one's question."""
    topic = content_words(f"{fact.entity} {fact.attribute}")
    for other in _shuffled(facts, seed, fact.id)[:40]:
        start, end = _span(other, texts)
        shown = normal(texts[other.document].text[start:end])
        silent = normal(fact.answer) not in shown and not topic <= set(shown.split())
        if (
            other.language == fact.language
            and silent
            and (other.document != fact.document or other.entity != fact.entity)
        ):
            return other
    return None


def _span(fact: Fact, texts: Mapping[str, DocumentText]) -> tuple[int, int]:
    return passage(texts[fact.document].text, fact.start, fact.end, _PASSAGE)


def _shuffled(facts: Sequence[Fact], seed: int, key: str) -> list[Fact]:
    return sorted(facts, key=lambda fact: hashlib.sha256(f"{seed}:{key}:{fact.id}".encode()).hexdigest())
