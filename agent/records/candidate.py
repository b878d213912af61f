"""Candidate base models, measured on the same sealed items, and which of them to take."""

from __future__ import annotations

from typing import Literal

from agent.records.base import Record
from agent.records.decision import Reason
from agent.records.evaluation import Arm, Dimension, Estimate


class Candidate(Record):
    """An open model as it came, with what an evaluation showed of it."""

    model: str
    """As the settings name it: `builtin`, a folder or a hub id."""
    run: str
    """The evaluation."""
    params_b: float | None
    """Parameters, in thousand millions; `None` where the model is not at hand."""
    arm: Arm
    """The arm it is judged by; none that was tuned."""
    scores: dict[Dimension, Estimate]
    """That arm's estimates; spokes that no passage can change are the model's own."""
    seconds: float | None
    """Median seconds of an answer, on this machine."""
    peak_gib: float | None
    """Largest memory while it answered, GiB."""


class BaseChoice(Record):
    """Which candidate to start from."""

    candidates: tuple[Candidate, ...]
    """Smallest first; those of unknown size last."""
    dimension: Dimension | None
    """What decides; `None` if the candidates share no domain spoke."""
    target: float
    """Share of right answers that is good enough."""
    outcome: Literal["smallest", "none_reaches", "not_enough_evidence", "nothing_to_compare"]
    chosen: str | None
    """The model to take; with `none_reaches` the best there is."""
    reasons: tuple[Reason, ...]
    items_sha256: str
    """Hash of the sealed items that all of them answered."""
