"""What a model wrote, whoever ran it: a model in memory or an endpoint."""

from __future__ import annotations

from agent.records.base import Record


class Generated(Record):
    """One reply."""

    text: str
    """Without special tokens, stripped."""
    tokens: int
    """Tokens generated, the end token included."""
    seconds: float
    """From the start of its batch to its last token."""
    seconds_to_first_token: float | None
    """From the start of its batch to its first token; `None` where an endpoint does not tell."""
    truncated: bool
    """True if it stopped because `max_new_tokens` was reached."""
