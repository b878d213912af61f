"""What a comparison of rivals came to, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ambiguous", "named", "clear", "weak", "alone"]
"""`named` singles out one thing, of which there may still be versions; `clear` ends the search; `weak` says that the
question may not be about this property at all; `alone` that there is nothing to compare with."""


@dataclass(frozen=True)
class Finding:
    """The outcome of comparing one statement with its rivals."""

    outcome: Outcome
    reason: str = ""
    options: tuple[str, ...] = ()
    """What the question fits equally well; empty unless ambiguous."""
    wanted: str = ""
    """What it wants to know of them, as the documents call it; empty if they have no word for it."""
    explained: float = 0.0
    """Share of the question that is explained by what the options have in common."""
