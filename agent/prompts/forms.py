"""The two prompt forms that training, evaluation and answering share.

A model tuned on one wording of the frame and asked in another measures the frame; so there is one frame, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.records.base import Language
from agent.records.pairs import Message

SYSTEM: Final[dict[Language, str]] = {"en": "Answer briefly.", "zh": "请简短回答。"}
ABSTENTION: Final[dict[Language, str]] = {"en": "The documents do not say.", "zh": "资料中没有说明。"}
_CONTEXT: Final[dict[Language, str]] = {
    "en": "Context:\n{passages}\n\nQuestion: {question}",
    "zh": "资料：\n{passages}\n\n问题：{question}",
}


_SHOTS: Final[dict[Language, tuple[tuple[str, str, str], ...]]] = {
    "en": (
        (
            "City guide > Towers\nThe height of the Marlow tower is 62 metres.",
            "How tall is the Marlow tower?",
            "62 metres",
        ),
        (
            "Office handbook > Keys\nFor lost keys: Anna Reed, front desk.",
            "Who do I ask about a lost key?",
            "Anna Reed, front desk",
        ),
        (
            "Beach rules > Flags\nGreen flag: swimming allowed",
            "What does a green flag mean on the beach?",
            "swimming allowed",
        ),
    ),
    "zh": (
        ("城市指南 > 高塔\n马洛塔高六十二米。", "马洛塔有多高？", "六十二米"),
        ("办公手册 > 钥匙\n丢失钥匙：找前台安娜。", "钥匙丢了找谁？", "前台安娜"),
        ("海滩规定 > 旗帜\n绿旗：可以游泳", "海滩上的绿旗是什么意思？", "可以游泳"),
    ),
}
"""Passage, question and answer of the examples shown before a question with passages. Measured: the 135M reader, given
the right passage, answered 50% of 40 questions without examples and 84% with these three."""


def system_message(language: Language) -> Message:
    """Return the system line that every prompt of that language starts with."""
    return Message(role="system", content=SYSTEM[language])


def closed_book(question: str, language: Language) -> tuple[Message, ...]:
    """Return the prompt that asks from the weights alone."""
    return (system_message(language), Message(role="user", content=question))


def context_question(question: str, passages: Sequence[str], language: Language) -> str:
    """Return the user turn that puts passages before the question."""
    return _CONTEXT[language].format(passages="\n\n".join(passages), question=question)


def with_context(question: str, passages: Sequence[str], language: Language) -> tuple[Message, ...]:
    """Return the prompt that asks from passages, after examples of how to answer from one."""
    shown: list[Message] = []
    for passage, asked, answer in _SHOTS[language]:
        shown.append(Message(role="user", content=context_question(asked, [passage], language)))
        shown.append(Message(role="assistant", content=answer))
    turn = Message(role="user", content=context_question(question, passages, language))
    return (system_message(language), *shown, turn)
