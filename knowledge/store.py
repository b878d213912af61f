"""A project's corpus on disk: the list of documents, their texts, copies and chunks.

    <root>/documents.jsonl  documents/<id>.<suffix>  texts/<id>.json  chunks.jsonl  index/  reading/

The paths are those of `tools.workspace.Project`. Writing expects the caller to own the project. Order of writing:
copies and texts first, then `chunks.jsonl`, then `documents.jsonl`; the list is what counts, so a reading that breaks
off leaves files that the next one overwrites or sweeps away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.errors import EmptyError, InputError, NotFoundError
from agent.records.corpus import Chunk, Document, DocumentText
from knowledge.files import read_record, read_records, write_bytes_atomically, write_record, write_records


class CorpusStore:
    """Documents, texts and chunks under a project's root."""

    def __init__(self, root: Path) -> None:
        """Point at a project's folder; nothing is read or made.

        Args:
            root: The project's folder.
        """
        self.root = root
        self.index_folder = root / "index"
        self._list = root / "documents.jsonl"
        self._chunks = root / "chunks.jsonl"
        self._texts = root / "texts"
        self._copies = root / "documents"
        self.reading_folder = root / "reading"
        """What a reading under way keeps until the list of documents is saved."""

    def documents(self) -> tuple[Document, ...]:
        """Return every document of the project, failed and skipped ones of the last reading included."""
        return tuple(read_records(self._list, Document))

    def readable(self) -> tuple[Document, ...]:
        """Return the documents that have a text."""
        return tuple(d for d in self.documents() if d.status in ("read", "unchanged"))

    def document(self, document_id: str) -> Document:
        """Return one document.

        Raises:
            NotFoundError: There is none of that id.
        """
        for document in self.documents():
            if document.id == document_id:
                return document
        raise NotFoundError("no such document", where=document_id, mend="`domainsmith documents` lists them")

    def named(self, name: str) -> Document:
        """Return the document of an id, or the only one of a name.

        Raises:
            NotFoundError: There is none.
            InputError: Several have that name.
        """
        found = [one for one in self.documents() if name in (one.id, one.name)]
        if not found:
            raise NotFoundError("no such document", where=name, mend="`domainsmith documents` lists them")
        if len(found) > 1:
            ids = ", ".join(one.id for one in found)
            raise InputError("several documents have that name", where=name, mend=f"name one by its id: {ids}")
        return found[0]

    def text(self, document_id: str) -> DocumentText:
        """Return a document's text.

        Raises:
            NotFoundError: There is no document of that id, or it has no text.
        """
        identifier = self.document(document_id).id
        if not self.has_text(identifier):
            raise NotFoundError("this document has no text", where=document_id, mend="ingest its file again")
        return self.stored_text(identifier)

    def has_text(self, document_id: str) -> bool:
        """Return whether a text is stored under that id."""
        return self._text_path(document_id).is_file()

    def stored_text(self, document_id: str) -> DocumentText:
        """Return a stored text without looking into the list of documents; for reading a corpus in."""
        return read_record(self._text_path(document_id), DocumentText)

    def texts(self) -> Iterator[DocumentText]:
        """Yield the texts of all readable documents, in the order of the list."""
        for document in self.readable():
            yield self.stored_text(document.id)

    def chunks(self) -> Iterator[Chunk]:
        """Yield all chunks, in the order of documents and text."""
        return read_records(self._chunks, Chunk)

    def chunks_of(self, document_id: str) -> list[Chunk]:
        """Return the chunks of one document; the lines of the others are not parsed."""
        head = _head_of(document_id)
        return [Chunk.model_validate_json(line) for line in self._chunk_lines() if line.startswith(head)]

    def _chunk_lines(self) -> Iterator[bytes]:
        if self._chunks.exists():
            with self._chunks.open("rb") as file:
                yield from file

    def require_chunks(self) -> tuple[Chunk, ...]:
        """Return all chunks.

        Raises:
            EmptyError: There are none yet.
        """
        chunks = tuple(self.chunks())
        if not chunks:
            raise EmptyError("this project has no documents yet", mend="`domainsmith ingest PATH…` reads them")
        return chunks

    def save_text(self, text: DocumentText, suffix: str, content: bytes) -> None:
        """Write a document's text and the copy of what it was read from.

        Args:
            text: The text.
            suffix: Suffix of the copy, with its dot; from a closed list, never the user's own.
            content: The bytes of the copy.
        """
        for old in self._copies.glob(f"{text.document}.*"):
            old.unlink()
        write_bytes_atomically(self._copies / f"{text.document}{suffix}", [content])
        write_record(self._text_path(text.document), text)

    def save(self, documents: Sequence[Document], chunks: Sequence[Chunk]) -> None:
        """Replace the list of documents and the chunks, and sweep away files of documents that left."""
        write_records(self._chunks, chunks)
        self._save_list(documents)

    def _save_list(self, documents: Sequence[Document]) -> None:
        write_records(self._list, documents)
        kept = {document.id for document in documents if document.status in ("read", "unchanged")}
        for folder in (self._texts, self._copies):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name.rpartition(".")[0] not in kept:
                    path.unlink()
        # What readings kept is either in the list now or of documents that nobody asked for again.
        for path in self.reading_folder.iterdir() if self.reading_folder.is_dir() else ():
            path.unlink()

    def remove(self, document_id: str) -> None:
        """Delete a document everywhere: list, copy, text, chunks and index.

        The index is dropped whole, since a database file keeps deleted rows; it is rebuilt from the chunks and the
        embedding cache when next asked.

        Raises:
            NotFoundError: There is none of that id.
        """
        gone = self.document(document_id)
        self.drop_index()
        head = _head_of(gone.id)
        write_bytes_atomically(self._chunks, (line for line in self._chunk_lines() if not line.startswith(head)))
        self._save_list([document for document in self.documents() if document.id != gone.id])

    def drop_index(self) -> None:
        """Delete the index; it is rebuilt from the chunks when next needed."""
        for path in sorted(self.index_folder.rglob("*"), reverse=True) if self.index_folder.is_dir() else ():
            path.rmdir() if path.is_dir() else path.unlink()

    def _text_path(self, document_id: str) -> Path:
        return self._texts / f"{document_id}.json"


def _head_of(document_id: str) -> bytes:
    """Return how every line of `chunks.jsonl` begins that is a document's: a chunk's id begins with the document's."""
    return f'{{"id":"{document_id}:'.encode()
