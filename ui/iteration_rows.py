"""The iteration log as rows of text: the same table in the terminal and on the evaluation page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.policy.iterating import moved
from agent.prompts.iterating import TABLE, changed_text, difference_text, finding_text
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.evaluation import ARMS
from agent.records.iteration import ChangedFact, DimensionChange, Iteration, IterationLog
from tools.evaluation.wording import arm_name, dimension_name

COLUMNS: Final = ("round", "when", "changed", "arm", "n", "difference", "finding")


def iteration_rows(log: IterationLog, lang: Language, when: Callable[[str], str]) -> list[tuple[str, ...]]:
    """Return the head and a row for every round, oldest first.

    Args:
        log: The log.
        lang: Language of the text.
        when: Writes a moment, UTC in ISO 8601.
    """
    head = tuple(fill(TABLE, name, lang) for name in COLUMNS)
    return [head, *(_row(one, lang, when) for one in log.iterations)]


def _row(one: Iteration, lang: Language, when: Callable[[str], str]) -> tuple[str, ...]:
    number = str(one.number)
    if one.compared_number is not None:
        number = fill(TABLE, "against", lang, number=number, compared=one.compared_number)
    told = one.model_copy(update={"changed": tuple(_named(fact, lang) for fact in one.changed)})
    main = one.deciding
    figures = ("–", "–", "–") if main is None else (_arm(main, lang), str(main.n), difference_text(main, lang))
    others = [f"{dimension_name(o.dimension, lang)} {difference_text(o, lang)}" for o in moved(one.others)]
    found = {"en": "; ", "zh": "；"}[lang].join([finding_text(one, lang), *others])
    return (number, when(one.began), changed_text(told, lang), *figures, found)


def _arm(change: DimensionChange, lang: Language) -> str:
    arms = dict.fromkeys(arm_name(arm, lang) for arm in (change.arm_before, change.arm))
    return f"{' → '.join(arms)}, {dimension_name(change.dimension, lang)}"


def _named(fact: ChangedFact, lang: Language) -> ChangedFact:
    if fact.what != "arm":
        return fact
    names = {str(arm): arm_name(arm, lang) for arm in ARMS}
    return fact.model_copy(update={"before": names[fact.before], "after": names[fact.after]})
