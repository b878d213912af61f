r"""What a chunk states, piece by piece: of what (a row, a label, a section) it says which value.

    >>> [(s.name, s.attribute, s.value) for s in statements(chunk)]
    [('Tarvo Wren pump', 'Rated flow', '17 litres per hour'), ('Tarvo Wren pump', 'Cable length', '2.4 metres')]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from agent.records.corpus import Chunk
from knowledge.pieces import Piece, cells, headings, meaning, pieces

Form = Literal["cell", "label", "sentence"]

_LABEL: Final = re.compile(r"(?:[-*•]\s+)?(?P<name>[^:：|]{1,60}?)\s*[:：]\s*(?P<value>\S.*)$", re.DOTALL)
_CLOCK: Final = re.compile(r"\d$")


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
    """Table or list it stands in; statements of one group and attribute are about things of one kind."""
    place: tuple[str, ...]
    """Title and headings above, outermost first, without repeats."""
    words: frozenset[str]
    """Words of name, attribute and value that carry meaning."""
    row: tuple[str, ...] = ()
    """All cells of a table row."""


@lru_cache(maxsize=8192)
def statements(chunk: Chunk) -> tuple[Statement, ...]:
    """Return what a chunk states, in order."""
    place = tuple(dict.fromkeys(part for part in (chunk.title, *headings(chunk)) if part))
    section = "\x1f".join((chunk.document, *place))
    return tuple(_statement(chunk, piece, place, section) for piece in pieces(chunk))


def _statement(chunk: Chunk, piece: Piece, place: tuple[str, ...], section: str) -> Statement:
    line = chunk.text[slice(*piece.whole)]
    if line.lstrip().startswith("|"):
        row = tuple(cells(line))
        value = chunk.text[piece.start : piece.end].replace("\\|", "|")
        attribute = _attribute(piece.text, row[0], value)
        # A long table is cut into chunks under the same headings, so its chunks share the group.
        return _made(chunk, piece, "cell", row[0], attribute, value, f"{section}\x1ftable", place, row)
    match = None if piece.is_prose else _LABEL.match(piece.text)
    if match and not _CLOCK.search(match["name"]):
        return _made(chunk, piece, "label", match["name"].strip(), "", match["value"], f"{section}\x1flist", place)
    return _made(chunk, piece, "sentence", "", "", piece.text, section, place)


def _attribute(text: str, name: str, value: str) -> str:
    """Return the column of a cell from its line `Row — Header: value`."""
    rest = text.removeprefix(f"{name} — ")
    return rest[: -len(value)].rstrip(": ") if value and rest.endswith(value) and rest != value else ""


def _made(
    chunk: Chunk,
    piece: Piece,
    form: Form,
    name: str,
    attribute: str,
    value: str,
    group: str,
    place: tuple[str, ...],
    row: Sequence[str] = (),
) -> Statement:
    return Statement(
        chunk=chunk,
        start=piece.start,
        end=piece.end,
        form=form,
        name=name,
        attribute=attribute,
        value=value,
        group=group,
        place=place,
        words=piece.words,
        row=tuple(row),
    )


def words_of(text: str, chunk: Chunk) -> frozenset[str]:
    """Return the words of a text that carry meaning, cut by the rules of a chunk's language."""
    return meaning(text, chunk.language) if text else frozenset()
