"""What every pair must pass before it may train, each check by name and each failure with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from agent.records.base import Language
from tools.extraction.similarity import FUNCTION_CHARACTERS, STOPWORDS, is_chinese, normal, words

CHECKS: Final[dict[str, str]] = {
    "quote_verbatim": "the quote does not stand in the document at its offsets",
    "answer_in_quote": "the quote does not support the answer",
    "question_standalone": "the question cannot be understood without the page",
    "no_answer_leak": "the question holds its answer",
    "language_match": "question and answer are not in the language of the passage",
    "length": "question or answer is too short or too long",
    "question_is_question": "the question asks for nothing",
    "no_instruction": "the text gives orders to a model",
    "not_duplicate": "the same question was made before",
}
"""Check name to the reason of a failure, in the order in which they are tried."""

_POINTING: Final = re.compile(
    r"\b(this|the|that|above|following|given|provided|attached) (document|text|passage|page|section|table|context|"
    r"paragraph|article|excerpt|figure|information|list below|sentence|chapter|file)\b|"
    r"\baccording to the (text|passage|context|document|author|table|article)\b|\b(above|below)-mentioned\b|"
    r"\bmentioned (above|below|here)\b|"
    r"(本|该|此|上述|以上|下列|下面|这个|这份|这段)(文档|文件|文章|文|段落|表格|表|章节|资料|材料|节|段)|文中|上文|下文|根据(上|本|该|原)文",
    re.IGNORECASE,
)
_PRONOUN: Final = re.compile(
    r"^((what|how|why|when|where|who|which)\s+)?((is|are|was|were|do|does|did|can|will|should|many|much|long)\s+)*"
    r"(it|this|that|these|those|they|them|he|she|his|her|its|their)\b(?!\s+comes\s+to)|^(它|他|她|这|那|其|该)(?!些年)",
    re.IGNORECASE,
)
_INSTRUCTION: Final = re.compile(
    r"\b(ignore|disregard|forget|override)\b.{0,30}\b(instructions?|prompts?|previous|above|rules)\b|\bsystem prompt\b|"
    r"\byou are (now )?(an?|the) (assistant|ai|language model|chatbot)\b|\bas an ai\b|<\|[a-z_]+\|>|\[/?INST\]|"
    r"\b(assistant|system|user)\s*:\s|忽略.{0,12}(指令|提示|要求|以上|之前)|"
    r"无视.{0,12}(指令|提示|规则)|系统提示|你(现在)?是(一个|一名)?(人工智能|AI|语言模型)",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"[?？]\s*(\S.{0,40})?$|\b(tell|give|define|explain|name|state|list|describe|remind|look up|show|please|"
    r"need to know|like to know|wonder|asked|any idea|what|which|who|how|when|where|why)\b|[吗呢吧]|告诉|请|说说|解释|"
    r"什么|多少|哪|谁|几|怎|含义|定义|查一下|想知道|是否|能否|能不能|要不要|还能|给出|打听",
    re.IGNORECASE,
)
_TERSE: Final = 14
"""A keyword form of at most this many words needs no question mark."""
_LENGTH: Final[dict[str, tuple[int, int]]] = {"question": (4, 400), "answer": (1, 500)}


def check(
    question: str,
    answer: str,
    quote: str,
    *,
    text: str,
    start: int,
    language: Language,
    duplicate: bool,
    topic: bool = True,
) -> dict[str, bool | float]:
    """Try one pair.

    Args:
        question: User turn; of a reading pair, its question without the passages.
        answer: Assistant turn.
        quote: Piece the answer rests on.
        text: The document's text.
        start: Offset of the quote in the text.
        language: Language of the passage.
        duplicate: Whether the same question was made before.
        topic: Whether the question names a thing of the corpus.

    Returns:
        Outcome by check name, in the order of `CHECKS`.
    """
    both = f"{question}\n{answer}"
    return {
        "quote_verbatim": bool(quote) and text[start : start + len(quote)] == quote,
        "answer_in_quote": supported(answer, quote),
        "question_standalone": topic and not _POINTING.search(question) and not _PRONOUN.match(question.strip()),
        "no_answer_leak": not _leaks(answer, question),
        "language_match": _speaks(language, question, answer, quote),
        "length": all(
            low <= len(part) <= high for part, (low, high) in zip((question, answer), _LENGTH.values(), strict=True)
        ),
        "question_is_question": bool(_ASKS.search(question)) or len(words(question)) <= _TERSE,
        "no_instruction": not _INSTRUCTION.search(both),
        "not_duplicate": not duplicate,
    }


def first_failure(checks: Mapping[str, bool | float]) -> str:
    """Return the name of the first check that failed; empty if none did."""
    return next((name for name in CHECKS if checks.get(name) is False), "")


def supported(answer: str, quote: str) -> bool:
    """Return whether a quote holds an answer to the letter, or all its numbers and nine tenths of its content words."""
    if normal(answer) and f" {normal(answer)} " in f" {normal(quote)} ":
        return True
    there = set(words(quote))
    said = [word for word in words(answer) if word not in STOPWORDS and word not in FUNCTION_CHARACTERS]
    if not said or any(word not in there for word in said if any(character.isdigit() for character in word)):
        return answer.strip() != "" and answer.strip() in quote
    return sum(word in there for word in said) >= 0.9 * len(said)


def _leaks(answer: str, question: str) -> bool:
    said = normal(answer)
    return len(said) > 1 and f" {said} " in f" {normal(question)} "


def _speaks(language: Language, question: str, answer: str, quote: str) -> bool:
    if is_chinese(question) != (language == "zh"):
        return False
    # A name or a number is at home in both languages; a sentence is not.
    return is_chinese(answer) == (language == "zh") or answer.strip() in quote
