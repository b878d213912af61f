"""Why items failed, how often each cause, and what would mend it."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record

Cause = Literal[
    "wrong_reference",
    "missing_source",
    "retrieval_miss",
    "context_lost",
    "reader_miss",
    "unsupported",
    "format",
    "truncated",
    "knowledge_gap",
    "bad_training_pair",
    "undertrained",
    "overfit",
    "forgetting",
    "ambiguous_question",
    "unexplained",
]
"""In the order in which `evaluation.md` tests them; `unexplained` is the honest rest."""


class DiagnosedItem(Record):
    """One failed item with its cause."""

    id: str
    arm: str
    cause: Cause
    evidence: dict[str, str | float | bool | None]
    """What the test of this cause saw."""


class Preamble(Record):
    """What training pairs begin with, so long that an answer which repeats it never gets to what it should say."""

    text: str
    """How the pairs begin."""
    words: tuple[str, ...]
    """The beginning as scores compare it, word by word; in Chinese, character by character."""
    pairs: tuple[str, ...]
    """Ids of all training pairs that begin so."""
    tells_apart: bool
    """Whether a search for the text finds these training pairs and no others."""


class CauseCount(Record):
    """How often a cause explains a failure."""

    cause: Cause
    count: int
    share: float
    """Of the failed items."""
    low: float
    high: float
    """95% Wilson interval of the share."""


class Fix(Record):
    """A proposed mend."""

    kind: Literal["data", "retrieval", "prompt", "training"]
    action: str
    command: str
    """The exact command that applies it."""
    targets: tuple[str, ...]
    """Ids of the items, pairs or documents concerned."""
    why: str
    article: str


class Diagnosis(Record):
    """The shape of `diagnose --json`."""

    run: str
    failed: int
    items: tuple[DiagnosedItem, ...]
    causes: tuple[CauseCount, ...]
    fixes: tuple[Fix, ...]
    retrain: bool
    """True only if the data checks pass and a training fix remains."""
    preambles: tuple[Preamble, ...] = ()
    """What failed answers repeat from training pairs in place of an answer."""
