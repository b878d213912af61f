"""What an answer says, held against the accepted ones: the right content, late, cut off, or in another unit.

right_content(case)      # True for `about 14 days` where `14 days` is accepted, False for `14 weeks`
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from agent.records.evaluation import Item
from knowledge.lexical import content_tokens
from tools.diagnosis.case import Case
from tools.evaluation.normalisation import tokenise
from tools.evaluation.scoring import LONG_GOLD, judge, values_of

ROOM: Final = 8
"""Words beyond the accepted answer within which a cut answer may still have been on its way."""


def literal(item: Item) -> bool:
    """Whether the accepted answers can be looked up in a text to the letter: short, and not yes or no."""
    sizes = [len(tokenise(gold, item.language)) for gold in item.answers]
    polar = any(gold.strip().lower().rstrip(".。") in ("yes", "no", "是", "否", "maybe") for gold in item.answers)
    return not polar and max(sizes) <= LONG_GOLD


def says_something(text: str, item: Item) -> bool:
    """Whether an answer has content of its own, of the kind asked for: a value where the accepted answer is one."""
    if any(values_of(gold) for gold in item.answers):
        return bool(values_of(text) - values_of(item.question))
    return bool(set(content_tokens(text, item.language)) - set(content_tokens(item.question, item.language)))


def right_content(case: Case) -> bool:
    """Whether an answer holds the gold's content, late or in another form."""
    item, text = case.item, case.answer.text
    if item.form != "free" or not item.answers or case.answer.abstained:
        return False
    outcome = judge(text, item.answers, item.question, item.language)
    if outcome.right or outcome.fault == "late":
        return True
    given = values_of(text) - values_of(item.question)
    return any(values_of(gold) and given == values_of(gold) for gold in item.answers) and not _other_unit(text, item)


def is_buried(text: str, item: Item) -> bool:
    """Whether a text gives an accepted answer, but so late that it does not count."""
    return bool(item.answers) and judge(text, item.answers, item.question, item.language).fault == "late"


def _other_unit(text: str, item: Item) -> bool:
    """Whether the answer puts another word where the accepted answer has its unit: `14 weeks` for `14 days`."""
    for gold in item.answers:
        wanted, have = tokenise(gold, item.language), tokenise(text, item.language)
        for number, unit in pairwise(wanted):
            after = {b.text for a, b in pairwise(have) if a.text == number.text}
            if number.kind == "number" and after and unit.text not in after:
                return True
    return False


def cut_short(case: Case) -> bool:
    """Whether the answer ended by length before it could have given the gold."""
    item, answer = case.item, case.answer
    if not answer.truncated or not item.answers or not item.answerable:
        return False
    if any(_breaks_off_in(answer.text, gold) for gold in item.answers):
        return True
    said = tokenise(answer.text, item.language)
    longest = max((tokenise(gold, item.language) for gold in item.answers), key=len)
    if len(said) > len(longest) + ROOM:
        return False
    wanted = {token.text for token in longest}
    other = values_of(answer.text) - values_of(item.question) - wanted
    # A number of its own means that the answer had been given, and wrongly.
    return not other or len(longest) > LONG_GOLD


def _breaks_off_in(text: str, gold: str) -> bool:
    """Whether a text ends with the beginning of a gold, as `30 November 20` does; a character may be cut in two."""
    said, whole = text.rstrip("\ufffd ").casefold(), gold.casefold()
    for size in range(1, len(whole)):
        before = said[:-size][-1:]
        begins = not before or not (before.isascii() and before.isalnum() and whole[0].isascii())
        if said.endswith(whole[:size]) and begins and (size > 1 or whole[0].isdigit() or not whole[0].isascii()):
            return True
    return False


def agrees(text: str, item: Item) -> bool:
    """Whether a text says what an accepted answer says, whichever of the two says more."""
    if judge(text, item.answers, item.question, item.language).right:
        return True
    return any(judge(gold, (text,), item.question, item.language).right for gold in item.answers)
