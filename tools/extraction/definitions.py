"""Facts in definition lists: `**Term**: what it means`, `Term: what it means`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tools.extraction.blocks import Block, Piece, piece_of
from tools.extraction.phrases import is_empty_value

_BOLD: Final = re.compile(r"^\*\*(?P<term>[^*]{1,60}?)\s*[:：]?\*\*\s*(?:[:：]|\s[–—-]\s)?\s*(?P<value>\S.*)$")
_PLAIN: Final = re.compile(
    r"^(?P<term>[^:：.。!?！？|]{1,48}?)\s*(?:[:：](?=\s|[^\x00-\x7f])|\s[–—]\s)\s*(?P<value>\S.*)$"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z(])|(?<=[。！？])")
_MEASURE: Final = re.compile(
    r"^\d|(?<![A-Za-z\-\d.])\d[\d.,]*\s*[%％°a-zµ元天年月日时分秒个台件米克吨升页次人岁小千公毫厘万]"
)
_NOT_TERM: Final = re.compile(
    r"^(note|warning|caution|tip|example|q|a|注|注意|警告|提示|例|问|答)\W*\d*$", re.IGNORECASE
)
_LONGEST_VALUE = 220
_MOST_WORDS = 6


@dataclass(frozen=True)
class Definition:
    """A term and what it means, or a label of the section's subject and its value."""

    term: str
    value: Piece
    measured: bool
    """True if the value holds an amount, so that the term may be an attribute and no word to explain."""


def definitions(blocks: Sequence[Block], text: str) -> Iterator[tuple[Block, Definition]]:
    """Yield definitions with the line that holds them.

    Terms in bold count wherever they stand at the head of a line; plain ones only in a list of at least two such lines.

    Args:
        blocks: Blocks of the document.
        text: The document's text.
    """
    for index, block in enumerate(blocks):
        if block.kind != "line":
            continue
        match = _BOLD.match(block.piece.text)
        if match is None and block.listed and _plain_neighbour(blocks, index):
            match = _PLAIN.match(block.piece.text)
        if match is None or not _is_term(match["term"]):
            continue
        value = _first_sentences(text, block.piece.start + match.start("value"), block.piece.end)
        if len(value.text) <= _LONGEST_VALUE and not is_empty_value(value.text):
            term = match["term"].strip()
            yield block, Definition(term, value, _MEASURE.search(value.text) is not None)


def _is_term(term: str) -> bool:
    return (
        not _NOT_TERM.match(term.strip())
        and len(term.split()) <= _MOST_WORDS
        and not term.strip().endswith(("?", "？"))
    )


def _plain_neighbour(blocks: Sequence[Block], index: int) -> bool:
    return any(
        0 <= place < len(blocks) and blocks[place].listed and _PLAIN.match(blocks[place].piece.text)
        for place in (index - 1, index + 1)
    )


def _first_sentences(text: str, start: int, end: int) -> Piece:
    """Return the definition, or its first sentence if the whole is too long to be learned as an answer."""
    whole = piece_of(text, start, end)
    if len(whole.text) <= _LONGEST_VALUE // 2:
        return whole
    cut = _SENTENCE.search(whole.text)
    return piece_of(text, whole.start, whole.start + cut.start()) if cut else whole
