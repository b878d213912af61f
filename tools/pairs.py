"""Training pairs on disk: load, save, review and export.

    pairs = load_pairs(project)
    accept(project, ["p12ab"])
    export_pairs(project, Path("pairs.csv"), "csv")

Every change replaces `pairs.jsonl` whole, so a reader sees the state before or after it; a review parses only the lines
it changes. Writing expects the caller to own the project.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agent.errors import InputError, NotFoundError
from agent.records.pairs import Message, Pair, PairKind, PairSource, PairStatus
from knowledge.files import read_records, write_bytes_atomically, write_records
from tools.conversations import conversation, read_conversations
from tools.exchange.writing import PairFormat, write_pairs
from tools.workspace import Project

__all__ = [
    "PairFormat",
    "accept",
    "conversation",
    "edit",
    "export_pairs",
    "load_pairs",
    "pair_id",
    "read_conversations",
    "reason_of",
    "reject",
    "restore",
    "save_pairs",
    "select",
]

_ID: Final = re.compile(rb'\s*\{"id":"([^"\\]*)"')
_KIND_OF_REASON: Final = re.compile(r"([a-z_]+): ")


def pair_id(document: str, start: int, end: int, messages: Iterable[Message]) -> str:
    """Return a pair's id: a hash of where it comes from and what it says."""
    key = "\x1f".join((document, str(start), str(end), *(f"{m.role}:{m.content}" for m in messages)))
    return "p" + hashlib.sha256(key.encode()).hexdigest()[:15]


def load_pairs(project: Project) -> list[Pair]:
    """Return all pairs of a project, rejected ones included."""
    return list(read_records(project.pairs, Pair))


def save_pairs(project: Project, pairs: Iterable[Pair]) -> None:
    """Replace the pairs of a project."""
    write_records(project.pairs, pairs)


def select(
    pairs: Iterable[Pair],
    *,
    status: PairStatus | None = None,
    kind: PairKind | None = None,
    source: PairSource | None = None,
    document: str | None = None,
    reason: str | None = None,
    containing: str = "",
) -> list[Pair]:
    """Return the pairs that match every filter that is given.

    Args:
        pairs: Pairs to look through.
        status: Wanted status.
        kind: Wanted kind.
        source: Wanted source.
        document: Wanted document id.
        reason: Wanted kind of reason, as `reason_of` names it.
        containing: Text that question, answer or reason must hold, whatever its case.
    """
    needle = containing.casefold()
    return [
        pair
        for pair in pairs
        if (status is None or pair.status == status)
        and (kind is None or pair.kind == kind)
        and (source is None or pair.source == source)
        and (document is None or pair.document == document)
        and (reason is None or reason_of(pair) == reason)
        and (not needle or needle in f"{pair.question}\n{pair.answer}\n{pair.reason}".casefold())
    ]


def reason_of(pair: Pair) -> str:
    """Return the kind of a pair's reason: a check's name, `conflict`, or a person's own words; empty without one."""
    named = _KIND_OF_REASON.match(pair.reason)
    return named[1] if named else pair.reason


def accept(project: Project, ids: Sequence[str]) -> list[Pair]:
    """Accept pairs by their ids, whatever the checks said; returns them as they are now.

    Raises:
        NotFoundError: There is no such pair.
    """
    return _change(project, ids, as_accepted)


def reject(project: Project, ids: Sequence[str], reason: str) -> list[Pair]:
    """Reject pairs by their ids; returns them as they are now.

    Raises:
        NotFoundError: There is no such pair.
        InputError: The reason is empty.
    """
    why = reason.strip()
    if not why:
        raise InputError("a rejection needs a reason", mend="say in a few words what is wrong with the pair")
    return _change(project, ids, lambda pair: as_rejected(pair, why))


