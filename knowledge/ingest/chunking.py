"""Cut a document's text into passages that are indexed and retrieved as one.

Pure, and true to offsets: `text[chunk.start:chunk.end] == chunk.text`. Headings are context and not part of a chunk, a
table stays whole if it fits and is else cut between rows with its header line as context, prose is cut between
sentences only.

    >>> [chunk.text for chunk in chunk_document(text)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from agent.records.base import Language
from agent.records.corpus import Chunk, DocumentText
from knowledge.lexical import sentences

CHUNK_CHARACTERS: Final[dict[Language, int]] = {"en": 800, "zh": 200}
"""Longest chunk, in characters. Source: retrieval measured on COVID-QA and CMRC with chunks of these sizes."""

_HEADING = re.compile(r"(#{1,6})[ \t]+(?=[^ \t])")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_BREAKS = ("\n", "；", ";", "，", "、", ", ", " ")

BlockKind = Literal["heading", "table", "prose"]


@dataclass(frozen=True)
class Block:
    """A run of lines of one kind."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """Level of a heading, from 1."""
    title: str = ""
    """Words of a heading."""


@dataclass
class _Section:
    """Blocks under the same headings."""

    headings: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)
    heading: Block | None = None


def blocks(text: str) -> Iterator[Block]:
    """Yield headings, tables and paragraphs of Markdown-like text, in order; code fences count as paragraphs."""
    kind: BlockKind | None = None
    start = end = position = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        here, position = position, position + len(line)
        stripped = line.rstrip()
        now: BlockKind | None
        heading = None
        if fence:
            now = "prose"
            if stripped.strip().startswith(fence):
                fence = ""
        elif match := _FENCE.match(line):
            now, fence = "prose", match[1]
        elif not stripped:
            now = None
        elif heading := _HEADING.match(stripped):
            now = "heading"
        else:
            now = "table" if stripped.lstrip().startswith("|") else "prose"
        if kind is not None and (now != kind or now == "heading"):
            yield Block(kind, start, end)
            kind = None
        if heading:
            yield Block("heading", here, here + len(stripped), len(heading[1]), _title(stripped[heading.end() :]))
            continue
        if now is not None:
            if kind is None:
                start = here
            kind, end = now, here + len(stripped)
    if kind is not None:
        yield Block(kind, start, end)


def _title(words: str) -> str:
    """Return a heading's words without a closing run of `#`, which stands apart from them: `Care ##`, not `C#`."""
    bare = words.rstrip("#")
    return bare.rstrip() if bare.endswith((" ", "\t")) else words


def _sections(text: str) -> list[_Section]:
    stack: list[tuple[int, str]] = []
    found = [_Section(())]
    for block in blocks(text):
        if block.kind == "heading":
            while stack and stack[-1][0] >= block.level:
                stack.pop()
            stack.append((block.level, block.title))
            found.append(_Section(tuple(title for _, title in stack), heading=block))
        else:
            found[-1].blocks.append(block)
    return found


def chunk_document(document: DocumentText, sizes: Mapping[Language, int] = CHUNK_CHARACTERS) -> tuple[Chunk, ...]:
    """Cut a document into chunks.

    Args:
        document: Text with page spans.
        sizes: Longest chunk for each language, in characters.

    Returns:
        Chunks in the order of the text; together they hold all of it except headings that have text beneath them.
    """
    limit = sizes[document.language]
    found: list[Chunk] = []
    sections = _sections(document.text)
    for position, section in enumerate(sections):
        if not section.blocks:
            following = sections[position + 1].headings if position + 1 < len(sections) else ()
            is_parent = following[: len(section.headings)] == section.headings
            if section.heading and not is_parent:
                # A heading with nothing beneath it is text that would else be found nowhere.
                found.append(_chunk(document, section.heading.start, section.heading.end, section.headings[:-1]))
            continue
        for start, end, header in _passages(document.text, section.blocks, limit, document.language):
            found.append(_chunk(document, start, end, (*section.headings, header) if header else section.headings))
    return tuple(found)


def _chunk(document: DocumentText, start: int, end: int, headings: tuple[str, ...]) -> Chunk:
    return Chunk(
        id=f"{document.document}:{start}-{end}",
        document=document.document,
        name=document.name,
        title=document.title,
        headings=headings,
        page=document.page_at(start),
        start=start,
        end=end,
        text=document.text[start:end],
        language=document.language,
    )


def _passages(text: str, parts: list[Block], limit: int, language: Language) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, table header or empty) of the passages of one section."""
    start = end = -1
    for block in parts:
        if start >= 0 and block.end - start > limit:
            yield start, end, ""
            start = -1
        if block.end - block.start <= limit:
            start = block.start if start < 0 else start
            end = block.end
        elif block.kind == "table":
            yield from _table_passages(text, block, limit, language)
        else:
            yield from ((a, b, "") for a, b in _prose_passages(text, block, limit, language))
    if start >= 0:
        yield start, end, ""


def _table_passages(text: str, block: Block, limit: int, language: Language) -> Iterator[tuple[int, int, str]]:
    rows = list(_lines(text, block.start, block.end))
    ruled = len(rows) > 1 and _RULE.match(text[slice(*rows[1])])
    header = text[slice(*rows[0])].strip() if ruled else ""
    start = end = -1
    first = True
    for a, b in rows:
        if start >= 0 and b - start > limit:
            yield start, end, "" if first else header
            start, first = -1, False
        if b - a > limit:
            for x, y in _prose_passages(text, Block("prose", a, b), limit, language):
                yield x, y, "" if first else header
                first = False
            continue
        start = a if start < 0 else start
        end = b
    if start >= 0:
        yield start, end, "" if first else header


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        if text[start:stop].strip():
            yield start, stop
        start = stop + 1


def _prose_passages(text: str, block: Block, limit: int, language: Language) -> Iterator[tuple[int, int]]:
    units: list[tuple[int, int]] = []
    for a, b in sentences(text[block.start : block.end], language):
        units.extend(_short_enough(text, block.start + a, block.start + b, limit))
    total = units[-1][1] - units[0][0] if units else 0
    # Even parts: a last chunk of a few words would be found by nothing and say nothing.
    goal = total / max(1, -(-total // limit))
    start = end = -1
    for a, b in units:
        if start >= 0 and (b - start > limit or end - start >= goal):
            yield start, end
            start = -1
        start = a if start < 0 else start
        end = b
    if start >= 0:
        yield start, end


def _short_enough(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """Cut a sentence that is longer than a chunk at the last line, clause or word end that fits."""
    while end - start > limit:
        cut = start + limit
        for mark in _BREAKS:
            at = text.rfind(mark, start + limit // 2, start + limit)
            if at >= 0:
                cut = at + len(mark)
                break
        yield start, cut
        start = cut
    if start < end:
        yield start, end
