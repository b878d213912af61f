"""What reviewers decided in Argilla or Label Studio, taken over into the pairs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tools.exchange.faults import Faults
from tools.exchange.reviews import Review, is_review, read_reviews
from tools.exchange.rows import Row, stream_rows
from tools.pairs import as_accepted, as_edited, as_rejected, load_pairs, save_pairs
from tools.workspace import Project


class ImportedReviews(NamedTuple):
    """What a file of reviews changed."""

    accepted: int
    rejected: int
    edited: int
    """Accepted with another question or answer."""
    unsettled: int
    """Pairs on which reviewers disagreed or nobody decided; they stay as they are."""


def import_reviews(project: Project, path: Path) -> ImportedReviews:
    """Take over what reviewers decided in Argilla or Label Studio; nothing changes if a line cannot be used.

    Raises:
        InputError: Lines cannot be read or name no pair of this project; counts them and names the first.
    """
    pairs = {pair.id: pair for pair in load_pairs(project)}
    faults = Faults()
    reviews: list[Review] = []
    for row in read_reviews(path):
        if isinstance(row, Row):
            faults.add(row.where, row.fault, row.mend)
        elif row.pair not in pairs:
            faults.add(row.where, f"there is no pair {row.pair} here", "review the pairs of this project")
        else:
            reviews.append(row)
    faults.refuse()
    counts: Counter[str] = Counter()
    for review in reviews:
        if review.decision is None:
            counts["unsettled"] += 1
        elif review.decision == "reject":
            pairs[review.pair] = as_rejected(pairs[review.pair], "rejected in review")
            counts["rejected"] += 1
        else:
            pair = pairs[review.pair]
            new = {"user": review.question, "assistant": review.answer}
            changed = {"user": pair.question, "assistant": pair.answer} != {
                "user": review.question or pair.question,
                "assistant": review.answer or pair.answer,
            }
            pairs[review.pair] = as_edited(pair, new) if changed else as_accepted(pair)
            counts["edited" if changed else "accepted"] += 1
    save_pairs(project, pairs.values())
    return ImportedReviews(counts["accepted"], counts["rejected"], counts["edited"], counts["unsettled"])


def holds_reviews(path: Path) -> bool:
    """Return whether a file holds reviews of Argilla or Label Studio: its first row says so."""
    if path.is_dir():
        return False
    first = next(stream_rows(path), None)
    return first is not None and is_review(first.fields)
