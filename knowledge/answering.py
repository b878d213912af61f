"""From retrieved chunks to an answer that cites: sharp passages, the reader's answer, the quote that supports it.

A small reader answers from one right passage and stumbles over look-alikes (135M parameters: 100% from the right
passage alone, 53 to 68% among three similar ones), so few, short passages are chosen: table rows with their headers,
definition lines and sentences, weighed by the question's words. Where retrieval doubts that the documents answer at
all, nothing is read: a reader given some passage rarely says that it does not answer.

    context = build_context(question, retriever.search(question), "en")
    citations = cite(answer, question, chunks)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from agent.policy.thresholds import THRESHOLDS
from agent.records.base import Language
from agent.records.corpus import Chunk, Citation, Retrieved
from knowledge.lexical import content_tokens
from knowledge.pieces import Piece, headings, meaning, pieces, told, under_heading

BUDGET_CHARACTERS: Final[dict[Language, int]] = {"en": 480, "zh": 200}
"""Characters of all passages together: about what two sentences or rows with their headings need."""
MOST_PASSAGES: Final = 1
"""One held a gold answer in 91% of the example company's pump questions and two in 96%, but the 135M reader answered
80% from one and 22% from two: it mixes up look-alikes. A larger reader may be shown more (`most`)."""
NEAR_BEST: Final = 0.72
"""Share of the best passage's score that another one needs to be shown beside it."""
WINDOW: Final[dict[Language, int]] = {"en": 240, "zh": 100}
"""Characters up to which a sentence is widened by its neighbours."""
MAX_NEW_TOKENS: Final = 48
ABSTAIN_BELOW: Final = THRESHOLDS.abstain_below
"""Default of the setting `abstain_below`."""

_HEADING_WEIGHT: Final = 0.8
"""Weight of a question's word that stands in the headings and not in the passage itself."""
_RANK_WEIGHT: Final = 0.1
"""Weight of the chunk's place in the ranking beside the words."""
_MEANING_WEIGHT: Final = 0.7
"""Weight of the vectors' opinion of each piece, where retrieval handed it on."""
_RELATED: Final = 0.7
"""Weight of a word of the same stem, such as `designer` for `designed`."""
_CARRIED: Final = 0.5
"""Share of what a line adds to the question that an answer has to carry."""
_CODE: Final = 2.0
"""Weight of a word with a digit in it: a code or a number is what a question is about."""


@dataclass(frozen=True)
class Context:
    """The passages shown to the reader; `passages`, `chunks` and `spans` go together."""

    passages: tuple[str, ...] = ()
    """Texts as the reader sees them, best first."""
    chunks: tuple[str, ...] = ()
    """Id of the chunk each passage comes from."""
    spans: tuple[tuple[int, int], ...] = ()
    """(start, end) of each passage in its document's text."""
    told: tuple[str, str] | None = None
    """(of what, what) the one passage tells, where it is a table's cell or a `Label: value` line."""
    silent: bool = False
    """Whether what was found fits the question too little to be read: the answer is that the documents do not say."""

    @property
    def text(self) -> str:
        """All passages as one text."""
        return "\n\n".join(self.passages)


def build_context(
    question: str,
    retrieved: Sequence[Retrieved],
    language: Language,
    budget_characters: int | None = None,
    most: int = MOST_PASSAGES,
    abstain_below: float = ABSTAIN_BELOW,
) -> Context:
    """Choose the passages that most likely answer a question. Pure, and quick enough to be called for each item.

    Every sentence, table row (as `Row — Header: value` lines) and list line of the chunks is weighed by the question's
    words in it and in its headings, rare words more, and by the chunk's place in the ranking.

    Args:
        question: The question.
        retrieved: Chunks, best first.
        language: The language of the question.
        budget_characters: Characters of all passages together; `None` takes the language's own.
        most: Passages at most.
        abstain_below: Evidence of the search below which the context is `silent`; 0 never.
    """
    budget = BUDGET_CHARACTERS[language] if budget_characters is None else budget_characters
    pool = weighed(question, retrieved, language)
    texts: list[str] = []
    chosen: list[tuple[Chunk, int, int]] = []
    shown: list[Piece] = []
    used = 0
    for score, chunk, piece in pool:
        if len(texts) >= most or (texts and score < NEAR_BEST * pool[0][0]):
            break
        if any(chunk.id == c.id and piece.start < end and start < piece.end for c, start, end in chosen):
            continue
        start, end, body = _window(chunk, piece, budget - used)
        text = under_heading(chunk, body)
        if texts and used + len(text) > budget:
            continue
        texts.append(text)
        chosen.append((chunk, start, end))
        shown.append(piece)
        used += len(text)
    return Context(
        passages=tuple(texts),
        chunks=tuple(chunk.id for chunk, _, _ in chosen),
        spans=tuple((chunk.start + start, chunk.start + end) for chunk, start, end in chosen),
        told=told(shown[0]) if len(shown) == 1 else None,
        silent=_is_silent(retrieved, abstain_below),
    )


