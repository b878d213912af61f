"""Whether a number is the one its question asks about: of a sentence with several, the one nearest to its words.

A sentence says beside each number what it counts. For every number of the quote the question's words are weighed by how
near they stand, a word beyond a comma less; if another number of the same unit has clearly more of them than the
answer's, the answer is another one's. The words right beside the numbers decide where they are alike but for those
that tell them apart, and so does the thing itself where it is counted. A confidence interval, an error, the number of a
cited work and what was not done are no answer unless they are asked for.

Measured on questions people wrote, with figures for answers and several in the sentence: 3 of 171 right answers stopped
in Chinese and 0 of 53 in English, 55 of 69 and 26 of 33 swapped figures found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from agent.records.base import Language
from tools.extraction.alignment import Alignment
from tools.extraction.fitting import TIMES, kind_asked, same_dimension
from tools.extraction.quantities import Quantity, plain, quantities
from tools.extraction.similarity import STOPWORDS
from tools.extraction.support import PASSED, UNIT_WORD, Verdict, meaning, segments, stem, telling

_REACH: Final = 30.0
"""Characters over which a word's weight falls to 1/e."""
_BOUNDARY: Final = 0.3
"""What is left of a weight beyond each comma or `and`."""
_RATIO: Final = 1.5
_FLOOR: Final = 0.1
"""The other number must have this many times the weight, and so much more."""
_DIGITS_OF_YEAR: Final = 4
_IN_DATE: Final = re.compile(r"\s?(?:[年月日号点时:：/.-]|[ap]\.?m\b)")
_NEARLY: Final = 0.7
"""The other number must have this many times the weight where the words beside the figures speak for another."""
_CLEARLY: Final = 0.3
"""By how much more of the other number's part the question must name."""
_OF_TITLE: Final = 0.2
"""Weight of a word of the title, which tells no part of a sentence from another."""
_TWO_CHARACTERS: Final = 1.5
"""Weight of two Chinese characters that stand together, against one."""
_ASKED_NUMBER: Final = 2.0
"""Weight of a number that the question names, as a condition of what it asks."""
_BARE_WORDS: Final = 2
"""Words beside its figures and its question's words up to which an answer is a bare amount or date."""
_ASIDE: Final = re.compile(
    r"\d+\s?%\s?(?:CI|confidence interval)[^)\];]*|\b(?:CI|IQR)\b[^)\];]*|(?<=\d)\s?±\s?\d[\d.]*|"
    r"\b[pP]\s?[<=>≤]\s?\d[\d.]*|\[\d+(?:[\s,-]+\d+)*\]|(?:置信区间|四分位)[^）)，。；]*|"
    r"\b(?:instead of|rather than) (?:the |an? )?[\w.-]+|(?:而不是|而非)[^，。；]{1,8}"
)
"""Figures that say how sure another one is, numbers of cited works, what was not: few questions ask for them."""
_ASKS_ASIDE: Final = re.compile(
    r"\binstead\b|\brather\b|不是|\bCI\b|\bIQR\b|\bSD\b|confidence|interval|interquartile|deviation|"
    r"\bp[- ]?value|signific|置信|标准差|四分位|误差|显著",
    re.IGNORECASE,
)
_LISTED: Final = re.compile(r"\brespectively\b|分别|依次")


class _Weighed(NamedTuple):
    number: Quantity
    weight: float


