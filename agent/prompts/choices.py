"""How an option is put to a model whose log-probabilities are compared: a plain frame, no chat turn.

A chat template would make the log-probability of an option depend on how a model opens its turns, which is style and
not knowledge; the plain frame is read by a tuned and an untuned model alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.records.base import Language

_FRAME: Final[dict[Language, str]] = {"en": "Question: {question}\nAnswer:", "zh": "问题：{question}\n答案："}
_CONTEXT: Final[dict[Language, str]] = {"en": "Context:\n{passages}\n\n", "zh": "资料：\n{passages}\n\n"}
_GAP: Final[dict[Language, str]] = {"en": " ", "zh": ""}
GAP: Final = "____"
"""Stands in a sentence where one of several terms is to be told."""


def option_pairs(
    question: str, options: Sequence[str], language: Language, *, passages: Sequence[str] = (), cloze: bool = False
) -> tuple[tuple[str, str], ...]:
    """Return a prompt and a continuation for every option.

    Args:
        question: The question, or with `cloze` the beginning of a sentence.
        options: What may follow.
        language: Language of the frame.
        passages: Context, if the arm reads one.
        cloze: Whether the options continue the sentence and need no frame.
    """
    context = _CONTEXT[language].format(passages="\n\n".join(passages)) if passages else ""
    prompt = context + (question.rstrip() if cloze else _FRAME[language].format(question=question))
    return tuple((prompt, _GAP[language] + option.strip()) for option in options)


def filled_pairs(sentence: str, terms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return for every term the sentence up to it as the prompt and what follows as the continuation, the same for all.

    Args:
        sentence: A sentence with one `GAP`, and text after it.
        terms: What may stand in the gap.
    """
    before, _, after = sentence.partition(GAP)
    return tuple((before + term, after) for term in terms)


def sentence_pairs(sentences: Sequence[str], language: Language) -> tuple[tuple[str, str], ...]:
    """Return a prompt and a continuation for each sentence of a minimal pair: nothing comes before it.

    An English sentence is read as one inside a text, after a space, a Chinese one without; so are those of BLiMP and
    ZhoBLiMP by lm-evaluation-harness, whose decisions are to be met.
    """
    return tuple(("", _GAP[language] + sentence.strip()) for sentence in sentences)
