"""What is known when the question is whether to leave a rung of the ladder, and the record of a climb."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Record
from agent.records.decision import Reason, RungDecision
from agent.records.diagnosis import Fix
from agent.records.evaluation import Dimension, Estimate
from agent.records.hardware import MethodFit
from agent.records.tuning import Method

GateName = Literal["data", "target", "plateau", "curve", "pilot"]
"""What must hold before a rung is left upward, in the order in which it is looked at: data first, costly last."""
GateState = Literal["open", "shut", "unmeasured"]
CheckName = Literal["grounded", "duplicates", "leakage", "form", "coverage", "balance", "wordings", "replay"]
"""The checks of the data, in the order of the data-first rule."""


class Paired(Record):
    """The paired difference of two runs on the same items, the later minus the earlier."""

    difference: float
    low: float
    high: float
    """95% interval."""
    p: float
    """Two-sided: McNemar's exact test for right/wrong scores, else from the bootstrap."""
    n: int
    """Items that both answered."""


class CurvePoint(Record):
    """One point of the learning curve."""

    share: float = Field(gt=0, le=1)
    """Part of the training data used, e.g. 0.25."""
    score: float = Field(ge=0, le=1)
    """Accuracy on the sealed items."""
    low: float | None = None
    high: float | None = None
    """95% interval of the score."""
    pairs: int = 0
    """Domain examples behind it; 0 if nobody counted."""
    run: str = ""
    """Run folder of the training behind it."""


class Extrapolation(Record):
    """What more data of the same kind would bring, by a line through the score over the logarithm of the pairs."""

    pairs: int
    """Domain examples of the whole mix."""
    doubling: float
    """Gain of twice the pairs, a fraction."""
    low: float
    high: float
    """95% interval of that gain: items resampled in clusters; it says nothing of the luck of a training's seed."""
    at_double: float
    """Score foreseen with twice the pairs, a fraction."""
    pairs_for_target: int | None
    """Pairs at which the line meets the target; `None` if it does not rise, or meets it only beyond a thousandfold."""
    pairs_low: int | None = None
    pairs_high: int | None = None
    """95% interval of these pairs; `None` at an end that the items leave open."""


class Pilot(Record):
    """A short run of what might come next, beside a run of this rung with the same seed, data and steps."""

    method: Method
    rank: int | None = None
    steps: int = 0
    """Optimizer steps of both."""
    loss: float
    """Training loss the pilot reached: the mean over the last part of its steps."""
    reference: float | None = None
    """Training loss this rung reached in as many steps; `None` takes the end of the rung's own losses."""
    gain: Paired | None = None
    """Score of the pilot minus that of the reference on the same sealed items."""
    seconds: float | None = None
    """What the pilot's training took."""
    run: str = ""
    """Run folder of the pilot."""


class ShorterRun(Record):
    """The run of a rung in half as many steps, its learning rate gone down as far, with the same data and seed."""

    steps: int
    """Optimizer steps planned."""
    losses: tuple[float, ...]
    """Training losses in the order of the steps."""
    validation_loss: float | None = None
    """Lowest validation loss; `None` if none was read."""
    gain: Paired | None = None
    """Score with all steps minus score with half of them, on the same sealed items."""
    run: str = ""
    """Run folder of the training behind it."""


class RungEvidence(Record):
    """What a finished run on one rung has shown; what was not measured stays empty and never speaks for climbing."""

    method: Method
    """The rung the run stands on."""
    rank: int | None = None
    """LoRA rank of the run, on all linear layers."""
    epochs: float | None = None
    batch_size: int | None = None
    """Epochs of the run and examples a step, for the commands that change them."""
    target: float | None = Field(default=None, ge=0, le=1)
    """Accuracy that is good enough; `None` takes the default."""
    score: Estimate | None = None
    """Accuracy of the run on the sealed items."""
    data_checks: dict[str, bool] = Field(default_factory=dict)
    """Check of the data to whether it passed, e.g. `duplicates`."""
    learning_curve: tuple[CurvePoint, ...] = ()
    curve_gain: Paired | None = None
    """Score with all of the data minus score with half of it, on the same items."""
    losses: tuple[float, ...] = ()
    """Training losses in the order of the steps."""
    validation_losses: tuple[float, ...] = ()
    """Validation losses in the order of the readings; empty where the mix holds nothing back."""
    shorter: ShorterRun | None = None
    """The same run in half as many steps, where the loss still fell at the end of this one."""
    pilots: tuple[Pilot, ...] = ()
    """Pilots of higher rungs."""
    out_of_memory: bool = False
    """Whether the run stopped for lack of memory."""
    fits: tuple[MethodFit, ...] = ()
    """What the device carries, from `agent.policy.memory.fit`."""
    pretraining_tokens: int = Field(default=0, ge=0)
    """Tokens of continued pre-training that are planned; 0 for fine-tuning on pairs."""


