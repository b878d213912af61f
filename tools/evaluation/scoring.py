"""Scores of single answers: pure functions from texts and log-probabilities to a number between 0 and 1.

The main score of a free answer is `judge`: right if an accepted answer stands in it as whole tokens and nothing in it
contradicts that. It is kinder than exact match to a model that answers in sentences, and stricter than a substring:
`14` is not found in `140`, and `4 or 14 days` is not an answer. Exact match and token F1 follow SQuAD (Rajpurkar et
al. 2016), by characters for Chinese as in CMRC (Cui et al. 2019).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.records.base import Language
from tools.evaluation.normalisation import Token, marked_tokens, texts, tokenise, unit_of

WINDOW: Final = 60
"""Tokens (words, Chinese characters) within which an answer must have begun; what comes later is not a short answer."""
LONG_GOLD: Final = 10
"""An accepted answer of more tokens is met by its content and not to the letter."""
LONG_RECALL: Final = 0.8
"""Share of a long accepted answer's tokens that must stand in the answer."""
MOST_PIECES: Final = 3
"""A domain term cut into more pieces than this is badly carried by the tokenizer (evaluation.md)."""

VALUES: Final = ("number", "date", "code")
"""Kinds of tokens that are facts by themselves."""

Fault = Literal["", "absent", "contradicted", "negated", "late", "abstained"]
_LINKS: Final = frozenset(("or", "to", "and", "-", "–", "—", "~", "/", ",", "、", "或", "到", "至", "和", "与"))
_NO_UNIT: Final = _LINKS | frozenset(("in", "at", "for", "is", "of", "的", "，", "。", "."))
_NEGATIONS: Final = frozenset(("not", "never", "isn't", "aren't", "wasn't", "don't", "doesn't"))
_CHINESE_NEGATIONS: Final = ("不是", "并非", "不为", "而非")
_FILLER_WORDS: Final = "is are was were be it its this that of to in for and or on at by with as 是 为 的 了 在 和"
_FILLER: Final = frozenset(_FILLER_WORDS.split(" "))
_POLAR: Final = ({"yes", "true", "是", "对"}, {"no", "false", "否", "不"})


@dataclass(frozen=True)
class Judged:
    """Whether a free answer is right, and if not, why."""

    right: bool
    fault: Fault
    """Empty if right."""


def judge(answer: str, golds: Sequence[str], question: str, language: Language) -> Judged:
    """Judge a free answer against the accepted ones.

    Right if, for one accepted answer: it stands in the answer as a run of whole tokens that begins within the first
    `WINDOW`; no negation stands directly before it; and the answer gives no second value of the same kind: another
    number with the same unit, another date, or another code with the same letters, unless the question or an accepted
    answer has it too. A number may go without its unit if the question names the unit. Yes and no are read from the
    first word. An accepted answer of more than `LONG_GOLD` tokens is met if all its numbers, dates and codes and
    `LONG_RECALL` of its tokens stand in the answer.
    """
    tokens = tokenise(answer, language)
    found = Judged(False, "absent")
    for gold in golds:
        wanted = tokenise(gold, language)
        if not wanted:
            continue
        outcome = _meet(tokens, wanted)
        if not outcome.right and _bare_number(answer, wanted, question, language):
            outcome = Judged(True, "")
        if outcome.right and _second_value(answer, wanted, (question, *golds)):
            outcome = Judged(False, "contradicted")
        if outcome.right:
            return outcome
        found = outcome if found.fault == "absent" else found
    return found


def exact_match(answer: str, golds: Sequence[str], language: Language) -> float:
    """Return 1 if the normalised answer equals an accepted one, else 0."""
    tokens = texts(tokenise(answer, language))
    return float(any(tokens == texts(tokenise(gold, language)) for gold in golds))


def token_f1(answer: str, golds: Sequence[str], language: Language) -> float:
    """Return the best F1 over the accepted answers: words, or characters for Chinese."""
    tokens = texts(tokenise(answer, language))
    return max((_f1(tokens, texts(tokenise(gold, language))) for gold in golds), default=0.0)


def abstention_score(answerable: bool, abstained: bool) -> float | None:
    """Return what abstaining decides: 1 or 0 for an unanswerable item, 0 for an answerable one that was passed up.

    `None` means that the item was answered and the answer's content decides.
    """
    if not answerable:
        return float(abstained)
    return 0.0 if abstained else None


def best_option(logprobs: Sequence[tuple[float, int]]) -> int:
    """Return the option with the highest log-probability per token, so that long options are not at a loss.

    Length-normalised choice is `acc_norm` of lm-evaluation-harness, by tokens instead of bytes: all options are read by
    one tokenizer.
    """
    return max(range(len(logprobs)), key=lambda index: logprobs[index][0] / max(1, logprobs[index][1]))


def prefers_first(logprobs: Sequence[tuple[float, int]]) -> float:
    """Return 1 if the first, well-formed sentence of a pair has the higher log-probability (BLiMP), 0.5 if even."""
    first, second = logprobs[0][0], logprobs[1][0]
    if math.isclose(first, second, rel_tol=0, abs_tol=1e-9):
        return 0.5
    return float(first > second)


