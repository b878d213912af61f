"""What a person found among the sealed items that were drawn for a spot-check."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record


class ItemVerdict(Record):
    """What a person said of one sealed item; one line of `validation_check.jsonl`."""

    item: str
    """Item id."""
    content: str
    """SHA-256 of the item's line: a verdict is on what the person saw."""
    document: str
    """Id of the item's document; empty without one. The verdict goes with it."""
    sealed: str
    """Hash of the set that the item was drawn from."""
    verdict: Literal["right", "wrong"]
    reason: str = ""
    at: str
    """When; UTC."""


class CheckFigures(Record):
    """How many items of a sample were looked at, and how many of them were wrong."""

    drawn: int
    """Items of the sample."""
    reviewed: int
    """Drawn items that a person has looked at."""
    wrong: int
    """Of these, judged wrong."""
    rate: float | None
    """Wrong / reviewed; `None` if nobody looked."""
    low: float
    """Lower end of Wilson's 95% interval."""
    high: float


class WrongItem(Record):
    """An item of the set that a person found wrong."""

    item: str
    """Item id."""
    question: str
    reason: str
    counted: bool
    """Whether it is one of the drawn items behind the error rate; else it was found in an earlier version of the set
    and still stands in it."""
    mend: str
    """How it is corrected or taken out of the set."""


class SetCheck(Record):
    """The spot-check of a sealed set; with `items` the shape of `validate --check --json`."""

    sha256: str
    """Hash of the set."""
    figures: CheckFigures
    sample: tuple[str, ...]
    """Ids of the drawn items that nobody has looked at yet, in the order in which they were drawn."""
    found: tuple[WrongItem, ...]
    """What was found wrong and is still in the set."""
