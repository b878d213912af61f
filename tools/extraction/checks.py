"""What every pair must pass before it may train: each check by name, with a score from 0 to 1 and a reason.

    verdicts = judge(Candidate("How long is it valid?", "21 days", quote, text.text, start, "en", title="Rules"))
    failed = first_failure(scores(verdicts))

The line is 0.5 for every check. Rules read no more than the pair and its document, so a pair is judged in milliseconds;
`tools.extraction.asking_again` adds the checks that need a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.prompts.pair_reasons import CHECK_NAMES, reason_of_check
from agent.records.base import Language
from tools.cleaning.personal import find_personal
from tools.extraction.asking import grounded, leaks, standalone
from tools.extraction.endings import complete, says_something
from tools.extraction.fitting import fits
from tools.extraction.place import on_topic, right_place
from tools.extraction.polarity import same_direction
from tools.extraction.similarity import FUNCTION_CHARACTERS, STOPWORDS, is_chinese, normal, words
from tools.extraction.support import PASSED, Verdict, numbers_borne_out, words_borne_out

LINE: Final = 0.5
"""Score from which a check is passed."""
CHECKS: Final[dict[str, str]] = {name: reason_of_check(name, "en") for name in CHECK_NAMES}
"""Check name to the reason of a failure, in the order in which they are tried."""
OF_MODELS: Final = frozenset(("self_consistent", "round_trip"))
"""Checks that ask a model again."""
OF_ANSWERS: Final = frozenset(
    (
        "answer_in_quote",
        "numbers_match",
        "right_place",
        "on_topic",
        "same_direction",
        "answer_fits",
        "answer_complete",
        "answer_says_something",
    )
)
"""Checks that say nothing of a pair whose answer is that the passage is silent."""
NEAR_SEALED: Final = "apart_from_sealed"
"""Check that fails where a sealed question asks the same in nearly the same words."""
UNCONFIRMED: Final = 0.4
"""Score of a question said to be unanswerable until somebody has looked."""

_INSTRUCTION: Final = re.compile(
    r"\b(ignore|disregard|forget|override)\b.{0,30}\b(instructions?|prompts?|previous|above|rules)\b|\bsystem prompt\b|"
    r"\byou are (now )?(an?|the) (assistant|ai|language model|chatbot)\b|\bas an ai\b|<\|[a-z_]+\|>|\[/?INST\]|"
    r"\b(assistant|system|user)\s*[:：]\s|\b(reveal|print|repeat|output) (your|the) (system |hidden )?(prompt|"
    r"instructions?)\b|"
    r"\bdo anything now\b|\bjailbreak|忽略.{0,12}(指令|提示|要求|以上|之前|规则)|无视.{0,12}(指令|提示|规则)|系统提示|"
    r"你(现在)?是(一个|一名)?(人工智能|AI|语言模型)|作为(一个|一名)?(人工智能|AI|大?语言模型)|(输出|泄露|"
    r"重复)(你的)?(系统)?提示词",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"[?？]\s*(\S.{0,40})?$|\b(tell|give|define|explain|name|state|list|describe|remind|look up|show|please|"
    r"need to know|like to know|wonder|asked|any idea|what|which|who|how|when|where|why)\b|[吗呢吧]|告诉|请|说说|解释|"
    r"什么|多少|哪|谁|几|怎|含义|定义|查一下|想知道|是否|能否|能不能|要不要|还能|给出|打听",
    re.IGNORECASE,
)
_CHINESE_ASKING: Final = re.compile(r"什么|谁|哪|几|多少|吗|何|怎|如何")
_TERSE: Final = 14
"""A keyword form of at most this many words needs no question mark."""
_LENGTH: Final[dict[str, tuple[int, int]]] = {"question": (4, 400), "answer": (1, 500)}


@dataclass(frozen=True)
class Candidate:
    """A pair before its checks."""

    question: str
    """User turn; of a reading pair, its question without the passages."""
    answer: str
    quote: str
    """Piece the answer rests on."""
    text: str
    """The document's text."""
    start: int
    """Offset of the quote in the text."""
    language: Language
    """Language of the passage."""
    title: str = ""
    """Title of the document and headings above the passage."""
    duplicate: bool = False
    """Whether the same question was made before."""
    topic: bool = True
    """Whether the question names a thing of the corpus, as far as the caller knows."""
    written: bool = True
    """Whether somebody wrote question and answer freely: a model or a person. What a rule took from a cell or a list is
    right by construction where it quotes, and its wordings (`cable length of the Wren`) would only be misread."""