def right_number(question: str, answer: str, quote: str, title: str, language: Language) -> Verdict:
    """Score whether the first figure of a bare answer is the one its question asks about.

    Args:
        question: The user turn.
        answer: The assistant turn.
        quote: What the answer rests on.
        title: Title and headings.
        language: Language of the passage.
    """
    asked = {number.value for number in quantities(question)}
    given = quantities(answer)
    wanted = [number.value for number in given if number.value not in asked]
    known = set(meaning(question, language))
    own = [w for w in meaning(answer, language) if w not in known and UNIT_WORD[language].fullmatch(w) is None]
    if not wanted or len(own) > _BARE_WORDS:
        return PASSED
    listed = _LISTED.search(plain(quote))
    if listed:
        decided = _in_order(question, wanted[0], quote)
        parts = segments(plain(quote))
        apart = [n for n in quantities(quote) if n.value == wanted[0]]
        near = any(abs(_part(n.start, parts) - _part(listed.start(), parts)) <= 1 for n in apart)
        if decided or near:
            return decided or PASSED
    weighed = _weighed(question, quote, title, language, asked)
    lie = Alignment(question, quote, title, language)
    mine = [one for one in weighed if one.number.value == wanted[0]]
    if not mine:
        return PASSED
    aside = [match.span() for match in _ASIDE.finditer(lie.flat)]
    if all(_within(one.number.start, aside) for one in mine):
        return PASSED if _ASKS_ASIDE.search(question) else Verdict(0.2, wanted[0])
    counted = _counted(question, lie.flat, [one.number for one in weighed if one.number.value not in asked], language)
    if counted:
        right = not counted.isdisjoint(number.value for number in given)
        return PASSED if right else Verdict(0.2, f"{wanted[0]}, {min(counted)}")
    here = max(one.weight for one in mine)
    values = {number.value for number in given} | asked
    weighed = [one for one in weighed if not _within(one.number.start, aside)]
    unit = mine[0].number.unit
    others = [one for one in weighed if one.number.value not in values and same_dimension(one.number.unit, unit)]
    if kind_asked(question, language) == "time":
        others = [one for one in others if _of_time(one.number, lie.flat)]
    best = max(others, key=lambda one: one.weight, default=None)
    if best is None:
        return PASSED
    told = _told_apart(lie, mine, others, 1)
    if told:
        return Verdict(0.15, f"{wanted[0]}, {best.number.value}") if told > 0 else PASSED
    # In Chinese the two characters beside a figure differ too often by chance.
    leans = language == "en" and best.weight >= _NEARLY * here and _told_apart(lie, mine, others, 0) > 0
    named = [lie.named(one.number.start, one.number.end) for one in (best, *mine)]
    leans = leans or (best.weight >= _NEARLY * here and named[0] - max(named[1:]) > _CLEARLY)
    if not leans and best.weight <= _RATIO * here + _FLOOR:
        return PASSED
    return Verdict(round(min(0.45, max(0.1, 0.45 * here / best.weight)), 2), f"{wanted[0]}, {best.number.value}")


def _told_apart(lie: Alignment, mine: Sequence[_Weighed], others: Sequence[_Weighed], least: int) -> int:
    """Return 1 if words beside another figure are asked and those beside the answer's are not, -1 if reversed."""
    found = {
        lie.contrast((one.number.start, one.number.end), (other.number.start, other.number.end), least)
        for one in mine
        for other in others
    }
    return (1 in found) - (-1 in found)


def _weighed(question: str, quote: str, title: str, language: Language, asked: set[str]) -> list[_Weighed]:
    flat = plain(quote)
    numbers = quantities(quote)
    spans = segments(flat)
    topic = {word for word, _ in telling(plain(title), language)}
    words = {word for word, _ in telling(plain(question), language)}
    places: dict[str, list[int]] = {}
    for word, at in telling(flat, language):
        if word in words:
            places.setdefault(word, []).append(at)
    for number in numbers:
        if number.value in asked:
            places.setdefault(f"#{number.value}", []).append(number.start)
    found = []
    for number in numbers:
        part = _part(number.start, spans)
        weight = 0.0
        for word, where in places.items():
            worth = (_OF_TITLE if word in topic else 1.0) / len(where)
            worth *= _ASKED_NUMBER if word[0] == "#" else 1.0
            worth *= _TWO_CHARACTERS if language == "zh" and len(word) > 1 else 1.0
            weight += worth * max(
                math.exp(-min(abs(place - number.end), abs(place + len(word) - number.start)) / _REACH)
                * _BOUNDARY ** abs(_part(place, spans) - part)
                for place in where
            )
        found.append(_Weighed(number, weight))
    return found


