"""Whether an answer says something, and says it to its end."""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from tools.extraction.quantities import plain, quantities
from tools.extraction.similarity import normal
from tools.extraction.support import PASSED, Verdict, meaning

_OPEN_END: Final = re.compile(
    r"(?:\.\.\.|…|[,;:\-–—(\[{、，；：（【“]|\b(?:and|or|but|the|(?-i:a)|an|of|to|in|on|at|for|with|by|from|is|are|"
    r"was|were|be|been|"
    r"that|which|who|as|than|because|if|when|its|their|his|her|e\.g\.?|i\.e\.?|such as|including|between|per|"
    r"into))\s*$|"
    r"(?:[的和与及或在是为被把从对将以]|包括|例如|比如|以及|其中|由于|因为)\s*$",
    re.IGNORECASE,
)
_LOOK_ELSEWHERE: Final = re.compile(
    r"\betc\b\.?,? ?(?:see|as)|\b(?:see|refer to|as (?:shown|described|listed|stated|mentioned)(?: in)?) (?:the )?"
    r"(?:\w+ ){0,2}(?:below|above|table|figure|section|appendix|text|document|passage|next page|findings)\b|"
    r"(?:详见|参见|见|参考|如)(?:下文|上文|下表|上表|附表|附录|表|图|第.{1,3}[章节页]|后文|文末|原文)",
    re.IGNORECASE,
)
_NOTHING: Final = re.compile(
    r"^\W*(?:n/?a|none given|unknown|not (?:mentioned|specified|stated|given|provided|available)|unclear|tbd|"
    r"it depends|"
    r"various(?: things| reasons| factors)?|many things|something|yes and no|i (?:do not|don't) know|no answer|answer|"
    r"as (?:above|described|stated)|see above|etc\.?|等等?|略|未知|不详|未提及|没有提到|无法确定|不清楚|不知道|"
    r"视情况而定|看情况|同上|如上|各种|很多|"
    r"原文没有说明.*)\W*$",
    re.IGNORECASE,
)
_MODIFIER: Final = re.compile(r"\b\d+-[a-z]+$")
"""A figure that describes what must follow: `the planned 31-minute`."""
_PAIRS: Final = ("()", "（）", "[]", "【】", "「」", "《》", "“”")
_CLOSED_CLASS: Final = frozenset(
    [
        "and",
        "or",
        "but",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "by",
        "from",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "that",
        "which",
        "who",
        "as",
        "than",
        "because",
        "if",
        "when",
        "while",
        "during",
        "after",
        "before",
        "until",
        "into",
        "through",
        "under",
        "over",
        "per",
        "via",
        "between",
        "among",
        "without",
        "within",
        "about",
        "against",
        "since",
        "so",
        "where",
        "whose",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
        "may",
        "might",
        "must",
        "should",
        "not",
        "also",
        "respectively",
        "et",
    ]
)
_FINITE: Final = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|may|must|should|will|would|do|does|did)\b", re.I
)
_COMMAS: Final = (",", "，", "、", ";", "；")
_COPIED: Final[dict[Language, int]] = {"en": 30, "zh": 10}
"""Characters from which a piece of the quote with a comma behind it is taken to be whole."""
_LEAST_WORDS: Final = 4
"""Words of an answer from which its end is compared with the quote's; a shorter one is a name or an amount."""


def complete(answer: str, quote: str, language: Language) -> Verdict:
    """Score whether an answer is whole: closed brackets, no open end, no list or clause cut where the quote goes on."""
    said = answer.strip()
    if said[-1:] in _COMMAS and said[:-1] in quote and len(said) >= _COPIED[language]:
        # A comma copied along with a whole piece of the quote is a blemish; after a figure or name it is a cut.
        said = said[:-1]
    open_end = _OPEN_END.search(said)
    if open_end and not normal(said).isdigit():
        return Verdict(0.0, said[-24:])
    elsewhere = _LOOK_ELSEWHERE.search(said)
    if elsewhere:
        return Verdict(0.1, elsewhere.group())
    for left, right in _PAIRS:
        if said.count(left) != said.count(right):
            return Verdict(0.2, left if said.count(left) > said.count(right) else right)
    return _goes_on(said, quote) if language == "en" else _cut_code(said, quote)


def _goes_on(said: str, quote: str) -> Verdict:
    words = re.findall(r"[\w'-]+", plain(said).lower())
    if len(words) < _LEAST_WORDS or re.search(r"[.!?]$", said):
        return PASSED
    tail = r"\W+".join(re.escape(word) for word in words[-2:])
    found = re.search(rf"\b{tail}(?!\w)([^\w]*)([\w'-]*)", plain(quote).lower())
    if found is None:
        # A reworded sentence that stops at its verb, where the quote names the object.
        last = re.search(rf"\b{re.escape(words[-1])} (a|an|the|its|his|her|their|another|some)\b", plain(quote).lower())
        return Verdict(0.3, f"{said[-24:]} | {last[1]}") if last and words[-1].endswith("ed") else PASSED
    if not found[2] or found[1].strip():
        return PASSED
    following = found[2]
    if _MODIFIER.search(said):
        return Verdict(0.3, f"{said[-24:]} | {following}")
    if _FINITE.search(said) is None or following.endswith(("ed", "ing", "ly")):
        return PASSED
    if following in _CLOSED_CLASS or following[0].isdigit():
        return PASSED
    return Verdict(0.3, f"{said[-24:]} | {following}")


def _cut_code(said: str, quote: str) -> Verdict:
    code = re.search(r"[A-Za-z0-9][A-Za-z0-9-]*$", said)
    if code is None:
        return PASSED
    longer = re.search(rf"(?<![A-Za-z0-9-]){re.escape(code.group())}[A-Za-z0-9-]", quote)
    whole = re.search(rf"(?<![A-Za-z0-9-]){re.escape(code.group())}(?![A-Za-z0-9-])", quote)
    return Verdict(0.2, code.group()) if longer and not whole and not code.group().isdigit() else PASSED


def says_something(question: str, answer: str, language: Language) -> Verdict:
    """Score whether an answer tells more than its question does and is no empty phrase."""
    if _NOTHING.match(answer) or not re.search(r"\w", answer):
        return Verdict(0.0, answer.strip())
    flat = re.sub(r"\W+", " ", answer.lower()).strip()
    halves = re.match(r"(.{4,}) (?:is|are|means?|refers to) \1$", flat) or re.match(r"(.{2,})(?:就?是|指)\1$", flat)
    if halves:
        return Verdict(0.0, answer.strip())
    told = meaning(answer, language)
    if (
        not told
        and not quantities(answer)
        and not re.match(r"\s*(?:yes|no)\b|[是否能可不对没有会要]", answer, re.IGNORECASE)
    ):
        return Verdict(0.4 if normal(answer) and len(answer) <= 1 else 1.0, answer.strip())
    return PASSED
