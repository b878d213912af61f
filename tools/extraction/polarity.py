"""Whether an answer turns round what its quote says: a negation lost or added, above for below, a rise for a fall."""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from tools.extraction.quantities import plain, quantities
from tools.extraction.similarity import normal
from tools.extraction.support import PASSED, Verdict, meaning, parts_of

_NOT: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"\b(?:not|never|no(?!\.|\s?\d)|none|neither|nor|without|cannot|fail(?:ed|s)? to|unable|forbidden|prohibited)\b"
        r"|n't\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"不(?!锈|同|少于|仅|但|断|久|论|管|如|妨|良|足|超过|低于|高于|大于|小于|得少于|得超过|得小于|得大于|"
        r"得低于|得高于)"
        r"|没有|没(?=能|被|在|收|到)|未(?!来)|无(?!线|论|敌|数|锡)|非(?=原|法|本)|禁止|严禁|切勿|勿|莫(?=要)"
    ),
}
_YES: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(r"^\s*(yes|no)\b[\s,.;:–—-]*", re.IGNORECASE),
    "zh": re.compile(r"^\s*(是的|对的?|可以|能|不是的?|不对|否|不能|不可以|没有)(?=[，,。；;]|$)[\s，,。；;]*"),
}
_PARTS: Final = re.compile(r"[;；。！？!?，]|\.(?=\s|$)|\b(?:but|while|whereas|although)\b|但")
_OPPOSITES: Final[tuple[tuple[str, str], ...]] = (
    (r"\b(?:increas|rose|rise|rising|grew|grow|climb|higher|upward)\w*", r"\b(?:decreas|declin|fell|fall|drop|"
    r"reduc|shrank|lower|downward)\w*"),
    (r"\b(?:above|over|exceed\w*|more than|greater than|at least|minimum)\b", r"\b(?:below|under|less than|"
    r"fewer than|at most|maximum)\b"),
    (r"\bbefore\b|\bprior to\b", r"\bafter\b|\bfollowing\b"),
    (r"\bleft\b", r"\bright\b"),
    (r"\b(?:men|male|males|man)\b", r"\b(?:women|female|females|woman)\b"),
    (r"\b(?:upper|top)\b", r"\b(?:lower|bottom)\b"),
    (r"\b(?:inside|indoors?|inner)\b", r"\b(?:outside|outdoors?|outer)\b"),
    (r"\b(?:clockwise)\b", r"\b(?:counter-?clockwise|anti-?clockwise)\b"),
    (r"\b(?:surviv\w*)", r"\b(?:died?|dead|deaths?|fatal\w*|killed)\b"),
    (r"\bhigh\b", r"\blow\b"),
    (r"\bpositiv\w*", r"\bnegativ\w*"),
    (r"正相关|阳性", r"负相关|阴性"),
    (r"\b(?:first)\b", r"\b(?:last)\b"),
    (r"\b(?:allowed|permitted)\b", r"\b(?:forbidden|prohibited)\b"),
    (r"\b(?:open|opened)\b", r"\b(?:closed?|shut)\b"),
    (r"高于|超过|大于|多于|以上|至少|不少于|不低于", r"低于|小于|少于|不足|以下|至多|不超过|不高于"),
    (r"增加|上升|提高|增长|升高|上涨", r"减少|下降|降低|下跌|缩短|跌"),
    (r"(?:比.{1,12})?高(?=\d|[一二三四五六七八九])", r"(?:比.{1,12})?低(?=\d|[一二三四五六七八九])"),
    (r"之?前(?=[，。；、]|$)|以前", r"之?后(?=[，。；、]|$)|以后"),
    (r"左", r"右"), (r"东", r"西"), (r"南", r"北"), (r"上午", r"下午"), (r"内侧|室内", r"外侧|室外"),
    (r"(?<!逆)顺时针", r"逆时针"), (r"最大|最高|最多|最长", r"最小|最低|最少|最短"), (r"男", r"女"), (r"打开|"
    r"开启", r"关闭|关上"),
)  # fmt: skip
_COMPILED: Final = tuple(
    (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in _OPPOSITES
)
_WHETHER: Final = re.compile(
    r"[吗否]|^\s*(?:is|are|was|were|can|could|may|must|should|do|does|did|has|have|had|will)\b", re.IGNORECASE
)
_FROM_TO: Final = re.compile(r"\bfrom\b(.{1,60}?)\bto\b|从(.{1,30}?)[到至]", re.IGNORECASE)
_BARE: Final = 3
"""Words up to which an answer is a bare figure."""
_COPIED: Final = 60
"""Characters from which a piece copied out of its quote is taken to be whole."""
_SHORT: Final = 10
"""Words of an answer that can speak of one part of its quote only."""
_LEAST_OVERLAP: Final = 0.5
"""Share of an answer's words that a part of the quote must hold to be what the answer retells."""


def same_direction(question: str, answer: str, quote: str, language: Language) -> Verdict:
    """Score whether an answer keeps the negations and directions of its quote."""
    for verdict in (
        _negation(question, answer, quote, language),
        _opposites(question, answer, quote),
        _order(answer, quote),
        _side_swapped(answer, quote),
        _compared(question, answer, quote),
    ):
        if verdict.score < 1:
            return verdict
    return PASSED


def _negation(question: str, answer: str, quote: str, language: Language) -> Verdict:
    pattern = _NOT[language]
    opening = _YES[language].match(answer)
    said = answer[opening.end() :] if opening else answer
    asked_not = pattern.search(_without_tag(question)) is not None
    parts = [part for part in _PARTS.split(quote) if part.strip()]
    if opening and not said.strip(" .。"):
        agrees = _agrees(opening[1])
        denied = any(pattern.search(part) for part in _touched(question, parts, language))
        return PASSED if agrees == (denied == asked_not) else Verdict(0.1, opening[1])
    own = pattern.search(said)
    if own is not None:
        # What the question denies, the answer may deny.
        if normal(said) in normal(quote):
            return PASSED
        told = _touched(said, parts, language) or [quote]
        confirmed = asked_not and _WHETHER.search(question) is not None and opening is not None and _agrees(opening[1])
        return PASSED if (asked_not and not confirmed) or any(map(pattern.search, told)) else Verdict(0.1, own.group())
    if asked_not or (
        opening and opening[1].lower() in ("no", "否", "不是", "不是的", "不对", "不能", "不可以", "没有")
    ):
        return PASSED
    told = _touched(said, parts, language)
    if not meaning(said, language) or (_WHETHER.search(question) is None and len(said) < 2 * len(_figures(said))):
        return PASSED
    copied = normal(said) in normal(quote) and len(said) >= _COPIED
    for part in [] if copied else told:
        lost = pattern.search(part)
        if lost is not None and _turns(part[lost.end() :], f"{question} {said}", language):
            return Verdict(0.1, lost.group())
    return PASSED


def _agrees(opening: str) -> bool:
    return opening.lower() in ("yes", "是的", "对", "对的", "可以", "能")


def _figures(said: str) -> str:
    return "".join(re.findall(r"[\d.,%±–-]|年|月|日|公斤|千克|米|厘米|小时|分钟", said))


def _turns(denied: str, said: str, language: Language) -> bool:
    """Return whether what a quote denies, the first words after its negation, is what question and answer speak of."""
    if language == "zh":
        return any(c in said for c in re.sub(r"[^\u3400-\u9fff]|[得能可会须应有被再在]", "", denied)[:2])
    told = set(meaning(said, "en"))
    return any(word in told for word in meaning(" ".join(denied.split()[:4]), "en")[:2])


def _touched(said: str, parts: list[str], language: Language) -> list[str]:
    """Return the parts of a quote that a statement retells: those that share most with it."""
    told = set(meaning(said, language))
    # Chinese words are looked for as they stand, since the other text may be cut into words otherwise.
    shares = [
        (
            sum(word in plain(part) for word in told) if language == "zh" else len(told & set(meaning(part, language))),
            part,
        )
        for part in parts
    ]
    most = max((share for share, _ in shares), default=0)
    if not told or most < _LEAST_OVERLAP * min(len(told), 4):
        return []
    return [part for share, part in shares if share == most]


def _without_tag(question: str) -> str:
    """Return a Chinese question without the `不` of whether-questions (`能不能`, `是不是`), which deny nothing."""
    return re.sub(r"(.)不\1|是否|能否|可否|有没有", "", question)


def _opposites(question: str, answer: str, quote: str) -> Verdict:
    # A bare figure says nothing of directions, so its question says what is claimed of it.
    bare = bool(quantities(answer)) and len(answer.split()) <= _BARE and _WHETHER.search(question) is None
    for pair in _COMPILED:
        for mine, theirs in (pair, pair[::-1]):
            used = mine.search(answer) or (mine.search(question) if bare else None)
            said = f"{question} {answer}" if bare else answer
            if used and not mine.search(quote) and theirs.search(quote) and not theirs.search(said):
                return Verdict(0.1, used.group())
            short = len(answer.split()) <= _SHORT and len(answer) <= 6 * _SHORT
            if used and short and not theirs.search(answer) and _said_of_another(mine, theirs, question, quote):
                return Verdict(0.2, used.group())
    return PASSED


def _said_of_another(mine: re.Pattern[str], theirs: re.Pattern[str], question: str, quote: str) -> bool:
    """Return whether a quote with both directions says the other one of what the question asks about."""
    if not (mine.search(quote) and theirs.search(quote)):
        return False
    parts = parts_of(quote)
    asked = set(meaning(question, "zh" if re.search(r"[\u3400-\u9fff]", question) else "en"))
    held = [asked & set(meaning(part, "zh" if re.search(r"[\u3400-\u9fff]", part) else "en")) for part in parts]
    sharp = {word for word in asked if sum(word in one for one in held) == 1}
    here = [at for at, part in enumerate(parts) if mine.search(part) and not theirs.search(part)]
    there = [at for at, part in enumerate(parts) if theirs.search(part) and not mine.search(part)]
    if not here or not there:
        return False
    return max(len(held[at] & sharp) for at in here) == 0 < max(len(held[at] & sharp) for at in there)


def _order(answer: str, quote: str) -> Verdict:
    """`from A to B` where the quote names B before A is a change the other way round."""
    found = _FROM_TO.search(plain(answer))
    if not found:
        return PASSED
    here = [number.value for number in quantities(answer)]
    there = [number.value for number in quantities(quote)]
    if len(here) < 2 or here[0] not in there or here[-1] not in there:
        return PASSED
    return PASSED if there.index(here[0]) <= there.index(here[-1]) else Verdict(0.2, f"{here[0]}, {here[-1]}")


_SIDES: Final = ("前后", "左右", "上下", "内外", "东西", "南北", "高低", "强弱", "早晚", "长短", "大小")
_SIDE: Final = re.compile(f"[{''.join(_SIDES)}]")
_OTHER_SIDE: Final = {pair[at]: pair[1 - at] for pair in _SIDES for at in (0, 1)}


def _side_swapped(answer: str, quote: str) -> Verdict:
    """A side copied with its neighbours, but for the other side: `期满后半年` where the quote says `期满前半年`."""
    said, there = plain(answer), plain(quote)
    for match in _SIDE.finditer(said):
        before, after = said[max(0, match.start() - 2) : match.start()], said[match.end() : match.end() + 2]
        if min(len(before), len(after)) < _NEIGHBOURS or f"{before}{match.group()}" in there:
            continue
        if f"{before}{_OTHER_SIDE[match.group()]}{after}" in there:
            return Verdict(0.1, f"{before}{match.group()}{after}")
    return PASSED


_NEIGHBOURS: Final = 2
"""Characters that must be the same on either side."""
_COMPARED: Final = re.compile(
    r"\b(?:(?P<more>greater than|more than|above|over|exceeding|at least)|(?P<less>less than|fewer than|below|under|"
    r"at most)) (?P<en>\d[\d.]*)|(?:(?P<over>大于|高于|超过|多于)|(?P<under>小于|低于|少于|不足))(?P<zh>\d[\d.]*)",
    re.IGNORECASE,
)


def _compared(question: str, answer: str, quote: str) -> Verdict:
    """A question about what is below a figure, with a quote that speaks of what is above it only."""
    asked, told = (_comparisons(text) for text in (question, quote))
    for number, way in asked.items():
        if told.get(number, way) != way and not _comparisons(answer):
            return Verdict(0.2, number)
    return PASSED


def _comparisons(text: str) -> dict[str, str]:
    """Return the figures of a text that something is above or below, with `more`, `less` or `both`."""
    found: dict[str, str] = {}
    for match in _COMPARED.finditer(plain(text)):
        way = "more" if match["more"] or match["over"] else "less"
        number = (match["en"] or match["zh"]).rstrip(".")
        found[number] = way if found.get(number, way) == way else "both"
    return found
