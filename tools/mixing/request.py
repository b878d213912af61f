"""What a training mix is asked for."""

from __future__ import annotations

from pydantic import Field

from agent.records.base import Record
from agent.records.mixture import ShareBy

BUILTIN_GENERAL = "builtin"


class MixRequest(Record):
    """How much domain data, how much general data and where from."""

    domain_share: float = Field(default=0.3, gt=0, le=1)
    """Share of domain data; 30% is the guide's."""
    by: ShareBy = "examples"
    """Whether the share counts examples or tokens."""
    general: str = BUILTIN_GENERAL
    """`builtin`, a file (messages, Alpaca or ShareGPT as JSON or JSONL), or a hub id `owner/name`."""
    seed: int = 0
    max_domain: int | None = Field(default=None, ge=1)
    """Most domain examples. Wordings are thinned out evenly down to four a fact, then whole facts are left out."""
    fit_domain: bool = True
    """Thin the domain part out likewise where the general data is too short for the share; the manifest says so.
    Without it such a mix is refused."""
    general_repeats: int = Field(default=4, ge=1, le=20)
    """Most times one general example may occur."""
    drop_leaks: bool = False
    """Leave out examples that leak, and count them, instead of refusing."""
