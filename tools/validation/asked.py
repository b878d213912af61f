"""A question as a file states it, before it is matched to the project's documents."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Language, Record

AskedForm = Literal["question", "choice", "minimal_pair"]


class Asked(Record):
    """One entry of a question file."""

    where: str
    """File and line or entry, for messages."""
    form: AskedForm
    question: str = ""
    """Empty for a minimal pair, and for an entry that a published file left blank; such are counted and left out."""
    answers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """Options of a choice; the two sentences of a minimal pair, well-formed first."""
    correct: int | None = None
    context: str = ""
    """The text the file gives for the question, whole; empty if it gives none."""
    answer_start: int | None = None
    """Offset of the first answer in `context`."""
    document: str = ""
    """The document as the file names it."""
    quote: str = ""
    fact: str = ""
    kind: str = ""
    language: Language
    answerable: bool = True
