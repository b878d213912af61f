"""Taking a document's words out of what was made from it: sealed items, mixes, evaluations, reports.

Results keep their figures and lose the text: an item of the document keeps its id and score and no question, a mix that
was trained loses the examples and says so, a mix that was not is deleted, since making another takes seconds. What a
trained adapter has learnt stays in its weights; `learners` names those adapters.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from agent.prompts.mixing import mix_note
from agent.records.base import Language, Record
from agent.records.evaluation import Item, ItemAnswer, ItemRetrieval
from agent.records.mixture import MixManifest
from knowledge.files import (
    drop_parts,
    names_writer,
    read_record,
    read_records,
    sha256_of,
    write_bytes_atomically,
    write_json,
    write_record,
    write_records,
    write_text,
)
from knowledge.lexical import CJK
from knowledge.pieces import pieces
from knowledge.store import CorpusStore
from tools.mixing.card import CARD
from tools.mixing.example import Example
from tools.mixing.swept import PILOT, SweepMark
from tools.sought import Sought, leave_out
from tools.validation.check import MANIFEST, forget_verdicts, held, rebind_verdicts
from tools.workspace import Project

ERASED: Final = "[removed]"
"""What stands where a removed document's words were."""
SHORTEST: Final = 12
"""Characters of a wording that is looked for elsewhere; shorter ones stand in any document."""
_WORDS: Final = 4
"""Words of an English wording: fewer are a name, a heading or a setting, which others write too."""
_HAN: Final = 10
"""Han characters of a Chinese wording."""
_HAN_CHARACTER: Final = re.compile(f"[{CJK}]")
_ID: Final = re.compile(rb'"id": ?"([^"\\#]*)[^"\\]*"\s*\}\s*$')
"""End of an example's line: the id of its pair, and behind `#` which repetition of it."""
_END: Final = 300
"""Bytes in which that stands."""
_TEXT: Final = frozenset({".md", ".html", ".txt", ".csv"})

R = TypeVar("R", bound=Record)


def wordings(store: CorpusStore, document_id: str) -> tuple[str, ...]:
    """Return the sentences and rows that only this document has, longest first."""
    own: set[str] = set()
    for chunk in store.chunks_of(document_id):
        for piece in pieces(chunk):
            own |= {piece.text, chunk.text[piece.start : piece.end], chunk.text[slice(*piece.whole)]}
        own |= {line.strip() for line in chunk.text.splitlines()}
    if store.has_text(document_id):
        own |= {line.strip() for line in store.stored_text(document_id).text.splitlines()}
    sought = Sought(sorted((text for text in own if _says(text)), key=lambda text: (-len(text), text)))
    shared: set[str] = set()
    for text in store.texts():
        if text.document != document_id:
            shared.update(sought.found(text.text))
    return tuple(word for word in sought.words if word not in shared)


def _says(text: str) -> bool:
    """Return whether a text is long enough to be somebody's own words and no heading."""
    if len(text) < SHORTEST or text.startswith("#"):
        return False
    words = sum(any(character.isalnum() for character in word) for word in text.split())
    return words >= _WORDS or len(_HAN_CHARACTER.findall(text)) >= _HAN


def erase_items(project: Project, document_id: str, words: Sought, lang: Language = "en") -> set[str]:
    """Delete the sealed items about a document and seal the rest anew; returns the ids that went.

    A question file that quotes the document goes too: it would be read again with the next set. So do the verdicts of
    the spot-check on its items and those whose reason quotes it; the others stand for what is left.

    Args:
        project: The project, owned by the caller.
        document_id: The document.
        words: Its own wordings.
        lang: Language of the note in the set's manifest.
    """
    for copy in sorted(project.questions.iterdir()) if project.questions.is_dir() else ():
        if words.stands_in_file(copy):
            copy.unlink()
    items = list(read_records(project.validation, Item))
    gone = {item.id for item in items if is_about(item, document_id, words)}
    with held(project):
        # Before the items: a removal that breaks off and is asked for again would not know which had gone.
        forget_verdicts(project, document_id, gone, words.stands_in)
        if gone:
            kept = [item for item in items if item.id not in gone]
            before = sha256_of(project.validation)
            write_records(project.validation, kept)
            rebind_verdicts(project, before, sha256_of(project.validation))
            _reseal(project, kept, mix_note("items_left", lang, count=len(gone)))
    return gone


