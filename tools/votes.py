"""Votes of people on side-by-side answers: cast, take back, keep, hand over.

    vote = cast(project, round_, answers, "better", winner="rag", account="ada")
    undo(project, "ada")

Votes are evidence: `votes.jsonl` only grows, a vote taken back stays in it with the time it was taken back, and what is
acknowledged is on the disk. A lock of their own orders the writers, since people vote while a job holds the project.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.errors import InputError, NotFoundError
from agent.records.corpus import Answer
from agent.records.evaluation import ARMS, Arm
from agent.records.vote import Vote, VotedAnswer, VoteVerdict
from knowledge.files import read_records, write_bytes_atomically, write_records
from tools.evaluation.arms import WITH_RETRIEVAL
from tools.extraction.rows import csv_text
from tools.rounds import Round
from tools.workspace import Project

_HEAD: Final = (
    "id",
    "at",
    "account",
    "question",
    "language",
    "item",
    "order",
    "blind",
    "seed",
    "verdict",
    "winner",
    "base_model",
    "tune_run",
)
_PER_ARM: Final = ("text", "sha256", "seconds", "seconds_to_first_token", "tokens", "abstained", "truncated")


def votes_file(project: Project) -> Path:
    """Return where the votes of a project are."""
    return project.root / "votes.jsonl"


def load_votes(project: Project) -> tuple[Vote, ...]:
    """Return every vote of a project, oldest first, those taken back included."""
    return tuple(read_records(votes_file(project), Vote))


def standing(votes: Iterable[Vote]) -> tuple[Vote, ...]:
    """Return the votes that were not taken back."""
    return tuple(vote for vote in votes if not vote.undone)


def cast(
    project: Project,
    round_: Round,
    answers: Mapping[Arm, Answer],
    verdict: VoteVerdict,
    winner: Arm | None = None,
    account: str = "",
    documents: Iterable[str] = (),
) -> Vote:
    """Write a vote; a second one on a round that has a standing vote returns the first and changes nothing.

    Args:
        project: The project.
        round_: What was asked, of whom, in which order.
        answers: What the arms answered; every arm of the round.
        verdict: What the voter said.
        winner: The better arm, with the verdict `better`.
        account: Who votes.
        documents: Ids of the documents that retrieval found passages in.

    Raises:
        InputError: An answer is missing, or the verdict does not fit the arms.
    """
    missing = [arm for arm in round_.arms if arm not in answers]
    if missing or len(round_.arms) < 2:
        raise InputError("a vote needs two answers or more", where=", ".join(missing), mend="wait for every column")
    if (winner is not None) != (verdict == "better") or (winner is not None and winner not in round_.arms):
        raise InputError("this verdict does not fit the columns", where=f"{verdict} {winner or ''}".strip())
    vote = Vote(
        id=f"v{secrets.token_hex(8)}",
        comparison=round_.id,
        at=_now(),
        account=account,
        question=round_.question,
        language=round_.language,
        item=round_.item,
        answers=tuple(_voted(arm, answers[arm]) for arm in round_.arms),
        blind=round_.blind,
        seed=round_.seed,
        verdict=verdict,
        winner=winner,
        base_model=round_.backing.base_model,
        tune_run=round_.backing.tune_run,
        documents=tuple(sorted(set(documents))),
    )
    with _written(project) as path:
        for known in read_records(path, Vote):
            if known.comparison == round_.id and not known.undone:
                return known
        before = path.read_bytes() if path.exists() else b""
        write_bytes_atomically(path, [before, b"" if not before or before.endswith(b"\n") else b"\n", _line(vote)])
    return vote


def undo(project: Project, account: str, vote: str = "") -> Vote:
    """Take back a vote of an account: the one named, else its newest that stands; returns it as it is now.

    Raises:
        NotFoundError: The account has no such vote that stands.
    """
    with _written(project) as path:
        votes = list(read_records(path, Vote))
        own = [one for one in votes if one.account == account and not one.undone and vote in ("", one.id)]
        if not own:
            raise NotFoundError("no vote to take back", where=vote)
        gone = own[-1].model_copy(update={"undone": _now()})
        write_records(path, (gone if one.id == gone.id else one for one in votes))
    return gone


def forget_document(project: Project, document: str) -> int:
    """Remove answers that may quote a deleted document; their hashes and the verdicts stay. Returns the votes changed.

    An arm with retrieval may have read the document whenever retrieval found it, cited or not.
    """
    changed = 0

    def without(vote: Vote) -> Vote:
        nonlocal changed
        if document not in vote.documents:
            return vote
        changed += 1
        answers = tuple(
            answer.model_copy(update={"text": None, "citations": ()}) if answer.arm in WITH_RETRIEVAL else answer
            for answer in vote.answers
        )
        kept = tuple(one for one in vote.documents if one != document)
        return vote.model_copy(update={"answers": answers, "documents": kept})

    with _written(project) as path:
        votes = [without(vote) for vote in read_records(path, Vote)]
        if changed:
            write_records(path, votes)
    return changed


def votes_csv(votes: Iterable[Vote]) -> str:
    """Return votes as CSV, one row a vote, with columns for every arm; formulas are neutralised."""
    columns = (*_HEAD, *(f"{arm}_{field}" for arm in ARMS for field in _PER_ARM))
    return csv_text(columns, (_row(vote) for vote in votes))


def votes_jsonl(votes: Iterable[Vote]) -> str:
    """Return votes as JSONL, the form they are kept in."""
    return "".join(f"{vote.line()}\n" for vote in votes)


def _row(vote: Vote) -> tuple[object, ...]:
    named = {answer.arm: answer for answer in vote.answers}
    head = {**vote.model_dump(), "order": " | ".join(vote.arms)}
    cells = (getattr(named[arm], field) if arm in named else None for arm in ARMS for field in _PER_ARM)
    return (*(head[name] for name in _HEAD), *cells)


def _voted(arm: Arm, answer: Answer) -> VotedAnswer:
    return VotedAnswer(
        arm=arm,
        text=answer.text,
        sha256=hashlib.sha256(answer.text.encode()).hexdigest(),
        citations=tuple(citation.chunk for citation in answer.citations),
        seconds=answer.seconds,
        seconds_to_first_token=answer.seconds_to_first_token,
        tokens=answer.tokens,
        abstained=answer.abstained,
        truncated=answer.truncated,
    )


@contextmanager
def _written(project: Project) -> Iterator[Path]:
    """Hold the votes for writing, among threads and processes; the lock falls with the process."""
    path = votes_file(project)
    # Not the file itself: it is replaced by every write, and a lock on a replaced file holds nobody off.
    descriptor = os.open(path.with_name(".votes.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(descriptor)


def _line(vote: Vote) -> bytes:
    return f"{vote.line()}\n".encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
