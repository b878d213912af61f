"""From retrieved chunks to an answer that cites: sharp passages, the reader's answer, the quote that supports it.

A small reader answers from one right passage and stumbles over look-alikes (135M parameters: 100% from the right
passage alone, 53 to 68% among three similar ones), so few, short passages are chosen: table rows with their headers,
definition lines and sentences, weighed by the question's words. The module knows no model: `Generate` is a callable.

    context = build_context(question, retriever.search(question), "en")
    answer = answer_question(question, retriever, generate)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final, Protocol

from agent.prompts.forms import with_context
from agent.records.base import Language
from agent.records.corpus import Answer, Chunk, Citation, Retrieved
from agent.records.pairs import Message
from knowledge.ingest.chunking import blocks
from knowledge.ingest.language import language_of
from knowledge.lexical import content_tokens, sentences

BUDGET_CHARACTERS: Final[dict[Language, int]] = {"en": 480, "zh": 200}
"""Characters of all passages together; measured with the 135M reader."""
MOST_PASSAGES: Final = 3
NEAR_BEST: Final = 0.72
"""Share of the best passage's score that another one needs to be shown beside it."""
MAX_NEW_TOKENS: Final = 48

_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_CELL = re.compile(r"(?<!\\)\|")
_HEADING_WEIGHT: Final = 0.6
"""Weight of a question's word that stands in the headings and not in the passage itself."""
_RANK_WEIGHT: Final = 0.35
"""Weight of retrieval's own opinion beside the words."""


class GeneratedText(Protocol):
    """What a model said to one conversation."""

    @property
    def text(self) -> str:
        """The answer."""

    @property
    def tokens(self) -> int:
        """Tokens generated."""

    @property
    def seconds(self) -> float:
        """Seconds to the last token."""

    @property
    def seconds_to_first_token(self) -> float | None:
        """Seconds to the first token, where it was measured."""

    @property
    def truncated(self) -> bool:
        """Whether the limit of tokens ended it."""


Generate = Callable[[Sequence[Sequence[Message]], int], Sequence[GeneratedText]]
"""Answers conversations with at most so many new tokens each."""


@dataclass(frozen=True)
class Context:
    """The passages shown to the reader; `passages`, `chunks` and `spans` go together."""

    passages: tuple[str, ...] = ()
    """Texts as the reader sees them, best first."""
    chunks: tuple[str, ...] = ()
    """Id of the chunk each passage comes from."""
    spans: tuple[tuple[int, int], ...] = ()
    """(start, end) of each passage in its document's text."""

    @property
    def text(self) -> str:
        """All passages as one text."""
        return "\n\n".join(self.passages)


@dataclass(frozen=True)
class _Unit:
    """A piece of a chunk that can stand alone."""

    start: int
    end: int
    text: str
    """As the reader would see it, without headings."""
    block: int
    """Number of the block it is from; sentences of one block are neighbours."""
    words: frozenset[str] = field(default_factory=frozenset)


