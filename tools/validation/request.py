"""What a validation set is asked for, and what came out."""

from __future__ import annotations

from pydantic import Field

from agent.records.base import Language, Record
from agent.records.evaluation import Dimension


class ValidateRequest(Record):
    """Which items to build and to read."""

    questions: tuple[str, ...] = ()
    """Question files of the user: SQuAD-style JSON, JSONL, CSV, BLiMP JSONL, multiple-choice CSV, PubMedQA JSON."""
    replace: bool = False
    """Leave out the question files of earlier requests; otherwise they stay part of the set."""
    automatic: bool = True
    """Build items from the documents, and add the built-in instruction and general items."""
    counts: dict[Dimension, int] = Field(default_factory=dict)
    """Most automatic items of single dimensions; others keep their default, 0 leaves one out. Files are kept whole."""
    seed: int = 0


class ValidateResult(Record):
    """What is sealed; `validation.json` beside `validation.jsonl`, and the shape of `validate --json`."""

    items: int
    by_dimension: dict[str, int]
    by_source: dict[str, int]
    languages: tuple[Language, ...]
    sha256: str
    """Hash of `validation.jsonl`: the seal."""
    seed: int
    spot_check: tuple[str, ...]
    """Ids of a random sample for a person to check; its error rate stands for all."""
    notes: tuple[str, ...]
    """What was left out and why, and which dimensions are too small for a verdict."""
    files: dict[str, str]
