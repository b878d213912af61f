"""One reading of answers for every score: what counts as the same word, number, unit, date and code.

Case, punctuation, width, articles, thousands separators, `4.5bar` against `4.5 bar`, `48 h` against `48 hours`,
`2 September 2024` against `2024-09-02`, `fourteen` and `十四` against `14` are the same; `14` and `140`, `-18` and
`18`, `P20` and `P200` are not. Chinese falls into characters, as in the CMRC score; everything else into words.

    >>> [token.text for token in tokenise("The pressure is 4.5bar.", "en")]
    ['pressure', 'is', '4.5', 'bar']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.records.base import Language

Kind = Literal["word", "char", "number", "date", "code", "mark"]

_MONTH_NAMES: Final = "january february march april may june july august september october november december"
_MONTHS: Final = tuple(_MONTH_NAMES.split(" "))
_MONTH: Final = "(?P<month>" + "|".join(f"{name}|{name[:3]}" for name in _MONTHS) + r")\.?"
_DATES: Final = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?P<year>\d{{4}})\b"),
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})\b"),
    re.compile(r"(?P<year>\d{4}) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]"),
    re.compile(r"(?<![\w-])(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\w-])"),
)
_SMALL_NUMBERS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
# "one" is left out: it is mostly a pronoun.
_WORD_NUMBERS: Final = {
    **{word: str(value) for value, word in enumerate(_SMALL_NUMBERS.split(" ")) if value != 1},
    **{word: str(10 * value) for value, word in enumerate(_TENS.split(" "), 2)},
}
_UNITS: Final = {
    alias: unit
    for unit, aliases in {
        "h": "hour hours hr hrs h",
        "min": "minute minutes min mins",
        "s": "second seconds sec secs s",
        "day": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "year years yr yrs",
        "m": "metre metres meter meters m",
        "mm": "millimetre millimetres millimeter millimeters mm",
        "kg": "kilogram kilograms kilo kilos kg",
        "l": "litre litres liter liters l",
        "%": "percent %",
        "°c": "°c celsius",
        "nm": "nm n·m n.m",
    }.items()
    for alias in aliases.split()
}
_UNIT_PHRASES: Final = (
    (re.compile(r"degrees? (?:celsius|centigrade|c\b)|摄氏度"), "°c"),
    (re.compile(r"\bper cent\b"), "percent"),
    (re.compile(r"百分之 ?(\d+(?:\.\d+)?)"), r"\1%"),
)
_MINUS: Final = re.compile(r"\bminus (?=\d)|零下 ?(?=\d)")
_DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SCALES: Final = {"十": 10, "百": 100, "千": 1000}
_COUNTED: Final = "个天年月日周小分秒元台次米度倍公毫牛巴瓦伏安升吨级层人条页项份号种名家点"
_CHINESE_NUMBER: Final = re.compile(
    rf"[零〇一二两三四五六七八九]?[十百千万][零〇一二两三四五六七八九十百千万]*(?=[{_COUNTED}\W]|$)"
    rf"|[零〇一二两三四五六七八九]+(?=[{_COUNTED}])"
)
_CJK: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(
    rf"(?P<date>\u0001\d{{4}}-\d\d-\d\d)"
    rf"|(?P<code>[a-z]+(?:[-_/]?\d)[a-z\d]*(?:[-_/.]?[a-z\d]*\d[a-z\d]*)*)"
    rf"|(?P<number>(?<![\w.])-?\d+(?:\.\d+)*|\d+(?:\.\d+)*)"
    rf"|(?P<char>[{_CJK}])"
    rf"|(?P<word>°[cf]?|[%‰€$£¥]|[^\W\d_{_CJK}]+(?:['’][^\W\d_{_CJK}]+)*)"
    rf"|(?P<mark>[^\s\w])"
)
_ARTICLES: Final = frozenset(("a", "an", "the"))


@dataclass(frozen=True)
class Token:
    """A normalised piece of text."""

    text: str
    kind: Kind


def tokenise(text: str, language: Language) -> list[Token]:
    """Return the tokens that scores compare: no marks, no English articles."""
    found = marked_tokens(text)
    kept = []
    for index, token in enumerate(found):
        # "16 A" is a current, not an article.
        article = language == "en" and token.text in _ARTICLES and (index == 0 or found[index - 1].kind != "number")
        if token.kind != "mark" and not article:
            kept.append(token)
    return kept


def unit_of(word: str) -> str:
    """Return the one form of a unit's name, or the word itself."""
    return _UNITS.get(word, word)


def texts(tokens: Sequence[Token]) -> list[str]:
    """Return the texts of tokens."""
    return [token.text for token in tokens]


def marked_tokens(text: str) -> list[Token]:
    """Return all tokens, punctuation marks included; units stand in one form after a number."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(_folded(text)):
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        piece = match.group()
        after_number = bool(tokens) and tokens[-1].kind == "number"
        match kind:
            case "number":
                tokens.append(Token(_plain_number(piece), kind))
            case "date":
                tokens.append(Token(piece[1:], kind))
            case "code":
                tokens.append(Token(re.sub(r"[-_/]", "", piece), kind))
            case "word" if piece in _WORD_NUMBERS:
                tokens.append(Token(_WORD_NUMBERS[piece], "number"))
            case "word":
                piece = piece.replace("’", "'")
                tokens.append(Token(_UNITS.get(piece, piece) if after_number else piece, kind))
            case _:
                tokens.append(Token(piece, kind))
    return tokens


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    folded = re.sub(r"[\u2010-\u2012\u2212]", "-", folded).replace("µ", "μ").replace("º", "°")
    folded = re.sub(r"(?<![\d,.])(\d{1,3}(?:,\d{3})+)(?![\d,])", lambda found: found.group().replace(",", ""), folded)
    for pattern, plain in _UNIT_PHRASES:
        folded = pattern.sub(plain, folded)
    folded = _CHINESE_NUMBER.sub(_arabic, folded)
    folded = _MINUS.sub("-", folded)
    folded = re.sub(r"° (?=c\b)", "°", folded)
    for pattern in _DATES:
        folded = pattern.sub(_iso_date, folded)
    return folded


def _plain_number(piece: str) -> str:
    if piece.count(".") == 1:
        piece = piece.rstrip("0").rstrip(".")
    return piece


def _iso_date(found: re.Match[str]) -> str:
    month = found["month"]
    number = int(month) if month.isdigit() else 1 + [name[:3] for name in _MONTHS].index(month[:3])
    # The control character marks the date for the tokenizer; it cannot stand in cleaned text.
    return f"\u0001{found['year']}-{number:02d}-{int(found['day']):02d}"


def _arabic(found: re.Match[str]) -> str:
    total, section, digit = 0, 0, None
    piece = found.group()
    if not any(char in _SCALES or char == "万" for char in piece):
        return "".join(str(_DIGITS[char]) for char in piece)
    for char in piece:
        if char == "万":
            total, section, digit = (total + section + (digit or 0) or 1) * 10_000, 0, None
        elif char in _SCALES:
            section += (1 if digit is None else digit) * _SCALES[char]
            digit = None
        else:
            digit = _DIGITS[char]
    return str(total + section + (digit or 0))
