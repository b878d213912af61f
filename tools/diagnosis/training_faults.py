"""The tests for causes that lie in the training: a wrong pair, too few steps or too many, what was forgotten.

Each is a pure function of a `Case` that returns what it saw, or `None`; `tools.diagnosis.causes` has their order.
"""

from __future__ import annotations

from statistics import fmean
from typing import Final

from agent.policy.thresholds import THRESHOLDS
from agent.records.evaluation import Item
from tools.diagnosis.answer_content import agrees, is_buried
from tools.diagnosis.case import Case, Evidence, Taught, passed
from tools.diagnosis.gold_passages import in_passage
from tools.evaluation.arms import TUNED
from tools.evaluation.normalisation import tokenise
from tools.evaluation.scoring import LONG_GOLD, judge, values_of

LATE_FALL: Final = 0.10
"""Relative fall of the training loss from the last part but one to the last, from which it was still falling."""
HIGH_LOSS: Final = 0.5
"""Share of the first loss at which a run that ended has not learnt its examples."""
LEARNT_LOSS: Final = 0.2
"""Share of the first loss below which examples are learnt, however steeply a cosine schedule still lets it fall."""
RISE: Final = 0.10
"""Relative rise of the validation loss over its minimum that is overfitting."""


def followed_pair(case: Case) -> Evidence | None:
    """The answer is what a wrong pair on this fact teaches, whatever the context says."""
    seen = bad_training_pair(case)
    return seen if seen is not None and seen["followed"] else None


def bad_training_pair(case: Case) -> Evidence | None:
    """A pair on this fact teaches another answer, or a near pair teaches what its own quote does not say."""
    item = case.item
    if case.answer.arm not in TUNED or not item.answers:
        return None
    bad: list[Taught] = []
    followed = None
    for pair in case.taught:
        loose = _ungrounded(pair, item)
        if _gives(pair, item) or not (pair.same_fact or loose):
            continue
        follows = judge(case.answer.text, (pair.answer,), item.question, item.language).right
        if follows or loose or pair.same_fact:
            bad.append(pair)
        followed = followed or (pair if follows else None)
    shown = followed or next((pair for pair in bad if _ungrounded(pair, item) or _contradicted(pair, item)), None)
    if shown is None:
        return None
    return {
        "pair": shown.id,
        "teaches": shown.answer[:200],
        "gold": item.answers[0],
        "followed": followed is not None,
        "pairs": " ".join(pair.id for pair in bad),
    }


def undertrained(case: Case) -> Evidence | None:
    """A pair taught the right answer, and the training loss was still high or falling at the end."""
    losses = _losses(case)
    if losses is None:
        return None
    first, before, last = losses
    fall = (before - last) / before if before > 0 else 0.0
    if last <= LEARNT_LOSS * first or (fall <= LATE_FALL and last <= HIGH_LOSS * first):
        return None
    epochs = case.tuning.hyperparameters.epochs if case.tuning is not None else None
    return {"first_loss": first, "last_loss": last, "fall_at_end": round(fall, 3), "epochs": epochs}


def overfit(case: Case) -> Evidence | None:
    """A pair taught the right answer, and the validation loss rose again while the training loss fell."""
    if _losses(case) is None or case.tuning is None:
        return None
    points = [
        (point.validation_loss, point.epoch) for point in case.tuning.history if point.validation_loss is not None
    ]
    if len(points) < 2 or points[-1][0] <= min(points)[0] * (1 + RISE):
        return None
    lowest, epoch = min(points)
    return {
        "lowest_validation_loss": lowest,
        "last_validation_loss": points[-1][0],
        "last_loss": case.tuning.last_loss,
        "best_epoch": epoch,
    }


def forgetting(case: Case) -> Evidence | None:
    """A general item that the base answers, where general ability fell by more than the limit, by its interval."""
    if case.item.dimension != "general_ability" or case.answer.arm not in TUNED or not passed(case.others.get("base")):
        return None
    if case.general_drop is None or case.general_drop >= -THRESHOLDS.general_drop:
        return None
    return {"base_right": True, "difference_at_most": case.general_drop}


def teaches(pair: Taught, item: Item) -> bool:
    """Whether a pair is on the item's fact: by its id, its answer, or an answer that its own line does not hold."""
    return pair.same_fact or _gives(pair, item) or _ungrounded(pair, item)


def _gives(pair: Taught, item: Item) -> bool:
    """Whether a pair gives the accepted answer, be it so late that it would not count."""
    return agrees(pair.answer, item) or is_buried(pair.answer, item)


def _ungrounded(pair: Taught, item: Item) -> bool:
    """Whether a pair says what its quote does not: a short answer to the letter, a long one by its values.

    A longer answer has words of its own, as around the answer or in its place; its numbers, dates and codes have to
    come from the quote or the question all the same.
    """
    if not pair.quote or in_passage(pair.quote, pair.answer, item):
        return False
    if len(tokenise(pair.answer, item.language)) <= LONG_GOLD:
        return True
    return bool(values_of(pair.answer) - values_of(pair.quote) - values_of(pair.question))


def _contradicted(pair: Taught, item: Item) -> bool:
    """Whether the line that a pair on this fact quotes holds the accepted answer, and the pair gives another.

    A row of a table holds many values, so that the pair's own stands there proves nothing.
    """
    return pair.same_fact and in_passage(pair.quote, item.answers[0], item)


def _losses(case: Case) -> tuple[float, float, float] | None:
    """Return the mean loss of the first, the last but one and the last part, if a pair taught this item rightly.

    Means, since a step's own loss is that of its few examples.
    """
    if case.answer.arm != "tuned" or case.tuning is None or len(case.tuning.history) < 2:
        return None
    if not any(agrees(pair.answer, case.item) for pair in case.taught):
        return None
    losses = [point.loss for point in case.tuning.history]
    part = max(1, round(len(losses) * THRESHOLDS.plateau_part))
    return fmean(losses[:part]), fmean(losses[-2 * part : -part] or losses[:1]), fmean(losses[-part:])
