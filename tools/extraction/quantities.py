"""Numbers with their units in English and Chinese text, written in digits or in words.

    quantities("twenty-seven countries, 40万人")    # 27 countries; 400000 人

Two wordings of a number compare equal (`27`, `twenty-seven`, `二十七`); a unit is known by its family, so that `25
minutes` and `25 hours` differ and `40 feet` and `40-foot` do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple


class Quantity(NamedTuple):
    """One number of a text."""

    value: str
    """The number in digits without separators: `2300`, `7.5`."""
    unit: str
    """Name of its unit as `_UNITS` has it; empty if no known unit follows."""
    start: int
    """Offset in the plain form of the text."""
    end: int
    """End of the number, exclusive."""


_ONES: Final = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_WORD: Final = "|".join(sorted((*_ONES, *_TENS), key=len, reverse=True))
_ENGLISH: Final = re.compile(rf"\b(?:{_WORD})(?:(?:[- ]|[- ]and[- ])(?:{_WORD}|hundred|thousand)\b)*", re.IGNORECASE)
_HAN_DIGIT: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_TEN: Final = {"十": 10, "百": 100, "千": 1000}
_HAN: Final = re.compile(
    r"(?<![唯统单哪])(?!一(?:行|起|直|般|定|些|样|旦|致|律|向|切|同|度|并|再|贯|边|下|共|方|体|手|经)|十分(?!之|钟)|"
    r"千万|百姓|万一|两栖|三角)"
    r"(?:[零〇一二两三四五六七八九十百]|千(?![克瓦米卡帕伏升]))+"
)
_LARGE: Final = {"万": 10_000, "亿": 100_000_000}
_NUMBER: Final = re.compile(r"\d+(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*")
_FAMILIES: Final[dict[str, str]] = {
    "second": r"s|sec|secs|seconds?|秒钟?",
    "millisecond": r"ms|milliseconds?|毫秒",
    "minute": r"min|mins|minutes?|分钟",
    "hour": r"h|hrs?|hours?|(?:个)?小时|钟头",
    "day": r"d|days?|天|日(?!元|本|语)",
    "working day": r"working days?|business days?|(?:个)?工作日",
    "week": r"weeks?|周(?!年|岁)|(?:个)?星期|(?:个)?礼拜",
    "month": r"months?|个?半?月",
    "year": r"years?|yrs?|周年|年",
    "year old": r"周?岁",
    "mm": r"(?-i:mm)|millimet(?:re|er)s?|毫米",
    "cm": r"cm|centimet(?:re|er)s?|厘米|公分",
    "m": r"m|met(?:re|er)s?|米|公尺",
    "km": r"km|kilomet(?:re|er)s?|公里|千米",
    "foot": r"ft|foot|feet|英尺",
    "inch": r"in|inch(?:es)?|英寸",
    "mile": r"miles?|英里",
    "mg": r"mg|milligrams?|毫克",
    "g": r"g|grams?|克",
    "kg": r"kg|kgs|kilograms?|kilos?|公斤|千克",
    "tonne": r"t|tonnes?|tons?|吨",
    "pound": r"lbs?|pounds?|磅",
    "ug": r"[µμ]g|mcg|micrograms?|微克",
    "ng": r"ng|nanograms?|纳克",
    "um": r"(?-i:[µμ]m)|microns?|micromet(?:re|er)s?|微米",
    "nm": r"(?-i:nm)|nanomet(?:re|er)s?|纳米",
    "ul": r"[µμ]l|microlit(?:re|er)s?|微升",
    "uM": r"(?-i:[µμ]M)|微摩尔",
    "mM": r"(?-i:mM)|毫摩尔",
    "nM": r"(?-i:nM)|纳摩尔",
    "base pair": r"bp|base pairs?|碱基对",
    "fold": r"-?fold|倍",
    "degree": r"°|degrees?",
    "ml": r"ml|millilit(?:re|er)s?|毫升",
    "l": r"l|lit(?:re|er)s?|公升|升",
    "ng/ml": r"ng/ml",
    "ug/dl": r"[µμu]g/dl",
    "mg/dl": r"mg/dl",
    "percent": r"%|percent|per cent|％",
    "percentage point": r"percentage points?|points?|个百分点",
    "celsius": r"°\s?c|℃|degrees? (?:c|celsius)|摄氏度",
    "fahrenheit": r"°\s?f|℉|degrees? (?:f|fahrenheit)|华氏度",
    "kelvin": r"kelvin|开尔文",
    "watt": r"w|watts?|瓦特?",
    "kw": r"kw|kilowatts?|千瓦",
    "mw": r"megawatts?|兆瓦",
    "volt": r"v|volts?|伏特?",
    "ampere": r"a|amps?|amperes?|安培?",
    "bar": r"bar",
    "kpa": r"kpa|千帕",
    "mpa": r"mpa|兆帕",
    "db": r"db|decibels?|分贝",
    "hz": r"hz|hertz|赫兹?",
    "knot": r"knots?|kts?|节",
    "euro": r"euros?|欧元|€",
    "dollar": r"dollars?|usd|美元",
    "yuan": r"yuan|rmb|人民币|元",
    "thousand": r"thousand",
    "million": r"million",
    "billion": r"billion",
    "trillion": r"trillion",
}
_NAMES: Final = tuple(_FAMILIES)
_COMPILED: Final = tuple(re.compile(rf"(?:{form})(?![A-Za-z])", re.IGNORECASE) for form in _FAMILIES.values())
_RANGE: Final = re.compile(r"\s?(?:[-~～到至]|to)\s?\d+(?:\.\d+)?")
"""The rest of a range, whose unit stands behind its end: `1.5-4厘米`."""
_CODE_BEFORE: Final = re.compile(r"[A-Za-z]-")
_BETWEEN: Final = re.compile(r"[\s\-–—~]{0,2}")


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Return a text with one form of dash, quote and space, full-width signs made narrow, numbers in digits."""
    flat = unicodedata.normalize("NFKC", text.replace("，", ", "))
    flat = re.sub(r"(?<=\d)·(?=\d)", ".", flat)
    flat = re.sub(r"[\u2010-\u2015\u2212－]", "-", flat)
    flat = re.sub(r"[“”„«»「」『』]", '"', re.sub(r"[‘’`´]", "'", flat))
    flat = _ENGLISH.sub(lambda match: str(_english(match.group())), flat)
    flat = re.sub(r"百分之\s?([零〇一二两三四五六七八九十百点\d.]+)", _percent, flat)
    flat = re.sub(r"([零〇一二两三四五六七八九十]+)点([零〇一二三四五六七八九]+)(?!\d?分)", _decimal, flat)
    flat = _HAN.sub(_han, flat)
    return re.sub(r"(\d+(?:\.\d+)?)\s?([万亿])", _large, flat)