def is_about(item: Item, document_id: str, words: Sought) -> bool:
    """Return whether a sealed item asks about a document or shows a passage of it."""
    return item.document == document_id or words.stands_in(item.context)


def _reseal(project: Project, items: Sequence[Item], note: str) -> None:
    path = project.root / MANIFEST
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
    manifest["notes"] = [*manifest.get("notes", ()), note]
    write_json(path, manifest)


def learners(project: Project, document_id: str) -> tuple[str, ...]:
    """Return the runs whose adapter, model or checkpoints were trained on a document, oldest first."""
    return tuple(run.name for run in _taught(project, document_id) if _is_done(run) or _checkpoints(run).is_dir())


def erase_checkpoints(project: Project, document_id: str) -> None:
    """Delete the checkpoints of trainings on a document that are not done: nothing can go on from them."""
    for run in _taught(project, document_id):
        if not _is_done(run) and _checkpoints(run).is_dir():
            shutil.rmtree(_checkpoints(run))


def _taught(project: Project, document_id: str) -> list[Path]:
    mixes = {manifest.id for manifest in _manifests(project) if document_id in manifest.documents}
    return [run for run, mix in _trainings(project) if mix in mixes]


def _is_done(run: Path) -> bool:
    return (run / "result.json").exists()


def _checkpoints(run: Path) -> Path:
    return run / "checkpoints"


def untrained(project: Project, document_id: str) -> tuple[str, ...]:
    """Return the mixes that hold a document and that no training has used."""
    used = {mix for _, mix in _trainings(project)}
    return tuple(m.id for m in _manifests(project) if document_id in m.documents and m.id not in used)


def erase_mixes(
    project: Project, document_id: str, pairs: Collection[str], words: Sought, lang: Language = "en"
) -> tuple[str, ...]:
    """Delete the mixes that hold a document and were not trained; take its examples out of the others.

    Args:
        project: The project, owned by the caller.
        document_id: The document.
        pairs: Ids of the pairs made from it.
        words: Its own wordings.
        lang: Language of the note in a trained mix.

    Returns:
        Ids of the deleted mixes.
    """
    deleted = untrained(project, document_id)
    for mix in deleted:
        shutil.rmtree(project.mixes / mix)
    for manifest in _manifests(project):
        folder = project.mixes / manifest.id
        gone = sum(_without_examples(folder / name, pairs, words) for name in ("train.jsonl", "validation.jsonl"))
        if gone:
            note = mix_note("removed", lang, count=gone)
            write_record(folder / "manifest.json", manifest.model_copy(update={"notes": (*manifest.notes, note)}))
            if (folder / CARD).exists():
                write_text(folder / CARD, f"{(folder / CARD).read_text(encoding='utf-8').rstrip()}\n\n{note}\n")
    return deleted


def _without_examples(path: Path, pairs: Collection[str], words: Sought) -> int:
    """Delete the examples of some pairs and those that quote the document; returns how many went."""

    def is_of(example: Example) -> bool:
        if example.id.partition("#")[0] in pairs:
            return True
        # General data says what anybody may say.
        return example.origin == "domain" and any(words.stands_in(message.content) for message in example.messages)

    return leave_out(path, Example, words.lines(path) | _examples_of(path, pairs), is_of)


def _examples_of(path: Path, pairs: Collection[str]) -> set[int]:
    """Return the numbers of the lines whose example was, or may have been, made from one of the pairs; unparsed."""
    if not path.exists():
        return set()
    known = {pair.encode() for pair in pairs}
    with path.open("rb") as file:
        return {n for n, line in enumerate(file) if (end := _ID.search(line[-_END:])) is None or end[1] in known}


