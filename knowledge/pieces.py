r"""The pieces of a chunk that can stand alone: sentences, list lines and table cells with row and header.

A table cell is read as `Row — Header: value`, so that a small reader need not count columns.

    >>> [piece.text for piece in pieces(chunk)]
    ['Tarvo Wren pump — Rated flow: 17 litres per hour', 'Tarvo Wren pump — Cable length: 2.4 metres']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from agent.records.base import Language
from agent.records.corpus import Chunk
from knowledge.ingest.chunking import blocks
from knowledge.lexical import content_tokens, sentences

_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_CELL = re.compile(r"(?<!\\)\|")
_LONGEST_LABEL = 48
"""Characters before the colon of a `Label: value` line."""
_QUESTION_MARK = re.compile(r"^(?:Q|问)\s*[:：]\s*")


@dataclass(frozen=True)
class Piece:
    """A part of a chunk that can be read alone."""

    start: int
    end: int
    """Offsets in the chunk's text."""
    text: str
    """As a reader sees it, without headings and marks."""
    block: int
    """Number of the block it is from; sentences of one block are neighbours."""
    is_prose: bool
    """Whether its neighbours of the same block belong to what it says; a row's or a list line's do not."""
    words: frozenset[str]
    """Words that carry meaning."""
    whole: tuple[int, int]
    """What a quote of it shows: the table row of a cell, else the piece itself; offsets in the chunk's text."""


@lru_cache(maxsize=4096)
def pieces(chunk: Chunk) -> tuple[Piece, ...]:
    """Return the pieces of a chunk, in order."""
    found: list[Piece] = []
    for number, block in enumerate(blocks(chunk.text)):
        if block.kind == "table":
            found.extend(_rows(chunk, block.start, block.end, number))
            continue
        for start, end in sentences(chunk.text[block.start : block.end], chunk.language):
            a, b = block.start + start, block.start + end
            raw = chunk.text[a:b]
            text = " ".join(raw.replace("**", "").split()).removeprefix("- ")
            is_prose = not raw.startswith(("- ", "* ", "**")) and not _is_label(text)
            found.append(Piece(a, b, text, number, is_prose, meaning(text, chunk.language), (a, b)))
    return tuple(found)


@lru_cache(maxsize=65536)
def meaning(text: str, language: Language) -> frozenset[str]:
    """Return the words of a text that carry meaning."""
    return frozenset(content_tokens(text, language))


def headings(chunk: Chunk) -> tuple[str, ...]:
    """Return the headings in words; a table's header line, which the chunker hands on with a split table, is none."""
    return tuple(heading for heading in chunk.headings if not heading.startswith("|"))


def under_heading(chunk: Chunk, body: str) -> str:
    """Put title and nearest heading before a passage that does not repeat them; a heading that asks comes alone."""
    above = headings(chunk)
    heading = _QUESTION_MARK.sub("", above[-1] if above else chunk.title)
    if not heading or heading.lower() in body.lower():
        return body
    if heading.endswith(("?", "？")):
        return f"{heading} {body}" if chunk.language == "en" else f"{heading}{body}"
    title = f"{chunk.title} > " if chunk.title and chunk.title != heading else ""
    return f"{title}{heading}\n{body}"


def cells(line: str) -> list[str]:
    """Return the cell texts of one line of a pipe table."""
    return [text for text, _, _ in _placed(line)]


def _placed(line: str) -> list[tuple[str, int, int]]:
    """Return the cells of a line with their places in it."""
    bars = [match.start() for match in _CELL.finditer(line)]
    edges = [*([-1] if not line.lstrip().startswith("|") else []), *bars]
    edges += [len(line)] if not bars or line[bars[-1] + 1 :].strip() else []
    found: list[tuple[str, int, int]] = []
    for left, right in pairwise(edges):
        raw = line[left + 1 : right]
        start = left + 1 + len(raw) - len(raw.lstrip())
        text = raw.strip()
        found.append((text.replace("\\|", "|"), start, start + len(text)))
    return found


def cell_text(name: str, header: str, value: str) -> str:
    """Return one cell of a table as a line that can be read alone: `Row — Header: value`."""
    return f"{name} — {header}: {value}" if header else f"{name} — {value}"


def told(piece: Piece) -> tuple[str, str] | None:
    """Return (of what, what) a table's cell or a `Label: value` line tells; `None` for a sentence."""
    row, dash, rest = piece.text.partition(" — ")
    if dash and piece.whole != (piece.start, piece.end):
        header, colon, value = rest.partition(": ")
        return (f"{row} {header}", value) if colon else (row, rest)
    if piece.is_prose or not _is_label(piece.text):
        return None
    # `8:30`, `1:10` and `https://` are within a sentence, not between a label and what it tells.
    parts = re.split(r"\s*(?::(?=\s)|(?<!\d)：|：(?!\d))\s*", piece.text, maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 and parts[1] and len(parts[0]) <= _LONGEST_LABEL else None


def _rows(chunk: Chunk, start: int, end: int, number: int) -> list[Piece]:
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
    return [piece for a, b in lines for piece in _row(chunk, a, b, header, number)]


def _row(chunk: Chunk, start: int, end: int, header: Sequence[str], number: int) -> Iterator[Piece]:
    row = _placed(chunk.text[start:end])
    named = [(i, cell) for i, cell in enumerate(row) if cell[0] and i] or [(0, row[0])]
    for i, (value, a, b) in named:
        text = cell_text(row[0][0], header[i] if i < len(header) else "", value) if i else value
        words = meaning(text, chunk.language)
        yield Piece(start + a, start + b, text, number, False, words, (start, end))


def _is_label(text: str) -> bool:
    return len(text) < 160 and bool(re.match(rf"[^\s:：][^:：]{{0,{_LONGEST_LABEL}}}[:：]\s*\S", text))
