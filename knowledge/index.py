"""The vector index of a project's chunks: the only module that touches Chroma.

The index is disposable. It holds hashes and vectors, never names or text; whatever is missing, stale or corrupt is
rebuilt from the chunks. A manifest, written last, says which chunks and which embedder the folder stands for.

    index/manifest.json  index/chroma-<id>/  index/chroma-<id>/rows.sqlite
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from agent.errors import DomainsmithError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.corpus import Chunk
from knowledge.chunk_vectors import ChunkVectors
from knowledge.embedding import Embedder
from knowledge.encoders import Vectors
from knowledge.files import write_json

_COLLECTION: Final = "chunks"
_EF_SEARCH: Final = 200
"""Candidates HNSW keeps while searching; exact in practice for 100 results, still under 10 ms at 100,000 chunks."""
_PAGE: Final = 1000
_M_PERTURB: Final = -6
"""glibc's `mallopt` option that overwrites memory on allocation and release; see mallopt(3)."""

T = TypeVar("T")


class _UnreadableError(Exception):
    """The folder does not hold a working Chroma database."""


class VectorIndex:
    """Nearest chunks by cosine similarity; one process owns the folder."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Open nothing yet; `sync` does.

        Args:
            folder: The project's index folder.
            embedder: Its name is part of the manifest: vectors of two models never meet.
        """
        self._folder = folder
        self._embedder = embedder
        self._client: Any = None
        self._collection: Any = None
        self._rows: ChunkVectors | None = None
        self._ids: dict[str, str] = {}
        self.size = 0

    @property
    def _manifest(self) -> Path:
        return self._folder / "manifest.json"

    def sync(self, chunks: Sequence[Chunk], reporter: Reporter | None = None) -> None:
        """Make the index hold exactly `chunks`: add, replace and delete what differs, or rebuild it if it is broken.

        Args:
            chunks: All chunks of the project.
            reporter: Listens to the embedding of new chunks.

        Raises:
            WorkFailedError: The index cannot be written.
        """
        # Chroma's graph file is written from memory that was never cleared (seen: freed database pages of an older
        # index, names included), so what it is given during a sync is overwritten first.
        _fill_fresh_memory(True)
        try:
            self._sync(chunks, reporter or Silent())
        finally:
            _fill_fresh_memory(False)

    def _sync(self, chunks: Sequence[Chunk], listener: Reporter) -> None:
        # Ids hold document names; Chroma gets hashes of them, so that nothing of a removed document can linger there.
        self._ids = {_key(chunk): chunk.id for chunk in chunks}
        wanted = {_key(chunk): _digest(chunk) for chunk in chunks}
        seal = hashlib.sha256(json.dumps(sorted(wanted.items())).encode()).hexdigest()
        manifest = self._read_manifest()
        name = str(manifest.get("folder", ""))
        if manifest.get("embedder") == self._embedder.name and (self._folder / name).is_dir() and name:
            try:
                self._open(self._folder / name)
                if manifest.get("chunks_sha256") != seal or self._guard(self._collection.count) != len(wanted):
                    self._update(chunks, wanted, listener)
                self._probe(len(wanted))
                self._seal(name, seal, len(wanted))
                return
            except _UnreadableError:
                listener.note("the index was damaged and is rebuilt from the chunks")
                self.close()
        self._rebuild(chunks, wanted, seal, listener)

    def _rebuild(self, chunks: Sequence[Chunk], wanted: dict[str, str], seal: str, reporter: Reporter) -> None:
        # A fresh folder name: Chroma keeps a broken database of the old name alive within the process.
        name = f"chroma-{uuid.uuid4().hex[:12]}"
        try:
            self._open(self._folder / name)
            self._update(chunks, wanted, reporter)
        except _UnreadableError as error:
            raise WorkFailedError("the index cannot be written", where=str(self._folder), mend=str(error)) from error
        self._seal(name, seal, len(wanted))

    def _seal(self, name: str, seal: str, count: int) -> None:
        data = {"folder": name, "embedder": self._embedder.name, "chunks_sha256": seal, "count": count}
        if self._read_manifest() != data:
            write_json(self._manifest, data)
        self.size = count
        for other in self._folder.iterdir():
            if other.name not in (name, self._manifest.name):
                shutil.rmtree(other) if other.is_dir() else other.unlink()

    def _read_manifest(self) -> dict[str, Any]:
        try:
            data = json.loads(self._manifest.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def _open(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        folder.mkdir(parents=True, exist_ok=True)
        self._client = self._guard(
            lambda: chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
        )
        self._collection = self._guard(
            lambda: self._client.get_or_create_collection(
                _COLLECTION,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}},
            )
        )
        self._rows = self._guard(lambda: ChunkVectors(folder / "rows.sqlite"))

    def _update(self, chunks: Sequence[Chunk], wanted: dict[str, str], reporter: Reporter) -> None:
        assert self._rows is not None
        kept = self._rows
        rows_of = self._guard(kept.digests)
        # A chunk is there if both stores have it.
        present = {key: digest if rows_of.get(key) == digest else "" for key, digest in self._guard(self._stored)}
        self._guard(partial(kept.drop, [key for key in rows_of if key not in wanted]))
        batch = min(self._guard(self._client.get_max_batch_size), _PAGE)
        gone = [identifier for identifier in present if identifier not in wanted]
        for position in range(0, len(gone), batch):
            part = gone[position : position + batch]
            self._guard(partial(self._collection.delete, ids=part))
        fresh = [chunk for chunk in chunks if present.get(_key(chunk)) != wanted[_key(chunk)]]
        if not fresh:
            return
        vectors = self._embedder.embed_chunks(fresh, reporter)
        for position in range(0, len(fresh), batch):
            reporter.check()
            part_chunks = fresh[position : position + batch]
            rows = vectors[position : position + batch]
            self._guard(partial(self._add, part_chunks, rows, wanted))
            entries = [(_key(c), wanted[_key(c)], own) for c, own in zip(part_chunks, rows, strict=True)]
            self._guard(partial(kept.put, entries))

    def _add(self, chunks: Sequence[Chunk], rows: Sequence[Vectors], wanted: dict[str, str]) -> None:
        self._collection.upsert(
            ids=[_key(chunk) for chunk in chunks],
            embeddings=np.stack([own[0] for own in rows]),
            metadatas=[{"digest": wanted[_key(chunk)]} for chunk in chunks],
        )

    def _stored(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while True:
            page = self._collection.get(include=["metadatas"], limit=_PAGE, offset=len(found))
            found += [(i, str((m or {}).get("digest"))) for i, m in zip(page["ids"], page["metadatas"], strict=True)]
            if len(page["ids"]) < _PAGE:
                return found

    def _probe(self, count: int) -> None:
        """Ask once, so that damaged vectors show while they can still be rebuilt."""
        if count:
            axis = [1.0] + [0.0] * (self._embedder.dimension - 1)
            self._guard(lambda: self._collection.query(query_embeddings=[axis], n_results=1, include=["distances"]))
            if self._rows is None or len(self._guard(self._rows.digests)) != count:
                raise _UnreadableError("vectors of sentences are missing")

    def search(self, vector: Vectors, count: int) -> list[tuple[str, float]]:
        """Return up to `count` chunks nearest to `vector`: (chunk id, cosine similarity), best first.

        Raises:
            WorkFailedError: The index broke while it was open.
        """
        if not self.size:
            return []
        try:
            found = self._guard(
                lambda: self._collection.query(
                    query_embeddings=[vector], n_results=min(count, self.size), include=["distances"]
                )
            )
        except _UnreadableError as error:
            raise WorkFailedError(
                "the index broke", where=str(self._folder), mend="ask again: it is rebuilt"
            ) from error
        return [(self._ids[i], 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def rows(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of chunks by their ids: each its own first, then those of its sentences.

        Raises:
            WorkFailedError: The index broke while it was open.
        """
        keys = {_hashed(identifier): identifier for identifier in ids}
        try:
            found = self._guard(lambda: self._rows.get(list(keys)) if self._rows else {})
        except _UnreadableError as error:
            raise WorkFailedError(
                "the index broke", where=str(self._folder), mend="ask again: it is rebuilt"
            ) from error
        return {keys[key]: rows for key, rows in found.items()}

    def close(self) -> None:
        """Let go of the folder."""
        if self._rows is not None:
            self._rows.close()
        self._rows = None
        if self._client is not None:
            self._client.close()
        self._client = self._collection = None

    @staticmethod
    def _guard(call: Callable[[], T]) -> T:
        """Run one call into Chroma; whatever it raises means a broken folder.

        Chroma's native part raises its own errors, `AttributeError` after a failed start, and `PanicException`, which
        is no `Exception`.
        """
        try:
            return call()
        except (KeyboardInterrupt, SystemExit, GeneratorExit, DomainsmithError, MemoryError):
            raise
        except BaseException as error:
            raise _UnreadableError(f"{type(error).__name__}: {error}"[:200]) from error


def _fill_fresh_memory(on: bool) -> None:
    """Have the C library overwrite memory it hands out, or no longer; where it cannot, nothing happens."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_PERTURB, 1 if on else 0)


def _key(chunk: Chunk) -> str:
    return _hashed(chunk.id)


def _hashed(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()[:32]


def _digest(chunk: Chunk) -> str:
    """Return the hash of what the index sees; an id alone does not change when the text beneath it does."""
    return hashlib.sha256(chunk.embedded_text().encode()).hexdigest()[:24]
