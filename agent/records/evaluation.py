"""Sealed items, estimates with their uncertainty, comparisons and the report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.records.base import Language, Record
from agent.records.corpus import Retrieved
from agent.records.set_check import CheckFigures

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
    harness: tuple[str, ...] = ()
    """Tasks of lm-evaluation-harness to ask `base` and `tuned` too: names of its own, YAML files, folders of them."""
    limit: int | None = Field(default=None, ge=1)
    """Most items of every dimension; `None` means all. The sample is stratified; the report says what was left out."""
    limits: dict[Dimension, int] = Field(default_factory=dict)
    """Most items of single dimensions; these go before `limit`."""
    k: int = Field(default=5, ge=1)
    """Chunks retrieved for each question."""
    passages: int | None = Field(default=None, ge=1, le=50)
    """Most passages a reader is shown; `None` takes the setting's."""
    passage_characters: int | None = Field(default=None, ge=40)
    """Characters of all passages together; `None` takes the setting's."""
    abstain_below: float | None = Field(default=None, ge=0, le=1)
    """Evidence of the search below which nothing is read; `None` takes the setting's."""
    max_new_tokens: int = Field(default=24, ge=1)
    """Tokens of a short answer; items whose accepted answer is longer, and instructions, get more (see the report)."""
    most_tokens: int | None = Field(default=None, ge=1)
    """Limit of every answer, whatever an item needs, as where the model is served with one; `None` sets none."""
    seed: int = 0


class ItemRetrieval(Record):
    """What retrieval found for one item; one line of `eval/retrieved.jsonl`.

    Written by the owner of the index before the worker starts, so that the worker opens no index.
    """

    item: str
    """Item id."""
    retrieved: tuple[Retrieved, ...]
    """Best first."""
    seconds: float = 0.0
    """Of the search; 0 where it was not timed."""
    further: tuple[str, ...] = ()
    """Ids of the chunks that came next and are not read, best first: they tell how far away a missed one was."""


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
    unread: bool = False
    """Whether the search doubted what it found so much that the model was shown none of it."""
    truncated: bool = False
    quoted: bool = False
    """Whether the passage's own words stand in for what the model said."""
    seconds: float = 0.0
    tokens: int = 0
    """Tokens of the text; of a term, the pieces that the tokenizer cuts it into."""
    round_trip: bool | None = None
    """Whether the tokenizer gives a term back unchanged; `None` for what is no term, and in older answers."""


class Estimate(Record):
    """A mean with its 95% interval."""

    mean: float
    low: float
    high: float
    n: int
    """Items scored."""
    effective_n: float | None = None
    """Independent items that tell as much as these do, which share documents (else facts); the interval of a rate is
    Wilson's for so many. `None` in older reports."""
    chance: float
    """What guessing would score."""
    normalised: float
    """(mean - chance) / (1 - chance), cut at 0: the radar value."""
    normalised_low: float | None = None
    """Lower end of the radar value's 95% interval; `None` in older reports."""
    normalised_high: float | None = None
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
    """Two-sided, Holm-adjusted over the report's comparisons: McNemar's test for rates, exact or of clustered pairs; by
    t over the clusters for graded scores."""
    n: int
    verdict: Literal["a_better", "b_better", "no_difference_shown", "too_few_items"]
    smallest_detectable: float | None = None
    """Smallest difference this n can show with 80% power at 5%, as a fraction; of as many independent items as the
    clusters are worth."""
    more_items: int | None = None
    """Items to add until a difference of five points (`thresholds.fine_difference`) can be shown; 0 if it can."""
    discordance: float | None = None
    """Share of the pairs on which exactly one arm is right; `None` for graded scores."""
    design: float = 1.0
    """How many times the variance of independent pairs their clusters (documents, else facts) make it; at least 1."""


class Renewal(Record):
    """One step by which a changed document reaches an arm."""

    step: Literal["ingest", "extract", "mix", "tune"]
    seconds: float | None
    """What the project's last one took; `None` where none is recorded."""


class ArmCost(Record):
    """What an arm takes on this machine, measured on the questions that every arm is asked."""

    questions: int
    """Answers behind the figures."""
    seconds: float | None
    """Median seconds from the start of an answer's batch to its last token; `None` where nothing was written."""
    search_seconds: float
    """Median seconds of the search before it; 0 for an arm that searches nothing, or where it was not timed."""
    tokens: float
    """Tokens of an answer, mean."""
    machine_seconds: float | None
    """Seconds of the machine for 1,000 questions, search included, asked in batches as here; `None` if not timed."""
    price: float | None
    """Price of 1,000 questions by the setting `price_per_hour`; `None` without one."""
    peak_gib: float | None
    """Largest memory while it answered, GiB: of the device, or without one of the process with model and adapter."""
    renewal: tuple[Renewal, ...]
    """Steps by which a changed document reaches the arm, in order; none where it never does."""


class GroupCost(Record):
    """What a group of answers took; one line of `eval/spent.jsonl`."""

    arm: Arm
    dimension: Dimension
    answers: int
    seconds: float
    """Of the machine, for all of them."""
    peak_gib: float


class HarnessScore(Record):
    """What one arm scored on one task of lm-evaluation-harness, by one of the task's metrics."""

    task: str
    metric: str
    """The harness's own name, such as `acc`; never made one with a dimension of ours."""
    filter: str
    """How the harness read the answers; `none` where it took them as they are."""
    value: float
    low: float | None
    """Lower end of the 95% interval: Wilson's for a rate, else 1.96 standard errors; `None` where there are none."""
    high: float | None
    stderr: float | None
    """The harness's standard error."""
    n: int
    """Items asked."""
    higher_is_better: bool | None


class HarnessDifference(Record):
    """The paired difference tuned - base on the items of one task."""

    task: str
    metric: str
    filter: str
    difference: float
    low: float
    high: float
    n: int


class HarnessReport(Record):
    """What tasks of lm-evaluation-harness said; `eval/harness.json`. Their scores are an addition and never pooled."""

    version: str
    """Of lm-evaluation-harness."""
    arms: dict[Arm, tuple[HarnessScore, ...]]
    differences: tuple[HarnessDifference, ...] = ()
    limit: int | None = None
    """Most items of every task; the first ones of each."""


class Decided(Record):
    """What an evaluation speaks for, the rule that decided, and the comparison that proves it."""

    method: Literal["prompt", "rag", "finetune", "rag+finetune", "insufficient_evidence"]
    measured: bool
    """Whether a measurement decided, and not a rule on the profile alone."""
    rule: str
    """Name of the rule that decided, as `ship_rag`."""
    reasons: tuple[str, ...]
    """In the language of the report; the rule that decided speaks first."""
    comparison: Comparison | None
    """What the rule rests on; `None` where it rests on one arm's level or on the profile."""
    profile_sha256: str = ""
    """Hash of the profile it was decided by (`Profile.sha256`); empty in older reports."""


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
    costs: dict[Arm, ArmCost] = Field(default_factory=dict)
    """What every arm takes; empty in reports made before it was measured."""
    decided: Decided | None = None
    """What follows, as the project's profile then stood; `decide` judges anew. `None` in older reports."""
    recall: float | None = None
    """Share of answerable knowledge items whose retrieved context held an accepted answer; `None` without `rag`."""
    spot_check: CheckFigures | None = None
    """What a person found among items drawn from the sealed set, as far as then known; `None` without a sample."""
    notes: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    harness: HarnessReport | None = None
    """Tasks of lm-evaluation-harness, where they were asked for."""
