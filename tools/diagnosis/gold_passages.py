"""Where the gold of an item stands: in a passage, and at which rank of what the search found.

gold_rank(case.retrieved, case.item)      # 1 for the first passage, None where no passage holds it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.records.evaluation import Item
from knowledge.lexical import content_tokens
from tools.diagnosis.case import Passage
from tools.evaluation.normalisation import tokenise
from tools.evaluation.scoring import holds

SUPPORT: Final = 0.5
"""Share of a question's content words that a passage must have to be about it."""
OTHER_SUPPORT: Final = 0.7
"""The same for a passage other than the one that is known to hold the answer: a short number stands in many."""


def supports(passage: str, item: Item) -> bool:
    """Whether a passage is about the item's question and holds an accepted answer."""
    if not holds(passage, item.answers, item.language):
        return False
    asked = set(content_tokens(item.question, item.language))
    least = SUPPORT if item.start is None else OTHER_SUPPORT
    return len(asked & set(content_tokens(passage, item.language))) >= least * len(asked)


def in_passage(passage: str, gold: str, item: Item) -> bool:
    """Whether a passage holds an accepted answer: as it stands, or its figures and most of its words."""
    if holds(passage, (gold,), item.language):
        return True
    wanted = tokenise(gold, item.language)
    known = {token.text for token in tokenise(passage, item.language)}
    if not all(token.text in known for token in wanted if token.kind in ("number", "date", "code")):
        return False
    return sum(token.text in known for token in wanted) >= 0.8 * len(wanted)


def gold_rank(passages: Sequence[Passage], item: Item) -> int | None:
    """Return at which place a passage with the gold stands, from 1; `None` if none of them has it."""
    for rank, passage in enumerate(passages, start=1):
        if _overlaps(passage, item) or supports(passage.text, item):
            return rank
    return None


def _overlaps(passage: Passage, item: Item) -> bool:
    if item.start is None or item.end is None or passage.document != item.document:
        return False
    return passage.start < item.end and item.start < passage.end
