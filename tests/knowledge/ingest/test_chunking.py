"""Chunks are true to the text, small enough, and cut where the text has its joints."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.records.base import Language
from agent.records.corpus import Chunk, PageSpan
from knowledge.ingest.chunking import blocks, chunk_document
from tests.knowledge.corpus import MANUAL, MANUAL_ZH, document

_LINES = st.sampled_from(
    [
        "# Head", "## Sub head", "", "| a | b |", "|---|---|", "| x y z | 1 |", "A sentence. Another one!", "- item",
        "1. step one", "```", "code = 1", "标题：内容。第二句！", "word " * 40, "长" * 130, "Label: value", "   ",
    ]
)  # fmt: skip


@given(lines=st.lists(_LINES, max_size=30), size=st.integers(20, 300), language=st.sampled_from(["en", "zh"]))
@settings(max_examples=150, deadline=None)
def test_every_chunk_is_a_piece_of_the_text_and_small(lines: list[str], size: int, language: Language) -> None:
    text = "\n".join(lines)
    parts = chunk_document(document(text, language), {"en": size, "zh": size})
    for chunk in parts:
        assert text[chunk.start : chunk.end] == chunk.text
        assert 0 < len(chunk.text) <= max(size, 12)
        assert chunk.id.endswith(f":{chunk.start}-{chunk.end}")
    spans = [(chunk.start, chunk.end) for chunk in parts]
    assert spans == sorted(spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    seen = "".join(chunk.text for chunk in parts) + "".join(h for c in parts for h in (*c.headings, c.title))
    kept = [b for b in blocks(text) if b.kind != "heading"]
    assert all(any(c.start <= b.start < c.end for c in parts) for b in kept)
    assert all(b.title in seen for b in blocks(text) if b.kind == "heading")


@pytest.mark.parametrize(("text", "language"), [(MANUAL, "en"), (MANUAL_ZH, "zh")])
def test_sections_and_tables_stay_whole(text: str, language: Language) -> None:
    parts = chunk_document(document(text, language))
    tables = [chunk for chunk in parts if chunk.text.startswith("|")]
    assert len(tables) == 1
    assert tables[0].text.count("\n") == 3
    assert len(tables[0].headings) == 2


def test_headings_are_context_and_not_text() -> None:
    parts = chunk_document(document(MANUAL))
    found = next(chunk for chunk in parts if "Pellworth" in chunk.text)
    assert found.text == "It is assembled in Pellworth."
    assert found.headings == ("Tarvo pump manual", "Questions", "Q: Where is the Tarvo pump assembled?")
    assert "Where is the Tarvo pump assembled?" in found.embedded_text()


def _split_table() -> tuple[Chunk, ...]:
    rows = "\n".join(f"| Part {number} | code {number:03} |" for number in range(20))
    return chunk_document(document(f"# Parts\n\n| Name | Code |\n|---|---|\n{rows}"), {"en": 120, "zh": 120})


def test_a_long_table_is_cut_between_rows_with_its_header_as_context() -> None:
    parts = _split_table()
    assert len(parts) > 3
    assert parts[0].headings == ("Parts",)
    for chunk in parts[1:]:
        assert chunk.headings == ("Parts", "| Name | Code |")
        assert all(line.startswith("| Part") and line.endswith("|") for line in chunk.text.split("\n"))
        assert "| Name | Code |" in chunk.embedded_text()


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "The pump runs for nine days. "), ("zh", "这台水泵可以连续运行九天。")]
)
def test_sentences_are_not_cut(language: Language, sentence: str) -> None:
    parts = chunk_document(document(sentence * 60, language))
    assert len(parts) > 1
    assert all(chunk.text.endswith((".", "。")) for chunk in parts)
    lengths = [len(chunk.text) for chunk in parts]
    assert max(lengths) - min(lengths) <= 3 * len(sentence)


def test_a_heading_without_text_is_found_all_the_same() -> None:
    parts = chunk_document(document("# Rules\n\n## No smoking\n\n## No phones\n\nNever."))
    assert [chunk.text for chunk in parts] == ["## No smoking", "Never."]


def test_a_code_block_is_not_taken_for_headings() -> None:
    assert [block.kind for block in blocks("# A\n\n```\n# not a heading\n| no | table |\n```\n\nend")] == [
        "heading", "prose", "prose",
    ]  # fmt: skip


def test_chunks_know_their_page() -> None:
    text = document("First page text.\n\n# Next\n\nSecond page text.").model_copy(
        update={"pages": (PageSpan(page=1, start=0, end=18), PageSpan(page=2, start=18, end=44))}
    )
    assert [chunk.page for chunk in chunk_document(text)] == [1, 2]
