"""What stands on a PDF page: pieces of text with their place and weight, and the ruling lines.

All coordinates are points from the page's top left corner.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
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
_NO_CHARACTERS: Final = frozenset((0, 10, 13))
"""Codes after which a new piece begins: line ends, and characters without a meaning."""
_FEW_CHARACTERS: Final = 80
"""A stamp or a page number on a scan has no more."""
_PICTURE_SHARE: Final = 0.5
"""Share of the page from which on a picture with a few characters beside it is taken for a scan."""
_MOST_IMAGES: Final = 1_000
_MOST_SEGMENTS: Final = 60_000
"""More parts of lines than this on a page are a drawing."""
_BREAK: Final = 2
"""Code that PDFium gives a hyphen at the end of a line."""
HYPHEN: Final = "\ufffe"
"""PDFium's mark for a hyphen at the end of a line."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal (`y0 == y1`) or vertical (`x0 == x1`) line."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class View:
    """How a page is seen: which part of its own plane, and turned by how much."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int
    """Degrees clockwise: 0, 90, 180 or 270."""

    @property
    def width(self) -> float:
        """Width as seen, in points."""
        return self.top - self.bottom if self.turn % 180 else self.right - self.left

    @property
    def height(self) -> float:
        """Height as seen, in points."""
        return self.right - self.left if self.turn % 180 else self.top - self.bottom

    def seen(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the page's plane is seen, from the top left corner."""
        match self.turn:
            case 90:
                return y - self.bottom, x - self.left
            case 180:
                return self.right - x, y - self.bottom
            case 270:
                return self.top - y, self.right - x
            case _:
                return x - self.left, self.top - y


def view_of(page: Any) -> View:
    """Return how a pypdfium2 page is seen."""
    left, bottom, right, top = page.get_cropbox()
    return View(left, bottom, right, top, page.get_rotation())


def pieces(page: Any, view: View) -> list[Piece]:
    """Return the text pieces of a pypdfium2 page in the order in which PDFium reads them."""
    from pypdfium2 import raw

    textpage = page.get_textpage()
    try:
        return [piece for piece in _joined(raw, textpage.raw, view) if tidy(piece.text).strip()]
    finally:
        textpage.close()


def _joined(raw: Any, textpage: Any, view: View) -> Iterator[Piece]:
    """Yield runs of characters that follow each other; written for speed, since it runs for every character."""
    box_of, origin_of = raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharOrigin
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    box_at, x_at, y_at = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    seen = view.seen
    weights: dict[int, bool] = {}
    text: list[str] = []
    x0 = x1 = top = bottom = baseline = height = 0.0
    bold = False
    fresh = True
    for index, character in _characters(raw, textpage):
        if not character:
            fresh = True
            continue
        if character.isspace():
            if text and text[-1] != " ":
                text.append(" ")
            continue
        box_of(textpage, index, box_at)
        origin_of(textpage, index, x_at, y_at)
        left, upper = seen(box.left, box.top)
        right, lower = seen(box.right, box.bottom)
        if left > right:
            left, right = right, left
        if upper > lower:
            upper, lower = lower, upper
        base = seen(x.value, y.value)[1]
        heavy = _is_bold(raw, textpage, index, weights)
        follows = (
            not fresh
            and heavy == bold
            and abs(base - baseline) <= _LINE * min(height, lower - upper)
            and -height < left - x1 < _GAP * height
        )
        fresh = False
        if follows:
            text.append(character)
            x1 = right
            continue
        if text:
            yield Piece("".join(text), x0, x1, top, bottom, baseline, bold)
        text, x0, x1, top, bottom, baseline, bold = [character], left, right, upper, lower, base, heavy
        height = bottom - top
    if text:
        yield Piece("".join(text), x0, x1, top, bottom, baseline, bold)


def _characters(raw: Any, textpage: Any) -> Iterator[tuple[int, str]]:
    """Yield (index, character) of a page; an empty one where a line ends or a character has no meaning."""
    unicode_of = raw.FPDFText_GetUnicode
    half = 0
    for index in range(raw.FPDFText_CountChars(textpage)):
        code = unicode_of(textpage, index)
        if 0xD800 <= code < 0xDC00:
            half = code
        elif 0xDC00 <= code < 0xE000:
            if half:
                yield index, chr(0x10000 + ((half - 0xD800) << 10) + (code - 0xDC00))
            half = 0
        elif code in _NO_CHARACTERS or code > 0x10FFFF:
            yield index, ""
        else:
            yield index, HYPHEN if code == _BREAK else chr(code)


def _is_bold(raw: Any, textpage: Any, index: int, known: dict[int, bool]) -> bool:
    handle = raw.FPDFText_GetTextObject(textpage, index)
    key = ctypes.addressof(handle.contents) if handle else 0
    bold = known.get(key)
    if bold is None:
        buffer = ctypes.create_string_buffer(256)
        flags = ctypes.c_int()
        raw.FPDFText_GetFontInfo(textpage, index, buffer, 256, flags)
        bold = known[key] = bool(_BOLD.search(buffer.value.decode("utf-8", "replace")) or flags.value & _FORCE_BOLD)
    return bold


def is_picture(page: Any, view: View, characters: int) -> bool:
    """Return whether a page shows a picture and says next to nothing, as a scanned one does.

    Args:
        page: A pypdfium2 page.
        view: How it is seen.
        characters: How many characters of text it has.
    """
    from pypdfium2 import raw

    if characters > _FEW_CHARACTERS:
        return False
    images = islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]), _MOST_IMAGES)
    shares = []
    for image in images:
        left, bottom, right, top = image.get_bounds()
        shares.append(abs((right - left) * (top - bottom)) / max(1.0, view.width * view.height))
    # A scan may be cut into strips, so areas are added up.
    return bool(shares) and (characters == 0 or sum(shares) >= _PICTURE_SHARE)


def rules(page: Any, view: View) -> list[Rule]:
    """Return the ruling lines of a page: stroked lines, thin bars and the edges of rectangles; none of a drawing."""
    from pypdfium2 import raw

    found: list[Rule] = []
    segments = 0
    x, y = ctypes.c_float(), ctypes.c_float()
    x_at, y_at = ctypes.byref(x), ctypes.byref(y)
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH]):
        matrix = item.get_matrix()
        points: list[tuple[float, float]] = []
        start: tuple[float, float] | None = None
        count = raw.FPDFPath_CountSegments(item.raw)
        segments += count
        if segments > _MOST_SEGMENTS:
            return []
        for index in range(count):
            segment = raw.FPDFPath_GetPathSegment(item.raw, index)
            raw.FPDFPathSegment_GetPoint(segment, x_at, y_at)
            here = view.seen(*matrix.on_point(x.value, y.value))
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
