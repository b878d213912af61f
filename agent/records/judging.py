"""What a judge model said of two arms' answers, what that shows, and how far people agree with it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from agent.records.base import Record
from agent.records.evaluation import Arm, Dimension

Preference = Literal["a", "b", "tie"]
"""The better one of two answers; `tie` where neither is."""

JudgeOutcome = Literal["a", "b", "tie", "failed"]
"""What a pair of answers came to; `failed` where the judge gave no readable verdict, which counts for nobody."""

Kinship = Literal["same", "other", "unknown"]
"""Whether the judge is of the base model's family, as far as their names tell."""

JudgeVerdict = Literal["a_better", "b_better", "no_difference_shown", "too_few_items"]


class HumanLabel(Record):
    """Which of two arms a person preferred on one item; one line of a file of labels."""

    item: str = Field(min_length=1)
    """Id of the item, as in `eval/items.jsonl`."""
    preferred: Arm | Literal["tie"]


class JudgeRequest(Record):
    """What a judge is asked to do; stored as `request.json` before it starts."""

    run: str
    """The finished evaluation whose answers are judged."""
    a: Arm
    b: Arm
    model: str
    """`builtin`, a folder, or `openai:<model>`."""
    dimensions: tuple[Dimension, ...] | None = None
    """Spokes to judge; `None` means the two of domain knowledge."""
    limit: int | None = Field(default=None, ge=1)
    """Most items of every dimension; `None` means all. The sample is stratified as an evaluation's."""
    labels: tuple[HumanLabel, ...] = ()
    """Preferences of people besides the blind votes; labelled items are judged whether or not the sample holds them."""
    seed: int = 0

    @model_validator(mode="after")
    def _compares_two(self) -> Self:
        if self.a == self.b:
            raise ValueError("a judge compares two different arms")
        return self


class Judgement(Record):
    """What the judge said of one pair of answers; one line of `eval/judgements.jsonl`. It holds none of their words."""

    item: str
    """Id of the item, or of the vote whose answers were judged."""
    kind: Literal["item", "vote"]
    model: str
    a: Arm
    b: Arm
    dimension: Dimension | None = None
    """Of the item; `None` for a vote."""
    sampled: bool = True
    """Whether it counts for the score; what was judged only to compare with people does not."""
    a_first: Preference | None = None
    """Verdict with the answer of `a` shown first; `None` where it failed or was not asked."""
    b_first: Preference | None = None
    """Verdict with the answer of `b` shown first."""
    outcome: JudgeOutcome
    """The verdict both orders share; two that disagree are a tie."""
    same: bool = False
    """Whether both arms said the same, so that nobody was asked: a tie."""
    error: str = ""
    """Why there is no verdict; empty if there is."""


class JudgeScore(Record):
    """How often each arm was preferred on one dimension, and what that shows."""

    dimension: Dimension
    n: int
    """Pairs with a verdict; what failed is not among them."""
    a_preferred: int
    b_preferred: int
    ties: int
    """Both orders agreed on a tie, the orders disagreed, or both arms said the same."""
    disagreed: int
    """Ties because the judge changed its mind with the order."""
    same: int
    """Ties because both arms said the same."""
    failed: int
    """Pairs without a readable verdict; counted apart, for nobody."""
    unanswered: int
    """Items that one of the arms failed to answer; not judged."""
    share: float | None
    """Of the pairs with a winner, the part that preferred `b`; `None` without one."""
    low: float
    high: float
    """95% Wilson interval of `share`, of as many pairs as their documents are worth."""
    difference: float
    """Share of all pairs that preferred `b` minus the share that preferred `a`."""
    difference_low: float
    difference_high: float
    """95% interval of the paired difference, clustered by document."""
    p: float
    """Two-sided, Holm-adjusted over the dimensions judged."""
    smallest_detectable: float
    """Smallest difference these pairs can show, as a fraction."""
    verdict: JudgeVerdict


class JudgeAgreement(Record):
    """How often the judge said what people had said of the same two answers."""

    n: int
    """Human labels that a verdict stands beside."""
    votes: int
    """Those of them that are blind votes; the others came from a file."""
    agreed: int
    share: float | None
    """`agreed / n`; `None` without a label."""
    low: float
    high: float
    """95% Wilson interval of `share`."""
    kappa: float | None
    """Cohen's kappa over a, b and tie: agreement beyond what the two would reach by chance; `None` where it has no
    value, as when both always say the same one thing."""
    decided: int
    """Labels where neither side said tie."""
    decided_agreed: int
    enough: bool
    """Whether there are as many labels as a judge's score needs beside it (`thresholds.judge_labels`)."""
    named: int = 0
    """Votes left out because the voter saw the arms' names."""
    other_models: int = 0
    """Blind votes left out because another base model or tuned model answered than in the evaluation."""
    unjudged: int = 0
    """Labels and blind votes without a verdict: the judge failed, or the words are gone."""


class JudgeReport(Record):
    """What one judge found of two arms of one evaluation; `judge --json`."""

    run: str
    """The evaluation."""
    model: str
    base_model: str
    a: Arm
    b: Arm
    kinship: Kinship
    scores: tuple[JudgeScore, ...]
    agreement: JudgeAgreement
    first_preferred: int
    """Of the pairs that the order decided, those in which the answer shown first was preferred."""
    order_decided: int
    """Pairs in which each order named another winner: the judge kept to a place."""
    calls: int
    """Verdicts asked for in all, those of earlier tries included."""
    asked_again: int = 0
    """Those of them that were made because an earlier reply named no verdict."""
    failure: str = ""
    """What went wrong with the first pair that has no verdict."""
    left_out: dict[Dimension, int] = Field(default_factory=dict)
    """Items beyond the limit, by dimension."""
    notes: tuple[str, ...] = ()
    """What must be known to read the figures; how far people agree comes first."""
    files: dict[str, str] = Field(default_factory=dict)
    """Names in the evaluation's `eval` folder."""


class JudgeFindings(Record):
    """All judges' reports on one evaluation; `eval/judge.json`. One judge's newest report on two arms stands."""

    reports: tuple[JudgeReport, ...] = ()
