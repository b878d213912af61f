"""Where a question fits several things: documents that contradict one another, and rows it does not choose between.

A reader shown one passage hides both. The test is narrow, since a false alarm costs trust: the same statement with
other numbers, or the same cell with another value, in two documents; or cells of one header whose rows the question
leaves open. `Pump manual v2` is newer than `Pump manual v1`, whatever else their names share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.records.base import Language
from agent.records.corpus import Chunk, Retrieved
from knowledge.answering import weighed
from knowledge.lexical import content_tokens
from knowledge.pieces import Piece, meaning

LIKE: Final[dict[Language, float]] = {"en": 0.6, "zh": 0.75}
"""Share of common words, numbers aside, from which two sentences say the same thing."""
AS_GOOD: Final = 0.6
"""Share of the best piece's score that a contradicting one needs to be about the question."""
TIED: Final = 0.95
"""Share of the best piece's score from which a row fits as well."""
MOST: Final = 6
"""Things to choose from at most; more are a list to search, and no question."""

_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[\w.-]+", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z0-9,;] )[A-Z][\w-]*")
_VERSION = re.compile(
    r"(?i)(?:(?<![a-z])(?:v|ver|version|rev|revision|issue)[ ._-]?|版本|版次|第(?=\d+版))"
    r"(\d+(?:[._]\d+)*|[A-H](?![A-Za-z]))版?"
)
_DATE = re.compile(
    r"(?<!\d)((?:19\d\d|20[0-4]\d))(?:[-_.年/](0?[1-9]|1[0-2])(?!\d))?(?:[-_.月/](0?[1-9]|[12]\d|3[01])(?!\d))?[日年]?(?![\d-])"
)


@dataclass(frozen=True)
class Statement:
    """What one document says."""

    document: str
    """The document's name."""
    text: str
    """The sentence or `Row — Header: value`."""
    is_newer: bool = False
    """Whether its document is told to be a later version of one of the others."""


def contradictions(question: str, retrieved: Sequence[Retrieved], language: Language) -> tuple[Statement, ...]:
    """Return the statements that answer a question differently, the newest version first; empty where none do.

    Args:
        question: The question.
        retrieved: Chunks, best first.
        language: The language of the question.
    """
    pool = weighed(question, retrieved, language)
    if not pool:
        return ()
    best, chunk, piece = pool[0]
    asked = frozenset(content_tokens(question, language))
    found: dict[str, tuple[Chunk, Piece]] = {chunk.document: (chunk, piece)}
    for score, other, against in pool[1:]:
        if score < AS_GOOD * best:
            break
        if other.document not in found and _contradict(piece, chunk, against, other, asked):
            found[other.document] = (other, against)
    if len(found) < 2:
        return ()
    names = [one.name for one, _ in found.values()]
    statements = [Statement(one.name, said.text, _is_latest(one.name, names)) for one, said in found.values()]
    return tuple(sorted(statements, key=lambda statement: not statement.is_newer))[:MOST]


def namesakes(question: str, retrieved: Sequence[Retrieved], language: Language) -> tuple[str, ...]:
    """Return the rows a question fits equally, where it names none of them; empty where it is clear.

    Args:
        question: The question.
        retrieved: Chunks, best first.
        language: The language of the question.
    """
    pool = weighed(question, retrieved, language)
    first = _cell(pool[0][2]) if pool else None
    asked = frozenset(content_tokens(question, language))
    if first is None or not asked & meaning(first[1], language):
        return ()
    values: dict[str, str] = {}
    for score, _, piece in pool:
        cell = _cell(piece)
        if score >= TIED * pool[0][0] and cell and _same(cell[1], first[1], language):
            values.setdefault(cell[0], cell[2])
    common = frozenset[str].intersection(*(meaning(row, language) for row in values))
    named = any(asked & (meaning(row, language) - common) for row in values)
    if named or len(set(values.values())) < 2 or not 2 <= len(values) <= MOST:
        return ()
    return tuple(values)


def _contradict(a: Piece, of_a: Chunk, b: Piece, of_b: Chunk, asked: frozenset[str]) -> bool:
    if of_a.language != of_b.language:
        return False
    one, other = _cell(a), _cell(b)
    if one and other:
        same = _same(one[0], other[0], of_a.language) and _same(one[1], other[1], of_a.language)
        return same and meaning(one[2], of_a.language) != meaning(other[2], of_a.language)
    if one or other:
        return False
    mine, theirs = _numbers(a.words) - asked, _numbers(b.words) - asked
    if not mine or not theirs or mine == theirs or mine < theirs or theirs < mine:
        return False
    left, right = a.words - _numbers(a.words), b.words - _numbers(b.words)
    if len(left & right) < LIKE[of_a.language] * len(left | right) or asked & left != asked & right:
        return False
    names = {word.lower() for text in (a.text, b.text) for word in (*_NAME.findall(text), *_CODE.findall(text))}
    return not {name.removesuffix("s") for name in names} & {word.removesuffix("s") for word in left ^ right}


def _cell(piece: Piece) -> tuple[str, str, str] | None:
    """Return row, header and value of a table's cell; `None` for anything else."""
    row, dash, rest = piece.text.partition(" — ")
    header, colon, value = rest.partition(": ")
    return (row, header, value) if dash and colon and piece.whole != (piece.start, piece.end) else None


def _same(a: str, b: str, language: Language) -> bool:
    return meaning(a, language) == meaning(b, language)


def _numbers(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if _NUMBER.fullmatch(word))


def _is_latest(name: str, names: Sequence[str]) -> bool:
    """Return whether a document is the latest of the same document's versions among those named."""
    stem, version = _versioned(name)
    versions = [_versioned(other) for other in names if other != name]
    older = [other for base, other in versions if base == stem and other and version and other[0] == version[0]]
    return bool(older) and all(other < version for other in older if version)


def _versioned(name: str) -> tuple[str, tuple[str, tuple[int, ...]] | None]:
    """Return a name without what tells its version, and that version as (kind, numbers)."""
    dated, numbered = _DATE.search(name), _VERSION.search(name)
    stem = re.sub(r"[\W_]+", " ", _DATE.sub(" ", _VERSION.sub(" ", name))).strip().lower()
    if dated:
        return stem, ("date", tuple(int(part or 0) for part in dated.groups()))
    if numbered:
        parts = re.split(r"[._]", numbered[1])
        return stem, ("number", tuple(int(part) if part.isdigit() else ord(part.upper()) for part in parts))
    return stem, None
