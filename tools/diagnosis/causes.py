"""The tests for every cause of failure, in the order of evidence: what is wrong with the item before the model.

Each test is a pure function of a `Case`; it returns what it saw, or `None`. The first that sees something names the
cause; if none does, the failure stays unexplained, which is better than a wrong accusation.

    >>> cause_of(case)
    ('retrieval_miss', {'rank': None, 'k': 5, 'oracle_right': True})
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Final

from agent.policy.thresholds import THRESHOLDS
from agent.records.diagnosis import Cause
from agent.records.evaluation import Item
from knowledge.lexical import content_tokens
from tools.diagnosis.case import Case, Passage, Taught, passed
from tools.evaluation.arms import TUNED
from tools.evaluation.dimensions import DOMAIN
from tools.evaluation.normalisation import tokenise
from tools.evaluation.scoring import LONG_GOLD, holds, judge, supported_share, values_of

Evidence = dict[str, str | float | bool | None]
Test = Callable[[Case], Evidence | None]

SUPPORT: Final = 0.5
"""Share of a question's content words that a passage must have to be about it."""
OTHER_SUPPORT: Final = 0.7
"""The same for a passage other than the one that is known to hold the answer: a short number stands in many."""
ROOM: Final = 8
"""Words beyond the accepted answer within which a cut answer may still have been on its way."""
LATE_FALL: Final = 0.10
"""Relative fall of the training loss from the last part but one to the last, from which it was still falling."""
HIGH_LOSS: Final = 0.5
"""Share of the first loss at which a run that ended has not learnt its examples."""
LEARNT_LOSS: Final = 0.2
"""Share of the first loss below which examples are learnt, however steeply a cosine schedule still lets it fall."""
RISE: Final = 0.10
"""Relative rise of the validation loss over its minimum that is overfitting."""


PREAMBLE: Final = 0.8
"""Share of an answer's words that stand at the same place in a pair whose preamble it repeats."""


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
    if len(case.rivals) > 1:
        return None  # Both may have taken another of the things that the question fits.
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
    """The gold chunk is not among the top k, and the model would have answered from it.

    Where the search has it further down, a larger k is known to bring it, whatever the gold passage alone did.
    """
    if case.retrieved is None or not case.item.answerable or case.answer.context_has_gold:
        return None
    if _gold_rank(case.retrieved, case.item) is not None:
        return None
    k, below = len(case.retrieved), _gold_rank(case.further, case.item)
    if below is None and case.oracle_right is False:
        return None
    return {"rank": None if below is None else k + below, "k": k, "oracle_right": case.oracle_right}


def context_lost(case: Case) -> Evidence | None:
    """The gold chunk was retrieved, but cut away or held back before the model saw it."""
    if case.retrieved is None or not case.item.answerable:
        return None
    rank = _gold_rank(case.retrieved, case.item)
    if rank is None:
        return None
    if case.answer.unread:
        return {
            "rank": rank,
            "unread": True,
            "search_evidence": case.search_evidence,
            "abstain_below": case.abstain_below,
        }
    if case.answer.context_has_gold is not False:
        return None
    seen: Evidence = {"rank": rank, "in_context": False}
    if case.room_needed is not None:
        seen |= {"passages": case.room_needed.passages, "characters": case.room_needed.characters}
    return seen


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
        return {
            "answer": text[:200],
            "should_abstain": True,
            "search_evidence": case.search_evidence,
            "abstain_below": case.abstain_below,
        }
    new = values_of(text) - values_of(case.shown) - values_of(case.item.question)
    share = supported_share(text, case.shown, case.item.question, case.item.language)
    if _cut_short(case):
        return None
    if new:
        return {"answer": text[:200], "not_in_context": ", ".join(sorted(new))}
    if case.item.dimension == "faithfulness" and share < SUPPORT:
        return {"answer": text[:200], "supported": round(share, 3)}
    return None


def wrong_form(case: Case) -> Evidence | None:
    """Right content in the wrong form: a constraint broken, the unit missing, the answer late or drowned in words."""
    if case.item.form == "constraint":
        return {"constraint": str(case.item.constraint.get("kind")), "answer": case.answer.text[:200]}
    item, pairs = case.item, case.taught if case.answer.arm in TUNED else ()
    # A pair that buries the answer itself is where the model has it from.
    wordy = [pair.id for pair in pairs if _is_buried(pair.answer, item)]
    learnt = bool(wordy) and _is_preamble(case)
    if not learnt and (_cut_short(case) or not _right_content(case)):
        return None
    seen: Evidence = {"answer": case.answer.text[:200], "gold": item.answers[0], "f1": case.answer.f1}
    return seen | {"pairs": " ".join(wordy)} if wordy else seen


def truncated(case: Case) -> Evidence | None:
    """The answer ended by length before it could have given the gold."""
    if not _cut_short(case):
        return None
    seen: Evidence = {"tokens": case.answer.tokens, "answer": case.answer.text[:200]}
    limited = case.token_limit is not None and case.token_limit < case.tokens_needed
    return seen | {"limit": case.token_limit, "needed": case.tokens_needed} if limited else seen


