r"""Kinds of quantity: which one a question asks for, and which ones a text states.

    >>> asked_kinds("How heavy is the pump?", "en")
    frozenset({'mass'})
    >>> stated_kinds("整机重9.5千克")
    frozenset({'mass', 'number'})

A question that says `heavy` is about a column in kilograms, whatever the column is called.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from agent.records.base import Language

NUMBER: Final = "number"
"""Kind of every text with a number in it."""

_AMOUNT: Final = (
    r"(?:\d[\d,.]*|\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|half an?)\b"
    r"|[零一二两三四五六七八九十百千半]+)"
)
_UNITS: Final[dict[str, str]] = {
    "time": r"(?:working |calendar |business )?(?:milliseconds?|seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|"
    r"years?|h|s|ms)\b|个?(?:工作日|小时|月(?!\d)|星期|季度)|毫秒|秒|分钟|天|日(?!期)|周|年(?!版|份|级|\d|起|价)",
    "length": r"(?:mm|cm|km|m|(?:milli|centi|kilo)?met(?:re|er)s?|inch(?:es)?|feet|ft|miles?)\b(?!²|³)"
    r"|毫米|厘米|公里|千米|英寸|米(?!²)",
    "mass": r"(?:mg|g|kg|kilos?|(?:milli|kilo)?grams?|tonnes?|tons?|lbs?)\b|毫克|千克|公斤|克|吨|斤",
    "volume": r"(?:ml|l|(?:milli)?lit(?:re|er)s?|gallons?|l/h|m3)\b|m³|毫升|升|立方米",
    "money": r"(?:eur|euros?|usd|gbp|cny|rmb|chf|dollars?|cents?|pence|pounds?|yuan)\b|€|\$|£|万?元|块|角|美元|欧元|英镑",
    "temperature": r"(?:°|º)\s?[CF]|degrees?\b|摄氏度|℃",
    "pressure": r"(?:m?bar|k?pa|mpa|psi)\b|兆帕|千帕|帕|巴",
    "power": r"(?:k?w|mw|(?:kilo)?watts?|hp)\b|千瓦|瓦|马力",
    "voltage": r"(?:k?v|volts?)\b|伏",
    "current": r"(?:ma|a|amps?|amperes?)\b|安培|安(?!装|全)",
    "torque": r"(?:nm|newton met(?:re|er)s?)\b|牛米|牛·米",
    "sound": r"(?:db|decibels?)\b|分贝",
    "share": r"%|％|per ?cent\b|折",
    "area": r"(?:m2|sqm|square met(?:re|er)s?|hectares?|acres?)\b|m²|平方米|公顷|亩",
    "data": r"(?:kb|mb|gb|tb|(?:mega|giga)?bytes?)\b",
    "clock": r"(?:am|pm|a\.m\.|p\.m\.|o'clock)|点(?:半|\d+分|钟)?",
}
_STATED: Final = {kind: re.compile(rf"{_AMOUNT}\s?-?(?:{units})", re.IGNORECASE) for kind, units in _UNITS.items()}
_MONTH: Final = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_STATED_OTHERWISE: Final = (
    (NUMBER, re.compile(_AMOUNT, re.IGNORECASE)),
    ("money", re.compile(r"[€$£¥]\s?\d")),
    ("share", re.compile(r"百分之|千分之")),
    ("clock", re.compile(r"\b\d{1,2}[:：]\d{2}\b")),
    ("date", re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}|{_MONTH} \d{{1,2}}\b|\b(?:19|20)\d\d\b|\d+月\d+日")),
    ("person", re.compile(r"\b[A-Z][a-z]+ [A-Z]|^(?!\D*\d)[\u3400-\u9fff·]{2,}|\b(?:group|office|team|desk|line)\b|[处科部室组]")),
)  # fmt: skip
_ASKED: Final[dict[Language, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "en": (
        (r"\bhow (?:long|far)\b", ("time", "length")),
        (r"\bhow (?:often|soon|quickly|fast|frequently)\b|\bduration\b|\bintervals?\b|\brhythm\b", ("time",)),
        (r"\bhow (?:wide|tall|high|deep|thick)\b|\blength\b|\bdistance\b", ("length",)),
        (r"\bheavy\b|\bweigh\w*|\bmass\b", ("mass",)),
        (r"\b(?:costs?|prices?|pay|charged?|fees?|expensive|cheap)\b|\bhow much money\b", ("money",)),
        (r"\bhow (?:hot|cold|warm)\b|\btemperature\b", ("temperature",)),
        (r"\bpressure\b", ("pressure",)),
        (r"\bpowerful\b|\bwattage\b|\belectricity\b|\bmotor power\b", ("power",)),
        (r"\bvoltage\b", ("voltage",)),
        (r"\btorque\b|\bhow tight\b", ("torque",)),
        (r"\bhow loud\b|\bnois[ey]\b", ("sound",)),
        (r"\bpercentage\b|\bwhat share\b|\breduction\b|\bdiscount\b", ("share",)),
        (r"\bwhat time\b", ("clock",)),
        (r"\b(?:what|which) (?:day|date)\b|\bdeadline\b", ("date",)),
        (r"\bwhen\b", ("clock", "date", "time")),
        (r"\bwho(?:m|se)?\b", ("person",)),
        (r"\bhow many\b|\bhow (?:large|big)\b|\bnumber of\b", (NUMBER,)),
    ),
    "zh": (
        (r"多久|多长时间|多少时间|几天|几个?月|几年|几小时|期限|周期|时限|间隔", ("time",)),
        (r"多长", ("time", "length")),
        (r"多远|多宽|多高|多深|多厚|长度", ("length",)),
        (r"多重|重量|多沉", ("mass",)),
        (r"多少钱|价格|价钱|单价|售价|收费|费用|几块|多贵|几元", ("money",)),
        (r"多热|温度|几度", ("temperature",)),
        (r"压力", ("pressure",)),
        (r"功率|功耗|耗电", ("power",)),
        (r"电压", ("voltage",)),
        (r"力矩|扭矩|多紧", ("torque",)),
        (r"噪[声音]|多响", ("sound",)),
        (r"几折|比例|百分之几|几分之几|占多少", ("share",)),
        (r"面积", ("area",)),
        (r"几点|什么时间", ("clock",)),
        (r"多大", ("volume", "area", "length", "data")),
        (r"什么时候|何时|哪天|几号", ("clock", "date", "time")),
        (r"谁", ("person",)),
        (r"多少(?!钱)|几(?!乎)", (NUMBER,)),
    ),
}
_ASKED_UNITS: Final = {
    kind: re.compile(rf"(?:\b(?:how many|number of)\s|多少|几)(?:{units})", re.IGNORECASE)
    for kind, units in _UNITS.items()
}
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "mass": "heavy weigh weight mass kilo kg kilogram gram milligram",
        "money": "cost price pay charge charged fee expensive euro dollar pound cent",
        "time": "second minute hour day week month year interval duration period rhythm quickly soon fast",
        "length": "length metre meter distance wide far tall",
        "power": "power powerful watt wattage electricity",
        "voltage": "volt voltage",
        "temperature": "hot warm cold temperature degree",
        "pressure": "bar pressure",
        "torque": "torque tight tightened newton metre",
        "sound": "loud noise decibel",
        "share": "percentage percent reduction discount share",
        "volume": "litre liter",
        "clock": "time hour",
        "date": "date day deadline",
        "current": "amp ampere",
        "data": "megabyte gigabyte",
        NUMBER: "number large big",
    },
    "zh": {
        "mass": "重量 千克 公斤 重 沉",
        "money": "钱 价格 价钱 单价 售价 收费 费用 元 块 价 贵",
        "time": "天 个月 月 年 小时 分钟 周期 时限 期限 间隔 时间 工作日",
        "length": "长度 米 毫米 厘米 公里",
        "power": "功率 功耗 瓦 千瓦",
        "temperature": "温度 度",
        "pressure": "压力 兆帕",
        "torque": "力矩 扭矩 牛米",
        "share": "折 比例 百分",
        "volume": "升",
        "clock": "点 时间",
        "date": "日期 日",
        "area": "面积 公顷 平方米 平方",
    },
}
_KIND_WORDS: Final = {
    tongue: {kind: frozenset(words.split()) for kind, words in kinds.items()} for tongue, kinds in _WORDS.items()
}


@lru_cache(maxsize=16384)
def stated_kinds(text: str) -> frozenset[str]:
    """Return the kinds of quantity a text states."""
    found = {kind for kind, pattern in _STATED.items() if pattern.search(text)}
    return frozenset(found | {kind for kind, pattern in _STATED_OTHERWISE if pattern.search(text)})


def asked_kinds(question: str, language: Language) -> frozenset[str]:
    """Return the kinds of quantity a question asks for; empty where it names none.

    `number` is left out where a narrower kind is asked for.
    """
    found: set[str] = set()
    for pattern, kinds in _ASKED[language]:
        if re.search(pattern, question, re.IGNORECASE):
            found.update(kinds)
    found.update(kind for kind, pattern in _ASKED_UNITS.items() if pattern.search(question))
    return frozenset(found - {NUMBER} or found)


def kind_words(kinds: frozenset[str], language: Language) -> frozenset[str]:
    """Return the words by which a question asks for such a quantity, and which name nothing else."""
    known = _KIND_WORDS[language]
    return frozenset().union(*(known.get(kind, frozenset()) for kind in kinds))
