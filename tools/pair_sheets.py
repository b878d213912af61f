"""An exported sheet that people have edited, taken over into the pairs: what they changed, decided and added.

A row whose `id` is a pair of the project says how that pair should be; a row that says what the pair says already
changes nothing, so a sheet can be imported as often as one likes. A row without an id is a new pair, of the status that
it says.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

from agent.errors import InputError
from agent.records.pairs import Message, Pair
from tools.conversations import conversation
from tools.exchange.faults import Faults
from tools.exchange.rows import Row, stream_rows
from tools.pair_import import imported_pairs
from tools.pairs import as_accepted, as_edited, as_rejected, load_pairs, save_pairs
from tools.workspace import Project

_COLUMNS: Final = frozenset({"id", "question", "answer", "status"})
_REJECTED: Final = "rejected in review"
_STATUSES: Final = ("accepted", "pending", "rejected")
_KNOWN: Final = "write accepted, pending or rejected"
_SHEETS: Final = frozenset({".xlsx", ".csv"})


class ImportedSheet(NamedTuple):
    """What an edited sheet changed."""

    edited: int
    """Pairs with another question or answer."""
    accepted: int
    """Others that a person accepted."""
    rejected: int
    """Others that a person rejected."""
    unchanged: int
    added: int
    """New pairs, from rows without an id; some may fail the checks."""


def holds_own_pairs(project: Project, path: Path) -> bool:
    """Return whether a file is a sheet with pairs of this project, by their ids."""
    if path.suffix.lower() not in _SHEETS or not path.is_file():
        return False
    known = {pair.id for pair in load_pairs(project)}
    return any(set(row.fields) >= _COLUMNS and row.fields["id"].strip() in known for row in stream_rows(path))


def import_sheet(project: Project, path: Path) -> ImportedSheet:
    """Take over an edited sheet; nothing changes if a row cannot be used.

    A changed question or answer makes a pair accepted, as `review edit` does, unless its row says `rejected`. A row
    that says `pending` decides nothing.

    Raises:
        InputError: Rows cannot be used; counts them and names the first by their numbers.
    """
    pairs = {pair.id: pair for pair in load_pairs(project)}
    faults, counts = Faults(), Counter[str]()
    seen: set[str] = set()
    new: dict[tuple[Message, ...], Row] = {}
    for row in stream_rows(path):
        identifier = str(row.fields.get("id", "")).strip()
        try:
            if not (row.fault or identifier):
                messages = conversation(row.fields, row.where)
                if _status(row) not in ("", *_STATUSES):
                    raise InputError(_unknown(row), where=row.where, mend=_KNOWN)
                new.setdefault(messages, row)
                continue
        except InputError as error:
            faults.add(error.where, error.what, error.mend)
            continue
        what, mend = _fault(row, identifier, pairs, seen)
        if what:
            faults.add(row.where, what, mend)
            continue
        seen.add(identifier)
        pairs[identifier], change = _as_row_says(pairs[identifier], row)
        counts[change] += 1
    faults.refuse()
    added = [_as_new_row_says(pair, new[pair.messages]) for pair in imported_pairs(pairs.values(), new).added]
    save_pairs(project, [*pairs.values(), *added])
    return ImportedSheet(counts["edited"], counts["accepted"], counts["rejected"], counts["unchanged"], len(added))


def _fault(row: Row, identifier: str, pairs: dict[str, Pair], seen: set[str]) -> tuple[str, str]:
    """Return what is wrong with a row that names a pair, and the mend; empty if nothing is."""
    if row.fault:
        return row.fault, row.mend
    if identifier not in pairs:
        return f"there is no pair {identifier} here", "keep the ids; a new pair has an empty one"
    if identifier in seen:
        return f"the pair {identifier} stands in an earlier row too", "keep one of the rows"
    if _status(row) not in _STATUSES:
        return _unknown(row), _KNOWN
    if not all(str(row.fields.get(name, "")).strip() for name in ("question", "answer")):
        return "a question or answer is empty", "fill the cell; `rejected` as status takes a pair out"
    return "", ""


def _unknown(row: Row) -> str:
    return f"the status {_status(row)!r} is unknown"


def _status(row: Row) -> str:
    return str(row.fields.get("status", "")).strip().lower()


def _as_row_says(pair: Pair, row: Row) -> tuple[Pair, str]:
    """Return the pair as its row says it should be, and what that changed."""
    status, why = _status(row), str(row.fields.get("reason") or "").strip()
    new = {"user": row.fields["question"].strip(), "assistant": row.fields["answer"].strip()}
    if new != {"user": _plain(pair.question), "assistant": _plain(pair.answer)}:
        changed = as_edited(pair, new)
        return (as_rejected(changed, why or pair.reason or _REJECTED) if status == "rejected" else changed), "edited"
    if status in (pair.status, "pending"):
        return pair, "unchanged"
    if status == "rejected":
        return as_rejected(pair, why or _REJECTED), "rejected"
    return as_accepted(pair), "accepted"


def _as_new_row_says(pair: Pair, row: Row) -> Pair:
    """Return a new pair with the status of its row; one that fails the checks stays rejected."""
    why = str(row.fields.get("reason") or "").strip()
    match _status(row):
        case "rejected":
            return as_rejected(pair, why or _REJECTED)
        case "pending" if pair.status == "accepted":
            return pair.model_copy(update={"status": "pending", "reason": why})
    return pair


def _plain(text: str) -> str:
    """Return a text as it comes back from a sheet: without blanks at its ends, every line end the same."""
    return text.replace("\r\n", "\n").strip()