def knowledge_gap(case: Case) -> Evidence | None:
    """Closed-book wrong, right from the gold passage, and no training pair taught it.

    A pair on the same line that asks for something else taught another fact.
    """
    if case.shown is not None or case.item.dimension not in DOMAIN:
        return None
    if case.answer.arm in TUNED and any(_teaches(pair, case.item) for pair in case.taught):
        return None
    readable = any(passed(case.others.get(arm)) for arm in ("oracle", "rag", "tuned+rag"))
    if not readable:
        return None
    return {
        "oracle_right": case.oracle_right,
        "answer": case.answer.text[:200],
        "taught_document": case.teaches_document,
    }


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
        if _agrees(pair.answer, item) or not (pair.same_fact or loose):
            continue
        follows = judge(case.answer.text, (pair.answer,), item.question, item.language).right
        if follows or loose or pair.same_fact:
            bad.append(pair)
        followed = followed or (pair if follows else None)
    shown = followed or next((pair for pair in bad if _ungrounded(pair, item)), None)
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
    ("ambiguous_question", ambiguous_question),
    ("bad_training_pair", followed_pair),
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
    ("reader_miss", distracted),
)
"""In the order of `evaluation.md`, with three exceptions that planted faults have shown (`BENCHMARKS.md`): a question
that fits several things is at fault before any search for its answer, and so is a pair whose very words the answer
repeats; a reader that fails only among distractors is named last."""


def supports(passage: str, item: Item) -> bool:
    """Whether a passage is about the item's question and holds an accepted answer."""
    if not holds(passage, item.answers, item.language):
        return False
    asked = set(content_tokens(item.question, item.language))
    least = SUPPORT if item.start is None else OTHER_SUPPORT
    return len(asked & set(content_tokens(passage, item.language))) >= least * len(asked)


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


def _gold_rank(passages: Sequence[Passage], item: Item) -> int | None:
    for rank, passage in enumerate(passages, start=1):
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


def _is_buried(text: str, item: Item) -> bool:
    """Whether a text gives an accepted answer, but so late that it does not count."""
    return bool(item.answers) and judge(text, item.answers, item.question, item.language).fault == "late"


def _is_preamble(case: Case) -> bool:
    """Whether the answer begins as a pair does that buries the answer, and was cut or ended before giving it."""
    said = [token.text for token in tokenise(case.answer.text, case.item.language)]
    for pair in case.taught:
        begins = [token.text for token in tokenise(pair.answer, case.item.language)][: len(said)]
        same = sum(a == b for a, b in zip(said, begins, strict=False))
        if said and _is_buried(pair.answer, case.item) and same >= PREAMBLE * len(said):
            return True
    return False


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
    if any(_breaks_off_in(answer.text, gold) for gold in item.answers):
        return True
    said = tokenise(answer.text, item.language)
    longest = max((tokenise(gold, item.language) for gold in item.answers), key=len)
    if len(said) > len(longest) + ROOM:
        return False
    wanted = {token.text for token in longest}
    other = values_of(answer.text) - values_of(item.question) - wanted
    # A number of its own means that the answer had been given, and wrongly.
    return not other or len(longest) > LONG_GOLD


def _breaks_off_in(text: str, gold: str) -> bool:
    """Whether a text ends with the beginning of a gold, as `30 November 20` does; a character may be cut in two."""
    said, whole = text.rstrip("\ufffd ").casefold(), gold.casefold()
    for size in range(1, len(whole)):
        before = said[:-size][-1:]
        begins = not before or not (before.isascii() and before.isalnum() and whole[0].isascii())
        if said.endswith(whole[:size]) and begins and (size > 1 or whole[0].isdigit() or not whole[0].isascii()):
            return True
    return False


def _agrees(text: str, item: Item) -> bool:
    if judge(text, item.answers, item.question, item.language).right:
        return True
    return any(judge(gold, (text,), item.question, item.language).right for gold in item.answers)


def _teaches(pair: Taught, item: Item) -> bool:
    """Whether a pair is on the item's fact: by its id, its answer, or an answer that its own line does not hold."""
    return pair.same_fact or _agrees(pair.answer, item) or _ungrounded(pair, item)


def _ungrounded(pair: Taught, item: Item) -> bool:
    return bool(pair.quote) and not _in_passage(pair.quote, pair.answer, item)


def _losses(case: Case) -> tuple[float, float, float] | None:
    """Return the mean loss of the first, the last but one and the last part, if a pair taught this item rightly.

    Means, since a step's own loss is that of its few examples.
    """
    if case.answer.arm != "tuned" or case.tuning is None or len(case.tuning.history) < 2:
        return None
    if not any(_agrees(pair.answer, case.item) for pair in case.taught):
        return None
    losses = [point.loss for point in case.tuning.history]
    part = max(1, round(len(losses) * THRESHOLDS.plateau_part))
    return fmean(losses[:part]), fmean(losses[-2 * part : -part] or losses[:1]), fmean(losses[-part:])
