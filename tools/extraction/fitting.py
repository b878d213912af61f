"""Whether an answer is of the kind its question asks for: a time, an amount in a fitting unit, a place, a person."""

from __future__ import annotations

import re
from typing import Final

from agent.records.base import Language
from tools.extraction.quantities import plain, quantities
from tools.extraction.support import PASSED, Verdict

_TIME: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"\d|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|mondays?|tuesdays?|"
        r"wednesdays?|thursdays?|fridays?|saturdays?|sundays?|spring|summer|autumn|fall|winter|morning|afternoon|evening|night|"
        r"noon|midnight|day|days|week|weeks|month|months|year|years|hour|hours|minutes?|seconds?|century|before|after|"
        r"when|while|during|until|once|if|daily|weekly|monthly|yearly|annually|always|never|immediately|now|today|"
        r"tomorrow|yesterday|quarter|season|upon|as soon as|at the (?:end|start|beginning)|on \w+ing|prior)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"\d|年|月|日|天|时|点|分|秒|周|季|春|夏|秋|冬|早|晚|午|夜|前|后|期间|世纪|代|朝|初|末|立即|随时|每|"
        r"从不|平时|当"
    ),
}
_AMOUNT: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"\d|\b(?:no|none|several|half|both|single|once|twice|thrice|dozens?|hundreds?|thousands?|millions?|"
        r"all|every|few|"
        r"many|most|unlimited|indefinitely|forever|never|third|quarter|double|twofold|daily|weekly|monthly|yearly|"
        r"annually|hourly|regularly|often|rarely|always|free)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"\d|[一二两三四五六七八九十百千万亿半双几数]|多次|没有|无|免费|全部|所有|不限|永久|各"),
}
_BESIDE_FIGURES: Final = (
    "in|on|at|by|from|until|about|around|approximately|since|the|year|no|number|early|late|to|and|between|over|"
    "nearly|some|only|of|a|per|up|年|月|日|天|时|分|点|秒|周|号|多|近|约|大约|共|个|小时|分钟|公斤|千克|公里|"
    "米|厘米|毫米|岁|次|元|万|亿|正|第|前|后|"
    "january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|"
    "thursday|friday|saturday|sunday|percent|years|month|months|week|weeks|day|days|hour|hours|minute|minutes|second|"
    r"seconds|pm|p\.m|kg|m|km|c|f"
)
"""What stands beside the figures of an answer that says nothing else; `am`, `cm` and `mm` are put together of these."""
_ONLY_FIGURES: Final = re.compile(
    # Possessive, the longest word first: read in one way only, in a time that grows with the text.
    rf"(?:[\d\W]|{'|'.join(sorted(_BESIDE_FIGURES.split('|'), key=len, reverse=True))})++$",
    re.IGNORECASE,
)
_ERA: Final = re.compile(
    r"^[在于]?[^\d，。]{0,4}\d+年(?:代|间|初|末|前后|左右|底|\d+月(?:\d+日)?)?(?:[（(].{0,12}[)）])?$|"
    r"^\d+年后.{0,8}时?$"
)
_ASKED: Final[tuple[tuple[str, str, str], ...]] = (
    ("time", r"\bwhen\b|\b(?:what|which) (?:year|date|day|weekday|month|time)\b|\bby when\b", r"何时|什么时候|什么时间|"
    r"哪[一]?[年天日月]|几[月号点]|几时|何年|哪个[月年]"),
    ("amount", r"\bhow (?:many|much|long|old|often|far|high|tall|wide|deep|heavy|large|fast)\b|"
    r"\bwhat (?:percentage|share|proportion|number)\b", r"多少|多[久长高大宽深重远]|"
    r"(?<!哪)几(?=[个名位人次种条台部张场部分倍年天岁升米章项支座艘])"),
    ("place", r"\bwhere\b|\b(?:which|what) (?:city|country|town|place|province)\b", r"哪里|哪儿|何处|何地|"
    r"什么地方|哪个(?:国家|城市|省|地方)"),
    ("person", r"\b(?-i:[Ww]ho|[Ww]hose|[Ww]hom)\b", r"谁|哪位|何人|哪个人"),
    ("name", r"\bwhich (?:virus|company|film|movie|book|drug|country|species|organi[sz]ation|agency|team|"
    r"person)\b", r"哪[个部家本所座支首](?!月|年|时|日)|什么(?:电影|公司|机构|组织|学校|名字)"),
)  # fmt: skip
_COMPILED: Final = tuple((kind, re.compile(en, re.IGNORECASE), re.compile(zh)) for kind, en, zh in _ASKED)


def fits(question: str, answer: str, language: Language) -> Verdict:
    """Score whether an answer is of the kind the question asks for: a time, an amount, a place, a person, a name."""
    flat = plain(answer)
    if _YEAR_ASKED.search(question) and _A_YEAR.search(flat) is None:
        return Verdict(0.1, "year")
    match kind := kind_asked(question, language):
        case "time" if not _TIME[language].search(flat):
            return Verdict(0.1, kind)
        case "amount" if not _AMOUNT[language].search(flat) or _is_weekday(question, flat):
            return Verdict(0.1, kind)
        case "amount" if _DATE.match(flat) and not _DATES_COUNTED.search(question):
            return Verdict(0.1, kind)
        case "person" if _TITLE.match(answer):
            return Verdict(0.1, kind)
        case "" if _NO_MEASURE.search(question) and quantities(answer) and _is_bare(flat, language):
            return Verdict(0.1, answer.strip())
        case "place" | "person" | "name" if _COUNTED.match(flat) or _is_bare(flat, language):
            return Verdict(0.1, kind)
    return _measured(question, answer)


