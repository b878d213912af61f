r"""Kinds of quantity: what a question asks for, and what a text states.

    >>> asked_kinds("How heavy is the pump?", "en")
    frozenset({'mass'})
    >>> stated_kinds("整机重9.5千克")
    frozenset({'mass'})

A question that says `heavy` is about a column in kilograms, whatever the column is called.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from agent.records.base import Language

_NUMBER: Final = (
    r"(?:\d[\d,.]*|\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half an?)\b|[零一二两三四五六七八九十百千半]+)"
)
_AFTER: Final[dict[str, str]] = {
    "time": r"(?:working |calendar |business )?(?:seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|years?|h|s|ms)\b"
    r"|milliseconds?\b|个?(?:工作日|小时|月|星期|季度)|毫秒|秒|分钟|天|日(?!期)|周|年(?!版|份|级|\d|起|价)",
    "length": r"(?:mm|cm|km|m|metres?|meters?|millimetres?|millimeters?|centimetres?|centimeters?|kilometres?|kilometers?|"
    r"inch(?:es)?|feet|ft|miles?)\b(?!²|³)|毫米|厘米|公里|千米|英寸|米(?!²)|里",
    "mass": r"(?:mg|g|kg|kilos?|grams?|kilograms?|milligrams?|tonnes?|tons?|lbs?|pounds?(?= in weight))\b|毫克|千克|公斤|克|吨|斤",
    "volume": r"(?:ml|l|litres?|liters?|gallons?|millilitres?|milliliters?)\b|(?:m³|m3|l/h)|毫升|升|立方米",
    "money": r"(?:eur|euros?|usd|gbp|cny|rmb|chf|dollars?|cents?|pence|pounds?|yuan)\b|€|\$|万?元|块|角|美元|欧元|英镑",
    "temperature": r"(?:°|º)\s?[CF]|degrees?\b|摄氏度|℃",
    "pressure": r"(?:m?bar|k?pa|mpa|psi)\b|兆帕|千帕|帕|巴",
    "power": r"(?:k?w|mw|watts?|kilowatts?|hp)\b|千瓦|瓦|马力",
    "voltage": r"(?:k?v|volts?)\b|伏",
    "current": r"(?:m?a|amps?|amperes?)\b|安培|安(?!装|全)",
    "torque": r"(?:nm|newton met(?:re|er)s?)\b|牛米|牛·米",
    "sound": r"(?:db|decibels?)\b|分贝",
    "share": r"(?:%|％)|(?:per ?cent|percent)\b|[一二三四五六七八九]?折",
    "area": r"(?:m²|m2|sqm|square met(?:re|er)s?|hectares?|acres?)\b|平方米|公顷|亩",
    "data": r"(?:kb|mb|gb|tb|megabytes?|gigabytes?|bytes?)\b",
    "clock": r"(?:am|pm|a\.m\.|p\.m\.|o'clock)|点(?:半|\d+分|钟)?",
}
_STATED: Final = {
    kind: re.compile(rf"{_NUMBER}\s?-?(?:{units})", re.IGNORECASE) for kind, units in _AFTER.items()
}
_MORE: Final = (
    ("money", re.compile(r"[€$£¥]\s?\d")),
    ("share", re.compile(r"百分之|千分之")),
    ("clock", re.compile(r"\b\d{1,2}[:：]\d{2}\b")),
    ("date", re.compile(
        r"\b\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:January|February|March|April|May|June|July|August|September|October|"
        r"November|December)|(?:January|February|March|April|May|June|July|August|September|October|November|December)"
        r" \d{1,2}\b|\b(?:19|20)\d\d\b|\d{1,2}月\d{1,2}日")),
)  # fmt: skip
_ASKED: Final[dict[Language, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "en": (
        (r"\bhow (?:long|far)\b", ("time", "length")),
        (r"\bhow (?:often|soon|quickly|fast|frequently)\b|\bduration\b|\bintervals?\b|\brhythm\b|\bperiod\b", ("time",)),
        (r"\bhow (?:wide|tall|high|deep|thick)\b|\blength\b|\bdistance\b", ("length",)),
        (r"\bheavy\b|\bweigh\w*|\bmass\b", ("mass",)),
        (r"\b(?:cost|price|pay|charged?|fee|expensive|cheap)\w*\b|\bhow much money\b", ("money",)),
        (r"\b(?:hot|cold|temperature|warm)\b", ("temperature",)),
        (r"\bpressure\b", ("pressure",)),
        (r"\bpower(?:ful)?\b|\bwattage\b|\belectricity\b", ("power",)),
        (r"\bvoltage\b", ("voltage",)),
        (r"\btorque\b|\btight\b", ("torque",)),
        (r"\bloud\b|\bnois[ey]\b", ("sound",)),
        (r"\bpercentage\b|\bshare\b|\breduction\b|\bdiscount\b", ("share",)),
        (r"\bwhat time\b", ("clock",)),
        (r"\bwhen\b", ("clock", "date", "time")),
    ),
    "zh": (
        (r"多久|多长时间|多少时间|几天|多少天|几个?月|多少个?月|几年|多少年|几小时|期限|周期|时限|间隔", ("time",)),
        (r"多长", ("time", "length")),
        (r"多远|多宽|多高|多深|多厚|长度", ("length",)),
        (r"多重|重量|有多沉", ("mass",)),
        (r"多少钱|价格|价钱|单价|售价|收费|费用|几块|多贵|几元", ("money",)),
        (r"多热|温度|几度|多少度", ("temperature",)),
        (r"压力", ("pressure",)),
        (r"功率|功耗|耗电", ("power",)),
        (r"电压", ("voltage",)),
        (r"力矩|扭矩|多紧", ("torque",)),
        (r"噪[声音]|多响", ("sound",)),
        (r"几折|比例|百分之几|占多少", ("share",)),
        (r"面积", ("area",)),
        (r"几点|什么时间", ("clock",)),
        (r"多大", ("volume", "area", "length", "data")),
        (r"什么时候|何时|哪天|几号", ("clock", "date", "time")),
    ),
}  # fmt: skip
_ASKED_UNITS: Final = {
    kind: re.compile(rf"(?:how many|number of|in|多少|几)个?\s?(?:{units})", re.IGNORECASE)
    for kind, units in _AFTER.items()
}


@lru_cache(maxsize=16384)
def stated_kinds(text: str) -> frozenset[str]:
    """Return the kinds of quantity a text states with a number."""
    found = {kind for kind, pattern in _STATED.items() if pattern.search(text)}
    return frozenset(found | {kind for kind, pattern in _MORE if pattern.search(text)})


def asked_kinds(question: str, language: Language) -> frozenset[str]:
    """Return the kinds of quantity a question asks for; empty where it names none."""
    found: set[str] = set()
    for pattern, kinds in _ASKED[language]:
        if re.search(pattern, question, re.IGNORECASE):
            found.update(kinds)
    found.update(kind for kind, pattern in _ASKED_UNITS.items() if pattern.search(question))
    return frozenset(found)
