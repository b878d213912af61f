"""Facts that say the same or contradict each other across documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.extraction.fact import Fact
from tools.extraction.similarity import normal


def settle(facts: Sequence[Fact], names: Mapping[str, str]) -> list[Fact]:
    """Mark facts that ask the same.

    The first of several equal ones stays and the others are rejected. Where the answers differ, nobody can say which is
    right: all of them wait for a person, and the reason names both documents and both values.

    Args:
        facts: Facts of all documents, those of training documents first.
        names: Document id to the name as the user knows it.

    Returns:
        The facts in their order, with status and reason.
    """
    groups: dict[tuple[str, str, str, str], list[Fact]] = {}
    for fact in facts:
        groups.setdefault(_key(fact), []).append(fact)
    settled: dict[str, Fact] = {}
    for members in groups.values():
        answers = {normal(fact.answer) for fact in members}
        for position, fact in enumerate(members):
            if len(answers) > 1:
                other = next(one for one in members if normal(one.answer) != normal(fact.answer))
                settled.setdefault(
                    fact.id, fact.model_copy(update={"status": "pending", "reason": _reason(fact, other, names)})
                )
            elif position and fact.id not in settled:
                reason = f"not_duplicate: the same fact stands in {names.get(members[0].document, members[0].document)}"
                settled[fact.id] = fact.model_copy(update={"status": "rejected", "reason": reason})
            else:
                settled.setdefault(fact.id, fact)
    unique = dict.fromkeys(fact.id for fact in facts)
    return [settled[key] for key in unique]


def _key(fact: Fact) -> tuple[str, str, str, str]:
    return fact.form, normal(fact.entity), normal(fact.attribute), normal(fact.context)


def _reason(fact: Fact, other: Fact, names: Mapping[str, str]) -> str:
    here, there = names.get(fact.document, fact.document), names.get(other.document, other.document)
    return f"conflict: {here} says {fact.answer!r}, {there} says {other.answer!r}"
