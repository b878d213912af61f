"""What a share sweep is asked for and what it found."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from agent.policy.thresholds import THRESHOLDS
from agent.records.base import Record
from agent.records.decision import ShareDecision
from agent.records.mixture import SharePoint
from agent.records.tuning import Method

PILOT: Final = "pilot"
"""Beginning of the ids of mixes that only a share sweep trains on."""


class SweepRequest(Record):
    """Which shares to try, and how long a pilot is."""

    shares: tuple[float, ...] = THRESHOLDS.share_sweep
    """Shares of domain data, each above 0 and at most 1."""
    pairs: int = Field(default=120, ge=1)
    """Most domain pairs of a pilot."""
    epochs: float = Field(default=2, gt=0)
    items: int = Field(default=60, ge=1)
    """Most sealed items of each of the two dimensions."""
    general: str = "builtin"
    method: Method = "lora"
    seed: int = 0


class Pilot(Record):
    """What one pilot showed."""

    share: float
    examples: int
    domain_examples: int
    domain: float
    """Score on the domain items after the pilot, a fraction."""
    general: float
    """Score on the general items after the pilot, a fraction."""
    items: int
    """Domain items the pilot answered."""
    seconds: float
    """Training alone."""
    run: str
    """The pilot's run folder."""


class SweepMark(Record):
    """What a sweep's or a pilot's run folder was made from; `sweep.json` and `pilot.json` in it."""

    key: str
    """SHA-256 over the product's version, the base model's files, the data and the request."""
    mix: str = ""
    """Id of the mix that a pilot learns; tells what it was trained on if it is killed."""


class SweepResult(Record):
    """What a sweep found; the shape of `mix --sweep --json`."""

    run: str
    base_domain: float
    base_general: float
    pilots: tuple[Pilot, ...]
    points: tuple[SharePoint, ...]
    decision: ShareDecision
    taken_over: int = 0
    """Pilots that were trained before, by this sweep until it broke off or by another one."""
