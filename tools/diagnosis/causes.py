"""The tests for every cause of failure, in the order of evidence: what is wrong with the item before the model.

Each test is a pure function of a `Case`; it returns what it saw, or `None`. The first that sees something names the
cause; if none does, the failure stays unexplained, which is better than a wrong accusation.

    >>> cause_of(case)
    ('retrieval_miss', {'rank': None, 'k': 5, 'oracle_right': True})
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from agent.policy.thresholds import THRESHOLDS
from agent.records.diagnosis import Cause
from agent.records.evaluation import Item
from knowledge.lexical import content_tokens
from tools.diagnosis.case import Case, Passage, Taught, passed
from tools.evaluation.arms import TUNED
from tools.evaluation.items import DOMAIN
from tools.evaluation.normalisation import tokenise
from tools.evaluation.scoring import LONG_GOLD, holds, judge, supported_share, values_of

Evidence = dict[str, str | float | bool | None]
Test = Callable[[Case], Evidence | None]

SUPPORT: Final = 0.5
"""Share of a question's content words that a passage must have to be about it."""
ROOM: Final = 8
"""Words beyond the accepted answer within which a cut answer may still have been on its way."""
LATE_FALL: Final = 0.10
"""Relative fall of the training loss over its last part from which the run was stopped too early."""
HIGH_LOSS: Final = 0.5
"""Share of the first loss at which a run that ended has not learnt its examples by heart."""
RISE: Final = 0.10
"""Relative rise of the validation loss over its minimum that is overfitting."""


def cause_of(case: Case) -> tuple[Cause, Evidence]:
    """Return the first cause whose evidence holds, with what was seen."""
    for cause, test in TESTS:
        seen = test(case)
        if seen is not None:
            return cause, seen
    return "unexplained", {"answer": case.answer.text[:200]}


def wrong_reference(case: Case) -> Evidence | None:
    """The gold is not in its source, two golds conflict, or reader and tuned model agree on another value there."""
    item = case.item
    if not item.answerable or not item.answers or item.form != "free":
        return None
    if case.conflicting:
        return {"gold": item.answers[0], "conflicts_with": case.conflicting}
    if _literal(item) and case.passage and not any(_in_passage(case.passage, gold, item) for gold in item.answers):
        return {"gold": item.answers[0], "in_source": False}
    oracle, tuned = case.others.get("oracle"), case.others.get("tuned")
    if oracle is None or tuned is None or passed(oracle) is not False or passed(tuned) is not False:
        return None
    if oracle.truncated or tuned.truncated or oracle.abstained or not _says_something(oracle.text, item):
        return None
    same = judge(tuned.text, (oracle.text,), item.question, item.language).right
    if same and holds(case.passage, (oracle.text,), item.language):
        return {"gold": item.answers[0], "oracle": oracle.text[:200], "tuned": tuned.text[:200]}
    return None


def missing_source(case: Case) -> Evidence | None:
    """No document of the project supports the gold."""
    item = case.item
    if not item.answerable or not item.answers or item.dimension not in (*DOMAIN, "faithfulness"):
        return None
    if case.source_known or case.support:
        return None
    return {"document": item.document, "supported": False}


def retrieval_miss(case: Case) -> Evidence | None:
    """The gold chunk is not among the top k, and the model would have answered from it."""
    if case.retrieved is None or not case.item.answerable or case.oracle_right is False:
        return None
    if _gold_rank(case) is not None or case.answer.context_has_gold:
        return None
    return {"rank": None, "k": len(case.retrieved), "oracle_right": case.oracle_right}


def context_lost(case: Case) -> Evidence | None:
    """The gold chunk was retrieved but cut away before the model saw it."""
    if case.retrieved is None or case.answer.context_has_gold is not False:
        return None
    rank = _gold_rank(case)
    return None if rank is None else {"rank": rank, "in_context": False}


def reader_miss(case: Case) -> Evidence | None:
    """The gold stood in the context, the answer is wrong, and the gold passage alone does not help either."""
    reads = case.answer.context_has_gold or (case.retrieved is not None and case.oracle_right is False)
    if not case.item.answerable or not reads or case.oracle_right or _cut_short(case) or _right_content(case):
        return None
    return {"answer": case.answer.text[:200], "oracle_right": case.oracle_right, "abstained": case.answer.abstained}


