"""Phone numbers: the international form, those of China, North America and Europe, and any number called a phone.

Source of the forms: ITU-T E.164 (country codes, at most 15 digits) and E.123 (notation); the numbering plan of the
Chinese ministry of industry and information technology (mobile prefixes, area codes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tools.cleaning.surroundings import cue_before, tells_other

_EXTENSION: Final = r"(?:[ \-,]{0,2}(?:转|分机|ext\.?|x|#) ?\d{1,6}(?!\d))?"
_CODE: Final = (
    r"(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|"
    r"2[1-689]\d|3[578]\d|42\d|50\d|59\d|67\d|68\d|69\d|80\d|85\d|87\d|88\d|96\d|97\d|99\d)"
)
_INTERNATIONAL: Final = re.compile(
    rf"(?<![\w+.\-])(?:\(\+{_CODE}\)|(?:\+|00){_CODE})(?:[ .\-/]{{0,2}}\(?\d{{1,11}}\)?){{1,6}}(?![\dA-Za-z])"
    rf"{_EXTENSION}",
    re.ASCII,
)
_CHINESE_MOBILE: Final = re.compile(
    r"(?<![\d.\-])(?<![A-Za-z]\d)(?:\(?(?:\+|00)?86\)?[ \-]{0,2})?"
    r"1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])(?:\d{8}|([ \-])\d{4}\1\d{4})(?![\d])(?![.\-]\d)"
)
_CHINESE_LANDLINE: Final = re.compile(
    r"(?<![\d.\-])(?:(?:\+|00)86[ \-]?)?"
    r"(?:\(0(?:10|2\d|[3-9]\d{2})\) ?|0(?:10|2\d|[3-9]\d{2})[\- ])[2-9]\d{2,3}[ \-]?\d{4}(?![\d])(?!-\d)" + _EXTENSION
)
_NORTH_AMERICAN: Final = re.compile(
    r"(?<![\w.\-/])(?:1[ .\-])?(?:\([2-9]\d{2}\)[ \-]?|[2-9]\d{2}([.\-]))[2-9]\d{2}(?(1)\1|[ .\-])\d{4}(?![\w]|[.\-]\d)"
    + _EXTENSION,
    re.ASCII,
)
_EUROPEAN: Final = re.compile(
    r"(?<![\w.,\-/+])(?:\(0[1-9]\d{1,4}\)[ \-]?\d{3,4}[ \-]?\d{3,4}|"
    r"0[1-9]\d{1,3}[ \-/]\d{3,4}[ \-]\d{3,4}|0[1-9]\d{2,3}[\-/ ]\d{6,8}|"
    r"0[1-9](?:([ .])\d{2})(?:\1\d{2}){3})(?![\w]|[.,\-/]\d)" + _EXTENSION,
    re.ASCII,
)
_CALLED: Final = re.compile(
    rf"(?<![\w+.])(?:\(\d{{2,4}}\) ?)?\d{{2,11}}(?:[ \-.]\d{{2,8}}){{0,4}}(?![\dA-Za-z])(?!-\d){_EXTENSION}",
    re.ASCII,
)
_CUE: Final = re.compile(
    r"(?:\b(?:tele)?phone|\btel\b|\bmobile|\bcell\b|\bfax\b|\bhotline|\bcall(?:ed|ing)?\b|\bdial\b|\bwhatsapp|\bring\b|"
    r"\btext me|电话|手机|传真|致电|拨打|联系方式|热线|座机|来电|呼叫|短信)"
    r"(?:\s+(?:no|number|me|us|him|her|them))?[^\d]{0,12}$",
    re.I | re.ASCII,
)
_LETTER: Final = re.compile(r"[A-Za-z]")
_THOUSANDS: Final = re.compile(r"\+\d{1,3}(?: \d{3})+$")


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every phone number; one form may yield what another has.

    Args:
        text: Text in its plain form (`surroundings.plain_form`).
    """
    for match in _INTERNATIONAL.finditer(text):
        # A serial number starts with two zeros as well; `+` is a phone number's own sign.
        least = 8 if "+" in match.group() else 10
        telling = match.group().startswith(("+", "(+")) or not tells_other(text, match.start())
        if least <= _digits(match) <= 17 and telling and not (_THOUSANDS.match(match.group()) and _digits(match) <= 9):
            yield match.span()
    for form in (_CHINESE_MOBILE, _CHINESE_LANDLINE, _NORTH_AMERICAN, _EUROPEAN):
        for match in form.finditer(text):
            called_other = tells_other(text, match.start())
            letter_before = (
                match.start() > 0 and text[match.start() - 1].isascii() and text[match.start() - 1].isalpha()
            )
            if 9 <= _digits(match) <= 20 and not called_other and not letter_before:
                yield match.span()
    for match in _CALLED.finditer(text):
        if 7 <= _digits(match) <= 15 and cue_before(text, match.start(), _CUE):
            yield match.span()


def _digits(match: re.Match[str]) -> int:
    return sum(character.isdigit() for character in match.group())
