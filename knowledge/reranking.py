"""Read question and passage together: a cross-encoder from a folder puts the best candidates in its own order.

Better than comparing vectors, and far slower: a 23M-parameter model reads 20 passages in about a second on two CPU
cores. So it is off unless the setting `reranker` names a folder, and it sees only the first candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from agent.errors import InputError
from agent.records.corpus import Chunk
from agent.settings import Settings

RERANKED: Final = 20
"""Candidates that are read; recall@20 is what a reranker can reach."""
_TOGETHER: Final = 8
_LONGEST: Final = 512
_QUESTION: Final = 1000
"""Characters of a question that are read: one that fills the model's positions leaves no room for a passage."""
_MEND: Final = "set DOMAINSMITH_RERANKER to the folder of a cross-encoder with safetensors weights, or unset it"


class Reranker(Protocol):
    """Tells how well each passage answers a question."""

    def scores(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        """Return one score for each chunk, in order; larger is better."""


class CrossEncoder:
    """A sequence-classification folder with one output, run by transformers, offline and without remote code."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Load the model.

        Raises:
            InputError: The folder is no cross-encoder with safetensors weights and one output.
        """
        if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
            raise InputError("no cross-encoder with safetensors weights in this folder", where=str(folder), mend=_MEND)
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        if threads:
            torch.set_num_threads(threads)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            ).eval()
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise InputError("this cross-encoder does not load", where=str(folder), mend=_MEND) from error
        if self._model.config.num_labels != 1:
            raise InputError(
                f"this model has {self._model.config.num_labels} outputs, a cross-encoder has one",
                where=str(folder),
                mend=_MEND,
            )
        positions = getattr(self._model.config, "max_position_embeddings", _LONGEST)
        self._limit = min(int(self._tokenizer.model_max_length), int(positions), _LONGEST)

    def scores(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        """Return the model's logit for each chunk, title and headings included; a long passage is cut."""
        import torch

        found: list[float] = []
        for start in range(0, len(chunks), _TOGETHER):
            texts = [chunk.embedded_text() for chunk in chunks[start : start + _TOGETHER]]
            batch = self._tokenizer(
                [question[:_QUESTION]] * len(texts),
                texts,
                padding=True,
                truncation="longest_first",
                max_length=self._limit,
                return_tensors="pt",
            )
            with torch.inference_mode():
                found.extend(self._model(**batch).logits[:, 0].tolist())
        return found


def load_reranker(settings: Settings) -> Reranker | None:
    """Return the cross-encoder the settings name; `None` where none is named.

    Raises:
        InputError: The folder holds none.
    """
    if settings.reranker is None:
        return None
    return CrossEncoder(settings.reranker.expanduser().resolve(), settings.threads)
