"""What a model is asked of each passage: how many pairs, of which kinds, and what they may quote.

    plans = plan_passages(chunks, seed=0)      # about one pair per 240 characters of prose, kinds in turn

Kinds are dealt out where the passage can yield them, the one asked for least so far first, so that a corpus of prose
does not become a thousand questions for names.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agent.prompts.extraction import PassagePlan
from agent.records.corpus import Chunk
from agent.records.pairs import PairKind
from knowledge.lexical import sentences

CHARACTERS_A_PAIR: Final = 240
"""Characters of English prose from which one pair is asked; Chinese says as much in about a third of them."""
CHARACTERS_A_PAIR_ZH: Final = 80
MOST_A_PASSAGE: Final = 6
FACTS_A_PAIR: Final = 4
"""Cells of a table from which one pair is asked: rules make the look-ups of single cells."""
UNANSWERABLE_EVERY: Final = 8
"""One pair in so many is a question the passage does not answer."""
_ENDINGS: Final = (".", "!", "?", "。", "！", "？")
_LONGEST_TABLE: Final = 600
_STEPS: Final = re.compile(
    r"^\s*(?:\d{1,2}[.)、]|[-*•])\s|\b(?:first|then|next|finally|before|after|must be|should be|step)\b|先|"
    r"然后|再|步骤|方法|应当|必须",
    re.IGNORECASE | re.MULTILINE,
)
_DEFINES: Final = re.compile(
    r"\b(?:is|are) (?:an?|the) \w+|\b(?:called|known as|refers? to|means?|stands for|defined as)\b|是指|称为|"
    r"又称|简称|俗称|叫作|即",
    re.IGNORECASE,
)
_COMPARES: Final = re.compile(
    r"\b(?:than|whereas|while|compared|unlike|both|respectively|higher|lower|more|less|most|least)\b|比|而|"
    r"分别|相比|不同|较",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """A passage with what is asked of it."""

    chunk: Chunk
    count: int
    """Most pairs."""
    plan: PassagePlan | None
    """Kinds and style; `None` for a small model, which is asked in plain words."""
    quotes: tuple[str, ...]
    """Pieces a pair may rest on."""


def is_table(chunk: Chunk) -> bool:
    """Return whether a passage holds rows of a table."""
    return any(line.lstrip().startswith("|") for line in chunk.text.split("\n"))


def quota(chunk: Chunk) -> int:
    """Return how many pairs a passage should give: by length for prose, by cells for a table."""
    if is_table(chunk):
        cells = sum(max(0, row.count("|") - 2) for row in _rows(chunk))
        return max(1, min(MOST_A_PASSAGE, cells // FACTS_A_PAIR))
    size = CHARACTERS_A_PAIR_ZH if chunk.language == "zh" else CHARACTERS_A_PAIR
    return max(1, min(MOST_A_PASSAGE, round(len(chunk.text) / size)))


def plain_passages(chunks: Sequence[Chunk]) -> list[Asked]:
    """Ask one pair of every passage in plain words, as a model of some hundred million parameters can follow."""
    return [Asked(chunk, 1, None, tuple(sentences_of(chunk))) for chunk in chunks]


def plan_passages(chunks: Sequence[Chunk], seed: int, wordings: int = 2) -> list[Asked]:
    """Deal out kinds, personas and difficulty over the passages, the same for the same chunks and seed.

    Args:
        chunks: Passages in the order in which they are read.
        seed: Seed of persona and difficulty.
        wordings: Other wordings of every question.
    """
    dealt: Counter[PairKind] = Counter()
    planned = []
    for chunk in chunks:
        kinds: list[PairKind] = []
        possible = kinds_of(chunk)
        for _ in range(quota(chunk)):
            total = sum(dealt.values())
            if total >= UNANSWERABLE_EVERY * (dealt["unanswerable"] + 1) - 1 and "unanswerable" not in kinds:
                kind: PairKind = "unanswerable"
            else:
                kind = min(possible, key=lambda one: (kinds.count(one), dealt[one], possible.index(one)))
            kinds.append(kind)
            dealt[kind] += 1
        draw = int(hashlib.sha256(f"{seed}:plan:{chunk.id}".encode()).hexdigest()[:8], 16)
        plan = PassagePlan(kinds=tuple(kinds), persona=draw % 5, level=draw // 5 % 3, wordings=wordings)
        planned.append(Asked(chunk, len(kinds), plan, tuple(quotes_of(chunk))))
    return planned


def kinds_of(chunk: Chunk) -> tuple[PairKind, ...]:
    """Return the kinds that a passage can yield."""
    if is_table(chunk):
        return ("table", "comparative") if len(_rows(chunk)) > 1 else ("table",)
    text = chunk.text
    found: list[PairKind] = ["factual"]
    if re.search(r"\d", text):
        found.append("numeric")
    if _DEFINES.search(text):
        found.append("definitional")
    if _STEPS.search(text):
        found.append("procedural")
    if _COMPARES.search(text):
        found.append("comparative")
    if len(sentences_of(chunk)) >= 2:
        found.append("multi_hop")
    return tuple(found)


def sentences_of(chunk: Chunk) -> list[str]:
    """Return the sentences a pair may rest on: whole ones of prose, no headings or form lines."""
    found = [chunk.text[start:end].strip() for start, end in sentences(chunk.text, chunk.language)]
    least = 6 if chunk.language == "zh" else 15
    return list(dict.fromkeys(one for one in found if least <= len(one) <= 300 and one.endswith(_ENDINGS)))


def quotes_of(chunk: Chunk) -> list[str]:
    """Return the pieces a planned pair may rest on: sentences and neighbouring two, or rows and a small table whole."""
    if is_table(chunk):
        rows = _rows(chunk)
        start, end = chunk.text.find(rows[0]) if rows else -1, chunk.text.rfind(rows[-1]) if rows else -1
        whole = chunk.text[chunk.text.find("|") : end + len(rows[-1])] if rows and start >= 0 else ""
        return list(dict.fromkeys([*rows, *([whole] if 0 < len(whole) <= _LONGEST_TABLE else [])]))
    single = sentences_of(chunk)
    pairs = []
    for one, other in pairwise(single):
        start = chunk.text.find(one)
        end = chunk.text.find(other, start + len(one)) + len(other)
        if start >= 0 and start + len(one) < end <= start + len(one) + len(other) + 2:
            pairs.append(chunk.text[start:end])
    return [*single, *pairs]


def _rows(chunk: Chunk) -> list[str]:
    """Return the rows of a table's body as they stand."""
    lines = [line.strip() for line in chunk.text.split("\n") if line.strip().startswith("|")]
    rule = next((number for number, line in enumerate(lines) if re.fullmatch(r"[|\s:-]+", line)), -1)
    return lines[rule + 1 :]
