"""What stands before a number and says what it is. Pure."""

from __future__ import annotations

import re
from typing import Final

_BEFORE: Final = 40
"""Characters before a number in which a word may say what it is."""
_NEAR: Final = 24
"""Characters before a number in which a word may say that it is a part, an order or a version."""
_BREAK: Final = re.compile(r"[。！？；;!?\n]|\.\s")

_OTHER: Final = re.compile(
    r"(?:\b(?:part|parts|serial|order|invoice|model|item|batch|lot|catalog(?:ue)?|sku|isbn|issn|doi|ean|upc|case|"
    r"report|accident|ticket|tracking|waybill|reference|ref|registration|version|ver|release|section|sec|chapter|"
    r"figure|fig|table|clause|build|firmware|software|kernel|standard|patent|grant|accession|genbank|article|"
    r"docket|policy|P/N|S/N|PN|SN|v)\b(?:\s+(?:no|nos|num|number|numbers|code|id)\b)?|"
    r"零件号|部件号|件号|序列号|订单号|订单|单号|货号|型号|批号|批次|版本|条款|章节|编号|条码|物料号|合同号|发票号|运单|"
    r"快递|流水号|图号|标准号|专利号|报告号)"
    r"[\s.:：#＃为是]*(?:is|was)?[\s\"'“「]*$",
    re.I | re.ASCII,
)
_WIDE: Final = str.maketrans(
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {0x3000: " ", 0xA0: " ", 0x202F: " ", 0x2009: " ", 0x2007: " "}
    | dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212, 0xFE63), "-")
)


def plain_form(text: str) -> str:
    """Return a text of the same length with full-width characters, odd spaces and dashes in their plain form."""
    return text if text.isascii() else text.translate(_WIDE)


def cue_before(text: str, place: int, cue: re.Pattern[str]) -> bool:
    """Return whether a cue stands shortly before a place, in the same sentence."""
    before = text[max(0, place - _BEFORE) : place]
    breaks = [match.end() for match in _BREAK.finditer(before)]
    return cue.search(before, breaks[-1] if breaks else 0) is not None


def tells_other(text: str, place: int) -> bool:
    """Return whether the words right before a place say that a part, an order, a section or a version follows."""
    return _OTHER.search(text[max(0, place - _NEAR) : place]) is not None
