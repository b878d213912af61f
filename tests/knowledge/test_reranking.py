"""A cross-encoder from a folder orders the best candidates anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from agent.errors import InputError
from agent.records.corpus import Chunk
from agent.settings import Settings
from knowledge.ingest.run import ingest
from knowledge.reranking import CrossEncoder, load_reranker
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import MANUAL, chunks, write_folder


def cross_encoder(folder: Path, outputs: int = 1) -> Any:
    """Save a tiny random cross-encoder and return its model."""
    names = ["[UNK]", "[PAD]", "[SEP]", "flow", "pump", "error", "filter", "litres", "the", "What"]
    tokenizer = Tokenizer(models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A", pair="$A [SEP] $B:1", special_tokens=[("[SEP]", 2)]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(names), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=48, num_labels=outputs,
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(folder, safe_serialization=True)
    return model


def test_scores_are_the_model_s_own_whatever_is_read_together(tmp_path: Path) -> None:
    cross_encoder(tmp_path)
    reranker = CrossEncoder(tmp_path, threads=1)
    parts = chunks(MANUAL) * 5
    together = reranker.scores("What flow?", parts)
    alone = [reranker.scores("What flow?", [part])[0] for part in parts]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len({round(score, 4) for score in together}) > 1


@pytest.mark.parametrize("question", ["", "flow " * 10_000])
def test_a_question_of_any_length_is_read(tmp_path: Path, question: str) -> None:
    cross_encoder(tmp_path)
    assert len(CrossEncoder(tmp_path, threads=1).scores(question, chunks(MANUAL))) == len(chunks(MANUAL))


class Backwards:
    """Likes what retrieval likes least."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def scores(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        self.seen.append(len(chunks))
        return [float(number) for number in range(len(chunks))]


def test_the_retriever_follows_its_order(tmp_path: Path) -> None:
    store = CorpusStore(tmp_path / "project")
    ingest([write_folder(tmp_path / "in")], store, HashEmbedder(), RecordingReporter())
    reranker = Backwards()
    with (
        Retriever.open(store, HashEmbedder(), reranker=reranker) as turned,
        Retriever.open(store, HashEmbedder()) as own,
    ):
        usual = [hit.chunk.id for hit in own.search("What does error E17 mean?", 100)]
        found = turned.search("What does error E17 mean?", 100)
    read = reranker.seen[0]
    assert [hit.chunk.id for hit in found] == [*usual[:read][::-1], *usual[read:]]
    assert read == min(20, len(usual))


@pytest.mark.parametrize(("outputs", "message"), [(0, "no cross-encoder"), (1, "does not load"), (3, "has 3 outputs")])
def test_a_folder_that_is_none_is_refused(tmp_path: Path, outputs: int, message: str) -> None:
    if outputs:
        cross_encoder(tmp_path, outputs)
    if outputs == 1:
        next(tmp_path.glob("*.safetensors")).write_bytes(b"no weights")
    with pytest.raises(InputError, match=message) as caught:
        load_reranker(Settings(home=tmp_path, reranker=tmp_path))
    assert "DOMAINSMITH_RERANKER" in str(caught.value.mend)


def test_without_the_setting_there_is_none(tmp_path: Path) -> None:
    assert load_reranker(Settings(home=tmp_path)) is None
