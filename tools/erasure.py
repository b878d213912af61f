"""Taking a document's words out of what was made from it: sealed items, mixes, evaluations, reports.

Results keep their figures and lose the text: an item of the document keeps its id and score and no question, a mix that
was trained loses the examples and says so, a mix that was not is deleted, since making another takes seconds. What a
trained adapter has learnt stays in its weights; `learners` names those adapters.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from agent.records.base import Record
from agent.records.evaluation import Item, ItemAnswer, ItemRetrieval
from agent.records.mixture import MixManifest
from agent.records.tuning import TuneRequest
from knowledge.files import read_record, read_records, sha256_of, write_json, write_record, write_records, write_text
from knowledge.pieces import pieces
from knowledge.store import CorpusStore
from tools.mixing.example import Example
from tools.workspace import Project

ERASED: Final = "[removed]"
"""What stands where a removed document's words were."""
SHORTEST: Final = 12
"""Characters of a wording that is looked for elsewhere; shorter ones stand in any document."""
_SWEPT: Final = frozenset({".json", ".jsonl", ".md", ".html", ".txt", ".csv"})
_RESULTS: Final = ("runs", "mixes", "exports")
"""Folders of a project in which any text file may quote a document."""

R = TypeVar("R", bound=Record)


def wordings(store: CorpusStore, document_id: str) -> tuple[str, ...]:
    """Return the sentences, rows and lines that only this document has, longest first."""
    own: set[str] = set()
    for chunk in store.chunks():
        if chunk.document == document_id:
            for piece in pieces(chunk):
                own |= {piece.text, chunk.text[piece.start : piece.end], chunk.text[slice(*piece.whole)]}
            own |= {line.strip() for line in chunk.text.splitlines()}
    if store.has_text(document_id):
        own |= {line.strip() for line in store.stored_text(document_id).text.splitlines()}
    others = "\n".join(text.text for text in store.texts() if text.document != document_id)
    return tuple(
        sorted((text for text in own if len(text) >= SHORTEST and text not in others), key=lambda t: (-len(t), t))
    )


def erase_items(project: Project, document_id: str) -> set[str]:
    """Delete the sealed items about a document and seal the rest anew; returns the ids that went."""
    items = list(read_records(project.validation, Item))
    gone = {item.id for item in items if item.document == document_id}
    if gone:
        kept = [item for item in items if item.id not in gone]
        write_records(project.validation, kept)
        _reseal(project, kept, len(gone))
    return gone


def _reseal(project: Project, items: Sequence[Item], gone: int) -> None:
    path = project.root / "validation.json"
    if not path.exists():
        return
    manifest = json.loads(path.read_text(encoding="utf-8"))
    left = {item.id for item in items}
    manifest["items"] = len(items)
    manifest["sha256"] = sha256_of(project.validation)
    for key in ("dimension", "source"):
        named = [getattr(item, key) for item in items]
        manifest[f"by_{key}"] = {name: named.count(name) for name in sorted(set(named))}
    manifest["spot_check"] = [one for one in manifest.get("spot_check", ()) if one in left]
    manifest["notes"] = [*manifest.get("notes", ()), f"{gone} items left with a document that was removed"]
    write_json(path, manifest)


def learners(project: Project, document_id: str) -> tuple[str, ...]:
    """Return the runs whose adapter or model was trained on a document, oldest first."""
    taught = {manifest.id for manifest in _manifests(project) if document_id in manifest.documents}
    return tuple(run.name for run, mix in _trainings(project) if mix in taught and (run / "result.json").exists())


def untrained(project: Project, document_id: str) -> tuple[str, ...]:
    """Return the mixes that hold a document and that no training has used."""
    used = {mix for _, mix in _trainings(project)}
    return tuple(m.id for m in _manifests(project) if document_id in m.documents and m.id not in used)


