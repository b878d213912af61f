"""A fact found in a document, the form in which it is worded and where its words stand."""

from __future__ import annotations

import hashlib
from typing import Literal

from agent.records.base import Language, Record
from agent.records.pairs import PairKind, PairSource

FactForm = Literal["attribute", "definition", "question"]


class Fact(Record):
    """One fact with its trained and its sealed wordings; one line of `facts.jsonl`."""

    id: str
    """Hash of document, offsets, entity and attribute."""
    document: str
    """Document id."""
    form: FactForm
    """How it is asked: the attribute of an entity, the definition of a term, or a full question."""
    entity: str
    """What the fact is about, as it stands in a question; empty for a full question."""
    attribute: str
    """Attribute asked for; the full question for `question`; empty for a definition."""
    context: str = ""
    """Subject in which a defined term is used; empty where the term says enough."""
    number: str = ""
    """Number of the document as its title says it, `T-09`, where the fact's own names do not carry it."""
    relation: Literal["of", "in", "for"] = "of"
    """English preposition between attribute and entity."""
    answer: str
    """Verbatim piece of the quote, with the unit of its column where the column names one."""
    start: int
    """Offset of `quote` in the document's text."""
    end: int
    quote: str
    """Verbatim piece of the text that holds the answer."""
    page: int | None = None
    kind: PairKind
    source: PairSource
    language: Language
    trained: tuple[str, ...] = ()
    """Wordings that pairs are made from; empty for a held-out document."""
    sealed: tuple[str, ...] = ()
    """Wordings kept apart for knowledge items; never trained."""
    status: Literal["accepted", "pending", "rejected"] = "accepted"
    reason: str = ""
    """Why the fact waits or was rejected; empty if accepted."""


def fact_id(document: str, start: int, end: int, *names: str) -> str:
    """Return a stable id made from where a fact stands and what it is about."""
    key = "\x1f".join((document, str(start), str(end), *names))
    return "f" + hashlib.sha256(key.encode()).hexdigest()[:15]
