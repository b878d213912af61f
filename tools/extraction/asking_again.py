"""The checks that ask a model: its own question from the passage (round trip), and twice in two frames (consistency).

    verdicts = round_trips([Asked(question, answer, passage, "en")], writer)

They cost one call a pair for the round trip and one more for consistency, so they run only where the request asks for
them. Agreement is judged by rule: figures must be the same, and of the words the shorter answer's must stand in the
longer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agent.progress import Reporter, Silent
from agent.prompts.extraction import SILENT, answering_prompt
from agent.records.base import Language
from tools.extraction.quantities import quantities
from tools.extraction.replies import PairWriter, ReplyLog, Request, ask_all
from tools.extraction.similarity import normal
from tools.extraction.support import PASSED, Verdict, meaning, says_the_same

TOKENS = 60
"""Tokens of an answer."""
_OPENING = re.compile(r"^\s*(yes|no|是|否|不|没有|能|可以)", re.IGNORECASE)
_SILENCE = "-"
"""Detail of a verdict on a reply that found nothing."""
_DENIES = frozenset(("no", "否", "不", "没有"))


class Asked(NamedTuple):
    """A pair to ask about."""

    question: str
    answer: str
    passage: str
    language: Language


def agreement(one: str, other: str, language: Language) -> float:
    """Return how far two answers say the same, 0 to 1."""
    if normal(one) == normal(other):
        return 1.0
    opening, reopening = _OPENING.match(one), _OPENING.match(other)
    if opening and reopening and (opening[1].lower() in _DENIES) != (reopening[1].lower() in _DENIES):
        return 0.0
    figures, others = {n.value for n in quantities(one)}, {n.value for n in quantities(other)}
    if figures and others and not (figures <= others or others <= figures):
        return 0.0
    words, rewords = set(meaning(one, language)), set(meaning(other, language))
    if figures & others and (not words or not rewords):
        return 1.0
    if not words or not rewords:
        return 1.0 if normal(one) in normal(other) or normal(other) in normal(one) else 0.0
    short, long, text = (words, rewords, other) if len(words) <= len(rewords) else (rewords, words, one)
    shared = sum(says_the_same(word, text.lower(), frozenset(long), language) for word in short) / len(short)
    return round(shared, 3)


def is_silent(reply: str, language: Language) -> bool:
    """Return whether a reply says that the passage does not hold the answer."""
    return any(form in reply.lower() for form in SILENT[language])


def is_silent_trip(verdict: Verdict) -> bool:
    """Return whether a round trip ended with the model saying that the passage does not tell."""
    return verdict.detail == _SILENCE


def round_trips(asked: Sequence[Asked], writer: PairWriter, reporter: Reporter | None = None) -> list[Verdict]:
    """Ask a model each question from its passage and compare with the pair's answer, nothing kept."""
    verdicts = []
    for one in asked:
        prompt = answering_prompt(one.question, one.passage, one.language)
        reply = writer.generate([prompt], TOKENS, reporter or Silent(), adapter=False)[0].text
        verdicts.append(trip(one, reply))
    return verdicts


def trip(asked: Asked, reply: str) -> Verdict:
    """Judge one reply of a round trip."""
    if is_silent(reply, asked.language):
        return Verdict(0.0, _SILENCE)
    score = agreement(asked.answer, reply, asked.language)
    return PASSED if score == 1 else Verdict(score, reply.strip()[:60])


def same_again(asked: Asked, first: str, second: str) -> Verdict:
    """Judge two replies to the same question in two frames."""
    score = agreement(first, second, asked.language)
    return PASSED if score == 1 else Verdict(score, f"{first.strip()[:28]} / {second.strip()[:28]}")


def ask_again(
    asked: Sequence[tuple[str, str, Asked]],
    log: ReplyLog,
    writer: PairWriter,
    name: str,
    reporter: Reporter,
    *,
    width: int,
    twice: bool,
) -> list[dict[str, Verdict]]:
    """Run the round trip, and the consistency check where wanted, over pairs; every reply is kept before the next.

    Args:
        asked: Chunk id, key of the pair, and the pair.
        log: Where replies are kept.
        writer: The model.
        name: Its name; another model is asked anew.
        reporter: Hears of the progress.
        width: Requests in flight at once.
        twice: Also ask in a second frame.

    Returns:
        The verdicts of each pair, in order.
    """
    ways = (False, True) if twice else (False,)
    requests = []
    for chunk, key, one in asked:
        for otherwise in ways:
            prompt = answering_prompt(one.question, one.passage, one.language, otherwise=otherwise)
            requests.append(Request(_key(name, key, otherwise), chunk, prompt, TOKENS))
    ask_all(log, requests, writer, reporter, width=width, told="the model answers its own questions")
    found = []
    for _, key, one in asked:
        first = log.text(_key(name, key, otherwise=False))
        verdicts = {"round_trip": trip(one, first)}
        if twice:
            verdicts["self_consistent"] = same_again(one, first, log.text(_key(name, key, otherwise=True)))
        found.append(verdicts)
    return found


def _key(name: str, key: str, otherwise: bool) -> str:
    return f"{key}:{'again' if otherwise else 'trip'}:{name}"
