"""What a team says about its task: the input of the method decision."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field

from agent.records.base import Record

TaskKind = Literal["facts", "style", "format", "classification", "extraction", "reasoning", "mixed"]
KnowledgeChange = Literal["never", "yearly", "monthly", "weekly", "daily"]
Privacy = Literal["open", "on_premises", "air_gapped"]


class DocumentsProfile(Record):
    """How much text there is."""

    count: int | None = Field(default=None, ge=0)
    """Documents."""
    characters: int | None = Field(default=None, ge=0)
    """Characters of extracted text in all of them."""


class HardwareItem(Record):
    """Devices of one kind."""

    device: str
    """A name or alias of the device catalogue, e.g. `NVIDIA A800`."""
    count: int = Field(default=1, ge=1)
    """How many of them."""


class Measured(Record):
    """What was measured on one sealed set; every share is a fraction between 0 and 1."""

    closed_book: float | None = Field(default=None, ge=0, le=1)
    rag: float | None = Field(default=None, ge=0, le=1)
    oracle: float | None = Field(default=None, ge=0, le=1)
    tuned: float | None = Field(default=None, ge=0, le=1)
    tuned_rag: float | None = Field(default=None, ge=0, le=1)
    general_before: float | None = Field(default=None, ge=0, le=1)
    general_after: float | None = Field(default=None, ge=0, le=1)
    retrieval_recall: float | None = Field(default=None, ge=0, le=1)
    """Share of items whose gold passage is among the retrieved."""
    form: float | None = Field(default=None, ge=0, le=1)
    """Share of RAG answers whose style and format are as asked."""
    items: int | None = Field(default=None, ge=0)
    """Sealed items behind every one of these shares; the same items for all arms."""


class Profile(Record):
    """What is known of a team's task; an unknown field is `None`.

    The shape is that of `decide --profile`.
    """

    goal: str | None = None
    """The task in the team's words."""
    task_kind: TaskKind | None = None
    knowledge_change: KnowledgeChange | None = None
    """How often the facts change."""
    needs_citations: bool | None = None
    """Whether an answer must show its source."""
    labelled_pairs: int | None = Field(default=None, ge=0)
    """Good question-answer pairs at hand."""
    documents: DocumentsProfile | None = None
    languages: tuple[str, ...] | None = None
    privacy: Privacy | None = None
    per_document_access_control: bool | None = None
    """Whether users may read different documents."""
    latency_target_ms: int | None = Field(default=None, gt=0)
    """Milliseconds to a full answer."""
    general_ability_matters: bool | None = None
    """Whether the model must keep its general abilities."""
    hardware: tuple[HardwareItem, ...] | None = None
    base_model_params_b: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Parameters of the base model, in thousand millions."""
    target: float | None = Field(default=None, ge=0, le=1)
    """The accuracy that would be good enough, as a fraction."""
    measured: Measured | None = None

    def sha256(self) -> str:
        """Return a hash of what is known, the same however much a later version may ask beside it."""
        known = self.model_dump(mode="json", exclude_defaults=True)
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
