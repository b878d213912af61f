"""What people preferred when the same question was put to several arms, and what that shows."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from agent.records.base import Language, Record
from agent.records.evaluation import Arm

VoteVerdict = Literal["better", "tie", "all_wrong"]
"""One answer is better than the others, all are equally good, or none is right."""

Standing = Literal["a_preferred", "b_preferred", "not_enough"]


class VotedAnswer(Record):
    """What one arm had answered when the vote was given."""

    arm: Arm
    text: str | None
    """The answer; `None` once a document it may rest on was deleted."""
    sha256: str
    """Hash of the answer's text, which stays when the text has to go."""
    citations: tuple[str, ...] = ()
    """Ids of the cited chunks."""
    seconds: float
    seconds_to_first_token: float | None = None
    tokens: int = 0
    abstained: bool = False
    truncated: bool = False


class Vote(Record):
    """One verdict of one person on one comparison; one line of `votes.jsonl`."""

    id: str
    comparison: str
    """The comparison voted on; it has one standing vote at most."""
    at: str
    """UTC, ISO 8601."""
    account: str = ""
    """Who voted; empty without login."""
    question: str
    language: Language
    item: str = ""
    """Id of the sealed item the question came from; empty for a free question."""
    answers: tuple[VotedAnswer, ...] = Field(min_length=2)
    """In the order in which the columns were shown."""
    blind: bool
    """Whether names, sources and times of the arms were hidden until the vote."""
    seed: int | None = None
    """Seed of the columns' order; `None` where the order was the usual one."""
    verdict: VoteVerdict
    winner: Arm | None = None
    """The better arm; only with the verdict `better`."""
    base_model: str
    """The base model behind every arm."""
    tune_run: str | None = None
    """The tuning run behind the tuned arms; `None` if none was shown."""
    documents: tuple[str, ...] = ()
    """Ids of the documents that the arms with retrieval could read."""
    undone: str = ""
    """When the voter took it back, UTC; empty while it stands."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms in the order shown."""
        return tuple(answer.arm for answer in self.answers)

    @model_validator(mode="after")
    def _is_one_verdict(self) -> Self:
        if len(set(self.arms)) < len(self.arms):
            raise ValueError("an arm stands in two columns")
        if (self.winner is not None) != (self.verdict == "better"):
            raise ValueError("a winner belongs to the verdict `better`, and only to it")
        if self.winner is not None and self.winner not in self.arms:
            raise ValueError("the winner is none of the arms")
        return self


class PairTally(Record):
    """How often one arm was preferred to another; ties and questions that both got wrong are counted apart."""

    a: Arm
    b: Arm
    a_preferred: int
    b_preferred: int
    ties: int
    both_wrong: int
    blind: int
    """Votes of this pair that were given blind."""
    share: float | None
    """Of the decided votes, the part that preferred a; `None` without a decided vote."""
    low: float
    high: float
    """95% Wilson interval of `share`."""
    p: float
    """Exact two-sided sign test of the decided votes, Holm-adjusted over the pairs."""
    standing: Standing
    """`not_enough` while the interval holds one half, or the test does not exclude chance."""

    @property
    def votes(self) -> int:
        """All votes of the pair."""
        return self.a_preferred + self.b_preferred + self.ties + self.both_wrong


class VoteTally(Record):
    """What the votes of a project show so far."""

    pairs: tuple[PairTally, ...] = ()
    votes: int = 0
    """Votes counted."""
    repeated: int = 0
    """Earlier votes of the same person on the same question and arms; the newest one counts."""
    other_models: int = 0
    """Votes on another base model or another tuning run than the present ones; not counted."""
