"""What people preferred: blind votes of the Compare page, and files of labels.

labels = read_labels(Path("labels.csv"))
found = blind_votes(load_votes(project), "rag", "tuned+rag", Backing(base_model="builtin", tune_run=run.name))
found.preferences
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agent.errors import InputError
from agent.records.evaluation import Arm
from agent.records.judging import HumanLabel, Preference
from agent.records.vote import Vote
from tools.extraction.rows import csv_rows, json_lines, read_utf8
from tools.rounds import Backing, same_weights
from tools.votes import standing

_COLUMNS: Final = ("item", "preferred")
_MEND: Final = "give `item` (an id of eval/items.jsonl) and `preferred` (an arm, or tie), as CSV or JSONL"


def read_labels(path: Path) -> tuple[HumanLabel, ...]:
    """Read a file of labels, CSV or JSONL with `item` and `preferred`; of two on one item the later one counts.

    Other columns may stand beside these two; a row whose `preferred` is empty waits for its label and is passed over.

    Raises:
        InputError: The file cannot be read, holds no label, or a row is none; says which.
    """
    text = read_utf8(path)
    rows = csv_rows(path.name, text) if path.suffix.lower() == ".csv" else json_lines(path.name, text)
    found: dict[str, HumanLabel] = {}
    for where, row in rows:
        given = {name: str(row.get(name) or "").strip() for name in _COLUMNS}
        if given["item"] and not given["preferred"]:
            continue
        try:
            label = HumanLabel.model_validate(given)
        except ValidationError as error:
            raise InputError("this is no label", where=where, mend=_MEND) from error
        found[label.item] = label
    if not found:
        raise InputError("this file holds no label", where=path.name, mend=_MEND)
    return tuple(found.values())


@dataclass(frozen=True)
class BlindVotes:
    """What people said of two arms without knowing which was which, and what was left out of it."""

    preferences: tuple[tuple[Vote, Preference], ...]
    named: int
    """Votes that knew the arms' names."""
    other_models: int
    """Blind votes on other weights."""


def blind_votes(votes: Iterable[Vote], a: Arm, b: Arm, behind: Backing) -> BlindVotes:
    """Return the blind votes on two arms.

    A vote taken back says nothing, nor does one for a third arm; of one person's votes on one question the newest
    counts. Two answers that are both wrong are a tie.

    Args:
        votes: All votes of a project.
        a: The first arm.
        b: The other one.
        behind: The base model and tuning run whose answers are judged; votes on others are left out.
    """
    newest: dict[tuple[str, str], tuple[Vote, Preference]] = {}
    named = other = 0
    for vote in standing(votes):
        preferred = _of_vote(vote, a, b)
        if preferred is None:
            continue
        if not vote.blind:
            named += 1
        elif not same_weights(vote, behind, a, b):
            other += 1
        else:
            newest[vote.account, " ".join(vote.question.split()).casefold()] = (vote, preferred)
    return BlindVotes(tuple(newest.values()), named, other)


def _of_vote(vote: Vote, a: Arm, b: Arm) -> Preference | None:
    if a not in vote.arms or b not in vote.arms:
        return None
    if vote.verdict != "better":
        return "tie"
    return "a" if vote.winner == a else "b" if vote.winner == b else None
