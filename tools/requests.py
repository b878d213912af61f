"""What the tools without a job are asked for; the others' requests stand with their capability."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.evaluation import Arm, Dimension
from agent.records.pairs import PairStatus
from agent.records.tuning import Method


class ProfileRequest(Record):
    """Facts of a team's task to keep in the project's profile."""

    facts: dict[str, Any] = Field(default_factory=dict)
    """Values by profile field, as `decide --profile` takes them; a later value replaces an earlier one."""
    forget: tuple[str, ...] = ()
    """Fields that are unknown again."""


class NoRequest(Record):
    """A tool that needs to be told nothing."""


PlanSubject = Literal["training", "inference", "both", "time", "cost"]
"""What a plan is asked about."""
LENGTHS: Final = (8, 1_000_000)
"""Tokens of an example, fewest and most, that a plan is made for."""
MOST_BATCH: Final = 1 << 16
"""Examples of a step, likewise."""
MOST_TOKENS: Final = 10**15
"""Training tokens, likewise."""


class PlanRequest(Record):
    """Which device and model to plan for."""

    device: str = "this machine"
    """A name of the device catalogue, or `this machine`."""
    count: int = Field(default=1, ge=1)
    params_b: float | None = Field(default=None, gt=0)
    """Thousand millions of parameters; `None` takes the base model of the settings."""
    method: Method | None = None
    """The method that was asked for, if one was."""
    about: PlanSubject = "training"
    """What is answered first: which methods train the model, whether it can be answered with, both, or how long a
    training takes, with what it costs."""
    length: int | None = Field(default=None, ge=LENGTHS[0], le=LENGTHS[1])
    """Tokens of a training example, or of the conversation that must fit; `None` takes the usual."""
    batch: int | None = Field(default=None, ge=1, le=MOST_BATCH)
    """Examples an optimizer step; `None` takes the usual."""
    tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    """Training tokens that times are told for; `None` takes a million."""


class TuneAsk(Record):
    """A wish to train; the policy turns it into a request."""

    method: Method | Literal["auto"] = "auto"
    mix: str | None = None
    """Mix id; the newest by default."""
    epochs: float | None = Field(default=None, gt=0)
    rank: int | None = Field(default=None, ge=1)
    learning_rate: float | None = Field(default=None, gt=0)
    seed: int = 0
    climb_to: Method | None = None
    """Climb the ladder by its measured gates, at most up to this rung; by default one run is trained."""
    target: float | None = Field(default=None, gt=0, le=1)
    """Accuracy a climb aims at, the profile's by default; alone it measures whether the first rung meets it."""


class IngestAsk(Record):
    """Files and folders to read, as a person names them."""

    paths: tuple[str, ...] = Field(min_length=1)


class DiagnoseRequest(Record):
    """Which failures to explain."""

    run: str | None = None
    """Evaluation run; the newest by default."""
    arm: Arm | None = None
    dimension: Dimension | None = None
    """Only items of this dimension."""
    topic: str | None = None
    """Only items that speak of this, e.g. `prices`."""


class CompareRequest(Record):
    """One question to several arms."""

    question: str = Field(min_length=1, max_length=4000)
    arms: tuple[Arm, ...] | None = None
    """All that the project can answer with by default."""
    k: int = Field(default=5, ge=1, le=20)


class ReviewRequest(Record):
    """Which pairs to show."""

    status: PairStatus | None = None
    containing: str = ""
    limit: int = Field(default=5, ge=1, le=50)


class RejectRequest(Record):
    """Pairs to take out of training."""

    ids: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=1)


class GuideRequest(Record):
    """A question to the guide."""

    question: str = Field(min_length=1)


class MachineRequest(Record):
    """Devices to look at, or to compare with each other and with what was measured."""

    devices: tuple[str, ...] = ()
    """Names of the device catalogue, or `this machine`; none means this machine."""
    params_b: float | None = Field(default=None, gt=0)
    """Size of the model that speeds are compared for, thousand millions of parameters; `None` takes the profile's."""
    about: Literal["speed", "cost"] = "speed"
    """What is answered: how fast they are, or what tokens cost by the prices given."""


class CancelRequest(Record):
    """The job to stop."""

    job: str | None = None
    """Job id; the running one by default."""
