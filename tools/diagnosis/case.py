"""What is known of one failed item: the records a cause is tested against, gathered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.records.diagnosis import Preamble
from agent.records.evaluation import Arm, Item, ItemAnswer
from agent.records.tuning import TuneResult

Evidence = dict[str, str | float | bool | None]
"""What a test for a cause saw."""


@dataclass(frozen=True)
class Passage:
    """A retrieved chunk."""

    id: str
    document: str
    start: int
    end: int
    text: str
    """With its title and headings, as the index saw it."""


@dataclass(frozen=True)
class Room:
    """What a reader may be shown."""

    passages: int
    """At most."""
    characters: int
    """Of all passages together."""


@dataclass(frozen=True)
class Taught:
    """A training pair that words the item's fact, or nearly its question."""

    id: str
    question: str
    answer: str
    quote: str
    """What the answer rests on; empty if unknown."""
    same_fact: bool


@dataclass(frozen=True)
class Case:
    """One failed item of one arm with all the evidence there is; what is unknown is `None` or empty."""

    item: Item
    answer: ItemAnswer
    others: Mapping[Arm, ItemAnswer] = field(default_factory=dict)
    """What the other arms answered to the same item."""
    source_known: bool = False
    """Whether the item's document is in the project."""
    source: str = ""
    """Text of the item's document."""
    support: str = ""
    """Id of a passage anywhere in the project that answers the question with an accepted answer."""
    conflicting: str = ""
    """Id of another sealed item that gives the same question or fact another answer."""
    retrieved: tuple[Passage, ...] | None = None
    """Top k of retrieval, before any cutting; `None` for an arm without retrieval."""
    further: tuple[Passage, ...] = ()
    """What retrieval found next, beyond k."""
    search_evidence: float | None = None
    """Probability that what was found answers, as the search judges it; `None` where it does not judge."""
    abstain_below: float = 0.5
    """Evidence below which nothing was read."""
    room_needed: Room | None = None
    """The smallest context that would have shown a gold answer; `None` where it was shown, or none would."""
    token_limit: int | None = None
    """Limit of tokens that the evaluation set for every answer; `None` without one."""
    tokens_needed: int = 0
    """Tokens that an answer to this item gets without that limit."""
    teaches_document: bool = False
    """Whether training pairs were made of the item's document."""
    taught: tuple[Taught, ...] = ()
    preambles: tuple[Preamble, ...] = ()
    """What failed answers of this evaluation repeat from training pairs in place of an answer."""
    rivals: tuple[str, ...] = ()
    """Different answers to known questions that say everything this question says, and more."""
    tuning: TuneResult | None = None
    general_drop: float | None = None
    """Upper limit of the interval of general ability, tuned less base; `None` if not compared."""

    @property
    def passage(self) -> str:
        """The gold passage where it is known, else the whole document."""
        return self.item.context or self.source

    @property
    def oracle_right(self) -> bool | None:
        """Whether the base model answers from the gold passage; `None` if it was not asked."""
        return passed(self.others.get("oracle"))

    @property
    def shown(self) -> str | None:
        """What the model could read, at least as much as it saw; `None` for a closed book."""
        if self.answer.context_has_gold is None and not self.answer.retrieved:
            return None
        if self.retrieved is not None:
            return "\n\n".join(passage.text for passage in self.retrieved)
        return self.item.context


def passed(answer: ItemAnswer | None) -> bool | None:
    """Whether an answer is right; `None` if there is none or it was not scored."""
    if answer is None or answer.score is None:
        return None
    return answer.score >= PASS


PASS = 0.5
"""Score from which an item does not count as failed; graded scores lie between 0 and 1."""
