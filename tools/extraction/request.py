"""What an extraction is asked for."""

from __future__ import annotations

from pydantic import Field, model_validator

from agent.records.base import Record


class ExtractRequest(Record):
    """Which documents to make pairs from, and how many of what kind."""

    documents: tuple[str, ...] = ()
    """Patterns (`tarvo-*`) of names or ids of documents pairs may come from, the others are held out; empty for all."""
    seed: int = 0
    wordings: int = Field(default=12, ge=1, le=32)
    """Trained wordings a fact."""
    held_out_share: float = Field(default=0.2, ge=0, lt=1)
    """Share of the documents held out before any pair is made."""
    resplit: bool = False
    """Draw the split anew; otherwise a document keeps its side for good."""
    validation_share: float = Field(default=0.06, ge=0, le=0.3)
    """Share of the closed-book pairs kept for the validation loss of training."""
    reading_share: float = Field(default=0.15, ge=0, le=0.8)
    """Share of the domain pairs that show the passage."""
    unanswerable_share: float = Field(default=0.0, ge=0, le=0.5)
    """Share of the domain pairs that show a passage without the answer. None by default: a small model that learnt to
    abstain on the domain's own questions abstains without passages too; the general data teach abstaining."""
    model_chunks: int | None = Field(default=None, ge=0)
    """Most passages of prose a model reads; `None`: 40 for the local model, all for an endpoint."""

    model_wordings: int = Field(default=2, ge=0, le=4)
    """Other wordings of every question that an endpoint's model is asked for."""
    round_trip: bool = False
    """Have the model answer each of its questions from the passage, and reject those it answers otherwise; costs one
    short call a pair."""
    ask_twice: bool = False
    """Also ask in a second frame and reject pairs with two answers; costs one more short call a pair."""

    @model_validator(mode="after")
    def _fits_together(self) -> ExtractRequest:
        if self.ask_twice and not self.round_trip:
            raise ValueError("asking twice needs the round trip, with which the second answer is compared")
        if self.reading_share + self.unanswerable_share >= 0.95:
            raise ValueError("reading and unanswerable pairs together must stay below 95%")
        return self
