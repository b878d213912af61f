"""Numbers as people write them, in English and Chinese: `2,000`, `2k`, `a dozen`, `两千`, `30%`, `三成`, `0.3`."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_WORDS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES: Final = {
    "k": 1000, "thousand": 1000, "thousands": 1000, "hundred": 100, "hundreds": 100, "million": 1_000_000,
    "dozen": 12, "万": 10_000, "千": 1000, "百": 100, "亿": 100_000_000,
}  # fmt: skip
_NUMBER: Final = re.compile(
    r"(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<scale>k\b|thousand|hundred|million|万|千|百|亿)?", re.IGNORECASE
)


def spaced(text: str) -> str:
    """Return the text with a blank between Chinese and other characters, so that `用LoRA训7B` shows its words."""
    return re.sub(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z])(?=[\u4e00-\u9fff])", " ", text)


def amount(text: str) -> int | None:
    """Return the first whole number of a text; `None` if it names none."""
    plain = text.strip().lower()
    match = _NUMBER.search(plain)
    if match is not None:
        value = float(match["number"].replace(",", ""))
        return round(value * _SCALES.get((match["scale"] or "").strip(), 1))
    chinese = re.search(r"[零一二两三四五六七八九十百千万]+", plain)
    if chinese is not None:
        return chinese_number(chinese[0])
    return _english(plain)


def fraction(text: str) -> float | None:
    """Return a share between 0 and 1: `30%`, `30 percent`, `百分之三十`, `三成`, `三七开`, `0.3`; else `None`."""
    plain = text.strip().lower()
    match = re.search(r"(\d+(?:\.\d+)?)\s*(?:%|percent|per cent|个点|分)", plain)
    if match is not None:
        return _share(float(match[1]) / 100)
    match = re.search(r"百分之\s*(\d+(?:\.\d+)?|[零一二两三四五六七八九十百]+)", plain)
    if match is not None:
        said = match[1]
        return _share((float(said) if said[0].isdigit() else chinese_number(said)) / 100)
    match = re.search(r"([一二两三四五六七八九\d])成([一二三四五六七八九半])?", plain)
    if match is not None:
        rest = 5 if match[2] == "半" else _DIGITS.get(match[2] or "零", 0)
        return _share((int(match[1]) if match[1].isdigit() else _DIGITS[match[1]]) / 10 + rest / 100)
    match = re.search(r"(?<![\d.])(0?\.\d+|1\.0+)(?![\d.])", plain)
    if match is not None:
        return _share(float(match[1]))
    words = {"a third": 1 / 3, "one third": 1 / 3, "a quarter": 0.25, "half": 0.5, "一半": 0.5, "三分之一": 1 / 3}
    for word, value in words.items():
        if re.search(rf"(?<![a-z]){word}(?![a-z])", plain):
            return round(value, 4)
    return None


def chinese_number(text: str) -> int:
    """Return a number in Chinese digits, e.g. `两千三百` as 2300."""
    total, section, digit = 0, 0, 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _UNITS:
            section += (digit or 1) * _UNITS[character]
            digit = 0
        elif character == "万":
            total = (total + section + digit) * 10_000
            section, digit = 0, 0
    return total + section + digit


def _english(text: str) -> int | None:
    value: int | None = None
    for word in re.findall(r"[a-z]+", text):
        if word in _WORDS:
            value = (value or 0) + _WORDS[word]
        elif word in _SCALES and word != "k":
            value = (value or 1) * _SCALES[word]
    return value


def _share(value: float) -> float | None:
    return round(value, 4) if 0 <= value <= 1 else None