def judge(pair: Candidate) -> dict[str, Verdict]:
    """Return the verdicts on one pair by check name, in the order of `CHECKS`."""
    question, answer, quote, language = pair.question, pair.answer, pair.quote, pair.language
    both = f"{question}\n{answer}"
    verdicts: dict[str, Verdict] = {
        "quote_verbatim": _yes(bool(quote) and pair.text[pair.start : pair.start + len(quote)] == quote),
        "answer_in_quote": words_borne_out(question, answer, quote, pair.title, language)
        if pair.written
        else _yes(supported(answer, quote)),
    }
    if pair.written:
        verdicts["numbers_match"] = numbers_borne_out(question, answer, quote, pair.title)
        verdicts["right_place"] = right_place(question, answer, quote, pair.title, language)
        verdicts["on_topic"] = on_topic(question, quote, pair.text, pair.start, pair.title, language)
        verdicts["same_direction"] = same_direction(question, answer, quote, language)
        verdicts["answer_fits"] = fits(question, answer, language)
        verdicts["answer_complete"] = complete(answer, quote, language)
        verdicts["answer_says_something"] = says_something(question, answer, language)
        verdicts["question_grounded"] = grounded(question, pair.text, pair.title)
    orders = _INSTRUCTION.search(both)
    personal = find_personal(both)
    verdicts |= {
        "question_standalone": _standalone(pair),
        "no_answer_leak": leaks(question, answer, language),
        "language_match": _speaks(language, question, answer, quote),
        "length": _yes(
            all(
                low <= len(part) <= high for part, (low, high) in zip((question, answer), _LENGTH.values(), strict=True)
            )
        ),
        "question_is_question": _yes(bool(_ASKS.search(question)) or len(words(question)) <= _TERSE),
        "no_instruction": Verdict(0.0, orders.group()) if orders else PASSED,
        "no_personal_data": Verdict(0.0, personal[0].kind) if personal else PASSED,
        "not_duplicate": _yes(not pair.duplicate),
    }
    return {name: verdicts[name] for name in CHECK_NAMES if name in verdicts}


def scores(verdicts: Mapping[str, Verdict]) -> dict[str, bool | float]:
    """Return the scores by check name, as a pair keeps them."""
    return {name: verdict.score for name, verdict in verdicts.items()}


def failed(outcome: bool | float) -> bool:
    """Return whether a check's outcome is a failure."""
    return float(outcome) < LINE


def first_failure(checks: Mapping[str, bool | float]) -> str:
    """Return the name of the first check that failed; empty if none did."""
    return next((name for name in CHECKS if name in checks and failed(checks[name])), "")


def reason(name: str, verdict: Verdict | None = None) -> str:
    """Return why a pair is rejected, as a pair keeps it: the check's name, its reason, and the words concerned."""
    detail = verdict.detail if verdict else ""
    return f"{name}: {CHECKS[name]}" + (f" ({detail[:80]})" if detail else "")


def supported(answer: str, quote: str) -> bool:
    """Return whether a quote holds an answer to the letter, or all its numbers and nine tenths of its content words."""
    if normal(answer) and f" {normal(answer)} " in f" {normal(quote)} ":
        return True
    there = set(words(quote))
    said = [word for word in words(answer) if word not in STOPWORDS and word not in FUNCTION_CHARACTERS]
    if not said or any(word not in there for word in said if any(character.isdigit() for character in word)):
        return answer.strip() != "" and answer.strip() in quote
    return sum(word in there for word in said) >= 0.9 * len(said)


def _yes(passed: bool) -> Verdict:
    return PASSED if passed else Verdict(0.0)


def _standalone(pair: Candidate) -> Verdict:
    if not pair.topic:
        return Verdict(0.0)
    return standalone(pair.question, pair.title, pair.language, written=pair.written)


def _speaks(language: Language, question: str, answer: str, quote: str) -> Verdict:
    asked_in_chinese = is_chinese(question) or _CHINESE_ASKING.search(question) is not None
    if asked_in_chinese != (language == "zh"):
        return Verdict(0.0, question[:24])
    # A name or a number is at home in both languages; a sentence is not.
    bare = not any(character.isalpha() for character in answer) or answer.strip().rstrip(".。") in quote
    return PASSED if bare or is_chinese(answer) == (language == "zh") else Verdict(0.0, answer.strip()[:24])
