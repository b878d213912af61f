"""What a tool that is done at once came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Performed:
    """What was done and is to be said."""

    said: dict[str, Any]
    """A `Said` as plain values."""
    data: dict[str, Any] = field(default_factory=dict)
    """The record behind it, for a chat model or a program."""
    remember: dict[str, Any] = field(default_factory=dict)
    """State to keep."""
    document_text: bool = False
    """Whether text of documents is in it, which may hold instructions."""
