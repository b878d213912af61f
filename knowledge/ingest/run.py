"""Read a user's files into the project's corpus: new and changed ones only, and bring the index up to date.

result = ingest([Path("manuals")], CorpusStore(project.root), load_embedder(settings), reporter)
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import InputError
from agent.progress import Reporter
from agent.records.base import Language
from agent.records.corpus import Chunk, Document, DocumentText, IngestResult, PageSpan
from knowledge.embedding import Embedder
from knowledge.index import VectorIndex
from knowledge.ingest.chunking import CHUNK_CHARACTERS, chunk_document
from knowledge.ingest.formats import LARGEST_FILE
from knowledge.ingest.language import language_of
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.reading import Reading
from knowledge.ingest.sources import SourceFile, collect, document_id, kinds
from knowledge.store import CorpusStore

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_READABLE = ("read", "unchanged")


def ingest(
    paths: Sequence[Path],
    store: CorpusStore,
    embedder: Embedder,
    reporter: Reporter,
    *,
    sizes: Mapping[Language, int] = CHUNK_CHARACTERS,
) -> IngestResult:
    """Read files and folders into the corpus.

    An unchanged file (by the hash of its bytes) is not read again. A file that vanished from a folder is removed when
    that folder is read again. A file that cannot be read is listed with its reason and stops nothing.

    Args:
        paths: Files and folders.
        store: The project's corpus; the caller owns the project.
        embedder: Embeds new chunks.
        reporter: Hears of files, then of embedded chunks.
        sizes: Longest chunk for each language, in characters.

    Raises:
        InputError: A path does not exist, or none of the files could be read; names the first reason.
        EmptyError: A folder holds no readable file.
        CancelledError: Somebody cancelled; what was in the corpus before stays as it was, or the new documents are in
            and only the index is completed later.
    """
    started = time.monotonic()
    files, folders = collect(paths)
    batch = _Batch(store)
    with Reading(reporter) as reading:
        for number, file in enumerate(files):
            reporter.check()
            reporter.progress(number, len(files), "files", file.name)
            batch.take(file, reading)
    reporter.progress(len(files), len(files), "files", "read")
    batch.refuse_if_all_failed()
    removed = batch.drop_vanished({file.path for file in files}, folders)
    documents, chunks = batch.finish(sizes)
    reporter.check()
    store.save(documents, chunks)
    index = VectorIndex(store.index_folder, embedder)
    try:
        index.sync(chunks, reporter)
    finally:
        index.close()
    counts = {s: sum(d.status == s for d in batch.touched.values()) for s in ("read", "unchanged", "skipped", "failed")}
    counted = {document.id: document for document in documents}
    return IngestResult(
        documents=tuple(counted[identifier] for identifier in batch.touched),
        **counts,
        removed=removed,
        chunks=len(chunks),
        seconds=time.monotonic() - started,
    )


@dataclass
class _Batch:
    """The corpus while files are being read into it."""

    store: CorpusStore
    documents: dict[str, Document] = field(default_factory=dict)
    touched: dict[str, Document] = field(default_factory=dict)
    """Documents of this reading, in its order."""
    texts: dict[str, DocumentText] = field(default_factory=dict)
    """Texts read anew."""

    def __post_init__(self) -> None:
        self.documents = {document.id: document for document in self.store.documents()}

    def take(self, file: SourceFile, reading: Reading) -> None:
        """Read one file, or find that nothing changed."""
        origin = str(file.path)
        if file.format is None:
            self._fail(file, "skipped", f"not a type that is read ({kinds()})")
            return
        try:
            if file.path.stat().st_size > LARGEST_FILE:
                raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MiB")
            content = file.path.read_bytes()
        except OSError as error:
            self._fail(file, "failed", f"cannot be opened: {error.strerror or error}")
            return
        except UnreadableError as error:
            self._fail(file, "failed", str(error))
            return
        digest = hashlib.sha256(content).hexdigest()
        known = self._known(origin, file.name)
        if known and known.sha256 == digest and known.status in _READABLE and self.store.has_text(known.id):
            self._keep(known, origin)
            return
        twin = self._twin(digest, origin)
        if twin:
            self._fail(file, "skipped", f"same content as {twin.name}")
            return
        try:
            parsed = reading.read(file.path, file.format)
        except UnreadableError as error:
            self._fail(file, "failed", str(error))
            return
        if any(part.part for part in parsed):
            self._take_parts(file, parsed)
        else:
            self._add(file, file.name, origin, parsed[0], digest, content)

    def _take_parts(self, file: SourceFile, parsed: Sequence[Parsed]) -> None:
        origins = {f"{file.path}#{part.part}" for part in parsed}
        for document in list(self.documents.values()):
            stale = document.origin.startswith(f"{file.path}#") and document.origin not in origins
            if stale or document.origin == str(file.path):
                del self.documents[document.id]
        for part in parsed:
            origin, name = f"{file.path}#{part.part}", f"{file.name}#{part.part}"
            content = part.text.encode()
            digest = hashlib.sha256(content).hexdigest()
            known = self._known(origin, name)
            if known and known.sha256 == digest and known.status in _READABLE and self.store.has_text(known.id):
                self._keep(known, origin)
            else:
                self._add(file, name, origin, part, digest, content)

    def _add(self, file: SourceFile, name: str, origin: str, parsed: Parsed, digest: str, content: bytes) -> None:
        heading = _HEADING.search(parsed.text)
        title = parsed.title or (heading[1].strip() if heading else "") or parsed.part or file.path.stem
        language = language_of(parsed.text)
        identifier = self._id(name, origin)
        text = DocumentText(
            document=identifier,
            name=name,
            sha256=digest,
            language=language,
            title=title,
            text=parsed.text,
            pages=tuple(PageSpan(page=page, start=start, end=end) for page, start, end in parsed.pages),
        )
        suffix = ".txt" if parsed.part else file.path.suffix.lower()
        self.store.save_text(text, suffix, content)
        self.texts[identifier] = text
        self._put(
            Document(
                id=identifier,
                name=name,
                sha256=digest,
                format=file.format,
                language=language,
                pages=len(parsed.pages) or None,
                characters=len(parsed.text),
                chunks=0,
                status="read",
                title=title,
                origin=origin,
            )
        )

    def _keep(self, document: Document, origin: str) -> None:
        self._put(document.model_copy(update={"status": "unchanged", "origin": origin}))

    def _fail(self, file: SourceFile, status: str, reason: str) -> None:
        origin = str(file.path)
        for document in list(self.documents.values()):
            if document.origin == origin or document.origin.startswith(f"{origin}#"):
                del self.documents[document.id]
        failed = Document(
            id=self._id(file.name, origin), name=file.name, sha256="", format=file.format, language=None, pages=None,
            characters=0, chunks=0, status=status, reason=reason, origin=origin,
        )  # fmt: skip
        self._put(failed)

    def _put(self, document: Document) -> None:
        self.documents[document.id] = document
        self.touched[document.id] = document

    def _known(self, origin: str, name: str) -> Document | None:
        """Return the document of an earlier reading: same path, or same name where the old path is gone (moved)."""
        same_name = None
        for document in self.documents.values():
            if document.origin == origin:
                return document
            if document.name == name and document.id not in self.touched and not _exists(document.origin):
                same_name = document
        return same_name

    def _twin(self, digest: str, origin: str) -> Document | None:
        for document in self.documents.values():
            if document.sha256 == digest and document.origin != origin and _exists(document.origin):
                return document
        return None

    def _id(self, name: str, origin: str) -> str:
        known = self._known(origin, name)
        if known:
            return known.id
        identifier = document_id(name)
        return document_id(name, origin) if identifier in self.documents else identifier

    def refuse_if_all_failed(self) -> None:
        """Raise if this reading gave nothing.

        Raises:
            InputError: Names the first reason.
        """
        if any(document.status in _READABLE or "same content" in document.reason for document in self.touched.values()):
            return
        first = next(iter(self.touched.values()))
        others = f" (and {len(self.touched) - 1} more)" if len(self.touched) > 1 else ""
        raise InputError(
            f"no file could be read: {first.reason}{others}", where=first.name, mend="mend it or name others"
        )

    def drop_vanished(self, present: set[Path], folders: Sequence[Path]) -> int:
        """Forget documents whose file is gone from a folder that was read; return how many."""
        gone = [
            document
            for document in self.documents.values()
            if document.id not in self.touched
            and (path := Path(document.origin.partition("#")[0])) not in present
            and any(folder in path.parents for folder in folders)
        ]
        for document in gone:
            del self.documents[document.id]
        return sum(document.status in _READABLE for document in gone)

    def finish(self, sizes: Mapping[Language, int]) -> tuple[list[Document], list[Chunk]]:
        """Return all documents with their counts, and all chunks, in the order of names."""
        documents: list[Document] = []
        chunks: list[Chunk] = []
        for document in sorted(self.documents.values(), key=lambda d: (d.name, d.id)):
            if document.status not in _READABLE:
                documents.append(document)
                continue
            text = self.texts.get(document.id) or self.store.stored_text(document.id)
            own = chunk_document(text, sizes)
            chunks.extend(own)
            documents.append(document.model_copy(update={"chunks": len(own)}))
        return documents, chunks


def _exists(origin: str) -> bool:
    return bool(origin) and Path(origin.partition("#")[0]).exists()
