"""The spot-check of the sealed set by a person: verdicts on the drawn items, and the error rate they speak for.

    judge(project, {"v12ab": None, "v34cd": "the passage says 24 months"})      # right, wrong
    set_check(project).figures.rate

Verdicts stand in `validation_check.jsonl` beside the set, which never changes by them, and are bound to its hash: every
version has a sample and a check of its own. Verdicts on an earlier version do not count for the next one, not even on
an item that is drawn again: the wrong ones among them were left out of it, so those that are left would speak too well
of it. A wrong item leaves the set when the set is sealed again (`tools.validation.run`), and not before.
A lock of their own orders the writers, since people look while a job holds the project.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.errors import EmptyError, NotFoundError
from agent.prompts.set_check import item_mend
from agent.records.base import Language
from agent.records.evaluation import Item
from agent.records.set_check import CheckFigures, ItemVerdict, SetCheck, WrongItem
from knowledge.files import read_records, sha256_of, write_records
from knowledge.store import CorpusStore
from tools.evaluation.statistics import wilson
from tools.workspace import Project

MANIFEST: Final = "validation.json"
"""Name of the manifest of a project's sealed set."""
_MADE: Final = ("auto", "builtin", "")
"""Sources of items that no file of the team's holds."""


@dataclass(frozen=True)
class Sample:
    """The items of a sealed set that were drawn for a person."""

    sha256: str
    """Hash of the set."""
    seed: int
    items: Mapping[str, Item]
    """All items of the set, by id."""
    drawn: tuple[str, ...]
    """Ids in the order in which they were drawn."""


def check_file(project: Project) -> Path:
    """Return where the verdicts on a project's sealed items are."""
    return project.root / "validation_check.jsonl"


def verdicts(project: Project) -> tuple[ItemVerdict, ...]:
    """Return every verdict that stands, oldest first, those on earlier versions of the set included."""
    return tuple(read_records(check_file(project), ItemVerdict))


def drawn_sample(project: Project) -> Sample | None:
    """Return the sample of the sealed set; `None` without a set, or if the file is not the one that was sealed."""
    path = project.root / MANIFEST
    if not path.exists() or not project.validation.exists():
        return None
    manifest = json.loads(path.read_text(encoding="utf-8"))
    sealed = sha256_of(project.validation)
    if manifest.get("sha256") != sealed:
        return None
    items = {item.id: item for item in read_records(project.validation, Item)}
    drawn = tuple(one for one in manifest.get("spot_check", ()) if one in items)
    return Sample(sealed, manifest.get("seed", 0), items, drawn) if drawn else None


def figures(project: Project) -> tuple[str, CheckFigures] | None:
    """Return the hash of the sealed set and the figures of its spot-check; `None` without a sample."""
    sample = drawn_sample(project)
    return None if sample is None else (sample.sha256, _figures(sample, verdicts(project)))


def set_check(project: Project, lang: Language = "en") -> SetCheck:
    """Return where the spot-check of the sealed set stands.

    Args:
        project: The project.
        lang: Language in which it is said how wrong items are mended.

    Raises:
        EmptyError: There is no sealed set.
    """
    sample, known = _need(project), verdicts(project)
    looked = {one.item for one in _counted(sample, known)}
    return SetCheck(
        sha256=sample.sha256,
        figures=_figures(sample, known),
        sample=tuple(one for one in sample.drawn if one not in looked),
        found=tuple(_wrong_items(project, sample, known, lang)),
    )


def items_left(project: Project) -> tuple[Item, ...]:
    """Return the drawn items that nobody has looked at yet, in the order in which they were drawn.

    Raises:
        EmptyError: There is no sealed set.
    """
    sample = _need(project)
    looked = {one.item for one in _counted(sample, verdicts(project))}
    return tuple(sample.items[one] for one in sample.drawn if one not in looked)


def judge(project: Project, said: Mapping[str, str | None], undo: Collection[str] = ()) -> None:
    """Write what a person says of drawn items; a later verdict on an item takes the place of the earlier one.

    Args:
        project: The project.
        said: By item id `None` for a right item, and for a wrong one the reason, which may be empty.
        undo: Ids of items whose verdict is taken back; one on an earlier version of the set may be.

    Raises:
        EmptyError: There is no sealed set.
        NotFoundError: An item is not in its sample, or has no verdict to take back; nothing is written then.
    """
    with held(project):
        sample, known = _need(project), verdicts(project)
        _refuse(set(said) - set(sample.drawn) | set(undo) - {one.item for one in known})
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        new = [
            ItemVerdict(
                item=name,
                content=content_hash(sample.items[name]),
                document=sample.items[name].document,
                sealed=sample.sha256,
                verdict="right" if reason is None else "wrong",
                reason=(reason or "").strip(),
                at=at,
            )
            for name, reason in said.items()
        ]
        settled = {*said, *undo}
        write_records(check_file(project), [*(one for one in known if one.item not in settled), *new])


