"""Text, Markdown and CSV files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from knowledge.ingest.cleaning import faithful, sheet_blocks, without_false_headings
from knowledge.ingest.encoding import decode
from knowledge.ingest.limits import MOST_CELLS
from knowledge.ingest.parsed import Parsed, UnreadableError

_TITLE = re.compile(r"^#{1,6}[ \t]+([^\n]+)$", re.MULTILINE)
_SNIFFED: Final = 20_000
"""Characters from which the separator of a table is told."""


def read_text(content: bytes) -> Parsed:
    """Return a text file as it is; it has no title of its own.

    Raises:
        UnreadableError: Its encoding cannot be told, or it is empty.
    """
    text = without_false_headings(faithful(decode(content)))
    if not text.strip():
        raise UnreadableError("empty")
    return Parsed(title="", text=text)


def read_markdown(content: bytes) -> Parsed:
    """Return a Markdown file as it is; its first heading is its title.

    Raises:
        UnreadableError: Its encoding cannot be told, or it is empty.
    """
    parsed = read_text(content)
    heading = _TITLE.search(parsed.text)
    return Parsed(title=heading[1].rstrip().rstrip("#").rstrip() if heading else "", text=parsed.text)


def read_csv(content: bytes) -> Parsed:
    """Return a CSV file as a pipe table; comma, semicolon, tab or bar may set its columns apart.

    Raises:
        UnreadableError: Its encoding cannot be told, it is no table, or it is empty.
    """
    text = faithful(decode(content))
    if not text.strip():
        raise UnreadableError("empty")
    try:
        rows = list(_rows(text, _separator(text)))
    except csv.Error as error:
        raise UnreadableError(f"no valid CSV: {error}") from error
    return Parsed(title="", text="\n\n".join(sheet_blocks(rows)))


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    cells = 0
    # Fields of a quoted cell may hold line ends, so the reader is given lines as they stand.
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        cells += len(row)
        if cells > MOST_CELLS:
            raise UnreadableError(f"more than {MOST_CELLS} cells: export the part you need")
        yield row


def _separator(text: str) -> str:
    """Return what sets the columns apart: the sign that the most of the first rows hold equally often."""
    sample = text[:_SNIFFED].rpartition("\n")[0] or text[:_SNIFFED]
    best, most = ",", 0.0
    for candidate in ",;\t|":
        try:
            counts = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=candidate) if row]
        except csv.Error:
            continue
        width = max(set(counts), key=lambda one: (counts.count(one), one), default=1)
        score = counts.count(width) / len(counts) * min(width, 20) if width > 1 else 0.0
        if score > most:
            best, most = candidate, score
    return best