def erase_evaluations(project: Project, document_id: str, items: Collection[str]) -> None:
    """Take the questions, passages and answers about a document out of every evaluation; ids and scores stay."""
    for folder in sorted(project.runs.rglob("eval")):
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


def sweep(project: Project, words: Sought) -> int:
    """Replace a document's own wordings in reports, logs and results of runs; returns how many files changed.

    Of JSON only the texts are changed, never a key; what belongs to a trained model is not touched.
    """
    changed = 0
    for path in sorted(project.runs.rglob("*")) if words else ():
        if not path.is_file() or {"adapter", "checkpoints", "model"} & set(path.parts):
            continue
        is_json = path.suffix in (".json", ".jsonl") and path.name != "manifest.json"
        if not (is_json or path.suffix in _TEXT) or not words.stands_in_file(path):
            continue
        before = path.read_text(encoding="utf-8", errors="surrogateescape")
        if path.suffix in _TEXT:
            after = _without(before, words)
        elif path.suffix == ".jsonl":
            after = "".join(_rewritten(line, words) for line in before.splitlines(keepends=True))
        else:
            after = _rewritten(before, words)
        if after != before:
            write_bytes_atomically(path, [after.encode("utf-8", "surrogateescape")])
            changed += 1
    return changed


def _rewritten(text: str, words: Sought) -> str:
    """Return JSON text with the wordings gone from its strings; as it was where none is there or it is no JSON."""
    if not words.stands_in(text):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return _without(text, words)
    end = "\n" if text.endswith("\n") else ""
    return json.dumps(_cleaned(value, words), ensure_ascii=False, separators=(",", ":")) + end


def _cleaned(value: Any, words: Sought) -> Any:
    match value:
        case str():
            return _without(value, words)
        case list():
            return [_cleaned(one, words) for one in value]
        case dict():
            return {key: _cleaned(one, words) for key, one in value.items()}
        case _:
            return value


def _without(text: str, words: Sought) -> str:
    for word in words.found(text):
        for form in (word, json.dumps(word, ensure_ascii=False)[1:-1], json.dumps(word)[1:-1]):
            text = text.replace(form, ERASED)
    return text


def drop_leftovers(project: Project) -> None:
    """Delete what killed processes left half-written; the caller owns the project, so no job writes any more.

    What a living process writes without owning the project, a vote among it, is whole in a moment and stays.
    """
    drop_parts(project.root)
    for path in sorted(project.root.rglob(".*.part")):
        if path.is_dir():  # of a checkpoint
            shutil.rmtree(path)
        elif not names_writer(path):
            path.unlink(missing_ok=True)
    for folder in project.mixes.glob(".making-*"):
        shutil.rmtree(folder)


def _manifests(project: Project) -> list[MixManifest]:
    return [read_record(path, MixManifest) for path in sorted(project.mixes.glob("*/manifest.json"))]


def _trainings(project: Project) -> Iterator[tuple[Path, str]]:
    """Yield every training run, pilots and unfinished ones among them, and its mix.

    A pilot that was killed before its first checkpoint has learnt nothing.
    """
    for run in sorted(project.runs.glob("*")):
        for name in ("result.json", "request.json"):
            path = run / name
            said = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            if isinstance(said, dict) and isinstance(said.get("mix"), str) and {"adapter", "method"} & said.keys():
                yield run, said["mix"]
                break
        else:
            mark = run / f"{PILOT}.json"
            if mark.exists() and _checkpoints(run).is_dir() and (mix := read_record(mark, SweepMark).mix):
                yield run, mix


def _rewrite(path: Path, kind: type[R], change: Callable[[R], R]) -> None:
    if not path.exists():
        return
    records = list(read_records(path, kind))
    changed = [change(one) for one in records]
    if changed != records:
        write_records(path, changed)