def unsupported(case: Case) -> Evidence | None:
    """The answer claims what its context does not say, or answers where the context is silent."""
    text = case.answer.text
    if case.shown is None or case.answer.abstained:
        return None
    if not case.item.answerable:
        return {"answer": text[:200], "should_abstain": True}
    new = values_of(text) - values_of(case.shown) - values_of(case.item.question)
    share = supported_share(text, case.shown, case.item.question, case.item.language)
    if new and not _cut_short(case):
        return {"answer": text[:200], "not_in_context": ", ".join(sorted(new))}
    if case.item.dimension == "faithfulness" and share < SUPPORT:
        return {"answer": text[:200], "supported": round(share, 3)}
    return None


def wrong_form(case: Case) -> Evidence | None:
    """Right content in the wrong form: a constraint broken, the unit missing, the answer late or drowned in words."""
    if case.item.form == "constraint":
        return {"constraint": str(case.item.constraint.get("kind")), "answer": case.answer.text[:200]}
    if not _right_content(case):
        return None
    return {"answer": case.answer.text[:200], "gold": case.item.answers[0], "f1": case.answer.f1}


def truncated(case: Case) -> Evidence | None:
    """The answer ended by length before it could have given the gold."""
    return {"tokens": case.answer.tokens, "answer": case.answer.text[:200]} if _cut_short(case) else None


def knowledge_gap(case: Case) -> Evidence | None:
    """Closed-book wrong, right from the gold passage, and no training pair taught it."""
    if case.shown is not None or case.item.dimension not in DOMAIN or not case.oracle_right:
        return None
    if case.answer.arm in TUNED and case.taught:
        return None
    return {"oracle_right": True, "answer": case.answer.text[:200]}


def bad_training_pair(case: Case) -> Evidence | None:
    """A pair on this fact teaches another answer, or a near pair teaches what its own quote does not say."""
    if case.answer.arm not in TUNED or not case.item.answers:
        return None
    for pair in case.taught:
        if _agrees(pair.answer, case.item) or not (pair.same_fact or _ungrounded(pair, case.item)):
            continue
        followed = judge(case.answer.text, (pair.answer,), case.item.question, case.item.language).right
        if followed or _ungrounded(pair, case.item):
            return {"pair": pair.id, "teaches": pair.answer[:200], "gold": case.item.answers[0], "followed": followed}
    return None


def undertrained(case: Case) -> Evidence | None:
    """A pair taught the right answer, and the training loss was still high or falling at the end."""
    losses = _losses(case)
    if losses is None:
        return None
    first, start, last = losses
    fall = (start - last) / start if start > 0 else 0.0
    if fall <= LATE_FALL and last <= HIGH_LOSS * first:
        return None
    return {"first_loss": first, "last_loss": last, "fall_at_end": round(fall, 3)}


def overfit(case: Case) -> Evidence | None:
    """A pair taught the right answer, and the validation loss rose again while the training loss fell."""
    if _losses(case) is None or case.tuning is None:
        return None
    seen = [point.validation_loss for point in case.tuning.history if point.validation_loss is not None]
    if len(seen) < 2 or seen[-1] <= min(seen) * (1 + RISE):
        return None
    return {"lowest_validation_loss": min(seen), "last_validation_loss": seen[-1], "last_loss": case.tuning.last_loss}


def forgetting(case: Case) -> Evidence | None:
    """A general item that the base answers, where general ability fell by more than the limit, by its interval."""
    if case.item.dimension != "general_ability" or case.answer.arm not in TUNED or not passed(case.others.get("base")):
        return None
    if case.general_drop is None or case.general_drop >= -THRESHOLDS.general_drop:
        return None
    return {"base_right": True, "difference_at_most": case.general_drop}


def ambiguous_question(case: Case) -> Evidence | None:
    """Several known questions say all that this one says and have different answers."""
    if len(case.rivals) < 2 or not case.item.answerable:
        return None
    return {"answers": ", ".join(case.rivals[:5]), "count": float(len(case.rivals))}


def distracted(case: Case) -> Evidence | None:
    """The gold stood in the context and the model reads it alone, but not among the other passages."""
    if not case.answer.context_has_gold or not case.oracle_right or not case.item.answerable:
        return None
    return {"answer": case.answer.text[:200], "oracle_right": True, "abstained": case.answer.abstained}


TESTS: Final[tuple[tuple[Cause, Test], ...]] = (
    ("wrong_reference", wrong_reference),
    ("missing_source", missing_source),
    ("retrieval_miss", retrieval_miss),
    ("context_lost", context_lost),
    ("reader_miss", reader_miss),
    ("unsupported", unsupported),
    ("format", wrong_form),
    ("truncated", truncated),
    ("knowledge_gap", knowledge_gap),
    ("bad_training_pair", bad_training_pair),
    ("overfit", overfit),
    ("undertrained", undertrained),
    ("forgetting", forgetting),
    ("ambiguous_question", ambiguous_question),
    ("reader_miss", distracted),
)
"""In the order of `evaluation.md`; a reader that fails only among distractors is named last."""