def edit(project: Project, identifier: str, *, question: str | None = None, answer: str | None = None) -> Pair:
    """Change the last question or answer of a pair; it is accepted then, keeps its id and is marked as edited.

    Raises:
        NotFoundError: There is no such pair.
        InputError: A turn would be empty, or nothing is changed.
    """
    new = {"user": question, "assistant": answer}
    if question is None and answer is None:
        raise InputError("nothing to change", where=identifier, mend="give a question, an answer or both")
    if any(value is not None and not value.strip() for value in new.values()):
        raise InputError("a question or answer cannot be empty", where=identifier, mend="write what it should say")

    return _change(project, [identifier], lambda pair: as_edited(pair, new))[0]


def restore(project: Project, before: Pair, after: Pair) -> Pair:
    """Undo a change: put a pair back as it was, if it still is what the change made of it.

    Raises:
        NotFoundError: There is no such pair any more.
        InputError: The pair was changed again since.
    """

    def back(now: Pair) -> Pair:
        if now != after:
            raise InputError("this pair was changed again since", where=now.id, mend="look at it and decide anew")
        return before

    return _change(project, [before.id], back)[0]


def export_pairs(
    project: Project,
    path: Path,
    form: PairFormat,
    *,
    status: PairStatus | None = "accepted",
    overwrite: bool = False,
) -> int:
    """Write pairs to a file or folder, atomically; returns how many.

    Args:
        project: Whose pairs.
        path: Where to.
        form: See `tools.exchange.writing`. In CSV and XLSX a cell that a spreadsheet would take for a formula gets a
            leading apostrophe.
        status: Only pairs of that status; `None` for all.
        overwrite: Whether a file that is there already may be replaced.

    Raises:
        InputError: The file is there already, or a text does not fit into a cell.
    """
    pairs = select(load_pairs(project), status=status)
    write_pairs(pairs, path, form, overwrite=overwrite)
    return len(pairs)


def as_accepted(pair: Pair) -> Pair:
    """Return a pair as a person accepted it."""
    return pair.model_copy(update={"status": "accepted", "reason": "", "reviewed": True})


def as_rejected(pair: Pair, why: str) -> Pair:
    """Return a pair as a person rejected it, with the reason."""
    return pair.model_copy(update={"status": "rejected", "reason": why, "reviewed": True})


def as_edited(pair: Pair, new: Mapping[str, str | None]) -> Pair:
    """Return a pair with another last turn of a role; `None` leaves that role's turn as it is."""
    messages = list(pair.messages)
    for role, content in new.items():
        places = [number for number, message in enumerate(messages) if message.role == role]
        if content is not None and places:
            messages[places[-1]] = messages[places[-1]].model_copy(update={"content": content.strip()})
    changed = {"messages": tuple(messages), "status": "accepted", "reason": "", "reviewed": True, "edited": True}
    return pair.model_copy(update=changed)


def _change(project: Project, ids: Sequence[str], change: Callable[[Pair], Pair]) -> list[Pair]:
    """Replace the lines of some pairs; the others are copied unread, so that a review of 10,000 pairs stays quick."""
    wanted = set(ids)
    changed: dict[str, Pair] = {}
    lines = project.pairs.read_bytes().split(b"\n") if project.pairs.exists() else []
    for number, line in enumerate(lines):
        head = _ID.match(line)
        if line.strip() and (head is None or head[1].decode() in wanted):
            try:
                pair = Pair.model_validate_json(line)
            except ValidationError as error:
                where = f"{project.pairs.name}, line {number + 1}"
                raise InputError("this is no pair", where=where, mend="correct or remove that record") from error
            if pair.id in wanted:
                changed[pair.id] = change(pair)
                lines[number] = changed[pair.id].line().encode()
    missing = wanted - set(changed)
    if missing:
        raise NotFoundError("no such pair", where=", ".join(sorted(missing)), mend="`domainsmith review` lists them")
    write_bytes_atomically(project.pairs, [b"\n".join(line for line in lines if line.strip()), b"\n"])
    return [changed[identifier] for identifier in dict.fromkeys(ids)]
