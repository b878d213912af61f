"""Small grammar for names taken out of tables and forms: case, article, number, what may not stand alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from tools.extraction.similarity import STOPWORDS

_NAME_LIKE: Final = re.compile(r"[A-Z]{2,}|\d|[a-z][A-Z]")
_WORD: Final = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_EMPTY: Final = re.compile(
    r"^(|[-–—/\\*.…?·\s]+|n/?a|n\.a\.|none|nil|unknown|not (applicable|available|reported|stated)|tbd|tbc|"
    r"yes|no|true|false|x|✓|✗|see (above|below).*|无|否|是|有|未知|暂无|不详|待定|不适用|同上|见(上|下).*)$",
    re.IGNORECASE,
)
_UNIT: Final = re.compile(r"^(?P<name>.+?)\s*[\[(（]\s*(?P<unit>[^()\[\]（）]{1,16})\s*[\])）]\s*$")
_UNIT_WORD: Final = re.compile(
    r"^(?:(?:per )?[a-zµμΩ°℃℉%‰€$£¥²³]{1,4}(?:[/·*^.-]?[a-z0-9µμΩ°²³]{1,4}){0,3}|years?|months?|weeks?|days?|hours?|"
    r"minutes?|seconds?|met(?:re|er)s?|lit(?:re|er)s?|watts?|volts?|pieces|euros?|dollars?|pounds?|"
    r"[元天年月日时分秒个台件米克吨升页次人岁]|小时|分钟|千克|公斤|毫米|厘米|公里|工作日|万元|美元|伏|瓦|千瓦|兆帕|摄氏度)$",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"^[+\-±<>≤≥~≈]?\s*[\d][\d,. ]*(?:[-–~至到]\s*[\d][\d,.]*)?$")
_SINGULAR_S: Final = re.compile(r"(ss|us|is|as|os|ness|series|news|means|gas|status)$", re.IGNORECASE)


def is_empty_value(text: str) -> bool:
    """Return whether a cell or value says nothing worth asking: empty, a dash, yes or no, unknown."""
    return _EMPTY.match(text.strip()) is not None


def column_unit(header: str) -> tuple[str, str]:
    """Split a column name into name and unit, `Weight (kg)` into `Weight` and `kg`; no unit gives an empty one."""
    match = _UNIT.match(header)
    if match and _UNIT_WORD.match(match["unit"].strip()):
        return match["name"].strip(), match["unit"].strip()
    return header.strip(), ""


def is_number(text: str) -> bool:
    """Return whether a value is a bare number or a range of numbers."""
    return _NUMBER.match(text.strip()) is not None


def natural_case(phrase: str, small: Collection[str]) -> str:
    """Write a phrase as it would stand within a sentence: names, codes and acronyms keep their capitals.

    Args:
        phrase: Name of a row or a term, or a title.
        small: Words that the corpus writes small somewhere, which shows that they are no names.
    """

    def lower(match: re.Match[str]) -> str:
        word = match[0]
        if _NAME_LIKE.search(word) or not word[0].isupper() or len(word) == 1:
            return word
        plain = word.lower()
        return plain if plain in small or plain.removesuffix("s") in small or f"{plain}s" in small else word

    return _WORD.sub(lower, phrase.strip())


def label_case(label: str) -> str:
    """Write the label of a column or a form line as it would stand within a sentence: only acronyms keep capitals."""
    words = [word if _NAME_LIKE.search(word) else word.lower() for word in label.split()]
    return " ".join(words).replace(" & ", " and ").rstrip(":：. ")


def with_article(name: str) -> str:
    """Put `the` before a name that ends in a common noun; codes and bare names stand alone."""
    parts = name.split()
    first, last = parts[0], parts[-1]
    if first.lower() in {"the", "a", "an", "each", "every", "all", "our", "your"} or not last[:1].isalpha():
        return name
    if first.lower() in {"report", "accident", "incident", "invoice", "order", "document"}:
        return name
    if not last.islower() or (len(parts) == 1 and name.islower() and last.endswith("ing")):
        return name
    return f"the {name}"


def is_plural(phrase: str) -> bool:
    """Return whether an English noun phrase asks for `are`."""
    head = re.split(r"\b(?:of|for|in|at|per|from|to|on|by|with)\b|[,(/]", phrase)[0].strip().split()
    return bool(head) and head[-1].endswith("s") and len(head[-1]) > 3 and not _SINGULAR_S.search(head[-1])


def capitalised(text: str) -> str:
    """Give a sentence its capital."""
    return text[:1].upper() + text[1:]


def uncapitalised(question: str) -> str:
    """Write a question so that it can follow a colon: its first word loses the capital unless it is a name."""
    first = question.partition(" ")[0]
    return question[:1].lower() + question[1:] if first.lower().strip("',") in _OPENERS else question


_OPENERS: Final = STOPWORDS | frozenset(
    {"under", "within", "after", "before", "during", "if", "has", "had", "may", "must"}
)


def short_subject(title: str) -> str:
    """Return what a document is about: its title without the words that name the kind of document."""
    subject = re.split(r"\s[-–—|]\s|[:：]", title.strip().strip("《》"))[0]
    before = None
    while subject and subject != before:
        before = subject
        subject = _KIND_OF_DOCUMENT.sub("", subject).strip(" -–—,，、")
    return subject


_KIND_OF_DOCUMENT: Final = re.compile(
    r"\s*(?:\b(?:(?:operating|user|service|maintenance|installation|reference|product|quick start|final|annual|"
    r"technical) )?(?:manual|guide|handbook|specification(?: sheet)?|data ?sheet|sheet|faq|questions and answers|"
    r"bulletin|overview|rules|policy|terms|report|notes?|instructions|document|frequently asked questions|"
    r"troubleshooting|maintenance|operating|and|specifications)"
    r"|(?:使用|操作|用户|维护|安装|产品|技术|保养)?(?:手册|说明书|指南|规程|常见问题|问答|说明|规格书|规格|通报|规定|办法|制度|简介|报告|文件))\s*$",
    re.IGNORECASE,
)
