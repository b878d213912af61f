"""Asks a model the planned tasks and scores what it says; what fails is kept as an error, never as a 0."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.errors import CancelledError, RefusedError
from agent.progress import Reporter
from agent.prompts.forms import ABSTENTION
from agent.records.evaluation import Item, ItemAnswer
from tools.evaluation.arms import KEPT_TO_ITS_PASSAGE, TUNED, ArmModel, BuiltContext, Reading, Task
from tools.evaluation.constraints import satisfies
from tools.evaluation.scoring import (
    abstention_score,
    best_option,
    carries_term,
    holds,
    judge,
    prefers_first,
    supported_share,
    token_f1,
)
from tools.generated import Generated

BATCH: Final = 32
"""Tasks handed to the model at once; small enough for a live progress bar, large enough to batch by length."""
BATCH_SCORED: Final = 256
"""Tasks scored at once: more of them have a beginning in common, and scoring tells its progress on the way."""
SETTLED: Final = 0.03
"""Share of the work after which its pace tells the time left."""


@dataclass(frozen=True)
class Relay:
    """Passes the progress of one call on as progress of the whole."""

    inner: Reporter
    forward: Callable[[float], None]

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        """Pass on the finished share of the call."""
        del unit, message
        self.forward(done / total if total else 0.0)

    def metric(self, **data: Any) -> None:
        """Pass the readings on."""
        self.inner.metric(**data)

    def note(self, message: str) -> None:
        """Pass the note on."""
        self.inner.note(message)

    def check(self) -> None:
        """Ask the listener whether to stop."""
        self.inner.check()


class Clock:
    """Reports finished answers and the time left, weighed by the work that each answer takes."""

    def __init__(self, tasks: Sequence[Task], reporter: Reporter, now: Callable[[], float] = time.monotonic) -> None:
        self.reporter = reporter
        self._now = now
        self._begun = now()
        self._total = len(tasks)
        self._cost = sum(task.cost for task in tasks)
        self._done = 0
        self._spent = 0.0

    def partly(self, batch: Sequence[Task], share: float) -> None:
        """Report that a share of a batch is done."""
        self._report(self._done + int(share * len(batch)), self._spent + share * sum(t.cost for t in batch), batch)

    def finish(self, batch: Sequence[Task]) -> None:
        """Count a batch as done and report it."""
        self._done += len(batch)
        self._spent += sum(task.cost for task in batch)
        self._report(self._done, self._spent, batch)

    def _report(self, done: int, spent: float, batch: Sequence[Task]) -> None:
        self.reporter.check()
        message = f"{batch[0].arm}, {batch[0].item.dimension}"
        elapsed = self._now() - self._begun
        if spent > SETTLED * self._cost:
            self.reporter.metric(seconds_left=round(elapsed * (self._cost - spent) / spent, 1))
        self.reporter.progress(done, self._total, "answers", message)


def answer_all(tasks: Sequence[Task], model: ArmModel, reading: Reading, clock: Clock) -> Iterator[ItemAnswer]:
    """Yield one answer for each task, in order.

    Raises:
        CancelledError: Somebody asked to stop.
        RefusedError: The model cannot be run at all; any other failure becomes an answer with an error.
    """
    for batch in _batches(tasks):
        outcomes: dict[str, Outcome] = {task.item.id: task.error for task in batch if task.error}
        outcomes |= {task.item.id: _silence(task) for task in batch if _is_silent(task)}
        asked = [task for task in batch if task.item.id not in outcomes]
        adapter = batch[0].arm in TUNED
        if asked:
            outcomes |= _ask(asked, model, adapter, clock)
        for task in batch:
            yield _scored(task, outcomes[task.item.id], reading)
        clock.finish(batch)


def _is_silent(task: Task) -> bool:
    return task.form == "generate" and task.context is not None and task.context.silent


def _silence(task: Task) -> Generated:
    """Return what the product answers where retrieval found nothing worth reading: the model is not asked."""
    text = ABSTENTION[task.item.language]
    return Generated(text=text, tokens=0, seconds=0.0, seconds_to_first_token=0.0, truncated=False)


@dataclass(frozen=True)
class Carried:
    """How a tokenizer takes a term."""

    pieces: int
    whole: bool
    """Whether it gives the term back unchanged."""


Outcome = str | Carried | Generated | list[tuple[float, int]]
"""An error, what a tokenizer makes of a term, a generated text, or log-probabilities."""


def _ask(tasks: Sequence[Task], model: ArmModel, adapter: bool, clock: Clock) -> dict[str, Outcome]:
    """Ask a batch; if it fails as a whole, ask its tasks one by one so that only the guilty ones are errors."""
    try:
        return _ask_together(tasks, model, adapter, clock)
    except (CancelledError, RefusedError):
        raise
    except Exception as error:  # a model can fail in any way; the failure is recorded with the item
        if len(tasks) == 1:
            return {tasks[0].item.id: f"{type(error).__name__}: {error}"[:300]}
    outcomes: dict[str, Outcome] = {}
    for task in tasks:
        clock.reporter.check()
        outcomes |= _ask([task], model, adapter, clock)
    return outcomes


def _ask_together(tasks: Sequence[Task], model: ArmModel, adapter: bool, clock: Clock) -> dict[str, Outcome]:
    relay = Relay(clock.reporter, lambda share: clock.partly(tasks, share))
    match tasks[0].form:
        case "generate":
            found = model.generate([t.conversation for t in tasks], tasks[0].max_new_tokens, relay, adapter=adapter)
            return {task.item.id: generated for task, generated in zip(tasks, found, strict=True)}
        case "options" | "pair":
            scored = iter(model.logprobs([pair for task in tasks for pair in task.pairs], relay, adapter=adapter))
            return {task.item.id: [next(scored) for _ in task.pairs] for task in tasks}
        case "term":
            return {task.item.id: _carried(_term(task.item), model.tokenizer) for task in tasks}


def _batches(tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    """Group neighbours of one arm, dimension, form and length limit."""
    batch: list[Task] = []
    key: object = None
    for task in tasks:
        this = (task.arm, task.item.dimension, task.form, task.max_new_tokens)
        if batch and (this != key or len(batch) >= (BATCH if task.form == "generate" else BATCH_SCORED)):
            yield batch
            batch = []
        key = this
        batch.append(task)
    if batch:
        yield batch


def _scored(task: Task, outcome: Outcome, reading: Reading) -> ItemAnswer:
    context = task.context
    shown: dict[str, Any] = {
        "item": task.item.id,
        "arm": task.arm,
        "retrieved": context.chunks if context else (),
        "context_has_gold": None if context is None else has_gold(context, task.item),
        "unread": _is_silent(task),
    }
    if isinstance(outcome, str):
        return ItemAnswer(text="", score=None, error=outcome, **shown)
    if isinstance(outcome, Carried):
        shown |= {"tokens": outcome.pieces, "round_trip": outcome.whole}
        return ItemAnswer(text=_term(task.item), score=carries_term(outcome.pieces, whole=outcome.whole), **shown)
    if isinstance(outcome, list):
        return _scored_options(task, outcome, shown)
    shown |= {"truncated": outcome.truncated, "seconds": outcome.seconds, "tokens": outcome.tokens}
    text = outcome.text.strip()
    if task.context is not None and task.arm in KEPT_TO_ITS_PASSAGE:
        kept = reading.kept_to(task.context.told, text, task.item.question, task.item.language)
        shown |= {"quoted": kept != text, "truncated": outcome.truncated and kept == text}
        text = kept
    if not text:
        return ItemAnswer(text="", score=None, error="empty answer", **shown)
    return _scored_text(task, text, shown, reading)


def _scored_options(task: Task, logprobs: list[tuple[float, int]], shown: dict[str, Any]) -> ItemAnswer:
    item = task.item
    if task.form == "pair":
        score = prefers_first(logprobs)
        return ItemAnswer(text=item.options[0 if score >= 0.5 else 1], score=score, **shown)
    chosen = best_option(logprobs)
    if item.correct is None:
        return ItemAnswer(text=item.options[chosen], score=None, error="the item names no right option", **shown)
    return ItemAnswer(text=item.options[chosen], score=float(chosen == item.correct), **shown)


def _scored_text(task: Task, text: str, shown: dict[str, Any], reading: Reading) -> ItemAnswer:
    item = task.item
    if item.form == "constraint":
        return ItemAnswer(text=text, score=float(satisfies(text, item.constraint, item.language)), **shown)
    abstained = reading.abstained(text, item.language)
    f1 = token_f1(text, item.answers, item.language) if item.answers else None
    shown |= {"abstained": abstained, "f1": f1}
    if item.dimension == "faithfulness" and task.context is not None:
        return ItemAnswer(text=text, score=_faithful(task, text, abstained), **shown)
    decided = abstention_score(item.answerable, abstained)
    if decided is not None:
        return ItemAnswer(text=text, score=decided, **shown)
    if not item.answers:
        return ItemAnswer(text=text, score=None, error="the item has no accepted answer", **shown)
    if item.dimension == "understanding":
        return ItemAnswer(text=text, score=f1, **shown)
    return ItemAnswer(text=text, score=float(judge(text, item.answers, item.question, item.language).right), **shown)


def _faithful(task: Task, text: str, abstained: bool) -> float:
    """Score an answer from context: abstain exactly where the context is silent, claim only what it carries."""
    item, context = task.item, task.context
    assert context is not None
    silent = not item.answerable or not has_gold(context, item)
    if abstained or not item.answerable:
        return float(abstained and silent)
    return supported_share(text, context.text, item.question, item.language)


def has_gold(context: BuiltContext, item: Item) -> bool | None:
    """Whether one of the passages shown holds an accepted answer; `None` for an item without one."""
    found = [holds(passage, item.answers, item.language) for passage in context.passages]
    return any(found) if item.answers else None


def _term(item: Item) -> str:
    return item.answers[0] if item.answers else item.question


def _carried(term: str, tokenizer: Any) -> Carried:
    ids = tokenizer.encode(term, add_special_tokens=False)
    return Carried(len(ids), tokenizer.decode(ids).strip() == term.strip())