def erase_mixes(project: Project, document_id: str, pairs: Collection[str], words: Sequence[str]) -> tuple[str, ...]:
    """Delete the mixes that hold a document and were not trained; take its examples out of the others.

    Args:
        project: The project, owned by the caller.
        document_id: The document.
        pairs: Ids of the pairs made from it.
        words: Its own wordings.

    Returns:
        Ids of the deleted mixes.
    """
    deleted = untrained(project, document_id)
    for mix in deleted:
        shutil.rmtree(project.mixes / mix)
    for manifest in _manifests(project):
        folder = project.mixes / manifest.id
        gone = sum(
            _keep(folder / name, Example, lambda one: not _is_of(one, pairs, words))
            for name in ("train.jsonl", "validation.jsonl")
        )
        if gone:
            note = f"{gone} examples were deleted with a document that was removed; the hash is that of before"
            write_record(folder / "manifest.json", manifest.model_copy(update={"notes": (*manifest.notes, note)}))
    return deleted


def _is_of(example: Example, pairs: Collection[str], words: Sequence[str]) -> bool:
    return example.id.partition("#")[0] in pairs or any(
        word in message.content for message in example.messages for word in words
    )


def erase_evaluations(project: Project, document_id: str, items: Collection[str]) -> None:
    """Take the questions, passages and answers about a document out of every evaluation; ids and scores stay."""
    for folder in sorted(project.runs.glob("*/eval")):
        asked = list(read_records(folder / "items.jsonl", Item)) if (folder / "items.jsonl").exists() else []
        about = set(items) | {item.id for item in asked if item.document == document_id}
        if about & {item.id for item in asked}:
            write_records(folder / "items.jsonl", [_blank(item) if item.id in about else item for item in asked])
        _rewrite(folder / "answers.jsonl", ItemAnswer, partial(_without_text, about))
        _rewrite(folder / "retrieved.jsonl", ItemRetrieval, lambda one: _without_chunks(one, document_id))
        diagnosis = folder / "diagnosis.json"
        if diagnosis.exists() and any(item in diagnosis.read_text(encoding="utf-8") for item in about):
            diagnosis.unlink()  # It quotes what went, and a diagnosis can be asked for again.


def _without_text(about: Collection[str], one: ItemAnswer) -> ItemAnswer:
    return one.model_copy(update={"text": ERASED}) if one.item in about else one


def _blank(item: Item) -> Item:
    return item.model_copy(
        update={
            "question": ERASED,
            "answers": tuple(ERASED for _ in item.answers),
            "options": tuple(ERASED for _ in item.options),
            "context": ERASED if item.context else "",
        }
    )


def _without_chunks(one: ItemRetrieval, document_id: str) -> ItemRetrieval:
    kept = tuple(hit for hit in one.retrieved if hit.chunk.document != document_id)
    return one if len(kept) == len(one.retrieved) else one.model_copy(update={"retrieved": kept})


def sweep(project: Project, words: Sequence[str]) -> int:
    """Replace a document's own wordings in every text file of the results; returns how many files changed."""
    changed = 0
    spelt = [(word, json.dumps(word, ensure_ascii=False)[1:-1]) for word in words]
    for folder in _RESULTS:
        for path in sorted((project.root / folder).rglob("*")):
            if path.suffix not in _SWEPT or not path.is_file():
                continue
            before = text = path.read_text(encoding="utf-8", errors="surrogateescape")
            for plain, quoted in spelt:
                text = text.replace(quoted, ERASED).replace(plain, ERASED)
            if text != before:
                write_text(path, text)
                changed += 1
    return changed


def _manifests(project: Project) -> list[MixManifest]:
    return [read_record(path, MixManifest) for path in sorted(project.mixes.glob("*/manifest.json"))]


def _trainings(project: Project) -> Iterable[tuple[Path, str]]:
    """Yield every training run and its mix."""
    for request in sorted(project.runs.glob("*-tune*/request.json")):
        yield request.parent, read_record(request, TuneRequest).mix


def _keep(path: Path, kind: type[R], wanted: Callable[[R], bool]) -> int:
    """Leave only the wanted records in a file; returns how many went."""
    if not path.exists():
        return 0
    records = list(read_records(path, kind))
    kept = [one for one in records if wanted(one)]
    if len(kept) != len(records):
        write_records(path, kept)
    return len(records) - len(kept)


def _rewrite(path: Path, kind: type[R], change: Callable[[R], R]) -> None:
    if not path.exists():
        return
    records = list(read_records(path, kind))
    changed = [change(one) for one in records]
    if changed != records:
        write_records(path, changed)
