"""The checks of a pair in the words of both languages: what each is called, and what its failure means."""

from __future__ import annotations

import re
from typing import Final

from agent.prompts.personal import PERSONAL_NAMES
from agent.records.base import Language

_TABLE: Final[dict[str, tuple[str, str, str, str]]] = {
    "quote_verbatim": (
        "quote verbatim",
        "引用逐字一致",
        "the quote does not stand in the document at its offsets",
        "引用与文档中对应位置的文字不一致",
    ),
    "numbers_match": (
        "numbers and units",
        "数字和单位",
        "a number or unit of the answer does not stand in the quote",
        "答案中的数字或单位在引用里没有",
    ),
    "right_place": (
        "right piece of the quote",
        "答案对应所问",
        "the quote says this of something else",
        "引用中这说的是别的事",
    ),
    "on_topic": (
        "quote on the question",
        "引用切题",
        "the quote speaks of something else than the question",
        "引用说的不是所问的事",
    ),
    "same_direction": (
        "same direction",
        "方向一致",
        "the answer turns round what the quote says",
        "答案与引用的意思相反",
    ),
    "answer_in_quote": ("answer in quote", "引用支持答案", "the quote does not support the answer", "引用不支持答案"),
    "answer_fits": (
        "answers what is asked",
        "答其所问",
        "the answer is not of the kind the question asks for",
        "答案不是问题所问的类型",
    ),
    "answer_complete": (
        "answer complete",
        "答案完整",
        "the answer is cut off or points elsewhere",
        "答案不完整或要求另看别处",
    ),
    "answer_says_something": ("answer says something", "答案有内容", "the answer says nothing", "答案没有内容"),
    "question_grounded": (
        "question from the document",
        "问题出自文档",
        "the question names something the document does not",
        "问题提到了文档里没有的东西",
    ),
    "question_standalone": (
        "question stands alone",
        "问题可独立理解",
        "the question cannot be understood without the page",
        "离开原页面就看不懂问题",
    ),
    "no_answer_leak": ("no answer in question", "问题不含答案", "the question holds its answer", "问题里已含答案"),
    "language_match": (
        "same language",
        "语言一致",
        "question and answer are not in the language of the passage",
        "问题和答案的语言与原文不同",
    ),
    "length": ("length", "长度合适", "question or answer is too short or too long", "问题或答案过短或过长"),
    "question_is_question": ("asks something", "确实在提问", "the question asks for nothing", "没有提出问题"),
    "no_instruction": (
        "no orders to a model",
        "不含对模型的指令",
        "the text gives orders to a model",
        "文字在对模型下指令",
    ),
    "no_personal_data": ("no personal data", "不含个人信息", "the pair holds personal data", "含有个人信息"),
    "not_duplicate": ("asked once only", "没有重复", "the same question was made before", "已有相同的问题"),
    "passage_silent": (
        "passage silent",
        "原文确实没有",
        "nobody has confirmed that the passage is silent on this",
        "还没有人确认原文没有提到这一点",
    ),
    "self_consistent": (
        "same answer twice",
        "再问答案一致",
        "asked again with the passage in other words around it, the model answers otherwise",
        "换一种问法再问，模型的答案不同",
    ),
    "round_trip": (
        "answered from the passage",
        "依据原文能答出",
        "the model does not find this answer in the passage",
        "模型在原文中找不到这个答案",
    ),
    "apart_from_sealed": (
        "apart from sealed questions",
        "与封存题目不同",
        "a sealed question asks the same in nearly these words, so it is not trained on",
        "与一道封存题目的问法几乎相同，因此不用于训练",
    ),
}
"""Check: its name in English and Chinese, the reason of its failure in English and Chinese."""

CHECK_NAMES: Final = tuple(_TABLE)
"""Every check, in the order in which the first failure is named."""
_REASON: Final = re.compile(r"([a-z_]+): (.+?)(?: \((.*)\))?", re.DOTALL)


def name_of_check(check: str, lang: Language) -> str:
    """Return what a check is called."""
    return _TABLE[check][0 if lang == "en" else 1]


def reason_of_check(check: str, lang: Language) -> str:
    """Return what the failure of a check means."""
    return _TABLE[check][2 if lang == "en" else 3]


def reason_in(text: str, lang: Language) -> str | None:
    """Return a kept reason, `numbers_match: a number … (25 hour)`, as a sentence; `None` if it is none."""
    found = _REASON.fullmatch(text)
    if found is None or found[1] not in _TABLE or found[2] != _TABLE[found[1]][2]:
        return None
    said = reason_of_check(found[1], lang)
    if not found[3]:
        return said
    # Of personal data the kind is kept and never what was found.
    names = PERSONAL_NAMES.get(found[3]) if found[1] == "no_personal_data" else None
    detail = names[lang] if names else found[3]
    return f"{said}：{detail}" if lang == "zh" else f"{said}: {detail}"
