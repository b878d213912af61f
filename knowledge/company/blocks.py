"""The small Markdown dialect of the sources, read into blocks.

The sources use only headings, paragraphs, pipe tables, lists and definition
lines. A parser for exactly that keeps the three writers independent of any
Markdown library and makes an unexpected construct fail loudly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import yaml

_HEADING: Final = re.compile(r"^(#{1,4}) (.+)$")
_DEFINITION: Final = re.compile(r"^- \*\*(.+?)\*\*[:：] ?(.+)$")
_BULLET: Final = re.compile(r"^- (.+)$")
_NUMBER: Final = re.compile(r"^\d+\. (.+)$")
_RULE: Final = re.compile(r"^\|(?: ?:?-+:? ?\|)+$")


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (the title) to 4."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table whose first row is the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Items:
    """A bullet list, or a numbered list when `ordered`."""

    ordered: bool
    items: tuple[str, ...]


@dataclass(frozen=True)
class Definitions:
    """A list of terms with their definitions."""

    entries: tuple[tuple[str, str], ...]


Block = Heading | Paragraph | Table | Items | Definitions


@dataclass(frozen=True)
class Source:
    """One source document: its front matter and its body."""

    id: str
    title: str
    language: str
    format: str
    family: str
    date: date
    body: str

    @property
    def blocks(self) -> list[Block]:
        """The body as blocks, in reading order."""
        return parse(self.body)


def read_source(path: Path) -> Source:
    """Read one source file.

    Args:
        path: A Markdown file that starts with YAML front matter.

    Returns:
        The document.

    Raises:
        ValueError: If the front matter is missing or not a mapping.
    """
    text = path.read_text(encoding="utf-8")
    if not text.startswith("---\n"):
        raise ValueError(f"{path.name}: no front matter")
    head, _, body = text[4:].partition("\n---\n")
    meta = yaml.safe_load(head)
    issued = meta.get("date") if isinstance(meta, dict) else None
    # YAML reads an ISO date as a date, and anything longer as a datetime.
    if type(issued) is not date:
        raise ValueError(f"{path.name}: front matter needs keys and an ISO date")
    return Source(
        id=str(meta["id"]),
        title=str(meta["title"]),
        language=str(meta["language"]),
        format=str(meta["format"]),
        family=str(meta["family"]),
        date=issued,
        body=body.strip() + "\n",
    )


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def _table(lines: list[str]) -> Table:
    if len(lines) < 3 or not _RULE.match(lines[1]):
        raise ValueError(f"not a table: {lines[0]}")
    header, rows = _cells(lines[0]), tuple(_cells(line) for line in lines[2:])
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"ragged table: {lines[0]}")
    return Table(header, rows)


def _chunk(lines: list[str]) -> Block:
    """Turn the lines between two blank lines into one block."""
    first = lines[0]
    if heading := _HEADING.match(first):
        if len(lines) > 1:
            raise ValueError(f"no blank line after heading: {first}")
        return Heading(len(heading[1]), heading[2].strip())
    if first.startswith("|"):
        return _table(lines)
    # Definition lines are list items too, so they have to be tried first.
    for pattern in (_DEFINITION, _BULLET, _NUMBER):
        if not pattern.match(first):
            continue
        found = [pattern.match(line) for line in lines]
        matches = [match for match in found if match]
        if len(matches) != len(lines):
            raise ValueError(f"mixed list: {first}")
        if pattern is _DEFINITION:
            return Definitions(tuple((match[1], match[2].strip()) for match in matches))
        return Items(pattern is _NUMBER, tuple(match[1].strip() for match in matches))
    return Paragraph(" ".join(line.strip() for line in lines))


def parse(body: str) -> list[Block]:
    """Parse a body into blocks.

    Args:
        body: Text in the dialect described at the top of this module.

    Returns:
        The blocks in reading order.

    Raises:
        ValueError: If a table is ragged or a list mixes kinds.
    """
    chunks = re.split(r"\n\s*\n", body.strip())
    return [_chunk(chunk.splitlines()) for chunk in chunks if chunk.strip()]