@lru_cache(maxsize=20_000)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the numbers of a text in their order, those inside codes (`P45`, `HAdV-55`) left out."""
    return tuple(_quantities(plain(text)))


def _quantities(flat: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(flat):
        before = flat[match.start() - 1] if match.start() else " "
        coded = before.isascii() and (before.isalpha() or before == "_")
        # `IC(50)`, `Ca(2+)`
        coded = coded or (
            before == "("
            and match.start() > 1
            and flat[match.start() - 2].isascii()
            and flat[match.start() - 2].isalpha()
        )
        if coded or (before == "-" and _CODE_BEFORE.match(flat, max(0, match.start() - 2))):
            continue
        value = match.group().replace(",", "").replace("，", "")
        if "." in value:
            value = value.rstrip("0").rstrip(".") if value.count(".") == 1 else value
        stripped = value.lstrip("0")
        value = stripped if stripped and stripped[0] != "." else value
        unit = _unit(flat, match.end())
        to = _RANGE.match(flat, match.end()) if not unit else None
        yield Quantity(value, unit or (_unit(flat, to.end()) if to else ""), match.start(), match.end())


def _unit(flat: str, end: int) -> str:
    # An error term stands between a mean and its unit: `58.42±3.46 ng/mL`.
    spread = re.compile(r"\s?±\s?\d+(?:\.\d+)?").match(flat, end)
    place = spread.end() if spread else end
    gap = _BETWEEN.match(flat, place)
    place = gap.end() if gap else place
    best, length = "", 0
    for number, form in enumerate(_COMPILED):
        found = form.match(flat, place)
        if found and found.end() - place > length:
            best, length = _NAMES[number], found.end() - place
    return best


def _english(words: str) -> int:
    total, run = 0, 0
    for part in re.split(r"[- ]+", words.lower()):
        if part == "hundred":
            run = (run or 1) * 100
        elif part == "thousand":
            total, run = total + (run or 1) * 1000, 0
        elif part != "and":
            run += _ONES.get(part, _TENS.get(part, 0))
    return total + run


def _han(match: re.Match[str]) -> str:
    run = match.group()
    if not any(character in _HAN_TEN for character in run):
        # A run of bare digits is a year or a number read out; a single one counts.
        return "".join(str(_HAN_DIGIT[character]) for character in run)
    if run in ("千", "百"):
        return run
    total, digit = 0, 0
    for character in run:
        if character in _HAN_TEN:
            total += (digit or 1) * _HAN_TEN[character]
            digit = 0
        else:
            digit = _HAN_DIGIT[character]
    return str(total + digit)


def _percent(match: re.Match[str]) -> str:
    whole, _, part = match[1].partition("点")
    number = _HAN.sub(_han, whole)
    return f"{number}.{_HAN.sub(_han, part)}%" if part else f"{number}%"


def _decimal(match: re.Match[str]) -> str:
    return f"{_HAN.sub(_han, match[1])}.{''.join(str(_HAN_DIGIT[character]) for character in match[2])}"


def _large(match: re.Match[str]) -> str:
    return f"{float(match[1]) * _LARGE[match[2]]:.0f}"