def build_context(
    question: str,
    retrieved: Sequence[Retrieved],
    language: Language,
    budget_characters: int | None = None,
    most: int = MOST_PASSAGES,
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
    """
    budget = BUDGET_CHARACTERS[language] if budget_characters is None else budget_characters
    asked = set(content_tokens(question, language))
    pool = [(rank, hit.chunk, unit) for rank, hit in enumerate(retrieved) for unit in _units(hit.chunk)]
    if not pool:
        return Context()
    weights = _weights(asked, [unit.words | _heading_words(chunk) for _, chunk, unit in pool])
    scored = []
    for position, (rank, chunk, unit) in enumerate(pool):
        scored.append((_score(asked, weights, unit, chunk, rank), -position, chunk, unit))
    scored.sort(key=lambda entry: (-entry[0], -entry[1]))
    best = scored[0][0]
    passages: list[str] = []
    chosen: list[tuple[Chunk, int, int]] = []
    used = 0
    for score, _, chunk, unit in scored:
        if len(passages) >= most or (passages and score < NEAR_BEST * best):
            break
        if any(chunk.id == c.id and unit.start < end and start < unit.end for c, start, end in chosen):
            continue
        start, end, body = _window(chunk, unit, [u for _, c, u in pool if c.id == chunk.id], budget - used)
        text = _with_heading(chunk, body)
        if passages and used + len(text) > budget:
            continue
        passages.append(text)
        chosen.append((chunk, start, end))
        used += len(text)
    return Context(
        passages=tuple(passages),
        chunks=tuple(chunk.id for chunk, _, _ in chosen),
        spans=tuple((chunk.start + start, chunk.start + end) for chunk, start, end in chosen),
    )


def _weights(asked: set[str], pool: Sequence[frozenset[str]]) -> dict[str, float]:
    """Return how much each asked word tells the pieces apart (inverse document frequency over the pieces)."""
    seen = Counter(word for words in pool for word in words & asked)
    return {word: log(1 + len(pool) / (1 + seen[word])) for word in asked}


def _score(asked: set[str], weights: dict[str, float], unit: _Unit, chunk: Chunk, rank: int) -> float:
    total = sum(weights.values()) or 1.0
    inside = sum(weights[word] for word in asked & unit.words)
    above = sum(weights[word] for word in (asked & _heading_words(chunk)) - unit.words)
    return (inside + _HEADING_WEIGHT * above) / total + _RANK_WEIGHT / (1 + rank)


def _heading_words(chunk: Chunk) -> frozenset[str]:
    return frozenset(content_tokens(" ".join((chunk.title, *_headings(chunk))), chunk.language))


def _headings(chunk: Chunk) -> tuple[str, ...]:
    """Return the headings in words; a table's header line, which the chunker hands on, is none."""
    return tuple(heading for heading in chunk.headings if not heading.startswith("|"))


def _units(chunk: Chunk) -> list[_Unit]:
    found: list[_Unit] = []
    for number, block in enumerate(blocks(chunk.text)):
        if block.kind == "table":
            found.extend(_rows(chunk, block.start, block.end, number))
            continue
        for start, end in sentences(chunk.text[block.start : block.end], chunk.language):
            a, b = block.start + start, block.start + end
            text = " ".join(chunk.text[a:b].replace("**", "").split())
            found.append(_Unit(a, b, text.removeprefix("- "), number, _words(text, chunk.language)))
    return found


def _words(text: str, language: Language) -> frozenset[str]:
    return frozenset(content_tokens(text, language))


def _rows(chunk: Chunk, start: int, end: int, number: int) -> list[_Unit]:
    lines: list[tuple[int, int]] = []
    position = start
    for line in chunk.text[start:end].splitlines(keepends=True):
        if line.strip():
            lines.append((position, position + len(line.rstrip("\n"))))
        position += len(line)
    header: list[str] = []
    if len(lines) > 1 and _RULE.match(chunk.text[slice(*lines[1])]):
        header = cells(chunk.text[slice(*lines[0])])
        lines = lines[2:]
    elif chunk.headings and chunk.headings[-1].startswith("|"):
        header = cells(chunk.headings[-1])
    found = []
    for a, b in lines:
        text = row_text(header, cells(chunk.text[a:b]))
        found.append(_Unit(a, b, text, number, _words(text, chunk.language)))
    return found


def cells(line: str) -> list[str]:
    """Return the cell texts of one line of a pipe table."""
    return [part.strip().replace("\\|", "|") for part in _CELL.split(line.strip().strip("|"))]


def row_text(header: Sequence[str], row: Sequence[str]) -> str:
    """Return a table row as `Row — Header: value` lines, one for each filled cell after the first.

    Args:
        header: Cells of the header line; empty if the table has none.
        row: Cells of the row.
    """
    if not row:
        return ""
    name, values = row[0], list(enumerate(row))[1:]
    named = [(header[i] if i < len(header) else "", value) for i, value in values if value]
    if not named:
        return name
    return "\n".join(f"{name} — {head}: {value}" if head else f"{name} — {value}" for head, value in named)


def _window(chunk: Chunk, unit: _Unit, siblings: Sequence[_Unit], budget: int) -> tuple[int, int, str]:
    """Widen a sentence by its neighbours of the same block while they fit: what `it` means stands before it."""
    if "\n" in unit.text or " — " in unit.text:
        return unit.start, unit.end, unit.text
    same = [other for other in siblings if other.block == unit.block]
    at = same.index(unit)
    first = last = at
    room = min(budget, _WINDOW[chunk.language]) - len(unit.text)
    is_list = chunk.text[unit.start : unit.end].startswith(("- ", "* ", "**")) or _is_label(unit.text)
    while not is_list:
        grown = False
        for step in (1, -1):
            candidate = last + 1 if step == 1 else first - 1
            if 0 <= candidate < len(same) and len(same[candidate].text) < room:
                room -= len(same[candidate].text) + 1
                first, last = min(first, candidate), max(last, candidate)
                grown = True
        if not grown:
            break
    space = "" if chunk.language == "zh" else " "
    return same[first].start, same[last].end, space.join(other.text for other in same[first : last + 1])


_WINDOW: Final[dict[Language, int]] = {"en": 240, "zh": 100}
"""Characters up to which a sentence is widened by its neighbours."""


def _is_label(text: str) -> bool:
    return bool(re.match(r"[^\s:：][^:：]{0,48}[:：]\s*\S", text)) and len(text) < 160


def _with_heading(chunk: Chunk, body: str) -> str:
    """Put the nearest heading before a passage that does not repeat it."""
    headings = _headings(chunk)
    heading = headings[-1] if headings else chunk.title
    heading = re.sub(r"^(?:Q|问)\s*[:：]\s*", "", heading)
    if not heading or heading.lower() in body.lower():
        return body
    if heading.endswith(("?", "？")):
        return f"{heading} {body}" if chunk.language == "en" else f"{heading}{body}"
    title = f"{chunk.title} > " if chunk.title and chunk.title != heading else ""
    return f"{title}{heading}\n{body}"


def answer_question(
    question: str,
    retriever: Searches,
    generate: Generate,
    language: Language | None = None,
    k: int = 5,
    max_new_tokens: int = MAX_NEW_TOKENS,
) -> Answer:
    """Answer a question from the corpus and cite what the answer rests on.

    Args:
        question: The question.
        retriever: Finds chunks.
        generate: The reader.
        language: The question's language; `None` tells it from the question.
        k: Chunks to look at.
        max_new_tokens: Limit of the answer.
    """
    spoken = language or language_of(question)
    retrieved = retriever.search(question, k)
    context = build_context(question, retrieved, spoken)
    said = generate([with_context(question, context.passages, spoken)], max_new_tokens)[0]
    text = said.text.strip()
    silent = abstained(text, spoken)
    shown = [hit.chunk for hit in retrieved if hit.chunk.id in context.chunks]
    return Answer(
        text=text,
        citations=() if silent else cite(text, question, shown),
        seconds_to_first_token=said.seconds_to_first_token,
        seconds=said.seconds,
        tokens=said.tokens,
        abstained=silent,
        truncated=said.truncated,
    )


class Searches(Protocol):
    """The part of a retriever that answering needs."""

    def search(self, question: str, k: int = 5) -> list[Retrieved]:
        """Return the best chunks."""


def cite(answer: str, question: str, chunks: Sequence[Chunk]) -> tuple[Citation, ...]:
    """Return the sentence or row of the chunks that supports an answer best, as a verbatim quote.

    Words of the answer count full, words of the question a quarter (they choose between equal supports). An answer none
    of whose words stands in a chunk gets no citation: nothing supports it.
    """
    found: list[tuple[float, Chunk, _Unit]] = []
    for chunk in chunks:
        said, asked = _words(answer, chunk.language), _words(question, chunk.language)
        for unit in _units(chunk):
            share = len(said & unit.words) / max(1, len(said))
            if said & unit.words - asked or (share and said <= asked):
                found.append((share + 0.25 * len(asked & unit.words) / max(1, len(asked)), chunk, unit))
    if not found:
        return ()
    _, chunk, unit = max(found, key=lambda entry: entry[0])
    quote = chunk.text[unit.start : unit.end]
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
