"""Text on pages that are pictures, read by the optional extra `ocr`: pieces with their place, and how sure they are.

RapidOCR (Apache-2.0) runs the PP-OCR models for English and Chinese on onnxruntime; the models are within its package,
so nothing is fetched. It works in the confined process that reads every file, with more memory and time than others
have (`limits`).

    recognised = recognise(page, view_of(page))
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any, Final

from agent.errors import InputError
from knowledge.ingest.pdf_page import Piece, View

EXTRA: Final = "ocr"
"""The extra that brings what is needed."""
RECOGNISES: Final = "--recognise"
"""Argument of a reading process that may read pages which are pictures."""
_NEEDED: Final = ("rapidocr", "onnxruntime", "cv2")
_LONGEST_SIDE: Final = 2_000
"""Pixels of the longer side of the picture that is looked at: a page of A4 at 170 dots an inch."""
_SCALE: Final = 200 / 72
"""Pixels for a point at most: 200 dots an inch; finer ones add time and no right characters."""
_ALIKE: Final = (0.75, 1.3)
"""Heights of lines, as parts of the page's median, that count as one: boxes differ with the letters in them."""
_DESCENT: Final = 0.2
"""Part of a line's height beneath its baseline."""


@dataclass(frozen=True)
class Recognised:
    """What was read on one page."""

    pieces: tuple[Piece, ...] = ()
    confidence: float = 0.0
    """Mean confidence of its characters by the model, 0 to 1; 0 if there are none."""


Recognise = Callable[[Any, View], Recognised]
"""Reads a pypdfium2 page that is seen as the view says."""


def is_installed() -> bool:
    """Return whether the extra is there."""
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED)


def require() -> None:
    """Refuse what needs the extra where it is missing.

    Raises:
        InputError: It is missing; says how to install it.
    """
    if not is_installed():
        raise InputError(
            "text recognition is not installed",
            where=f"extra {EXTRA}",
            mend=f'in the checkout: `pip install -c constraints.txt -e ".[{EXTRA}]"`; or read without --ocr',
        )


def recognise(page: Any, view: View) -> Recognised:
    """Return the text of a page that is a picture, by what is seen of it.

    Args:
        page: A pypdfium2 page.
        view: How it is seen.
    """
    scale = min(_SCALE, _LONGEST_SIDE / max(view.width, view.height, 1.0))
    bitmap = page.render(scale=scale, rev_byteorder=False)
    try:
        found = _engine()(bitmap.to_numpy()[:, :, :3].copy())
    finally:
        bitmap.close()
    if not found.txts:
        return Recognised()
    lines = list(zip(found.txts, found.scores, found.boxes, strict=True))
    weight = sum(len(text) for text, _, _ in lines)
    confidence = sum(len(text) * float(score) for text, score, _ in lines) / max(1, weight)
    return Recognised(pieces_of([(text, box / scale) for text, _, box in lines]), confidence)


def pieces_of(lines: Sequence[tuple[str, Any]]) -> tuple[Piece, ...]:
    """Return recognised lines as pieces; heights that differ only a little become one, or each were a heading.

    Args:
        lines: Text and the four corners of every line, in points from the page's top left corner.
    """
    spans = [(min(y for _, y in box), max(y for _, y in box)) for _, box in lines]
    middle = median(bottom - top for top, bottom in spans) if spans else 0.0
    pieces = []
    for (text, box), span in zip(lines, spans, strict=True):
        height = span[1] - span[0]
        if _ALIKE[0] * middle <= height <= _ALIKE[1] * middle:
            height = middle
        bottom = (sum(span) + height) / 2
        left, right = min(x for x, _ in box), max(x for x, _ in box)
        places = (left, right, bottom - height, bottom, bottom - _DESCENT * height)
        x0, x1, top, foot, baseline = (float(place) for place in places)
        pieces.append(Piece(text, x0, x1, top, foot, baseline, bold=False))
    return tuple(pieces)


@lru_cache(maxsize=1)
def _engine() -> Callable[[Any], Any]:
    from rapidocr import RapidOCR

    # One thread: several processes read side by side, and each further one would take memory that the limit counts.
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine: Callable[[Any], Any] = RapidOCR(params={"Global.log_level": "critical", **threads})
    return engine
