"""Whether a quote says what an answer says: its words, its numbers with their units, and the place they come from.

Only what an answer adds to its question must be borne out: an answer that repeats the question's words and adds one
thing stands or falls with that thing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from agent.prompts.synonyms import SAME_SAID
from agent.records.base import Language
from knowledge.lexical import content_tokens
from tools.extraction.quantities import Quantity, plain, quantities
from tools.extraction.similarity import FUNCTION_CHARACTERS, STOPWORDS, normal


class Verdict(NamedTuple):
    """The outcome of one check."""

    score: float
    """0 to 1; from 0.5 the check is passed."""
    detail: str = ""
    """The words concerned, as they stand; empty if there are none."""


PASSED: Final = Verdict(1.0)
_LATIN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|[a-z]*\d[a-z\d.]*", re.IGNORECASE)
_CLAUSE: Final = re.compile(
    r"[;；。！？!?]|[,，](?!\d{3})|\.(?=\s|$)|\b(?:which|unless|because|whereas|although)\b|并且?|而且"
)
_SEGMENT: Final = re.compile(r"[;；。！？，、]|,(?!\d{3})|\.(?=\s|$)|\b(?:and|but|while|whereas)\b|[和而]")
_CALENDAR: Final = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|"
    r"Wednesday|Thursday|Friday|Saturday|Sunday)s?\b"
)
_DATED: Final = re.compile(rf"({_CALENDAR.pattern}) (\d{{4}})\b")
_FREQUENCY: Final = {
    "hourly": "(?:every|each|per|an) hour",
    "daily": "(?:every|each|per|a) day",
    "weekly": "(?:every|each|per|a) week",
    "monthly": "(?:every|each|per|a) month",
    "quarterly": "(?:every|each|per|a) quarter",
    "(?:yearly|annually|annual)": "(?:every|each|per|a) year|yearly|annual|annually",
}
_FILLER: Final = STOPWORDS | frozenset((
    "he", "she", "him", "her", "his", "they", "them", "we", "us", "our", "these", "those", "both", "each", "one",
    "such", "who", "only", "about", "around", "approximately", "some", "were", "been", "being", "had", "may", "might",
    "must", "because", "through", "during", "per", "via", "between", "among", "after", "before", "more", "most", "very",
    "yes", "no", "not", "never", "without", "none", "size", "length", "width", "height", "weight", "total", "number",
    "amount", "long", "wide", "high", "old", "tall",
))  # fmt: skip
"""Words whose presence or absence tells nothing of a claim; negations are looked at by `polarity`."""
_FILLER_ZH: Final = FUNCTION_CHARACTERS | frozenset(
    "于以之所由并其它他她们则且或而也就都还该又因为后前里中上下时大约近共达不没无未至者个位名次是有"
)


def stem(word: str) -> str:
    """Return an English word without the endings that a rewording changes."""
    lower = word.lower()
    for ending, least in (("ies", 3), ("ing", 4), ("ed", 4), ("es", 4), ("ly", 4), ("s", 3), ("e", 4)):
        if lower.endswith(ending) and len(lower) - len(ending) >= least and not lower.endswith("ss"):
            lower = lower[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    return lower.rstrip("e") if len(lower) > 4 else lower


@lru_cache(maxsize=20_000)
def meaning(text: str, language: Language) -> tuple[str, ...]:
    """Return what carries the meaning of a text: stems of English words, Chinese words; numbers are left out."""
    flat = plain(text)
    if language == "zh":
        cut = [word for word in content_tokens(flat, "zh") if not all(c in _FILLER_ZH for c in word)]
        return tuple(word.lower() for word in cut if not any(c.isdigit() for c in word))
    found = (word for word in _LATIN.findall(flat) if not any(c.isdigit() for c in word))
    return tuple(stem(word) for word in found if word.lower() not in _FILLER and len(word) > 1)


def says_the_same(word: str, stock: str, stems: frozenset[str], language: Language) -> bool:
    """Return whether a word stands in a text, given as one string of plain form and as its stems."""
    if language == "zh" or not word.isascii():
        return word in stock
    return word in stems or (len(word) >= 5 and any(other.startswith(word[:5]) for other in stems))


@lru_cache(maxsize=2)
def _groups(language: Language) -> dict[str, frozenset[str]]:
    """Return each word, as `meaning` gives it, with those that say the same."""
    found: dict[str, frozenset[str]] = {}
    for group in SAME_SAID[language]:
        members = frozenset(stem(word) if language == "en" else word for word in group)
        found |= {word: found.get(word, frozenset()) | members for word in members}
    return found


def _reworded(word: str, stock: str, stems: frozenset[str], language: Language) -> bool:
    alike = _groups(language).get(word, frozenset())
    return any(other in stock for other in alike) if language == "zh" else bool(alike & stems)


def words_borne_out(question: str, answer: str, quote: str, context: str, language: Language) -> Verdict:
    """Score how much of what an answer adds stands in the quote, its weakest clause counting most.

    Args:
        question: The user turn; its words need no support.
        answer: The assistant turn.
        quote: What the answer rests on.
        context: Title and headings above the quote.
        language: Language of the passage.
    """
    if normal(answer) and f" {normal(answer)} " in f" {normal(quote)} ":
        return PASSED
    stock = plain(f"{quote}\n{context}").lower()
    stems = frozenset(meaning(f"{quote}\n{context}", language)) | frozenset(
        word for part in _LATIN.findall(stock) for word in (stem(part),)
    )
    asked_text = plain(question).lower()
    asked = frozenset(meaning(question, language))
    worst, missing, found, total = 1.0, [], 0, 0
    for clause in _CLAUSE.split(answer):
        units = UNIT_WORD[language]
        added = [
            word
            for word in meaning(clause, language)
            if not says_the_same(word, asked_text, asked, language) and units.fullmatch(word) is None
        ]
        absent = [
            word
            for word in added
            if not says_the_same(word, stock, stems, language) and not _reworded(word, stock, stems, language)
        ]
        if language == "zh" and any(len(word) > 1 for word in added):
            # A single character beside whole words is a particle or a part of a word cut otherwise.
            absent = [word for word in absent if len(word) > 1]
        total += len(added)
        found += len(added) - len(absent)
        missing += absent
        if added:
            # One strange word of four is a rewording; one of two is another claim.
            worst = min(worst, 1 - len(absent) / len(added))
    overall = found / total if total else 1.0
    score = min(overall * 0.75, worst) if missing else 1.0
    strange = _strange_item(answer, frozenset(missing), language)
    if strange:
        score = min(score, 0.3)
    if len(missing) == 1 and _swapped(missing[0], answer, quote, language):
        score = min(score, 0.3)
    return Verdict(round(max(0.0, min(1.0, score)), 3), ", ".join(dict.fromkeys(missing)))


_ITEM: Final = re.compile(r"[,，、;；]|\b(?:and|or|as well as)\b|以及|并且?|和|与")
_LEAST_OF_ITEM: Final = 2


def _strange_item(answer: str, missing: frozenset[str], language: Language) -> bool:
    """Return whether one of several listed things has no word that is borne out."""
    items = [words for part in _ITEM.split(answer) if (words := meaning(part, language))]
    return len(items) > 1 and any(len(words) >= _LEAST_OF_ITEM and missing.issuperset(words) for words in items)


UNIT_WORD: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"sec(?:ond)?|min(?:ut)?|hours?|hour|hrs?|days?|week|month|year|met(?:re|er|r)|litr|liter|kilogram|"
        r"kilomet(?:re|er|r)|gram|"
        r"tonn|feet|foot|inch|euro|dollar|percent|kg|km|cm|mm|ml|degre|celsiu|fahrenheit"
    ),
    "zh": re.compile(
        r"秒钟?|分钟|小时|天|年|月|日|岁|公里|千米|厘米|毫米|公斤|千克|公尺|米|吨|元|欧元|升|度|"
        r"个|名|人|次"
    ),
}
"""Units as `meaning` gives them; `numbers_borne_out` looks at them."""


def _swapped(word: str, answer: str, quote: str, language: Language) -> bool:
    """Return whether an answer copies its quote but for one word: the words beside it stand there around another."""
    said, there = plain(answer).lower(), plain(quote).lower()
    if language == "zh":
        at = said.find(word)
        left, right = said[max(0, at - 2) : at], said[at + len(word) : at + len(word) + 2]
        if at < 0 or len(left) < 2 or len(right) < 2:
            return False
        return re.search(f"{re.escape(left)}.{{1,4}}{re.escape(right)}", there) is not None
    tokens = re.findall(r"[\w'-]+", said)
    at = next((number for number, token in enumerate(tokens) if stem(token) == word), -1)
    if at < 1 or at + 1 >= len(tokens):
        return False
    return re.search(rf"\b{re.escape(tokens[at - 1])} [\w'-]+ {re.escape(tokens[at + 1])}\b", there) is not None


def numbers_borne_out(question: str, answer: str, quote: str, context: str) -> Verdict:
    """Score whether every number of an answer stands in the quote, with the same unit."""
    there = quantities(f"{quote}\n{context}")
    asked = {number.value for number in quantities(question)}
    spelled = plain(f"{quote}\n{context}\n{question}")
    strange = _strange_time(answer, spelled)
    if strange:
        return Verdict(0.0, strange)
    for number in quantities(answer):
        alike = [other for other in there if other.value == number.value]
        if not alike:
            if number.value in asked or re.search(rf"(?<![\d.]){re.escape(number.value)}(?![\d.]|,\d)", spelled):
                continue
            return Verdict(0.0, number.value)
        sign = _sign(answer, number)
        signs = {_sign(f"{quote}\n{context}", other) for other in alike}
        if _ordinal(answer, number) and not any(_ordinal(f"{quote}\n{context}", other) for other in alike):
            return Verdict(0.1, f"第{number.value}")
        if sign and signs == {"<" if sign == ">" else ">"}:
            return Verdict(0.1, f"{sign}{number.value}")
        if _of_another_unit(number, answer, {other.unit for other in alike}):
            return Verdict(0.1, f"{number.value} {number.unit}".strip())
    return PASSED


def _strange_time(answer: str, spelled: str) -> str:
    """Return a month, a weekday, a month with its year, or a frequency that does not stand in a text; else empty."""
    said = plain(answer)
    for day in _CALENDAR.findall(said):
        if not re.search(rf"\b{day[:3]}", spelled, re.IGNORECASE):
            return str(day)
    for pair in _DATED.finditer(said):
        together = rf"\b{pair[1][:3]}[a-z]*\.?,? (?:\d+,? )?{pair[2]}"
        # Both may stand there, each with another.
        if pair[2] in spelled and not re.search(together, spelled, re.IGNORECASE):
            return pair.group()
    for word, other in _FREQUENCY.items():
        if re.search(rf"\b{word}\b", answer, re.I) and not re.search(rf"\b(?:{word}|{other})\b", spelled, re.I):
            return word
    return ""


_COUNTER: Final = re.compile(r"\s?[个名位种条台张场座艘项枚辆架只头间所]")
"""Measure words of counted things, which no amount with a unit is."""


def _of_another_unit(number: Quantity, answer: str, units: set[str]) -> bool:
    """Return whether a number of an answer has another unit than wherever it stands in the quote."""
    if "" in units:
        return False
    if not number.unit:
        return _COUNTER.match(plain(answer), number.end) is not None
    return number.unit not in units and not _close(number.unit, units)


def _sign(text: str, number: Quantity) -> str:
    before = plain(text)[max(0, number.start - 2) : number.start].strip()[-1:]
    return {">": ">", "≥": ">", "<": "<", "≤": "<"}.get(before, "")


def _ordinal(text: str, number: Quantity) -> bool:
    return plain(text)[: number.start].rstrip().endswith("第")


def _close(unit: str, units: set[str]) -> bool:
    """Return whether two units name the same in common speech."""
    same = ({"day", "working day"}, {"year", "year old"}, {"percent", "percentage point"})
    return any(unit in pair and units & pair for pair in same if "working day" not in pair)


def segments(flat: str) -> list[tuple[int, int]]:
    """Return the spans of the parts of a plain text that say each their own."""
    cuts = [0, *(match.end() for match in _SEGMENT.finditer(flat)), len(flat)]
    return [(low, high) for low, high in pairwise(cuts) if flat[low:high].strip()]


def parts_of(quote: str) -> list[str]:
    """Return the parts of a sentence that say each their own, in plain form."""
    flat = plain(quote)
    return [flat[low:high] for low, high in segments(flat)]


_NO_TELLING: Final = frozenset(
    "日月年天个于以之所由并其它则且或而也就都还该又因为的是什么多少了吗呢在和与几怎哪谁及把被对从到要会能可时候间有"
)


_MEASURES: Final = {
    "long": "long", "length": "long", "wide": "wide", "width": "wide", "high": "high", "height": "high", "tall": "high",
    "deep": "deep", "depth": "deep", "old": "old", "age": "old", "weight": "weigh", "total": "total", "size": "size",
}  # fmt: skip
"""Words that say which of a thing's figures is meant, however they are said."""


def telling(flat: str, language: Language) -> list[tuple[str, int]]:
    """Return the words of a plain text that tell one part from another, with their offsets.

    Chinese gives single characters and two that stand together, so that no cutting into words can go wrong.
    """
    lower = flat.lower().replace("阔", "宽")
    if language == "zh":
        single = [(c, at) for at, c in enumerate(lower) if "\u3400" <= c <= "\u9fff" and c not in _NO_TELLING]
        double = [(lower[at : at + 2], at) for at in range(len(lower) - 1) if _TWO_HAN.fullmatch(lower[at : at + 2])]
        return [*single, *double, *((m.group(), m.start()) for m in re.finditer(r"[a-z]+\d*", lower))]
    lower = _CALENDAR.sub(lambda match: " " * len(match.group()), flat).lower()
    found = re.finditer(r"[a-z]+\d*[a-z]*|\d+[a-z]+", lower)
    return [
        (_MEASURES.get(match.group(), stem(match.group())), match.start())
        for match in found
        if match.group() not in _FILLER or match.group() in _MEASURES
    ]


_TWO_HAN: Final = re.compile(r"[\u3400-\u9fff]{2}")
