"""No invented figures: every number in a model's reply must stand in something that was shown.

    reply = checked("Accuracy is 73%. That is 9 points up.", ["accuracy 0.734"])
    reply.text, reply.unknown          # "Accuracy is 73%.", ("9",)

A share counts as shown in both its forms (`0.29`, `29%`) and rounded. What is no measurement is left alone: counts up
to three, the numbers of a list, names (`A800`, `Qwen2.5`), widths in bits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from graph.understanding.numbers import amount, chinese_number

_SMALL: Final = 3
"""Counts up to this are words of ordinary speech (one step, two ways)."""
_LISTED: Final = 20
"""Numbers up to this count the entries of a list, or steps."""
_PLACES: Final = (0, 1, 2, 3)
"""Decimals a known figure may be rounded to."""
_LONGEST: Final = 40
"""Characters of a number; what is longer is compared as it stands."""
_LARGEST: Final = 15
"""Digits from which on a number is no figure that anybody rounds."""
_SCALES: Final = {"k": 1000, "thousand": 1000, "million": 1_000_000, "千": 1000, "万": 10_000, "亿": 100_000_000}
_TOKEN: Final = re.compile(
    r"(?P<name>[A-Za-z_@][A-Za-z0-9_@]*(?:(?:-|(?<=\d)\.)\d[A-Za-z0-9]*)*)"
    r"|(?P<number>\d+(?:,\d{3})*(?:\.\d+)*(?:[eE][-+]?\d{1,2})?)"
    r"(?:(?P<bits>[ \t]?-?[ \t]?bits?\b|[ \t]?比特|[ \t]?位(?=量化|精度))"
    r"|[ \t]*(?P<scale>k\b|thousand\b|million\b|[千万亿]))?"
    r"(?P<share>[ \t]*(?:%|‰|percent\b|per cent\b|个百分点|points?\b))?",
    re.IGNORECASE,
)
# A number and its unit stand on one line: the text is checked line by line.
_CIRCLED: Final = re.compile(r"[\u2460-\u24ff]")
_LIST_MARK: Final = re.compile(r"(?m)^[\s>*#|-]*(\d{1,2})[.)、）．:：](?!\d)")
_ORDINAL: Final = re.compile(
    r"(?:\b(?:step|option|question|point|part)[ \t]|第|步骤|选项|问题)[ \t]*(\d{1,2})(?!\d|[.,]\d|\s*%)", re.IGNORECASE
)
_CHINESE_SHARE: Final = re.compile(r"百分之([零一二两三四五六七八九十百]+)")
_CHINESE_TENTHS: Final = re.compile(r"([一二两三四五六七八九])成(?![为功立员果熟本])")
_CHINESE: Final = re.compile(
    r"(?<![第零一二两三四五六七八九十百千万])"
    r"(?:[一二两三四五六七八九][十百千万]|十[一二三四五六七八九])[零一二两三四五六七八九十百千万]*"
)
_ENGLISH_SHARE: Final = re.compile(r"((?:[a-z]+[\s-]+){1,3})(?:percent|per cent|%)", re.IGNORECASE)
_UNIT_END: Final = re.compile(r"(?<=[.!?…])(?=\s)|(?<=[。！？])")
_ENTRY: Final = re.compile(r"\s*(?:[-*•|>#]|\d{1,2}[.)、])")


@dataclass(frozen=True)
class Checked:
    """A reply after the check."""

    text: str
    """What may be said."""
    unknown: tuple[str, ...]
    """Figures that nothing shown holds; their sentences are left out."""


def checked(reply: str, shown: Iterable[str]) -> Checked:
    """Return a reply without the sentences, lines of lists and rows of tables whose figures nothing shown holds."""
    known = known_figures(shown)
    unknown: list[str] = []
    kept: list[str] = []
    for unit in units(reply):
        found = _unknown(unit, known)
        unknown += found
        if not found:
            kept.append(unit)
    text = re.sub(r"\n{3,}", "\n\n", "".join(kept)).strip()
    return Checked(text, tuple(dict.fromkeys(unknown)))


class CheckedStream:
    """Lets a reply through while it is written, sentence by sentence, each only once its figures are known."""

    def __init__(self, shown: Iterable[str]) -> None:
        """Take everything that was shown before the reply."""
        self._known = known_figures(shown)
        self._rest = ""

    def more(self, text: str, *, last: bool = False) -> str:
        """Take the next piece of the reply and return what may be shown now.

        Args:
            text: The piece.
            last: Whether the reply ends with it; until then the sentence at its end is held back.
        """
        *ready, self._rest = [*units(self._rest + text), ""] if last else units(self._rest + text) or [""]
        return "".join(unit for unit in ready if not _unknown(unit, self._known))


def units(text: str) -> list[str]:
    """Return a text in sentences, or lines of lists, headings and rows of tables; joined, they are the text again."""
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        found += [line] if _ENTRY.match(line) else [unit for unit in _UNIT_END.split(line) if unit]
    return found


def known_figures(shown: Iterable[str]) -> frozenset[Decimal | str]:
    """Return every figure of the shown texts, in each form it may be repeated in."""
    return frozenset(form for text in shown for figure in _figures(text) for form in _forms(figure))


@dataclass(frozen=True)
class _Figure:
    said: str
    value: Decimal | str
    """A string where it is no number: a date, a version."""
    share: bool = False
    parts: tuple[Decimal, ...] = ()
    """The numbers of `5,120`, in case the comma parts two."""


def _unknown(text: str, known: frozenset[Decimal | str]) -> list[str]:
    return [one.said for one in _figures(text) if not _ordinary(one) and not _equals(one) & known]


def _ordinary(figure: _Figure) -> bool:
    value = figure.value
    return not figure.share and isinstance(value, Decimal) and value == value.to_integral() and value <= _SMALL


def _equals(figure: _Figure) -> set[Decimal | str]:
    """Return the exact values a reply's figure stands for."""
    if figure.share and isinstance(figure.value, Decimal):
        return {figure.value, figure.value / 100}
    return {figure.value}


