"""From text pieces to lines, and from wrapped lines to running text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.ingest.cleaning import one_line
from knowledge.ingest.pdf_page import HYPHEN, Piece
from knowledge.lexical import CJK

_BULLET = re.compile(r"^(?:[•●▪■◦‣·∙○◆➢\uf0b7\uf0a7]\s*|[-–]\s+)(?=\S)")
_NUMBERED = re.compile(r"^(?:\d{1,3}[.)、]|[(（]\d{1,3}[)）]|[a-z][.)])\s")
_WIDE = re.compile(f"[{CJK}\u3000-\u303f\uff00-\uffef]")
_WORD_END = re.compile(r"(\w+)$")
_WORD_START = re.compile(r"^(\w+)")


@dataclass(frozen=True)
class Line:
    """Pieces on one baseline, left to right."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The line's words; pieces are set apart by one space where there is one on the page."""
        text = ""
        before: Piece | None = None
        for piece in self.pieces:
            apart = before is not None and (piece.x0 - before.x1 > 0.12 * piece.height or text.endswith(" "))
            text = text.rstrip() + (" " if apart else "") + piece.text
            before = piece
        return " ".join(text.split())

    @property
    def columns(self) -> tuple[Line, ...]:
        """The line's parts between wide gaps."""
        parts: list[list[Piece]] = []
        for piece in self.pieces:
            if parts and piece.x0 - parts[-1][-1].x1 < 1.2 * piece.height:
                parts[-1].append(piece)
            else:
                parts.append([piece])
        return tuple(Line(tuple(part)) for part in parts)

    @property
    def x0(self) -> float:
        """Left end."""
        return self.pieces[0].x0

    @property
    def x1(self) -> float:
        """Right end."""
        return max(piece.x1 for piece in self.pieces)

    @property
    def top(self) -> float:
        """Upper end."""
        return min(piece.top for piece in self.pieces)

    @property
    def bottom(self) -> float:
        """Lower end."""
        return max(piece.bottom for piece in self.pieces)

    @property
    def height(self) -> float:
        """Height of the piece with most characters; stands for the font's size."""
        return max(self.pieces, key=lambda piece: len(piece.text)).height

    @property
    def bold(self) -> bool:
        """Whether every piece is bold."""
        return all(piece.bold for piece in self.pieces)

    @property
    def marked(self) -> str:
        """The line's text with a list mark as `- ` and a bold term before a colon as `**term**:`."""
        text = self.text
        bullet = _BULLET.match(text)
        mark = "- " if bullet else ""
        body = text[bullet.end() :] if bullet else text
        pieces = list(self.pieces)
        if bullet and _BULLET.sub("", pieces[0].text + "x") == "x":
            pieces = pieces[1:]
        term = one_line("".join(piece.text for piece in _while_bold(pieces)))
        term = _BULLET.sub("", term)
        plain = term.rstrip(":： ")
        if bullet and plain and len(plain) <= 80 and body.startswith(plain) and len(term) < len(body):
            rest = body[len(plain) :].lstrip()
            if rest.startswith((":", "：")):
                return f"{mark}**{plain}**{rest}"
        return mark + body

    @property
    def is_item(self) -> bool:
        """Whether the line opens a list item."""
        return bool(_BULLET.match(self.text) or _NUMBERED.match(self.text))


def _while_bold(pieces: Sequence[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in pieces:
        if not piece.bold:
            return found
        found.append(piece)
    return []


def lines(pieces: Sequence[Piece]) -> list[Line]:
    """Group pieces that follow each other on one baseline."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and groups[-1][-1].same_line(piece) and piece.x0 >= groups[-1][-1].x1 - piece.height:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [Line(tuple(group)) for group in groups]


def join(parts: Sequence[str], vocabulary: frozenset[str] = frozenset()) -> str:
    """Join wrapped lines to running text.

    A hyphen at a line's end goes if the joined word stands elsewhere in the document, and stays if the hyphenated one
    does; if neither does, it goes only where PDFium took it for a break. Chinese lines meet without a space.

    Args:
        parts: Texts of the lines.
        vocabulary: Words of the document, in lower case, hyphenated ones whole.
    """
    text = ""
    for part in parts:
        if not text:
            text = part
            continue
        broken = text.endswith(HYPHEN)
        if broken or (text.endswith("-") and part[:1].islower() and text[-2:-1].isalpha()):
            text = text[:-1]
            head, tail = _WORD_END.search(text), _WORD_START.search(part)
            whole = (head[1] if head else "") + (tail[1] if tail else "")
            dashed = f"{head[1] if head else ''}-{tail[1] if tail else ''}"
            drop = whole.lower() in vocabulary or (broken and dashed.lower() not in vocabulary)
            text += ("" if drop else "-") + part
        elif _WIDE.match(text[-1]) or _WIDE.match(part[:1]):
            text += part
        else:
            text += f" {part}"
    return text.replace(HYPHEN, "-")
