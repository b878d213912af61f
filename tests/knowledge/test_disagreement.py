"""Documents that contradict one another, and questions that fit several rows."""

from __future__ import annotations

import pytest

from agent.records.base import Language
from agent.records.corpus import Chunk, Retrieved
from knowledge.disagreement import Statement, contradictions, namesakes
from knowledge.ingest.language import language_of


def hits(*texts: tuple[str, str]) -> list[Retrieved]:
    """Return one retrieved chunk for each (document, text)."""
    found = []
    for rank, (name, text) in enumerate(texts, start=1):
        chunk = Chunk(
            id=f"{name}:0-{len(text)}",
            document=name,
            name=name,
            title="",
            headings=(),
            page=None,
            start=0,
            end=len(text),
            text=text,
            language=language_of(text),
        )
        found.append(Retrieved(chunk=chunk, score=1 / rank))
    return found


TABLE = "| Pump | Rated flow |\n|---|---|\n| Wren | {} |\n| Heron | 46 l/h |"
FLOW = "What is the rated flow of the Wren?"
OPENS = "At which pressure does the relief valve open?"


@pytest.mark.parametrize(
    ("question", "language", "texts", "expected"),
    [
        (OPENS, "en", ["The relief valve opens at 9 bar.", "The relief valve opens at 12 bar."], True),
        (OPENS, "en", ["The relief valve opens at 9 bar.", "The relief valve opens at 9 bar."], False),
        (OPENS, "en", ["The relief valve opens at 9 bar.", "The drain is opened once every 12 weeks."], False),
        (OPENS, "en", ["The Wren relief valve opens at 9 bar.", "The Heron relief valve opens at 12 bar."], False),
        (
            OPENS,
            "en",
            ["In the W2 the relief valve opens at 9 bar.", "In the W3 the relief valve opens at 12 bar."],
            False,
        ),
        (OPENS, "en", ["The relief valve opens at 9 bar.", "The relief valve opens at 9 bar and 130 psi."], False),
        (FLOW, "en", [TABLE.format("17 l/h"), TABLE.format("19 l/h")], True),
        (FLOW, "en", [TABLE.format("17 l/h"), TABLE.format("17 l/h")], False),
        ("泄压阀在多大压力下打开？", "zh", ["泄压阀在9巴时打开。", "泄压阀在12巴时打开。"], True),
        ("泄压阀在多大压力下打开？", "zh", ["泄压阀在9巴时打开。", "排水阀每12周清洗一次。"], False),
        (OPENS, "en", [], False),
    ],
)
def test_only_the_same_statement_with_another_value_contradicts(
    question: str, language: Language, texts: list[str], expected: bool
) -> None:
    found = contradictions(question, hits(*((f"d{n}.md", text) for n, text in enumerate(texts))), language)
    assert bool(found) is expected
    assert len(found) == (len(texts) if expected else 0)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("manual-2023.pdf", "manual-2025.pdf"),
        ("manual v1.9.docx", "manual v1.10.docx"),
        ("manual_rev_B.pdf", "manual_rev_C.pdf"),
        ("说明书第2版.pdf", "说明书第3版.pdf"),
        ("制度 2024年5月.docx", "制度 2024年11月.docx"),
    ],
)
def test_the_later_version_comes_first(older: str, newer: str) -> None:
    texts = ((older, "The relief valve opens at 9 bar."), (newer, "The relief valve opens at 12 bar."))
    assert contradictions(OPENS, hits(*texts), "en") == (
        Statement(newer, "The relief valve opens at 12 bar.", is_newer=True),
        Statement(older, "The relief valve opens at 9 bar."),
    )


@pytest.mark.parametrize(
    "names",
    [
        ("manual.pdf", "faq.pdf"),
        ("manual-2023.pdf", "faq-2025.pdf"),
        ("a v2", "a 2024"),
        ("Heron 2050 manual", "Heron 2080 manual"),
        ("Pump-2000-50", "Pump-2000-80"),
        ("维修手册第1册", "维修手册第2册"),
    ],
)
def test_of_different_documents_none_is_the_newer(names: tuple[str, str]) -> None:
    texts = zip(names, ("The relief valve opens at 9 bar.", "The relief valve opens at 12 bar."), strict=True)
    assert [one.is_newer for one in contradictions(OPENS, hits(*texts), "en")] == [False, False]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the rated flow?", ("Wren", "Heron")),
        ("What is the rated flow of the Heron?", ()),
        ("What is the weight?", ()),
    ],
)
def test_a_question_that_names_no_row_is_asked_back(question: str, rows: tuple[str, ...]) -> None:
    assert set(namesakes(question, hits(("manual.md", TABLE.format("17 l/h"))), "en")) == set(rows)


def test_rows_of_one_value_need_no_question() -> None:
    assert namesakes("What is the rated flow?", hits(("manual.md", TABLE.format("46 l/h"))), "en") == ()
