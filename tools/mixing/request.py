"""What a training mix is asked for."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.mixture import PersonalChoice, ShareBy

BUILTIN_GENERAL: Final = "builtin"
SELF_GENERAL: Final = "self"

DuplicateChoice = Literal["keep", "exact", "near"]


class MixRequest(Record):
    """How much domain data, how much general data and where from."""

    domain_share: float = Field(default=0.3, gt=0, le=1)
    """Share of domain data; 30% is the guide's."""
    by: ShareBy = "examples"
    """Whether the share counts examples or tokens."""
    general: str = BUILTIN_GENERAL
    """`builtin`, a file (messages, Alpaca or ShareGPT as JSON, JSONL or Parquet, CSV, or a folder with
    `dataset_info.json`), a hub id `owner/name`, or `self` for what the base model writes itself."""
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
    personal: PersonalChoice = "mask"
    """What happens to personal data in the examples: kept as it is, masked by a word for its kind, or the example is
    dropped. Whatever is chosen, the manifest says what was found where."""
    names: bool = False
    """Count names of people that a title or a label introduces as personal data too."""
    people: bool = False
    """Count names in Chinese text that nothing introduces as well; needs the extra `names`."""
    duplicates: DuplicateChoice = "exact"
    """Which repetitions in the general data are left out: none, the same words, or nearly the same words."""
    against: tuple[str, ...] = ()
    """Question files, besides the sealed set, that no training example may share anything with."""
    self_rows: int = Field(default=100, ge=1, le=100_000)
    """Most examples the base model writes for `general="self"`."""
