"""Sealed items, estimates with their uncertainty, comparisons and the report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Language, Record
from agent.records.corpus import Retrieved

Arm = Literal["base", "rag", "oracle", "tuned", "tuned+rag"]
ARMS: tuple[Arm, ...] = ("base", "rag", "oracle", "tuned", "tuned+rag")

Dimension = Literal[
    "tokenization",
    "syntax",
    "disambiguation",
    "understanding",
    "domain_knowledge",
    "domain_knowledge_held_out",
    "instruction_following",
    "faithfulness",
    "general_ability",
]
"""The spokes of the radar; `domain_knowledge_held_out` is the line for facts of documents no pair was made from."""

ItemKind = Literal["skill", "knowledge", "general"]
AnswerForm = Literal["free", "choice", "minimal_pair", "constraint"]


class Item(Record):
    """One sealed validation item; one line of `validation.jsonl`."""

    id: str
    kind: ItemKind
    dimension: Dimension
    form: AnswerForm = "free"
    language: Language
    question: str
    answers: tuple[str, ...] = ()
    """Accepted answers, canonical first; empty for an unanswerable item."""
    options: tuple[str, ...] = ()
    """Options of a choice item; the two sentences of a minimal pair, well-formed first."""
    correct: int | None = None
    """Index of the right option."""
    constraint: dict[str, str | int | list[str]] = Field(default_factory=dict)
    """Constraint of an instruction item, see `tools/evaluation/data/README.md`."""
    document: str = ""
    """Id of the document that holds the answer; the cluster of the bootstrap."""
    start: int | None = None
    end: int | None = None
    """Offsets of the gold passage in the document's text, where known."""
    context: str = ""
    """Gold passage; the context of the oracle arm and of reading items."""
    fact: str = ""
    """Wordings of one fact share this id."""
    question_kind: str = ""
    """numeric, factual, table, … for stratification and for the report."""
    answerable: bool = True
    source: str = ""
    """`auto`, `company`, or the file the item came from."""


class EvaluateRequest(Record):
    """What an evaluation is asked to do; stored as `request.json` before it starts."""

    arms: tuple[Arm, ...] | None = None
    """Arms to compare; `None` means every arm that is possible: tuned arms need a finished tuning run."""
    tune_run: str | None = None
    """Name of the tuning run; `None` means the latest."""
    dimensions: tuple[Dimension, ...] | None = None
    """Spokes to measure; `None` means all that have items."""
    questions: tuple[str, ...] = ()
    """Question files to ask instead of the sealed items; the sealed items stay as they are."""
    limit: int | None = Field(default=None, ge=1)
    """Most items of every dimension; `None` means all. The sample is stratified; the report says what was left out."""
    limits: dict[Dimension, int] = Field(default_factory=dict)
    """Most items of single dimensions; these go before `limit`."""
    k: int = Field(default=5, ge=1)
    """Chunks retrieved for each question."""
    max_new_tokens: int = Field(default=24, ge=1)
    """Tokens of a short answer; items whose accepted answer is longer, and instructions, get more (see the report)."""
    seed: int = 0


class ItemRetrieval(Record):
    """What retrieval found for one item; one line of `eval/retrieved.jsonl`.

    Written by the owner of the index before the worker starts, so that the worker opens no index.
    """

    item: str
    """Item id."""
    retrieved: tuple[Retrieved, ...]
    """Best first."""


class ItemAnswer(Record):
    """What one arm answered to one item, and how it scored; one line of `eval/answers.jsonl`."""

    item: str
    arm: Arm
    text: str
    score: float | None
    """0 to 1; `None` if the arm failed to answer (counted apart, never as 0)."""
    f1: float | None = None
    """Token F1 (characters for Chinese) where the item has free answers."""
    error: str = ""
    retrieved: tuple[str, ...] = ()
    """Chunk ids in the context, best first."""
    context_has_gold: bool | None = None
    """Whether the context shown to the model holds a gold answer; `None` for closed-book arms."""
    abstained: bool = False
    truncated: bool = False
    quoted: bool = False
    """Whether the passage's own words stand in for what the model said."""
    seconds: float = 0.0
    tokens: int = 0


class Estimate(Record):
    """A mean with its 95% interval."""

    mean: float
    low: float
    high: float
    n: int
    """Items scored."""
    chance: float
    """What guessing would score."""
    normalised: float
    """(mean - chance) / (1 - chance), cut at 0: the radar value."""
    errors: int
    """Items the arm failed to answer or the judge failed to score; not in `n`."""


class Comparison(Record):
    """The paired difference b - a on the same items."""

    a: Arm
    b: Arm
    dimension: Dimension
    difference: float
    low: float
    high: float
    p: float
    """McNemar's exact p for rates, else from the bootstrap; Holm-adjusted over the report's comparisons."""
    n: int
    verdict: Literal["a_better", "b_better", "no_difference_shown", "too_few_items"]
    smallest_detectable: float | None = None
    """Smallest difference this n can show with 80% power at 5%, as a fraction."""


class EvaluationReport(Record):
    """Everything one evaluation measured; `evaluate --json` and `eval/report.json`."""

    run: str
    tune_run: str | None
    base_model: str
    items_sha256: str
    """Hash of the sealed item file."""
    languages: tuple[Language, ...]
    arms: dict[Arm, dict[Dimension, Estimate]]
    comparisons: tuple[Comparison, ...]
    seconds: dict[Arm, float]
    """Median seconds per answer."""
    recall: float | None = None
    """Share of answerable knowledge items whose retrieved context held an accepted answer; `None` without `rag`."""
    notes: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
