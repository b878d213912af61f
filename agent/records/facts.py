"""What is known of a project and of a step at the moment of deciding: counts and ids, never the data itself."""

from __future__ import annotations

from pydantic import Field

from agent.records.base import Record
from agent.records.decision import MethodChoice
from agent.records.profile import Profile


class ProjectFacts(Record):
    """Where a project stands, counted by whoever owns its folder."""

    profile: Profile = Profile()
    method: MethodChoice | None = None
    """The last decision, if one was made."""
    documents: int = Field(default=0, ge=0)
    """Documents that were read."""
    documents_failed: int = Field(default=0, ge=0)
    chunks: int = Field(default=0, ge=0)
    """Chunks in the index."""
    pairs_accepted: int = Field(default=0, ge=0)
    pairs_pending: int = Field(default=0, ge=0)
    """Pairs that wait for a person."""
    held_out_documents: int = Field(default=0, ge=0)
    """Documents no pair comes from."""
    validation_items: int = Field(default=0, ge=0)
    """Sealed items."""
    mixes: int = Field(default=0, ge=0)
    mix_is_current: bool = True
    """Whether the newest mix was made from the pairs as they are now."""
    tuned_run: str | None = None
    """The newest finished training run."""
    tune_is_current: bool = True
    """Whether that run used the newest mix."""
    evaluated_run: str | None = None
    """The newest finished evaluation."""
    evaluation_is_current: bool = True
    """Whether that evaluation covers the newest training run and the sealed items as they are now."""
    running: str | None = None
    """Job that runs now, as `kind id`."""


class StepFacts(Record):
    """What is known of a step before it starts; unknown stays `None` and is said to be unknown."""

    subject: str
    """What is done to what, as a person reads it, e.g. `Q-LoRA of SmolLM2-135M on mix 3f2a`."""
    seconds_low: float | None = Field(default=None, ge=0)
    seconds_high: float | None = Field(default=None, ge=0)
    """Estimated duration, seconds."""
    gib_low: float | None = Field(default=None, ge=0)
    gib_high: float | None = Field(default=None, ge=0)
    """Estimated memory, GiB."""
    gib_note: str = ""
    """What the range of memory rests on, to be said behind it; empty where it explains itself."""
    changes: tuple[str, ...] = ()
    """What is new or gone afterwards, e.g. `a new run folder`."""
    sends_to: str | None = None
    """Host that text of the documents would be sent to; `None` if nothing leaves this machine."""
    approved: bool = False
    """Whether a person asked for exactly this step, as a direct command does."""
