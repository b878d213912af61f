"""Whether a question can be understood away from its page, names what stands there, and keeps its answer to itself."""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from tools.extraction.quantities import plain, quantities
from tools.extraction.similarity import is_chinese, normal
from tools.extraction.support import PASSED, Verdict, meaning, says_the_same, stem

_POINTING: Final = re.compile(
    r"\b(?:this|above|following|given|provided|attached|present) (?:document|text|passage|page|section|table|context|"
    r"paragraph|article|excerpt|figure|information|list|sentence|chapter|file|manual|report|study|paper|policy)\b|"
    r"\bthe (?:text|passage|excerpt|context|paragraph|above|following|given|provided)\b|"
    r"\b(?:in|from|per|by|on|of|to) the (?:document|article|section|table|figure|chapter|page|sentence|file|"
    r"information|"
    r"list below)\b(?! (?:of|for|on|about|named|called)\b)|\bthe (?:document|article|section|table|figure) "
    r"(?:says?|states?|mentions?|describes?|above|below|gives?|shows?)\b|"
    r"\bthat (?:document|text|passage|page|section|table|paragraph|article|excerpt|figure|sentence)\b|"
    r"\b(?:above|below)-mentioned\b|\b(?:mentioned|described|listed|shown|stated) (?:above|below|here)\b|"
    r"(?:本|该|此|上述|以上|下列|下面|这个|这份|这段|这篇)(?:文档|文件|文章|文|段落|段文字|段话|表格|表|章节|"
    r"章|资料|材料|节|段|手册|指南)|文中|"
    r"本(?:书|片|剧|作品?|曲|专辑|研究|报告|案|届|机|品|种|属|条|规程|办法|规定|制度)(?![\u3400-\u9fff]{0,2}[》”])|"
    r"上文|下文|根据(?:上|本|该|原)文|原文|如上|如下",
    re.IGNORECASE,
)
_PRONOUN: Final = re.compile(
    r"^((what|how|why|when|where|who|which)\s+)?((is|are|was|were|do|does|did|can|will|should|has|have|had|many|much|"
    r"long)\s+)*(it|this|that|these|those|they|them|he|she|his|her|its|their)\b(?!\s+comes\s+to)|"
    r"^(它|他|她|这|那|其|该)(?!些年|他)",
    re.IGNORECASE,
)
_INNER_PRONOUN: Final = re.compile(r"\b(?:it|they|them|he|she|his|her|its|their)\b", re.IGNORECASE)
_EXPLETIVE: Final = re.compile(
    r"\bit (?:take|takes|took|cost|costs|possible|necessary|important|called|mean)\b", re.IGNORECASE
)
_LEANING: Final = re.compile(
    r"\b(?:these|those|this|such) (?:\w+ )?(?:\w+)\b|(?:该|此|这[个种款台项类份些]?|那[个种款台项类份些]|"
    r"上述)(?=[\u3400-\u9fff])",
    re.IGNORECASE,
)
_GENERIC: Final = frozenset(
    stem(word)
    for word in [
        "study",
        "survey",
        "paper",
        "author",
        "authors",
        "research",
        "researcher",
        "experiment",
        "trial",
        "patient",
        "patients",
        "participant",
        "subject",
        "accident",
        "incident",
        "crash",
        "pilot",
        "airplane",
        "aircraft",
        "plane",
        "flight",
        "device",
        "machine",
        "unit",
        "product",
        "pump",
        "system",
        "model",
        "equipment",
        "company",
        "organisation",
        "organization",
        "team",
        "group",
        "person",
        "man",
        "woman",
        "process",
        "procedure",
        "result",
        "factor",
        "cause",
        "reason",
        "purpose",
        "number",
        "name",
        "value",
        "main",
        "contributing",
        "total",
        "report",
        "investigation",
        "method",
        "sample",
        "case",
        "event",
        "character",
        "place",
        "thing",
        "item",
        "part",
        "component",
        "condition",
        "problem",
        "issue",
        "answer",
        "question",
        "population",
        "cohort",
        "animal",
        "vehicle",
        "building",
        "player",
        "game",
        "film",
        "book",
        "animal",
        "plant",
        "species",
        "city",
        "article",
        "day",
        "year",
        "hour",
        "time",
        "period",
        "month",
        "date",
        "happened",
        "found",
        "used",
        "made",
        "given",
        "called",
        "known",
        "type",
        "kind",
        "amount",
        "probable",
        "occur",
        "preceding",
        "before",
        "after",
        "during",
        "did",
    ]
)
"""Stems of nouns that stand for anything of their kind; alone they name nothing."""
_DEFINITE: Final = re.compile(
    r"\b(?:the|both|all) (?:(?:private|student|main|new|first|second|same|whole|accident|present|current|entire) )?"
    r"(study|survey|paper|authors?|research|researchers|experiment|trial|patients?|participants?|subjects?|accident|"
    r"incident|crash|pilot|airplane|aircraft|plane|flight|device|machine|unit|product|pump|system|model|equipment|"
    r"investigation|population|cohort|company|vehicle|building|game|film|book|movie|author|"
    r"protagonist)(?!['’]s \w+ [A-Z]"
    r")(?=\W|$)(?! (?:of|for|named|called|in|at|on|from|between|with) (?:the )?[A-Z0-9\"])",
    re.IGNORECASE,
)
_CODE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9-]*[A-Za-z])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?![A-Za-z0-9])"
)
_AMOUNT_CODE: Final = re.compile(
    r"^\d+-?(?:day|year|month|hour|week|minute|foot|metre|meter|mile|point|st|nd|rd|th)s?\b", re.I
)
_NAME: Final = re.compile(r"(?<![.?!:]\s)(?<!^)(?<!^[\"'(])\b[A-Z][\w-]*")
_MONTHS: Final = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
_QUOTED: Final = re.compile(r"[“\"《「『]([^”\"》」』]{2,40})[”\"》」』]")