def judged_wrong(project: Project, items: Iterable[Item]) -> frozenset[str]:
    """Return the ids of those items that a person found wrong as they are."""
    wrong = {(one.item, one.content) for one in verdicts(project) if one.verdict == "wrong"}
    return frozenset(item.id for item in items if (item.id, content_hash(item)) in wrong) if wrong else frozenset()


def forget_verdicts(project: Project, document: str, items: Collection[str], quotes: Callable[[str], bool]) -> None:
    """Delete the verdicts on items of a document and those whose reason quotes it.

    Args:
        project: The project; the caller holds the verdicts (`held`).
        document: Id of the document.
        items: Ids of further items that go with it.
        quotes: Tells whether a text holds the document's words.
    """
    known = verdicts(project)
    kept = [one for one in known if one.document != document and one.item not in items and not quotes(one.reason)]
    if len(kept) < len(known):
        write_records(check_file(project), kept)


def rebind_verdicts(project: Project, before: str, after: str) -> None:
    """Let the verdicts on a set stand for what is left of it and of its sample after a document's items went.

    Args:
        project: The project; the caller holds the verdicts (`held`).
        before: Hash of the set as it was.
        after: Hash of what is left.
    """
    known = verdicts(project)
    if any(one.sealed == before for one in known):
        moved = (one.model_copy(update={"sealed": after}) if one.sealed == before else one for one in known)
        write_records(check_file(project), moved)


@contextmanager
def held(project: Project) -> Iterator[None]:
    """Hold the verdicts for writing, among threads and processes; the lock falls with the process."""
    # Not the file itself: it is replaced by every write, and a lock on a replaced file holds nobody off.
    descriptor = os.open(project.root / ".validation_check.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def content_hash(item: Item) -> str:
    """Return the hash of what an item says."""
    return hashlib.sha256(item.line().encode()).hexdigest()


def _need(project: Project) -> Sample:
    sample = drawn_sample(project)
    if sample is None:
        raise EmptyError("no sealed set to check", mend="`domainsmith validate` seals one and draws the sample")
    return sample


def _refuse(unknown: set[str]) -> None:
    if unknown:
        where = ", ".join(sorted(unknown))
        raise NotFoundError("not in the spot-check", where=where, mend="`domainsmith validate --check` lists its items")


def _counted(sample: Sample, known: Iterable[ItemVerdict]) -> list[ItemVerdict]:
    """Return the verdicts that the error rate rests on: only drawn items count, as they stand in this set."""
    drawn = set(sample.drawn)
    return [one for one in known if one.sealed == sample.sha256 and one.item in drawn]


def _figures(sample: Sample, known: Iterable[ItemVerdict]) -> CheckFigures:
    looked = _counted(sample, known)
    wrong = sum(one.verdict == "wrong" for one in looked)
    low, high = wilson(wrong, len(looked))
    return CheckFigures(
        drawn=len(sample.drawn),
        reviewed=len(looked),
        wrong=wrong,
        rate=round(wrong / len(looked), 4) if looked else None,
        low=round(low, 4),
        high=round(high, 4),
    )


def _wrong_items(project: Project, sample: Sample, known: Sequence[ItemVerdict], lang: Language) -> Iterator[WrongItem]:
    wrong = judged_wrong(project, sample.items.values())
    counted = {one.item for one in _counted(sample, known)}
    names = {one.id: one.name for one in CorpusStore(project.root).documents()} if wrong else {}
    seal = _seal_command(project, sample)
    for one in known:
        if one.item not in wrong:
            continue
        item = sample.items[one.item]
        file = "" if item.source in _MADE else shlex.quote(item.source)
        mend = item_mend(lang, seal, file=file, document=names.get(item.document, ""))
        question = item.question or " / ".join(item.options)
        yield WrongItem(item=item.id, question=question, reason=one.reason, counted=item.id in counted, mend=mend)


def _seal_command(project: Project, sample: Sample) -> str:
    """Return the command that seals such a set again."""
    automatic = any(item.source in _MADE for item in sample.items.values())
    words = ["domainsmith", "validate", "-p", shlex.quote(project.info.name)]
    words += [] if automatic else ["--no-automatic"]
    words += ["--seed", str(sample.seed)] if sample.seed else []
    return " ".join(words)
