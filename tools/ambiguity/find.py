"""Find out whether a question fits several things of a corpus equally well.

    finding = find_ambiguity("How long is the warranty?", retriever.look_up(question, 5), chunks)
    finding.options  # ('Aldo 10 circulation pump', 'Brisk 20 booster pump', ...)

The question's words are laid against what the retrieved chunks state. A statement that explains most of the question is
compared with its siblings (rows and columns of one table, labels of one list) and with what other documents and
sections say of the same; words that only one of them has single it out. Where no word does, the question is ambiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.records.corpus import Chunk, Retrieved
from tools.ambiguity.evidence import Evidence
from tools.ambiguity.finding import Finding
from tools.ambiguity.places import elsewhere
from tools.ambiguity.question import Question
from tools.ambiguity.siblings import among_siblings
from tools.ambiguity.statements import Statement

NEAR_BEST: Final = 0.1
"""How much less of the question than the best a statement may explain to be looked at."""
MOST_LEADS: Final = 4
"""Statements looked at: the first may be prose about the table that answers."""
HALF: Final = 0.5
"""Share of the most explained that a statement with the quantity asked for has to explain."""
NEARLY: Final = 0.85
"""The same for a `when`, which an event answers as well as a date."""


def find_ambiguity(text: str, retrieved: Sequence[Retrieved], corpus: Sequence[Chunk]) -> Finding:
    """Return the things a question fits equally well, or why it is clear.

    Args:
        text: The question.
        retrieved: What retrieval found for it, best first; with pieces, if they were looked up.
        corpus: All chunks, where those are looked for that were not retrieved.
    """
    question = Question.read(text)
    if question.wants_several:
        return Finding("clear", "it asks for all of them")
    evidence = Evidence(question, retrieved)
    leads = _leads(evidence)
    last = Finding("alone", "nothing near answers it")
    for lead in leads:
        word = question.superlative()
        if word and word not in f"{lead.attribute} {lead.name} {lead.value} {' '.join(lead.place)}".lower():
            return Finding("clear", f"it asks for the {word}")
        found = among_siblings(evidence, lead, corpus)
        if found.outcome in ("ambiguous", "clear"):
            return found
        last = elsewhere(evidence, lead, corpus)
        if last.outcome in ("ambiguous", "clear"):
            return last
        if "named" in (found.outcome, last.outcome):
            return found if found.outcome == "named" else last
        if lead.form != "sentence" and found.outcome == last.outcome == "alone":
            return Finding("clear", "one row or line answers it")
    return last


def _leads(evidence: Evidence) -> list[Statement]:
    """Return the statements that explain most of the question, one of each column, list and sentence."""
    able = evidence.answering()
    most = max((one.explained for one in evidence.statements), default=0.0)
    best = max((one.explained for one in able), default=0.0)
    if best < (HALF if evidence.question.is_strict else NEARLY) * most:
        return []
    leads: dict[tuple[object, ...], Statement] = {}
    for one in able:
        if one.explained >= best - NEAR_BEST:
            leads.setdefault(_column_of(one.statement), one.statement)
    return list(leads.values())[:MOST_LEADS]


def _column_of(statement: Statement) -> tuple[object, ...]:
    if statement.form == "sentence":
        return (statement.chunk.id, statement.start)
    return (statement.group, statement.attribute)
