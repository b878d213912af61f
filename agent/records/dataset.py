"""What is known of a project's pairs as a dataset: coverage, balance, diversity, repeats, errors found by people."""

from __future__ import annotations

from pydantic import Field

from agent.records.base import Record


class SectionCoverage(Record):
    """One section of a document with the pairs made from it: a cell of the heat map."""

    document: str
    """Document id."""
    section: str
    """Headings above the passages, outermost first, joined by ` > `; the title where there is none."""
    characters: int
    pairs: int
    """Accepted pairs whose quote begins in the section."""
    facts: int
    """Distinct facts behind them."""
    density: float
    """Facts per 1,000 characters."""


class DocumentCoverage(Record):
    """One document with the pairs made from it."""

    document: str
    """Document id."""
    name: str
    held_out: bool
    """True if no pair may come from it."""
    characters: int
    sections: int
    sections_covered: int
    """Sections with at least one accepted pair."""
    pairs: int
    """Accepted pairs."""
    facts: int
    by_kind: dict[str, int]


class Spread(Record):
    """How a length is distributed; characters."""

    n: int
    low: float
    """5th percentile."""
    median: float
    high: float
    """95th percentile."""
    longest: int


class Diversity(Record):
    """How varied the questions of one language are."""

    n: int
    distinct_1: float
    """Different words / words; a Chinese character is a word. Falls with size: compare datasets of one size."""
    distinct_2: float
    """Different pairs of neighbouring words / such pairs."""
    openings: dict[str, int]
    """The commonest beginnings, two words or four Chinese characters, with their counts."""
    commonest_opening: float
    """Share of questions with the commonest beginning."""


class Repeats(Record):
    """Questions that are nearly the same although their facts differ."""

    pairs: int
    """Accepted closed-book pairs with such a twin."""
    share: float
    samples: tuple[tuple[str, str], ...]
    """Ids of some such pairs."""


class Imbalance(Record):
    """Two groups of very different size."""

    by: str
    """`kind`, `language` or `document`."""
    largest: str
    smallest: str
    ratio: float
    """Pairs of the largest / pairs of the smallest that has any."""


class SpotCheck(Record):
    """What people found among pairs drawn by chance from those that passed the checks."""

    reviewed: int
    """Drawn pairs that a person has looked at."""
    wrong: int
    """Of these, rejected or edited."""
    rate: float | None
    """Wrong / reviewed; `None` if nobody looked."""
    low: float
    """Lower end of Wilson's 95% interval."""
    high: float
    sample: tuple[str, ...]
    """Ids of the drawn pairs that nobody has looked at yet; the same for the same pairs."""


class RejectSample(Record):
    """One rejected pair, as an example of its reason."""

    id: str
    question: str
    answer: str
    reason: str


class Rejects(Record):
    """Rejected pairs of one kind of reason."""

    reason: str
    """Name of the check, `conflict`, or a person's words."""
    count: int
    samples: tuple[RejectSample, ...]


class DatasetReport(Record):
    """The report on a project's pairs; `dataset.json` and the shape of `dataset --json`."""

    project: str
    pairs: int
    """Accepted pairs."""
    pending: int
    rejected: int
    facts: int
    documents: tuple[DocumentCoverage, ...]
    sections: tuple[SectionCoverage, ...]
    documents_without_pairs: tuple[str, ...]
    """Names of documents that may teach and have no accepted pair."""
    kinds: dict[str, int]
    sources: dict[str, int]
    languages: dict[str, int]
    splits: dict[str, int]
    question_lengths: Spread
    answer_lengths: Spread
    wordings_per_fact: float
    """Mean number of accepted pairs of a fact."""
    diversity: dict[str, Diversity]
    """By language."""
    repeats: Repeats
    imbalance: tuple[Imbalance, ...]
    """Those over 10:1 (`policy.md`, data first)."""
    spot_check: SpotCheck
    rejects: tuple[Rejects, ...]
    files: dict[str, str] = Field(default_factory=dict)
