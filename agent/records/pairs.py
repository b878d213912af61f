"""Training pairs: what was made from which passage, how it was checked and why it was kept or not."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Language, Record

Split = Literal["train", "validation", "test"]
PairStatus = Literal["accepted", "pending", "rejected"]
PairKind = Literal[
    "factual",
    "numeric",
    "definitional",
    "procedural",
    "comparative",
    "table",
    "multi_hop",
    "faq",
    "reading",
    "unanswerable",
]
PairSource = Literal["table", "definition", "faq", "field", "heading", "model", "import"]


class Message(Record):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Pair(Record):
    """One training example with its provenance; one line of `pairs.jsonl`."""

    id: str
    """Hash of document, offsets and messages, so the same pair is made only once."""
    messages: tuple[Message, ...]
    document: str
    """Document id; empty for imported pairs without one."""
    page: int | None
    start: int
    """Offset of `quote` in the document's text."""
    end: int
    quote: str
    """`text[start:end]`, verbatim; the answer rests on it."""
    kind: PairKind
    language: Language
    split: Split
    checks: dict[str, bool | float]
    """Check name to its score, 0 to 1, passed from 0.5; older files say true or false."""
    status: PairStatus
    reason: str
    """Why the pair was rejected or waits; empty if accepted."""
    fact: str = ""
    """Pairs that word the same fact share this id."""
    source: PairSource = "model"
    reviewed: bool = False
    """True once a person has accepted, rejected or edited the pair; a later extraction leaves it as it is."""
    edited: bool = False
    """True if a person changed the messages."""

    @property
    def question(self) -> str:
        """The last user turn."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def answer(self) -> str:
        """The last assistant turn."""
        return next((m.content for m in reversed(self.messages) if m.role == "assistant"), "")


class ExtractResult(Record):
    """What an extraction made; the shape of `extract --json`."""

    pairs: int
    """Accepted pairs."""
    rejected: int
    rejects_by_reason: dict[str, int]
    facts: int
    """Distinct facts behind the accepted pairs."""
    by_source: dict[str, int]
    documents_train: int
    documents_held_out: int
    files: dict[str, str]
    notes: tuple[str, ...] = ()
    """What the person should know, in the language of the run: prose that nobody read, and the mend."""
