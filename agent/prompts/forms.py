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
    """Return the prompt that asks from passages."""
    return (system_message(language), Message(role="user", content=context_question(question, passages, language)))
