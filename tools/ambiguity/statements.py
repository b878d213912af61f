r"""What a chunk states, piece by piece: of what (a row, a label, a section) it says which value.

>>> [(s.name, s.attribute, s.value) for s in statements(chunk)]
[('Tarvo Wren pump', 'Rated flow', '17 litres per hour'), ('Tarvo Wren pump', 'Cable length', '2.4 metres')]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final, Literal

from agent.records.base import Language
from agent.records.corpus import Chunk
from knowledge.pieces import Piece, cells, headings, meaning, pieces
from tools.ambiguity.quantities import stated_kinds

Form = Literal["cell", "label", "sentence"]

_LABEL: Final = re.compile(r"(?:[-*•]\s+)?(?P<name>[^:：|]{1,60}?)\s*[:：]\s*(?P<value>\S.*)$", re.DOTALL)
_RULE: Final = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t|:\-]*$", re.MULTILINE)
_LONGEST_VALUE: Final[dict[Language, int]] = {"en": 160, "zh": 60}
"""Characters after a colon up to which a line is a label with its value; a longer one is prose."""


@dataclass(frozen=True)
class Statement:
    """One piece of a chunk, taken apart."""

    chunk: Chunk
    start: int
    end: int
    """Offsets of the piece in the chunk's text."""
    form: Form
    name: str
    """Row of a cell or label of a line: what it is about; empty for a sentence."""
    attribute: str
    """Column of a cell; empty otherwise."""
    value: str
    """What is said: the cell, what follows the label, or the sentence."""
    group: str
    """Table, list or section it stands in; one group speaks about things of one kind."""
    place: tuple[str, ...]
    """Title and headings above, outermost first, without repeats."""
    said: frozenset[str]
    """Words of name, attribute and value that carry meaning."""
    above: frozenset[str]
    """Words of the place that carry meaning."""
    heading: frozenset[str]
    """Words of its innermost part."""
    kinds: frozenset[str]
    """Kinds of quantity it states."""
    row: tuple[str, ...] = ()
    """All cells of a table row."""
    row_column: str = ""
    """Header of a table's first column: what the rows are."""

    @property
    def section(self) -> str:
        """The innermost heading, where there is one besides the title."""
        return self.place[-1] if len(self.place) > 1 else ""

    def words(self, text: str) -> frozenset[str]:
        """Return the words of a text that carry meaning, cut by the rules of the statement's language."""
        return meaning(text, self.chunk.language) if text else frozenset()


@lru_cache(maxsize=8192)
def statements(chunk: Chunk) -> tuple[Statement, ...]:
    """Return what a chunk states, in order."""
    place = tuple(dict.fromkeys(part for part in (chunk.title, *headings(chunk)) if part))
    above = frozenset().union(*(meaning(part, chunk.language) for part in place))
    return tuple(_statement(chunk, piece, place, above) for piece in pieces(chunk) if piece.words)


def file_words(chunk: Chunk) -> frozenset[str]:
    """Return the words of a document's file name."""
    return meaning(PurePosixPath(chunk.name).stem, chunk.language)


def _statement(chunk: Chunk, piece: Piece, place: tuple[str, ...], above: frozenset[str]) -> Statement:
    name = attribute = row_column = ""
    form: Form = "sentence"
    value, row = piece.text, ()
    line = chunk.text[slice(*piece.whole)]
    match = None if piece.is_prose else _LABEL.match(piece.text)
    if line.lstrip().startswith("|"):
        row = tuple(cells(line))
        form, name, value = "cell", row[0], chunk.text[piece.start : piece.end].replace("\\|", "|")
        attribute, row_column = _attribute(piece.text, name, value), _row_column(chunk, piece.start)
    elif match and _is_line(chunk, piece.end, match):
        form, name, value = "label", match["name"].strip(), match["value"]
    return Statement(
        chunk=chunk,
        start=piece.start,
        end=piece.end,
        form=form,
        name=name,
        attribute=attribute,
        value=value,
        # A long table is cut into chunks under the same headings, so its chunks share the group.
        group="\x1f".join((chunk.document, *place, form, row_column)),
        place=place,
        said=piece.words | (meaning(row_column, chunk.language) if row_column else frozenset()),
        above=above,
        heading=meaning(place[-1], chunk.language) if len(place) > 1 else frozenset(),
        kinds=stated_kinds(f"{value} {attribute}" if attribute else value),
        row=row,
        row_column=row_column,
    )


def _is_line(chunk: Chunk, end: int, match: re.Match[str]) -> bool:
    """Return whether a label and its value are a line of their own, and no clock time and no prose after a colon."""
    clock = match["name"][-1].isdigit() and match["value"][0].isdigit()
    short = len(match["value"]) <= _LONGEST_VALUE[chunk.language]
    return short and not clock and chunk.text[end : end + 1] in ("", "\n")


def _attribute(text: str, name: str, value: str) -> str:
    """Return the column of a cell from its line `Row — Header: value`."""
    rest = text.removeprefix(f"{name} — ")
    return rest[: -len(value)].rstrip(": ") if value and rest.endswith(value) and rest != value else ""


def _row_column(chunk: Chunk, start: int) -> str:
    if chunk.headings and chunk.headings[-1].startswith("|"):
        return cells(chunk.headings[-1])[0]
    rules = [match.start() for match in _RULE.finditer(chunk.text, 0, start)]
    head: Sequence[str] = chunk.text[: rules[-1]].rstrip("\n").splitlines() if rules else ()
    return cells(head[-1])[0] if head and "|" in head[-1] else ""