def supports(passage: str, item: Item) -> bool:
    """Whether a passage is about the item's question and holds an accepted answer."""
    if not holds(passage, item.answers, item.language):
        return False
    asked = set(content_tokens(item.question, item.language))
    return len(asked & set(content_tokens(passage, item.language))) >= SUPPORT * len(asked)


def _literal(item: Item) -> bool:
    """Whether the accepted answers can be looked up in a text to the letter: short, and not yes or no."""
    sizes = [len(tokenise(gold, item.language)) for gold in item.answers]
    polar = any(gold.strip().lower().rstrip(".。") in ("yes", "no", "是", "否", "maybe") for gold in item.answers)
    return not polar and max(sizes) <= LONG_GOLD


def _says_something(text: str, item: Item) -> bool:
    """Whether an answer has content of its own, of the kind asked for: a value where the accepted answer is one."""
    if any(values_of(gold) for gold in item.answers):
        return bool(values_of(text) - values_of(item.question))
    return bool(set(content_tokens(text, item.language)) - set(content_tokens(item.question, item.language)))


def _in_passage(passage: str, gold: str, item: Item) -> bool:
    if holds(passage, (gold,), item.language):
        return True
    wanted = tokenise(gold, item.language)
    known = {token.text for token in tokenise(passage, item.language)}
    if not all(token.text in known for token in wanted if token.kind in ("number", "date", "code")):
        return False
    return sum(token.text in known for token in wanted) >= 0.8 * len(wanted)


def _gold_rank(case: Case) -> int | None:
    item = case.item
    for rank, passage in enumerate(case.retrieved or (), start=1):
        if _overlaps(passage, item) or supports(passage.text, item):
            return rank
    return None


def _overlaps(passage: Passage, item: Item) -> bool:
    if item.start is None or item.end is None or passage.document != item.document:
        return False
    return passage.start < item.end and item.start < passage.end


def _right_content(case: Case) -> bool:
    item, text = case.item, case.answer.text
    if item.form != "free" or not item.answers or case.answer.abstained:
        return False
    outcome = judge(text, item.answers, item.question, item.language)
    if outcome.right or outcome.fault == "late":
        return True
    given = values_of(text) - values_of(item.question)
    return any(values_of(gold) and given == values_of(gold) for gold in item.answers) and not _other_unit(text, item)


def _other_unit(text: str, item: Item) -> bool:
    """Whether the answer puts another word where the accepted answer has its unit: `14 weeks` for `14 days`."""
    for gold in item.answers:
        wanted, have = tokenise(gold, item.language), tokenise(text, item.language)
        for number, unit in pairwise(wanted):
            after = {b.text for a, b in pairwise(have) if a.text == number.text}
            if number.kind == "number" and after and unit.text not in after:
                return True
    return False


def _cut_short(case: Case) -> bool:
    item, answer = case.item, case.answer
    if not answer.truncated or not item.answers or not item.answerable:
        return False
    said = tokenise(answer.text, item.language)
    longest = max((tokenise(gold, item.language) for gold in item.answers), key=len)
    if len(said) > len(longest) + ROOM:
        return False
    wanted = {token.text for token in longest}
    other = values_of(answer.text) - values_of(item.question) - wanted
    # A number of its own means that the answer had been given, and wrongly.
    return not other or len(longest) > LONG_GOLD


def _agrees(text: str, item: Item) -> bool:
    if judge(text, item.answers, item.question, item.language).right:
        return True
    return any(judge(gold, (text,), item.question, item.language).right for gold in item.answers)


def _ungrounded(pair: Taught, item: Item) -> bool:
    return bool(pair.quote) and not _in_passage(pair.quote, pair.answer, item)


def _losses(case: Case) -> tuple[float, float, float] | None:
    """Return first loss, loss where the last part began and last loss, if a pair taught this item rightly."""
    if case.answer.arm != "tuned" or case.tuning is None or len(case.tuning.history) < 2:
        return None
    if not any(_agrees(pair.answer, case.item) for pair in case.taught):
        return None
    losses = [point.loss for point in case.tuning.history]
    part = max(1, round(len(losses) * THRESHOLDS.plateau_part))
    return case.tuning.first_loss, losses[-1 - part], losses[-1]