def standalone(question: str, title: str, language: Language, *, written: bool = True) -> Verdict:
    """Score whether a question says what it is about without its page.

    Args:
        question: The user turn.
        title: Title of the document and headings above the passage; what a question may name.
        language: Language of the passage.
        written: Whether it was written freely; otherwise only pointing words count.
    """
    pointing = _POINTING.search(question)
    if pointing:
        return Verdict(0.0, pointing.group())
    pronoun = _PRONOUN.match(question.strip())
    if pronoun and not _EXPLETIVE.search(question) and question.strip()[:2] not in title:
        return Verdict(0.0, pronoun.group().strip())
    if not written:
        return PASSED
    return _leaning_chinese(question, title) if is_chinese(question) else _leaning_english(question, title)


def _leaning_chinese(question: str, title: str) -> Verdict:
    for found in _LEANING.finditer(question):
        if found.group().isascii():
            continue
        named = question[: found.start()]
        if not (_shared(named, title) or _QUOTED.search(named) or re.search(r"[A-Za-z0-9]{2}", named)):
            return Verdict(0.1, question[found.start() : found.start() + 4])
    return PASSED


def _shared(text: str, title: str) -> bool:
    return any(text[at : at + 2] in title for at in range(len(text) - 1) if re.match(r"[\u3400-\u9fff]{2}", text[at:]))


def _leaning_english(question: str, title: str) -> Verdict:
    about = frozenset(meaning(title, "en"))
    told = [word for word in meaning(question, "en") if word not in _GENERIC]
    anchored = _names(question) or _QUOTED.search(question) or any(word in about for word in told)
    leaning = _INNER_PRONOUN.search(question)
    if leaning and not anchored and not _EXPLETIVE.search(question) and len(told) < _DESCRIBED:
        return Verdict(0.1, leaning.group())
    definite = _DEFINITE.search(question)
    if definite and not anchored and len(told) < _DESCRIBED:
        return Verdict(0.2, definite.group())
    if not told and not anchored:
        return Verdict(0.1, question)
    return PASSED


_DESCRIBED: Final = 4
"""Telling words that describe a thing well enough without its name."""


def _names(question: str) -> list[str]:
    """Return the names and codes of an English question."""
    codes = [code for code in _CODE.findall(question) if not _AMOUNT_CODE.match(code)]
    return codes + [name for name in _NAME.findall(question) if name.lower() not in _MONTHS | {"i", "i'm"}]


def grounded(question: str, text: str, title: str) -> Verdict:
    """Score whether the names, codes and numbers of a question stand in its document.

    Args:
        question: The user turn.
        text: The document's text.
        title: Title and headings.
    """
    stock = re.sub(r"\s+", " ", plain(f"{title}\n{text}")).lower()
    flat = plain(question)
    wanted = [match[1] for match in _QUOTED.finditer(question)]
    wanted += _names(flat) if not is_chinese(question) else _CODE.findall(flat)
    absent = [name for name in wanted if not _stands(name, stock)]
    # One strange name among known ones is another word for a thing, as COVID-19 for 2019-nCoV.
    if absent and 2 * len(absent) > len(wanted):
        return Verdict(0.2, absent[0])
    for number in quantities(question):
        # A date may be written another way round, so only figures of three digits and more count.
        if len(number.value.replace(".", "")) >= 3 and number.value not in stock.replace(",", ""):
            return Verdict(0.3, number.value)
    return PASSED


def _stands(name: str, stock: str) -> bool:
    low = plain(name).lower().removesuffix("'s")
    if low in stock or (len(low) >= 6 and low.isalpha() and low[:5] in stock):
        return True
    parts = [part for part in re.split(r"[-\s]", low) if len(part) > 2]
    return bool(parts) and all(part in stock for part in parts)


def leaks(question: str, answer: str, language: Language) -> Verdict:
    """Score whether a question keeps its answer to itself."""
    said, asked = normal(answer), normal(question)
    choice = re.search(r"\bor\b|还是|或者", question)
    polar = re.search(r"[吗否]|能不能|是不是", question) is not None and not any(c.isdigit() for c in said)
    polar = polar and re.search(r"什么|哪|谁|几|多少|怎", question) is None
    if len(said) > 1 and f" {said} " in f" {asked} " and not choice and not polar:
        return Verdict(0.0, answer.strip())
    told = [word for word in meaning(answer, language) if word not in _GENERIC]
    figures = {number.value for number in quantities(answer)}
    if len(told) >= 4 and not choice and figures <= {number.value for number in quantities(question)}:
        flat, stems = plain(question).lower(), frozenset(meaning(question, language))
        held = sum(says_the_same(word, flat, stems, language) for word in told) / len(told)
        if held == 1 and not _whether(question):
            return Verdict(0.3, answer.strip())
    return PASSED


def _whether(question: str) -> bool:
    return (
        re.search(r"[吗否]|能不能|是不是|有没有|会不会", question) is not None
        or re.match(r"\s*(?:is|are|was|were|can|could|may|must|should|do|does|did|has|have|will)\b", question, re.I)
        is not None
    )
