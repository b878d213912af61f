"""The corpus while files are being read into it: what is new, what stayed, what left, and why a file was not read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from agent.errors import InputError
from agent.records.base import Language
from agent.records.corpus import Chunk, Document, DocumentText, PageSpan
from knowledge.ingest.ahead import Ahead, Turn
from knowledge.ingest.chunking import chunk_document
from knowledge.ingest.formats import not_read
from knowledge.ingest.language import language_of
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.pdf import waits_for_recognition
from knowledge.ingest.shelf import Shelf
from knowledge.ingest.sources import SourceFile, document_id, file_of
from knowledge.store import CorpusStore

_HEADING = re.compile(r"^#{1,6}[ \t]+([^\n]+)$", re.MULTILINE)
_LONGEST_CONTEXT: Final = 1_000
"""Characters of a heading or table header that is repeated at each passage beneath it."""
_LONGEST_TITLE: Final = 300
_READABLE = ("read", "unchanged")


@dataclass
class Batch:
    """The corpus while files are being read into it."""

    store: CorpusStore
    recognise: bool = False
    """Whether pages that are pictures are read by text recognition."""
    documents: Shelf = field(default_factory=Shelf)
    touched: dict[str, Document] = field(default_factory=dict)
    """Documents of this reading, in its order."""
    texts: dict[str, DocumentText] = field(default_factory=dict)
    """Texts read anew."""
    _submitted: set[str] = field(default_factory=set)
    """Hashes of files that are being read."""

    def __post_init__(self) -> None:
        self.documents = Shelf(self.store.documents())

    def will_need(self, turn: Turn) -> bool:
        """Return whether a file will probably have to be read: it is not known unchanged, and no twin is under way."""
        if turn.digest in self._submitted or self._unchanged(turn):
            return False
        self._submitted.add(turn.digest)
        return True

    def take(self, turn: Turn, ahead: Ahead) -> None:
        """Read one file, or find that nothing changed."""
        file = turn.file
        origin = file.origin
        if file.format is None:
            self._fail(file, "skipped", file.refused or not_read())
            return
        if turn.refused:
            self._fail(file, "failed", str(turn.refused))
            return
        if unchanged := self._unchanged(turn):
            for document in unchanged:
                self._keep(document, document.origin if document.container else origin)
            return
        twin = self._twin(turn.digest, origin)
        if twin:
            name = twin.name.partition("#")[0] if twin.container == turn.digest else twin.name
            self._fail(file, "skipped", f"same content as {name}")
            return
        try:
            parsed = ahead.read(turn)
            content = _content(turn)
        except UnreadableError as error:
            self._fail(file, "failed", str(error))
            return
        if any(part.part for part in parsed):
            self._take_parts(turn, parsed, content)
        else:
            self._forget_parts(file, {origin})
            self._add(file, file.name, origin, parsed[0], turn.digest, content)

    def _unchanged(self, turn: Turn) -> list[Document]:
        """Return the documents that a file gave earlier if all of them still stand; empty if it must be read.

        With text recognition, one that has unread pictures is read again.
        """
        known = self._known(turn.file.origin, turn.file.name)
        if known and not known.container and known.sha256 == turn.digest and self._stands(known):
            return [known]
        own = self._of_file(turn.file)
        held = own and all(document.container == turn.digest and document.siblings == len(own) for document in own)
        read = [document for document in own if document.status in _READABLE]
        return own if held and read and all(self._stands(document) for document in read) else []

    def _of_file(self, file: SourceFile) -> list[Document]:
        """Return the document that a file is, and those it holds; not those of another whose name goes on with `#`."""
        return [one for one in self.documents.of_file(file.origin) if file_of(one.origin) == file.path]

    def _stands(self, document: Document) -> bool:
        """Return whether a document's text is stored, and is the one that the list speaks of.

        A reading that was killed may have put a newer text there.
        """
        if document.status not in _READABLE or not self.store.has_text(document.id):
            return False
        if self.recognise and waits_for_recognition(document.note):
            return False
        return document.sha256 == self.store.stored_text(document.id).sha256

    def _forget_parts(self, file: SourceFile, origins: set[str]) -> None:
        for document in self._of_file(file):
            if document.origin not in origins:
                self.documents.drop(document)

    def _take_parts(self, turn: Turn, parsed: Sequence[Parsed], content: bytes) -> None:
        """Put each document of a file that holds several; those that did not change stay as they are."""
        file = turn.file
        self._forget_parts(file, {_origin(file, part) for part in parsed})
        for part in parsed:
            origin, name = _origin(file, part), f"{file.name}#{part.part}" if part.part else file.name
            inner = replace(file, name=name, format=part.format or file.format)
            if part.refused:
                self._fail(inner, "skipped" if part.skipped else "failed", part.refused, origin)
            else:
                # The file as a whole would keep what is removed from it later.
                self._take_part(turn, inner, part, origin, content if len(parsed) == 1 else part.text.encode())
        for document in self._of_file(file):
            self._put(document.model_copy(update={"container": turn.digest, "siblings": len(parsed)}))

    def _take_part(self, turn: Turn, inner: SourceFile, part: Parsed, origin: str, content: bytes) -> None:
        own = part.text.encode() if part.part else content
        is_text = own is not content or content == part.text.encode()
        digest = part.sha256 or (hashlib.sha256(own).hexdigest() if part.part else turn.digest)
        known = self._known(origin, inner.name)
        if known and known.sha256 == digest and self._stands(known):
            self._keep(known, origin)
            return
        twin = self._twin(digest, origin)
        if twin and part.sha256:
            self._fail(inner, "skipped", f"same content as {twin.name}", origin)
            return
        self._add(inner, inner.name, origin, part, digest, own, is_text=is_text)

    def _add(
        self,
        file: SourceFile,
        name: str,
        origin: str,
        parsed: Parsed,
        digest: str,
        content: bytes,
        *,
        is_text: bool = False,
    ) -> None:
        heading = _HEADING.search(parsed.text)
        title = (
            parsed.title
            or (heading[1].strip().rstrip("#").rstrip() if heading else "")
            or Path(parsed.part).stem
            or file.path.stem
        )
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
        # A part has no file of its own to copy; its text is what stays.
        suffix = ".txt" if is_text else file.path.suffix.lower()
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
                note=parsed.note,
                recognised=parsed.recognised,
                confidence=parsed.confidence,
            )
        )

    def _keep(self, document: Document, origin: str) -> None:
        status = "unchanged" if document.status in _READABLE else document.status
        self._put(document.model_copy(update={"status": status, "origin": origin}))

    def _fail(self, file: SourceFile, status: str, reason: str, origin: str = "") -> None:
        if not origin:
            origin = file.origin
            self._forget_parts(file, set())
        failed = Document(
            id=self._id(file.name, origin), name=file.name, sha256="", format=file.format, language=None, pages=None,
            characters=0, chunks=0, status=status, reason=reason, origin=origin,
        )  # fmt: skip
        self._put(failed)

    def _put(self, document: Document) -> None:
        self.documents.put(document)
        self.touched[document.id] = document

    def _known(self, origin: str, name: str) -> Document | None:
        """Return the document of an earlier reading: same path, or same name where the old path is gone (moved)."""
        for document in self.documents.of_origin(origin):
            return document
        for document in self.documents.of_name(name):
            if document.id not in self.touched and not _exists(document.origin):
                return document
        return None

    def _twin(self, digest: str, origin: str) -> Document | None:
        for document in self.documents.of_content(digest):
            is_own = document.origin == origin or (
                document.container == digest and document.origin.startswith(f"{origin}#")
            )
            if not is_own and _exists(document.origin):
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
            for document in self.documents
            if document.id not in self.touched
            and (path := file_of(document.origin)) is not None
            and path not in present
            and any(folder in path.parents for folder in folders)
        ]
        for document in gone:
            self.documents.drop(document)
        return sum(document.status in _READABLE for document in gone)

    def finish(self, sizes: Mapping[Language, int]) -> tuple[list[Document], list[Chunk]]:
        """Return all documents with their counts, and all chunks, in the order of names."""
        documents: list[Document] = []
        chunks: list[Chunk] = []
        for document in sorted(self.documents, key=lambda d: (d.name, d.id)):
            if document.status not in _READABLE:
                documents.append(document)
                continue
            text = self.texts.get(document.id) or self.store.stored_text(document.id)
            own = [_with_short_context(chunk) for chunk in chunk_document(text, sizes)]
            chunks.extend(own)
            documents.append(document.model_copy(update={"chunks": len(own)}))
        return documents, chunks


def _content(turn: Turn) -> bytes:
    """Return the bytes of a file that was read, for the copy of it."""
    try:
        content = turn.file.path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error
    if hashlib.sha256(content).hexdigest() != turn.digest:
        raise UnreadableError("changed while it was read: read it again")
    return content


def _with_short_context(chunk: Chunk) -> Chunk:
    """Return a chunk whose headings, which the header of a long table may be, are short enough to stand at each row."""
    if all(len(heading) <= _LONGEST_CONTEXT for heading in chunk.headings) and len(chunk.title) <= _LONGEST_CONTEXT:
        return chunk
    headings = tuple(heading[:_LONGEST_CONTEXT] for heading in chunk.headings)
    return chunk.model_copy(update={"headings": headings, "title": chunk.title[:_LONGEST_CONTEXT]})


def _exists(origin: str) -> bool:
    path = file_of(origin)
    return path is not None and path.exists()


def _origin(file: SourceFile, part: Parsed) -> str:
    return f"{file.origin}#{part.part}" if part.part else file.origin