def kept_to(told_: tuple[str, str] | None, answer: str, question: str, language: Language) -> str:
    """Return the reader's answer, or what the passage tells word for word where the answer leaves that out.

    A cell or a `Label: value` line is itself the answer to what is asked of it. A small reader often says something
    else (135M parameters: 10 of 46 questions with the right line in view), so an answer that carries less than half of
    the words the line adds to the question is replaced by the line. An abstention stays, and so does any answer where
    the question already names the value: it asks of what that is true, or whether it is.

    Args:
        told_: `Context.told`; `None` leaves every answer as it is.
        answer: The reader's answer.
        question: The question.
        language: The language of the question.
    """
    if told_ is None or abstained(answer, language):
        return answer
    asked, value = meaning(question, language), meaning(told_[1], language)
    added = value - asked
    if not added or value & asked:
        return answer
    said = meaning(answer, language)
    numbers = {word for word in added if _has_digit(word)}
    carried = sum(_match(word, said) > 0 for word in added)
    if carried >= _CARRIED * len(added) and (not numbers or numbers & said):
        return answer
    return f"{told_[0]}{': ' if language == 'en' else '：'}{told_[1]}"


def _is_silent(retrieved: Sequence[Retrieved], abstain_below: float) -> bool:
    known = [hit.evidence for hit in retrieved if hit.evidence is not None]
    return not retrieved or (bool(known) and max(known) < abstain_below)


def weighed(question: str, retrieved: Sequence[Retrieved], language: Language) -> list[tuple[float, Chunk, Piece]]:
    """Return every piece of the chunks with how well it fits the question, best first.

    Equal ones keep the order of retrieval; scores compare within one question only.
    """
    asked = set(content_tokens(question, language))
    pool = [(rank, hit, piece) for rank, hit in enumerate(retrieved) for piece in pieces(hit.chunk)]
    above = {
        hit.chunk.id: meaning(" ".join((hit.chunk.title, *headings(hit.chunk))), hit.chunk.language)
        for hit in retrieved
    }
    seen = Counter(word for _, hit, piece in pool for word in asked & (piece.words | above[hit.chunk.id]))
    # Rarity among the pieces at hand, not in the corpus: the question is which of these answers.
    weights = {word: log(1 + len(pool) / (1 + seen[word])) * (_CODE if _has_digit(word) else 1) for word in asked}
    total = sum(weights.values()) or 1.0
    near = _nearness(pool)
    scored = []
    for (rank, hit, piece), meant in zip(pool, near, strict=True):
        inside = {word: _match(word, piece.words) for word in asked}
        headed = {word: _HEADING_WEIGHT * _match(word, above[hit.chunk.id]) for word in asked}
        told = sum(weights[word] * max(inside[word], headed[word]) for word in asked) / total
        scored.append((told + _RANK_WEIGHT / (1 + rank) + _MEANING_WEIGHT * meant, hit.chunk, piece))
    return sorted(scored, key=lambda entry: -entry[0])


def _nearness(pool: Sequence[tuple[int, Retrieved, Piece]]) -> list[float]:
    """Return each piece's similarity to the question, stretched over the pool to 0…1; 0 where it is not known."""
    known = {hit.chunk.id: {(a, b): value for a, b, value in hit.pieces} for _, hit, _ in pool}
    values = [known[hit.chunk.id].get((piece.start, piece.end)) for _, hit, piece in pool]
    given = [value for value in values if value is not None]
    low, high = min(given, default=0.0), max(given, default=0.0)
    return [0.0 if value is None or high <= low else (value - low) / (high - low) for value in values]


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _match(word: str, words: frozenset[str]) -> float:
    """Return 1 if `word` is among `words`, less if only one of its family is, else 0."""
    if word in words:
        return 1.0
    return _RELATED if any(_related(word, other) for other in words) else 0.0


