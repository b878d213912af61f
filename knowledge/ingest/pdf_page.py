"""What stands on a PDF page: pieces of text with their place and weight, and the ruling lines.

All coordinates are points from the page's top left corner.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from knowledge.ingest.cleaning import tidy

_BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
_FORCE_BOLD: Final = 1 << 18
"""Bit of the font descriptor's flags, PDF 32000-1:2008, table 123."""
_GAP: Final = 0.75
"""Distance between two characters, in line heights, from which on they stand in different columns."""
_LINE: Final = 0.35
"""Difference of baselines, in line heights, up to which two pieces stand on one line."""
_THIN: Final = 2.5
"""Points; a flatter rectangle is a ruling line."""
_SHORTEST_RULE: Final = 6.0
HYPHEN: Final = "\ufffe"
"""PDFium's mark for a hyphen at the end of a line."""


@dataclass(frozen=True)
class Piece:
    """Characters of one weight that follow each other without a gap."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    baseline: float
    bold: bool

    @property
    def height(self) -> float:
        """Height of the line box, in points; stands for the font's size."""
        return self.bottom - self.top

    def same_line(self, other: Piece) -> bool:
        """Return whether two pieces share a baseline."""
        return abs(self.baseline - other.baseline) <= _LINE * min(self.height, other.height)


@dataclass(frozen=True)
class Rule:
    """A horizontal (`y0 == y1`) or vertical (`x0 == x1`) line."""

    x0: float
    y0: float
    x1: float
    y1: float


def pieces(page: Any) -> list[Piece]:
    """Return the text pieces of a pypdfium2 page in the order in which PDFium reads them."""
    from pypdfium2 import raw

    height = page.get_height()
    textpage = page.get_textpage()
    found: list[Piece] = []
    weights: dict[int, bool] = {}
    box = raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    open_piece: Piece | None = None
    fresh = True
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage, index)
        character = chr(code) if code and code <= 0x10FFFF else ""
        if character in ("\r", "\n", ""):
            fresh = True
            continue
        if character == "\x02":
            character = HYPHEN
        if character.isspace():
            if open_piece is not None and not open_piece.text.endswith(" "):
                open_piece = replace(open_piece, text=open_piece.text + " ")
            continue
        raw.FPDFText_GetLooseCharBox(textpage, index, box)
        raw.FPDFText_GetCharOrigin(textpage, index, x, y)
        here = Piece(
            character, box.left, box.right, height - box.top, height - box.bottom, height - y.value,
            _is_bold(raw, textpage, index, weights),
        )  # fmt: skip
        if open_piece is not None and not fresh and _follows(open_piece, here):
            open_piece = replace(open_piece, text=open_piece.text + character, x1=here.x1)
        else:
            if open_piece is not None:
                found.append(open_piece)
            open_piece = here
        fresh = False
    if open_piece is not None:
        found.append(open_piece)
    textpage.close()
    return [piece for piece in found if tidy(piece.text).strip()]


def _follows(before: Piece, here: Piece) -> bool:
    gap = here.x0 - before.x1
    return before.bold == here.bold and before.same_line(here) and -before.height < gap < _GAP * before.height


def _is_bold(raw: Any, textpage: Any, index: int, known: dict[int, bool]) -> bool:
    handle = raw.FPDFText_GetTextObject(textpage, index)
    key = ctypes.cast(handle, ctypes.c_void_p).value or 0
    if key not in known:
        buffer = ctypes.create_string_buffer(256)
        flags = ctypes.c_int()
        raw.FPDFText_GetFontInfo(textpage, index, buffer, 256, flags)
        known[key] = bool(_BOLD.search(buffer.value.decode("utf-8", "replace")) or flags.value & _FORCE_BOLD)
    return known[key]


def rules(page: Any) -> list[Rule]:
    """Return the ruling lines of a page: stroked lines, thin bars and the edges of rectangles."""
    from pypdfium2 import raw

    height = page.get_height()
    found: list[Rule] = []
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH]):
        matrix = item.get_matrix()
        points: list[tuple[float, float]] = []
        x, y = ctypes.c_float(), ctypes.c_float()
        start: tuple[float, float] | None = None
        for index in range(raw.FPDFPath_CountSegments(item.raw)):
            segment = raw.FPDFPath_GetPathSegment(item.raw, index)
            raw.FPDFPathSegment_GetPoint(segment, x, y)
            px, py = matrix.on_point(x.value, y.value)
            here = (px, height - py)
            kind = raw.FPDFPathSegment_GetType(segment)
            if kind == raw.FPDF_SEGMENT_MOVETO:
                start, points = here, [here]
                continue
            if kind == raw.FPDF_SEGMENT_LINETO and points:
                found.extend(_rule(points[-1], here))
            points.append(here)
            if raw.FPDFPathSegment_GetClose(segment) and start is not None:
                found.extend(_rule(here, start))
    return found


def _rule(a: tuple[float, float], b: tuple[float, float]) -> list[Rule]:
    width, depth = abs(a[0] - b[0]), abs(a[1] - b[1])
    if depth < _THIN / 2 and width >= _SHORTEST_RULE:
        y = (a[1] + b[1]) / 2
        return [Rule(min(a[0], b[0]), y, max(a[0], b[0]), y)]
    if width < _THIN / 2 and depth >= _SHORTEST_RULE:
        x = (a[0] + b[0]) / 2
        return [Rule(x, min(a[1], b[1]), x, max(a[1], b[1]))]
    return []