_HOW_MANY: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(r"\bhow many (?!of\b)((?:[\w-]+ ){0,2}[\w-]+)", re.IGNORECASE),
    "zh": re.compile(r"(?:多少|几)[个名位种条台张场座艘项枚辆架只头间所]([\u3400-\u9fff]{2})"),
}
_BESIDE: Final = frozenset(
    ("had", "been", "being", "be", "may", "might", "must", "or", "but", "if", "while", "each", "every", "all", "both",
     "they", "he", "she", "we", "them", "these", "those", "after", "before", "during", "between", "per", "since",
     "other", "others", "more", "most", "new", "total", "different", "only", "same", "such", "used", "using")
)  # fmt: skip
"""Words beside a number or a question's `how many` that name nothing counted."""
_COUNTED_EN: Final = re.compile(r"[ -]{1,2}((?:[\w-]+ ){0,3}[\w-]+)")


def _counted(question: str, flat: str, numbers: Sequence[Quantity], language: Language) -> set[str]:
    """Return the numbers beside which the thing stands that a question counts."""
    asked = _HOW_MANY[language].search(plain(question))
    if asked is None:
        return set()
    if language == "zh":
        beside = re.compile(rf"[个名位种条台张场座艘项枚辆架只头间所]?{asked[1]}")
        return {
            number.value
            for number in numbers
            if beside.match(flat, number.end) or flat[: number.start].rstrip("有共达为约").endswith(asked[1])
        }
    things = _things(" ".join(takewhile(lambda word: word.lower() not in STOPWORDS, asked[1].split())))
    found: set[str] = set()
    for number in numbers:
        behind = _COUNTED_EN.match(flat, number.end)
        if behind and things & _things(behind[1]):
            found.add(number.value)
    return found


def _things(words: str) -> set[str]:
    """Return what some English words name, those left out that stand beside any thing."""
    return {stem(word) for word in words.split() if word.lower() not in STOPWORDS and word.lower() not in _BESIDE}


def _of_time(number: Quantity, flat: str) -> bool:
    """Return whether a number is part of a date, a time of day or a time span."""
    long = len(number.value) >= _DIGITS_OF_YEAR
    return number.unit in TIMES or long or _IN_DATE.match(flat, number.end) is not None


def _within(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(low <= place < high for low, high in spans)


def _part(place: int, spans: Sequence[tuple[int, int]]) -> int:
    return next((number for number, (low, high) in enumerate(spans) if low <= place < high), 0)


def _in_order(question: str, wanted: str, quote: str) -> Verdict | None:
    """Score a figure of `A and B were 8% and 19%, respectively` by the place of what the question names, if it can."""
    flat = plain(quote)
    for match in _NAMES_LISTED.finditer(flat):
        names = [name for name in _BETWEEN_NAMES.split(match.group()) if name]
        named = [at for at, name in enumerate(names) if name in plain(question)]
        if len(named) != 1 or any(name.replace(".", "").isdigit() for name in names):
            continue
        after = [number.value for number in quantities(quote) if number.start >= match.end()][: len(names)]
        if len(after) == len(names) and wanted in after:
            return PASSED if after[named[0]] == wanted else Verdict(0.2, f"{wanted}, {after[named[0]]}")
    return None


_NAMES_LISTED: Final = re.compile(
    r"(?:[\w()/-]++, )*[\w()/-]++,? (?:and|or) [\w()/-]+|(?:[\u3400-\u9fffA-Za-z0-9]+、)*[\u3400-\u9fffA-Za-z0-9]+和"
    r"[\u3400-\u9fffA-Za-z0-9]+"
)
_BETWEEN_NAMES: Final = re.compile(r",? (?:and|or) |, |、|和")