def _related(a: str, b: str) -> bool:
    """Return whether two English words share a stem: at least five letters, and most of the longer word."""
    if len(a) < 5 or a[:5] != b[:5] or not (a.isalpha() and a.isascii() and b.isalpha()):
        return False
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return shared >= 0.6 * max(len(a), len(b))


def _window(chunk: Chunk, piece: Piece, budget: int) -> tuple[int, int, str]:
    """Widen a sentence by its neighbours of the same block while they fit: what `it` means stands before it."""
    if not piece.is_prose:
        return piece.start, piece.end, piece.text
    same = [other for other in pieces(chunk) if other.block == piece.block and other.is_prose]
    first = last = same.index(piece)
    room = min(budget, WINDOW[chunk.language]) - len(piece.text)
    grown = True
    while grown:
        grown = False
        for candidate in (last + 1, first - 1):
            if 0 <= candidate < len(same) and len(same[candidate].text) < room:
                room -= len(same[candidate].text) + 1
                first, last = min(first, candidate), max(last, candidate)
                grown = True
    space = "" if chunk.language == "zh" else " "
    return same[first].start, same[last].end, space.join(other.text for other in same[first : last + 1])


def cite(answer: str, question: str, chunks: Sequence[Chunk]) -> tuple[Citation, ...]:
    """Return the sentence or row of the chunks that supports an answer best, as a verbatim quote.

    Words of the answer count full, words of the question a quarter (they choose between equal supports). An answer none
    of whose words stands in a chunk gets no citation: nothing supports it.
    """
    found: list[tuple[float, Chunk, Piece]] = []
    for chunk in chunks:
        said, asked = meaning(answer, chunk.language), meaning(question, chunk.language)
        for piece in pieces(chunk):
            share = len(said & piece.words) / max(1, len(said))
            # Words the question brought support nothing, unless the answer has no others.
            if said & piece.words - asked or (share and said <= asked):
                found.append((share + 0.25 * len(asked & piece.words) / max(1, len(asked)), chunk, piece))
    if not found:
        return ()
    _, chunk, piece = max(found, key=lambda entry: entry[0])
    quote = chunk.text[slice(*piece.whole)]
    return (Citation(chunk=chunk.id, document=chunk.name, page=chunk.page, quote=quote),)


_ABSTENTIONS: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"\b(?:documents?|context|texts?|passages?|sources?|materials?|information|manual)\b[^.]{0,40}?"
        r"\b(?:do|does|did|is|are|was)(?: not|n't|n’t)\s+(?:\w+ )?(?:say|mention|state|contain|specify|specified|"
        r"provide|provided|tell|include|included|answer|give|given|cover|stated|mentioned|available|enough|discuss|describe)"
        r"|\bnot (?:mentioned|stated|specified|given|found|provided|said|covered|included|available)\b[^.]{0,30}"
        r"\b(?:documents?|context|texts?|passages?|sources?|materials?)\b"
        r"|^(?:sorry, )?(?:i (?:do not|don't|don’t|cannot|can't|can’t) (?:know|tell|answer|say|determine|find)"
        r"|(?:there is )?no (?:such )?information|it is not (?:stated|mentioned|specified|said|known)|unknown\b"
        r"|not (?:stated|mentioned|specified|known)\.?$|unanswerable)",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"(?:资料|文档|文件|文中|文章|材料|上文|原文|手册|信息)[^。]{0,12}(?:没有|未|并未|没)(?:有)?"
        r"(?:说明|提到|提及|给出|写明|涉及|包含|记载|介绍|相关|提供|指出|说)"
        r"|^(?:抱歉[，,]?)?(?:我)?(?:不知道|无法(?:确定|回答|得知|判断)|不清楚|没有(?:相关|足够)(?:的)?(?:信息|资料|说明))"
        r"|^(?:未|没有)(?:说明|提及|提到)。?$"
    ),
}
_LONGEST_ABSTENTION: Final = 240


def abstained(text: str, language: Language) -> bool:
    """Return whether an answer says that the documents are silent: the trained sentence or a close variant.

    Args:
        text: The answer; beyond its first sentences nothing is looked at.
        language: The language asked in; an abstention in the other language counts too.
    """
    head = text.strip()[:_LONGEST_ABSTENTION]
    order: tuple[Language, ...] = ("en", "zh") if language == "en" else ("zh", "en")
    return any(_ABSTENTIONS[tongue].search(head) for tongue in order)
