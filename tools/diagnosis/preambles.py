"""Preambles: what training pairs say before their answer, so long that an answer of the model ends within it.

What one answer repeats of a pair shows the preamble; every pair that begins with the same words has the same fault,
whatever it is about.

    found = find_preambles(cases, lessons)     # the preambles that these failed answers repeat, with all their pairs
    cut_in(case)                               # the preamble that an answer was cut in, or None
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from agent.records.base import Language
from agent.records.diagnosis import Preamble
from agent.records.evaluation import Item
from tools.diagnosis.answer_content import agrees, is_buried
from tools.diagnosis.case import Case, Evidence, Taught
from tools.diagnosis.lessons import Lesson
from tools.evaluation.arms import TUNED
from tools.evaluation.normalisation import texts, tokenise

SAME_RUN: Final = 0.8
"""Share of words that stand at the same place in two texts of which one repeats the other."""
SHOWN: Final = 80
"""Characters of a preamble at most that a person is shown and may search for."""


def find_preambles(cases: Iterable[Case], lessons: Sequence[Lesson]) -> tuple[Preamble, ...]:
    """Return the preambles that failed answers repeat from a pair on their item, each with all pairs that have it.

    Args:
        cases: Failed answers of tuned arms with the pairs on their items.
        lessons: All pairs that were trained on.
    """
    found: list[Preamble] = []
    for case in cases:
        for pair in case.taught:
            run = repeated_run(case, pair)
            if run and not any(pair.id in known.pairs for known in found):
                found.append(_preamble(run, lessons))
    return tuple(found)


def repeated_run(case: Case, pair: Taught) -> list[str]:
    """Return the words of a pair before its answer that a failed answer repeats without getting further.

    The pair buries the accepted answer so late that it never counts, or later than the answer had room for; empty if
    it does neither or the answer says something else.
    """
    said, taught = _words(case.answer.text, case.item.language), _words(pair.answer, case.item.language)
    if not said or _same(said, taught) < SAME_RUN * len(said):
        return []
    begins = _begins(taught, case.item)
    if _ran_out(case) and begins >= len(said):
        return taught[: len(said)]
    return taught[:begins] if is_buried(pair.answer, case.item) else []


def cut_in(case: Case) -> Preamble | None:
    """Return the preamble that an answer was cut in: of a pair on its item, or of other pairs of the training."""
    if case.answer.arm not in TUNED or not case.item.answers:
        return None
    own = {pair.id for pair in case.taught if repeated_run(case, pair)}
    said = _words(case.answer.text, case.item.language)
    for preamble in case.preambles:
        repeats = _ran_out(case) and bool(said) and _same(said, preamble.words) >= SAME_RUN * len(said)
        if repeats or own & set(preamble.pairs):
            return preamble
    return None


def taught_late(case: Case) -> Evidence | None:
    """Every pair that teaches the answer gives it after a preamble that other answers were seen to be cut in.

    A closed book can then have learnt the answer only where an answer never comes.
    """
    item = case.item
    if case.answer.arm not in TUNED or case.shown is not None or not item.answers:
        return None
    right = [pair for pair in case.taught if agrees(pair.answer, item) or is_buried(pair.answer, item)]
    begin = {name: preamble for preamble in case.preambles for name in preamble.pairs}
    if not right or any(pair.id not in begin for pair in right):
        return None
    seen: Evidence = {"answer": case.answer.text[:200], "gold": item.answers[0], "preamble": begin[right[0].id].text}
    return seen | {"pairs": " ".join(pair.id for pair in right)}


def _preamble(run: Sequence[str], lessons: Sequence[Lesson]) -> Preamble:
    """Return how pairs begin, and which pairs do."""
    alike = [one for one in lessons if _opens(_words(one.answer, one.language), run)]
    text = _common_beginning([one.answer for one in alike])
    held = [one for one in lessons if text.casefold() in f"{one.question}\n{one.answer}".casefold()]
    pairs = tuple(one.id for one in alike)
    return Preamble(text=text, words=tuple(run), pairs=pairs, tells_apart=bool(text) and held == alike)


def _opens(words: Sequence[str], run: Sequence[str]) -> bool:
    """Whether an answer begins with a run and goes on: one that ends within it has come to what it says."""
    return len(words) > len(run) and _same(words, run) >= SAME_RUN * len(run)


def _common_beginning(answers: Sequence[str]) -> str:
    """Return what all answers begin with to the letter; a long one ends with a word."""
    first, last = min(answers, default=""), max(answers, default="")
    shared = "".join(a for a, _ in takewhile(lambda two: two[0] == two[1], zip(first, last, strict=False)))
    return (re.sub(r"[!-~]+$", "", shared[:SHOWN]) if len(shared) > SHOWN else shared).strip()


def _ran_out(case: Case) -> bool:
    """Whether an answer ended by length, though the evaluation gave it all the room that such an answer gets."""
    limited = case.token_limit is not None and case.token_limit < case.tokens_needed
    return case.answer.truncated and not limited


def _same(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many words stand at the same place in both."""
    return sum(a == b for a, b in zip(first, second, strict=False))


def _begins(words: Sequence[str], item: Item) -> int:
    """Return how many words come before the first accepted answer; -1 where there is none."""
    golds = [_words(gold, item.language) for gold in item.answers]
    places = [at for gold in golds for at in range(len(words)) if gold and words[at : at + len(gold)] == gold]
    return min(places, default=-1)


def _words(text: str, language: Language) -> list[str]:
    return texts(tokenise(text, language))
