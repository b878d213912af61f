"""Names of people that a title or a label introduces, an extra: a name alone looks like any other word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
    "金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_PART: Final = r"(?!Mr\b|Mrs\b|Ms\b|Miss\b|Dr\b|Prof|Sir\b|Madam\b)[A-Z][a-zÀ-ÿ]+(?:['’\-][A-Z][a-zÀ-ÿ]+)?"
_ENGLISH: Final = re.compile(
    rf"(?:\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Madam)\.? |\b(?:[Nn]ame|[Cc]ontact|[Pp]atient|[Ee]mployee|Dear|"
    rf"[Ss]igned by|[Aa]ttn\.?|[Cc]ustomer|[Aa]pplicant)[:]? (?:is )?)({_PART}(?: (?:[A-Z]\. )?{_PART}){{0,2}})"
)
_CHINESE: Final = re.compile(
    rf"(?:姓名|联系人|负责人|经办人|申请人|收件人|签字|患者|员工|客户|法定代表人)(?:[:：为是]|叫)\s*([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff])|"
    rf"(?:(?<![\u4e00-\u9fff])|(?<=[与和及由向对请找给是问]))([{_SURNAMES}][\u4e00-\u9fff]{{0,2}})(?=(?:先生|女士|小姐|教授|医生|经理|老师|工程师))"
)


def names(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every introduced name; the title itself stays."""
    for match in _ENGLISH.finditer(text):
        yield match.span(1)
    for match in _CHINESE.finditer(text):
        yield match.span(1) if match[1] else match.span(2)