def carries_term(pieces: int, *, whole: bool) -> float:
    """Return 1 if a tokenizer cuts a term into at most `MOST_PIECES` pieces and gives it back unchanged (`whole`)."""
    return float(0 < pieces <= MOST_PIECES and whole)


def holds(text: str, golds: Sequence[str], language: Language) -> bool | None:
    """Whether a passage holds an accepted answer; `None` without accepted answers.

    It stands there as a run of whole tokens, or, where it has a number, date or code, with all its tokens somewhere in
    the passage: in a table the unit stands in the head of the column.
    """
    if not golds:
        return None
    have = texts(tokenise(text, language))
    known = set(have)
    for gold in golds:
        wanted = tokenise(gold, language)
        target = texts(wanted)
        if target and any(have[at : at + len(target)] == target for at in range(len(have) - len(target) + 1)):
            return True
        columns = {unit_of(word) for word in known} | known
        if any(token.kind in VALUES for token in wanted) and all(word in columns for word in target):
            return True
    return False


def values_of(text: str) -> set[str]:
    """Return the numbers, dates and codes of a text."""
    return {token.text for token in marked_tokens(text) if token.kind in VALUES}


def supported_share(answer: str, context: str, question: str, language: Language) -> float:
    """Return the share of an answer's content that its context or question carries, 0 if a value stands in neither.

    Content are tokens, without marks and articles. A number, date or code that the context does not have is an
    unsupported claim whatever the words around it say.
    """
    known = Counter(texts(tokenise(context, language)) + texts(tokenise(question, language)))
    tokens = [token for token in tokenise(answer, language) if token.text not in _FILLER]
    if not tokens:
        return 0.0
    if any(token.kind in VALUES and token.text not in known for token in tokens):
        return 0.0
    return sum(token.text in known for token in tokens) / len(tokens)


def _f1(tokens: Sequence[str], gold: Sequence[str]) -> float:
    if not tokens or not gold:
        return float(tokens == gold)
    common = sum((Counter(tokens) & Counter(gold)).values())
    return 2 * common / (len(tokens) + len(gold))


def _meet(tokens: Sequence[Token], wanted: Sequence[Token]) -> Judged:
    for polar in _POLAR:
        if len(wanted) == 1 and wanted[0].text in polar:
            return Judged(True, "") if tokens and tokens[0].text in polar else Judged(False, "absent")
    if len(wanted) > LONG_GOLD:
        return _meet_long(tokens, wanted)
    target, have = texts(wanted), texts(tokens)
    negated = False
    for start in range(len(have) - len(target) + 1):
        if have[start : start + len(target)] != target:
            continue
        if start >= WINDOW:
            return Judged(False, "late")
        before = have[max(0, start - 2) : start]
        if _NEGATIONS & set(before[-1:]) or "".join(before).endswith(_CHINESE_NEGATIONS):
            negated = True
            continue
        return Judged(True, "")
    return Judged(False, "negated" if negated else "absent")


def _meet_long(tokens: Sequence[Token], wanted: Sequence[Token]) -> Judged:
    have, target = Counter(texts(tokens)), Counter(texts(wanted))
    values = all(token.text in have for token in wanted if token.kind in VALUES)
    recall = sum((have & target).values()) / len(wanted)
    return Judged(True, "") if values and recall >= LONG_RECALL else Judged(False, "absent")


def _bare_number(answer: str, wanted: Sequence[Token], question: str, language: Language) -> bool:
    """Whether the answer gives the number alone to a question that names its unit: `How many days?` `14`."""
    if len(wanted) < 2 or wanted[0].kind != "number" or any(token.kind != "word" for token in wanted[1:]):
        return False
    asked = {unit_of(token.text) for token in tokenise(question, language)}
    if not all(token.text in asked for token in wanted[1:]):
        return False
    return (wanted[0].text, "number ") in _values(answer)


def _second_value(answer: str, wanted: Sequence[Token], allowed: Sequence[str]) -> bool:
    kinds = {token.kind for token in wanted}
    if len(wanted) > LONG_GOLD or not kinds & set(VALUES):
        return False
    known = {token.text for text in allowed for token in marked_tokens(text)}
    values = _values(answer)
    target = {token.text for token in wanted}
    mine = {family for text, family in values if text in target}
    return any(text not in known and family in mine for text, family in values)


def _values(answer: str) -> list[tuple[str, str]]:
    """Return each value of a text with its family: `number bar`, `date`, `code hx`."""
    tokens = marked_tokens(answer)
    values: list[tuple[str, str]] = []
    for index, token in enumerate(tokens):
        match token.kind:
            case "number":
                values.append((token.text, f"number {_unit(tokens, index)}"))
            case "date":
                values.append((token.text, "date"))
            case "code":
                letters = "".join(char for char in token.text if char.isalpha())
                values.append((token.text, f"code {letters}"))
            case _:
                continue
    return values


def _unit(tokens: Sequence[Token], index: int) -> str:
    """Return the token after a number; in `4 or 14 days` and `4-14 days` the first number has the last one's unit."""
    following = tokens[index + 1 : index + 3]
    if len(following) == 2 and following[0].text in _LINKS and following[1].kind == "number":
        return _unit(tokens, index + 2)
    if not following or following[0].kind == "mark" or following[0].text in _NO_UNIT:
        return ""
    return following[0].text