def _is_bare(flat: str, language: Language) -> bool:
    """Return whether a plain text holds figures, units and dates alone."""
    return _ONLY_FIGURES.match(flat) is not None or (language == "zh" and _ERA.match(flat) is not None)


_YEAR_ASKED: Final = re.compile(r"\b(?:what|which) year\b|哪[一]?年|何年", re.IGNORECASE)
_A_YEAR: Final = re.compile(r"\d{3,4}|年|世纪|朝|\bcentury\b|\byear\b|\d0s\b|'\d\d\b", re.IGNORECASE)
_COUNTED: Final = re.compile(r"^\W*(?:共|约|有)?\d+(?:\.\d+)?\s?[个名位次种条台部张场倍支座艘项枚辆架只头家间所]$")
"""A count with its measure word, which is no place, person or name."""
_DATE: Final = re.compile(
    r"^\W*+(?:[在于至到从]|民国|公元前?)?([12]\d{3})年(?:初|末|底|代|间|\d+月|\d+日|[-至到]|\d+年)*+\W*+$"
)
_DATES_COUNTED: Final = re.compile(r"多少年|几年|多久|多长|多大")


_LEADING: Final = re.compile(r"\b(?:what|which|who|whose|whom|how|why|where|when)\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"^\W*《[^》]+》\W*$")
_NO_MEASURE: Final = re.compile(r"什么(?:位置|职[务位业]|名[字称]|角色|身份|公司|学校|语言|颜色|材料|动物|植物)")


def kind_asked(question: str, language: Language) -> str:
    """Return what kind of thing a question asks for: `time`, `amount`, `place`, `person`, `name`; empty if unknown."""
    asked = [
        (found.start(), kind)
        for kind, english, chinese in _COMPILED
        if (found := (english if language == "en" else chinese).search(question))
    ]
    # The first question word leads; another one belongs to a clause or a second question.
    start, kind = min(asked, default=(0, ""))
    leading = _LEADING.search(question) if language == "en" else None
    return "" if leading and leading.start() < start else kind


_LENGTHS: Final = frozenset(("mm", "cm", "m", "km", "foot", "inch", "mile"))
_MASSES: Final = frozenset(("mg", "g", "kg", "tonne", "pound"))
TIMES: Final = frozenset(
    ("second", "millisecond", "minute", "hour", "day", "working day", "week", "month", "year", "year old")
)
"""Units of time."""


def same_dimension(one: str, other: str) -> bool:
    """Return whether two units measure the same."""
    return one == other or any(one in units and other in units for units in (_LENGTHS, _MASSES, TIMES - _DATED))


_DATED: Final = frozenset(("year", "month", "day"))
"""Units that a date has, too."""
_MONEY: Final = frozenset(("euro", "dollar", "yuan", "percent", "thousand", "million", "billion", "trillion"))
_DIMENSIONS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    (r"\bfrequency of the (?:mains|supply|grid|signal)|频率(?:是|为)?多少", frozenset(("hz",))),
    (r"\bwhat (?:is the )?(?:\w+ )?voltage\b|电压(?:是|为)?多少", frozenset(("volt",))),
    (r"\bweigh|\bhow heavy\b|重量(?:是|为)?多少|多重", _MASSES),
    (
        r"\bhow (?:tall|wide|deep|far|high is)\b|\bwhat (?:is the )?diameter\b|多[高宽深远]|(?:高度|宽度|直径|"
        r"长度|间距)(?:是|为)?多少",
        _LENGTHS,
    ),
    (r"\bhow long\b|多长", _LENGTHS | TIMES),
    (r"\bhow old\b|多大年纪|多少岁|几岁", TIMES),
    (
        r"\b(?:what|which) (?:is the )?(?:\w+ )?temperature\b|温度(?:是|为)?多少",
        frozenset(("celsius", "fahrenheit", "kelvin")),
    ),
    (r"\b(?:what|which) (?:is the )?(?:\w+ )?pressure\b|压力(?:是|为)?多少", frozenset(("bar", "kpa", "mpa"))),
    (r"\bhow much does .{1,60} cost\b|\bwhat is the (?:price|fee)\b|多少钱|(?:价格|费用)(?:是|为)?多少", _MONEY),
    (r"多久|多少(?:天|年|个月|小时|分钟)", TIMES),
    (r"\bhow many (?:days|weeks|months|years|hours|minutes|seconds)\b", TIMES),
)
"""What a question measures, and the units it is measured in."""
_BY_DIMENSION: Final = tuple((re.compile(form, re.IGNORECASE), units) for form, units in _DIMENSIONS)


def _measured(question: str, answer: str) -> Verdict:
    """Score whether an amount has a unit of what is measured; an amount without a known unit passes."""
    units = {number.unit for number in quantities(answer) if number.unit}
    found = quantities(answer)
    asked = next((allowed for form, allowed in _BY_DIMENSION if form.search(question)), None)
    if asked is None or not units or units & asked or any(not number.unit for number in found):
        return PASSED
    return Verdict(0.2, ", ".join(sorted(units)))


def _is_weekday(question: str, answer: str) -> bool:
    """Return whether a day is named where days are counted."""
    counted = re.search(r"\bhow many\b", question, re.IGNORECASE)
    named = re.fullmatch(r"\s*(?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)days?\.?\s*", answer, re.IGNORECASE)
    return counted is not None and named is not None
