"""A training run: what was asked, what happened, what came out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.evaluation import Dimension

Method = Literal["qlora", "lora", "full"]
ComputeType = Literal["fp32", "fp16", "bf16"]


class Hyperparameters(Record):
    """Settings of one run; defaults come from `agent.policy.hyperparameters`."""

    epochs: float = Field(gt=0)
    learning_rate: float = Field(gt=0, lt=1)
    """Peak rate of AdamW; from 1 on every step throws away what was learnt."""
    batch_size: int = Field(ge=1)
    """Examples per optimizer step (effective batch)."""
    max_length: int = Field(ge=8)
    """Tokens; longer examples are refused, never cut silently."""
    rank: int | None = Field(default=None, ge=1)
    """LoRA rank; `None` for full fine-tuning."""
    alpha: int | None = Field(default=None, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    warmup_share: float = Field(default=0.05, ge=0, lt=1)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    compute_type: ComputeType = "fp32"
    weight_decay: float = 0.0
    loss_mean: Literal["token", "example"] = "token"
    """What counts the same in the loss: every learnt token, as in TRL, or every example. Facts have short answers; by
    tokens a mix with longer general replies would hardly teach them."""
    seed: int = 0


class ClimbPlan(Record):
    """What a climb of the ladder is for and how far it may go unasked; asking for one allows its measurements."""

    dimension: Dimension = "domain_knowledge"
    """Sealed items that count for the target."""
    target: float | None = Field(default=None, gt=0, le=1)
    """Accuracy that is good enough; `None` takes the profile's, else the default."""
    climb_to: Method = "qlora"
    """Highest rung agreed to in advance; before a higher one the climb stops and asks."""
    items: int | None = Field(default=200, ge=1)
    """Most sealed items of the dimension; `None` means all."""


class TuneRequest(Record):
    """What a training job is asked to do; stored as `request.json` before it starts."""

    method: Method | Literal["auto"] = "auto"
    base_model: str
    """Hub id, folder, or `builtin` for the embedded default."""
    mix: str
    """Mix id."""
    hyperparameters: Hyperparameters | None = None
    """`None` lets the policy choose by size of model and data."""
    overrides: dict[str, float | int] = Field(default_factory=dict)
    """Single hyperparameters that a person set; the policy chooses the rest."""
    seed: int = 0
    climb: ClimbPlan | None = None
    """Climb the ladder by its gates; `None` means one run, which with `auto` stands on the first rung."""


class TrainingPoint(Record):
    """One reading of a running job."""

    step: int
    epoch: float
    loss: float
    validation_loss: float | None = None
    learning_rate: float
    tokens_per_s: float
    """Training tokens (prompt and answer) per second since the last reading."""


class TuneResult(Record):
    """What a training run produced; `result.json`."""

    run: str
    method: Method
    base_model: str
    mix: str
    hyperparameters: Hyperparameters
    examples: int
    steps: int
    tokens: int
    """Tokens processed over all epochs."""
    trainable_parameters: int
    total_parameters: int
    first_loss: float
    last_loss: float
    validation_loss: float | None
    seconds: float
    peak_gib: float
    """Peak resident memory of the worker (CPU) or allocated on the device, GiB."""
    tokens_per_s: float
    adapter: str
    """Folder with the adapter (Q-LoRA, LoRA) or the model (full), relative to the run folder."""
    adapter_sha256: str
    history: tuple[TrainingPoint, ...]
    reasons: tuple[str, ...] = ()
    """Why this method and these settings."""
    ladder: Literal["", "done", "mend_data", "awaiting_approval", "ask"] = ""
    """How the climb ended whose result this is (`ladder.json` beside it); empty for a single run."""