class Gate(Record):
    """One condition for leaving a rung, as the evidence has it."""

    name: GateName
    state: GateState
    """`open`: it holds; `shut`: it does not; `unmeasured`: nobody knows."""
    reason: Reason
    figures: dict[str, float | None] = Field(default_factory=dict)
    """The figures it was decided by, fractions unless the name says otherwise."""


class DataFigures(Record):
    """What was found in the data of a mix; ids of the examples concerned."""

    pairs: int
    """Domain examples of the mix."""
    unsourced: int = 0
    """Of these, examples without a passage to hold them against."""
    ungrounded: tuple[str, ...] = ()
    """Examples whose passage does not bear out the answer, or that were rejected since the mix was made."""
    conflicting: tuple[str, ...] = ()
    """Examples whose question is answered otherwise by another example."""
    duplicates: tuple[str, ...] = ()
    """Examples that repeat another, question and answer."""
    leaks: tuple[str, ...] = ()
    """Examples that share something with a sealed item."""
    malformed: tuple[str, ...] = ()
    """Examples with marks of a chat template, broken characters, or a reply that only repeats the question."""
    documents: int = 0
    """Documents that may teach."""
    uncovered: tuple[str, ...] = ()
    """Ids of those without an example."""
    balance: float | None = None
    """Examples of the largest kind, language or document / those of the smallest; `None` with nothing to compare."""
    unbalanced: str = ""
    """What that ratio compares, as `kind: table / factual`."""
    wordings: float | None = None
    """Mean wordings of a fact; `None` where the mix does not teach facts."""
    general_share: float = 0.0
    """General examples / examples."""


class DataCheck(Record):
    """One check of the data."""

    name: CheckName
    passed: bool
    found: float
    """The figure that was held against the limit."""
    limit: float
    reason: Reason
    targets: tuple[str, ...] = ()
    """Ids of the examples or documents concerned."""


class LadderStep(Record):
    """One finished training of a climb."""

    purpose: Literal["rung", "half", "curve", "reference", "pilot"]
    method: Method
    rank: int | None
    share: float
    """Part of the training data used."""
    run: str
    """Run folder."""
    steps: int
    """Optimizer steps."""
    seconds: float
    """Training alone."""
    peak_gib: float
    """Most memory of the job up to its end, GiB."""
    loss: float
    """Training loss at the end: the mean over the last part of the steps."""
    score: float | None
    """Accuracy on the sealed items; `None` if there are none."""
    taken_over: bool = False
    """Whether an earlier job had trained it already."""
    why: str
    """What it was trained for, in words."""
    consent: Literal["plan", "rung"]
    """On which yes it ran: that to the climb and its measurements, or that to higher rungs."""


class Rung(Record):
    """One rung of a climb: what was measured there and what followed."""

    evidence: RungEvidence
    gates: tuple[Gate, ...]
    extrapolation: Extrapolation | None = None
    rank_gain: Paired | None = None
    """Score of this rank minus that of the lower rank on the same rung, on the same items."""
    decision: RungDecision
    run: str
    """Run folder of the rung's own training; empty if it did not come to its end."""


LadderOutcome = Literal["done", "mend_data", "awaiting_approval", "ask"]


class LadderRecord(Record):
    """What a climb did and why; `ladder.json` of its run folder."""

    run: str
    project: str
    mix: str
    dimension: Dimension
    """Sealed items that counted for the target."""
    target: float
    target_from: Literal["request", "profile", "default"]
    climb_to: Method
    """Highest rung that was agreed to in advance."""
    start: RungDecision
    figures: DataFigures
    checks: tuple[DataCheck, ...]
    rungs: tuple[Rung, ...]
    steps: tuple[LadderStep, ...]
    outcome: LadderOutcome
    chosen: str
    """Run folder of the training whose weights are the result; empty if none came to its end."""
    fixes: tuple[Fix, ...] = ()
    """What to do next, data first."""
    seconds: float
    """Training of all steps, those taken over left out."""
    thresholds: dict[str, float] = Field(default_factory=dict)
    """The numbers the gates were decided by, where they differ from the defaults."""
