"""What is known when the question is whether to leave a rung of the ladder."""

from __future__ import annotations

from pydantic import Field

from agent.records.base import Record
from agent.records.evaluation import Estimate
from agent.records.hardware import MethodFit
from agent.records.tuning import Method


class CurvePoint(Record):
    """One point of the learning curve."""

    share: float = Field(gt=0, le=1)
    """Part of the training data used, e.g. 0.25."""
    score: float = Field(ge=0, le=1)
    """Accuracy on the sealed items."""


class RungEvidence(Record):
    """What a finished run on one rung has shown; what was not measured stays empty and never speaks for climbing."""

    method: Method
    """The rung the run stands on."""
    rank: int | None = None
    """LoRA rank of the run, on all linear layers."""
    target: float | None = Field(default=None, ge=0, le=1)
    """Accuracy that is good enough; `None` takes the default."""
    score: Estimate | None = None
    """Accuracy of the run on the sealed items."""
    data_checks: dict[str, bool] = Field(default_factory=dict)
    """Check of the data to whether it passed, e.g. `duplicates`."""
    learning_curve: tuple[CurvePoint, ...] = ()
    losses: tuple[float, ...] = ()
    """Training losses in the order of the steps."""
    pilot_loss: float | None = None
    """Training loss that a short pilot of the next rung reached."""
    out_of_memory: bool = False
    """Whether the run stopped for lack of memory."""
    fits: tuple[MethodFit, ...] = ()
    """What the device carries, from `agent.policy.memory.fit`."""
    pretraining_tokens: int = Field(default=0, ge=0)
    """Tokens of continued pre-training that are planned; 0 for fine-tuning on pairs."""
