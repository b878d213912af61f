"""One round of comparing answers: which question, which arms, in which order, with what behind them.

    round_ = new_round(project, settings, question, arms, blind=True)
    round_.arms          # ("tuned", "base", "rag"): drawn from round_.seed, which the vote records

The order of a blind round is drawn from a seed that is stored with the vote, so that anyone can draw it again.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterable, Sequence

from pydantic import Field

from agent.records.base import Language, Record
from agent.records.evaluation import Arm, EvaluateRequest, Item
from agent.records.vote import Vote
from agent.settings import Settings
from knowledge.files import read_records
from knowledge.ingest.language import language_of
from tools.evaluation.arms import TUNED, is_asked
from tools.evaluation.run import find_tuned
from tools.workspace import Project


class Backing(Record):
    """What stands behind the arms: other weights are another competitor under the same name."""

    base_model: str
    tune_run: str | None = None
    """`None` if no tuned arm takes part."""


class Round(Record):
    """One question as it is put to the arms."""

    id: str
    question: str
    language: Language
    item: str = ""
    """Id of the sealed item the question is from; empty for a free question."""
    arms: tuple[Arm, ...] = Field(min_length=1)
    """In the order of the columns."""
    blind: bool = False
    seed: int | None = None
    """Seed of the order; `None` where the arms stand in their usual order."""
    backing: Backing


def new_round(
    project: Project,
    settings: Settings,
    question: str,
    arms: Sequence[Arm],
    *,
    blind: bool = False,
    item: str = "",
    seed: int | None = None,
) -> Round:
    """Return a round; a blind one has its arms in a random order.

    Args:
        project: Whose tuned model.
        settings: Names the base model where nothing tuned takes part.
        question: The question.
        arms: From `tools.asking.choose_arms`.
        blind: Whether names stay hidden until the vote.
        item: Id of the sealed item the question is from.
        seed: Seed of a blind order; drawn if not given.
    """
    drawn = (secrets.randbits(32) if seed is None else seed) if blind else None
    return Round(
        id=secrets.token_hex(8),
        question=question,
        language=language_of(question),
        item=item,
        arms=tuple(arms) if drawn is None else shuffled(arms, drawn),
        blind=blind,
        seed=drawn,
        backing=backing_of(project, settings, arms),
    )


def shuffled(arms: Sequence[Arm], seed: int) -> tuple[Arm, ...]:
    """Return the arms in the order that `seed` stands for, whatever order they are given in."""
    return tuple(random.Random(seed).sample(sorted(arms), len(arms)))


def backing_of(project: Project, settings: Settings, arms: Iterable[Arm]) -> Backing:
    """Return what would answer now: the newest tuning run and its base, or the settings' base model."""
    tuned = find_tuned(project, EvaluateRequest()) if any(arm in TUNED for arm in arms) else None
    if tuned is None:
        return Backing(base_model=settings.base_model)
    return Backing(base_model=tuned.result.base_model, tune_run=tuned.run)


def same_weights(vote: Vote, behind: Backing, a: Arm, b: Arm) -> bool:
    """Return whether a vote is on the weights that stand behind two arms; the tuning run counts for tuned ones only."""
    if vote.base_model != behind.base_model:
        return False
    return vote.tune_run == behind.tune_run or not {a, b} & set(TUNED)


def sealed_questions(project: Project) -> tuple[Item, ...]:
    """Return the sealed items that can be put to every arm as they are: free answers that retrieval may look up."""
    items = read_records(project.validation, Item)
    return tuple(item for item in items if item.form == "free" and is_asked(item, "rag"))


def next_question(items: Sequence[Item], votes: Iterable[Vote], account: str, after: str = "") -> Item | None:
    """Return the item to show next: one this account has not voted on, else the next one; `None` without items.

    The order is fixed and mixes documents and kinds, and differs between accounts, so that several people do not all
    begin with the same few items.

    Args:
        items: From `sealed_questions`.
        votes: All votes of the project.
        account: Who asks.
        after: Item shown now; the next one in the order follows.
    """
    order = sorted(items, key=lambda item: hashlib.sha256(f"{account}\x1f{item.id}".encode()).digest())
    place = next((number for number, item in enumerate(order) if item.id == after), -1)
    ahead = [*order[place + 1 :], *order[: place + 1]]
    settled = {vote.item for vote in votes if vote.account == account and not vote.undone}
    return next((item for item in ahead if item.id not in settled), ahead[0] if ahead else None)
