r"""The pieces of a chunk that can stand alone: sentences, list lines and table rows with their headers.

A table row is read as `Row — Header: value` lines, so that a small reader need not count columns.

    >>> [piece.text for piece in pieces(chunk)]
    ['Tarvo Wren pump — Rated flow: 17 litres per hour\\nTarvo Wren pump — Cable length: 2.4 metres']
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.records.base import Language
from agent.records.corpus import Chunk
from knowledge.ingest.chunking import blocks
from knowledge.lexical import content_tokens, sentences

_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_CELL = re.compile(r"(?<!\\)\|")
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
            found.append(Piece(a, b, text, number, is_prose, meaning(text, chunk.language)))
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
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [part.strip().replace("\\|", "|") for part in _CELL.split(inner)]


def row_text(header: Sequence[str], row: Sequence[str]) -> str:
    """Return a table row as `Row — Header: value` lines, one for each filled cell after the first.

    Args:
        header: Cells of the header line; empty if the table has none.
        row: Cells of the row.
    """
    if not row:
        return ""
    name = row[0]
    named = [(header[i] if i < len(header) else "", value) for i, value in enumerate(row) if i and value]
    if not named:
        return name
    return "\n".join(f"{name} — {head}: {value}" if head else f"{name} — {value}" for head, value in named)


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
    found: list[Piece] = []
    for a, b in lines:
        text = row_text(header, cells(chunk.text[a:b]))
        found.append(Piece(a, b, text, number, False, meaning(text, chunk.language)))
    return found


def _is_label(text: str) -> bool:
    return len(text) < 160 and bool(re.match(r"[^\s:：][^:：]{0,48}[:：]\s*\S", text))