def _forms(figure: _Figure) -> Iterator[Decimal | str]:
    yield figure.value
    yield from figure.parts
    if not isinstance(figure.value, Decimal):
        return
    values = [figure.value]
    if figure.share:
        values.append(figure.value / 100)
    elif 0 < figure.value <= 1:
        values.append(figure.value * 100)
    for value in values:
        yield value
        if value.adjusted() > _LARGEST:
            continue
        for places in _PLACES:
            for way in (ROUND_HALF_UP, ROUND_HALF_EVEN):
                yield value.quantize(Decimal(1).scaleb(-places), way)


def _figures(text: str) -> Iterator[_Figure]:
    plain = unicodedata.normalize("NFKC", _CIRCLED.sub(" ", text))
    plain = _LIST_MARK.sub(_unless_large, plain)
    plain = _ORDINAL.sub(_unless_large, plain)
    for match in _TOKEN.finditer(plain):
        if match["name"] is None and match["bits"] is None:
            yield _figure(match)
    for match in _CHINESE_SHARE.finditer(plain):
        yield _Figure(match[0], Decimal(chinese_number(match[1])), share=True)
    for match in _CHINESE_TENTHS.finditer(plain):
        yield _Figure(match[0], Decimal(10 * chinese_number(match[1])), share=True)
    for match in _CHINESE.finditer(_CHINESE_SHARE.sub(" ", plain)):
        yield _Figure(match[0], Decimal(chinese_number(match[0])))
    for match in _ENGLISH_SHARE.finditer(plain):
        said = amount(match[1])
        if said is not None:
            yield _Figure(match[0], Decimal(said), share=True)


def _figure(match: re.Match[str]) -> _Figure:
    number = match["number"]
    said = match[0].strip()
    share = match["share"] is not None
    if len(number) > _LONGEST:
        return _Figure(said, number, share)
    try:
        value = Decimal(number.replace(",", "")) * _SCALES.get((match["scale"] or "").lower(), 1)
        parts = tuple(Decimal(part) for part in number.split(",")) if "," in number else ()
    except InvalidOperation:
        return _Figure(said, number, share)
    return _Figure(said, value, share, parts)


def _unless_large(match: re.Match[str]) -> str:
    """Take the number of a list entry or a step out; one that counts no list stays."""
    return " " if int(match[1]) <= _LISTED else match[0]
