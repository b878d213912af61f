"""Passages that are few and sharp, answers that cite, abstentions that are recognised."""

from __future__ import annotations

import pytest

from agent.prompts.forms import ABSTENTION
from agent.records.base import Language
from agent.records.corpus import Chunk, Retrieved
from knowledge.answering import BUDGET_CHARACTERS, Context, abstained, build_context, cite, kept_to
from knowledge.lexical import WordIndex, content_tokens
from knowledge.pieces import cells, pieces, told, under_heading
from tests.knowledge.corpus import MANUAL, MANUAL_ZH, chunks, document

HERON = "Tarvo pump manual > Models\nTarvo Heron pump — Rated flow: 46 litres per hour"
CARE = "Tarvo pump manual > Care\nClean the filter each month. It is held by two screws. Use a soft brush."
ASSEMBLED = "Where is the Tarvo pump assembled?"


def _retrieved(*parts: Chunk) -> list[Retrieved]:
    return [Retrieved(chunk=chunk, score=1 / rank) for rank, chunk in enumerate(parts, start=1)]


@pytest.mark.parametrize(
    ("question", "language", "first"),
    [
        ("What is the rated flow of a Tarvo Heron pump?", "en", HERON),
        ("What does E23 mean?", "en", "Tarvo pump manual > Error numbers\nError E23: motor overheating"),
        ("In which town is the pump assembled?", "en", f"{ASSEMBLED} It is assembled in Pellworth."),
        ("How many screws hold the filter?", "en", CARE),
        (
            "砚鹤Y6装置的整机重量是多少？",
            "zh",
            "砚鹤装置手册 > 技术参数\n砚鹤Y6装置 — 整机重量: 342千克",
        ),
        ("药撬是什么？", "zh", "砚鹤装置手册 > 名词\n药撬：砚鹤装置在车间里的叫法"),
    ],
)
def test_the_first_passage_answers(question: str, language: Language, first: str) -> None:
    text = MANUAL if language == "en" else MANUAL_ZH
    parts = chunks(text, language)
    ranking = WordIndex([content_tokens(part.embedded_text(), language) for part in parts])
    order = [position for position, _ in ranking.top(content_tokens(question, language), 5)]
    context = build_context(question, _retrieved(*(parts[position] for position in order)), language)
    assert context.passages[0] == first
    assert len(context.passages) == len(context.chunks) == len(context.spans) <= 2
    source = document(text, language).text
    for identifier, (start, end) in zip(context.chunks, context.spans, strict=True):
        chunk = next(part for part in parts if part.id == identifier)
        assert source[start:end] in chunk.text


def test_the_budget_holds_and_the_best_passage_always_comes() -> None:
    retrieved = _retrieved(*chunks(MANUAL))
    wide = build_context("pump", retrieved, "en", budget_characters=10_000, most=50)
    narrow = build_context("pump", retrieved, "en", budget_characters=1)
    assert len(narrow.passages) == 1 <= len(wide.passages)
    usual = build_context("Tarvo Wren pump cable filter error", retrieved, "en")
    assert len(usual.text) <= BUDGET_CHARACTERS["en"] + 4


def test_nothing_retrieved_gives_an_empty_context() -> None:
    assert build_context("Anything?", [], "en") == Context(silent=True)
    assert Context().text == ""


def test_likeness_of_pieces_decides_where_words_do_not() -> None:
    chunk = next(part for part in chunks(MANUAL) if "E17" in part.text)
    e17, e23 = pieces(chunk)
    likes_e23 = ((e17.start, e17.end, 0.2), (e23.start, e23.end, 0.9))
    plain = build_context("too hot", [Retrieved(chunk=chunk, score=1)], "en", most=1)
    told = build_context("too hot", [Retrieved(chunk=chunk, score=1, pieces=likes_e23)], "en", most=1)
    assert "E17" in plain.text
    assert "E23" in told.text


def test_words_of_one_family_match() -> None:
    (chunk,) = chunks("# T\n\nIlse designed it. Bob painted it.\n\nThe desk is brown.")
    context = build_context("Who was the designer?", _retrieved(chunk), "en", budget_characters=20, most=1)
    assert "Ilse designed it." in context.text


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| M | F |\n|---|---|\n| Wren | 17 |", [("Wren — F: 17", "17")]),
        ("| Wren | 17 | 2 |", [("Wren — 17", "17"), ("Wren — 2", "2")]),
        ("| M | F | C |\n|---|---|---|\n| Wren | | 2 |", [("Wren — C: 2", "2")]),
        ("| M |\n|---|\n| Wren |", [("Wren", "Wren")]),
        ("| M | F | C |\n|---|---|---|\n| a \\| b | 17 |", [("a | b — F: 17", "17")]),
    ],
)
def test_cells_are_read_with_row_and_header(table: str, expected: list[tuple[str, str]]) -> None:
    (chunk,) = chunks(f"# T\n\n{table}")
    assert [(piece.text, chunk.text[piece.start : piece.end]) for piece in pieces(chunk)] == expected


def test_cells_may_hold_bars() -> None:
    assert cells("| a \\| b |  | c |") == ["a | b", "", "c"]


def test_a_split_table_keeps_its_header_in_every_part() -> None:
    rows = "\n".join(f"| Part {number} | K-{number:03} |" for number in range(40))
    parts = chunks(f"# Parts\n\n| Name | Code |\n|---|---|\n{rows}")
    last = parts[-1]
    assert pieces(last)[-1].text == "Part 39 — Code: K-039"
    assert under_heading(last, "x") == "Parts\nx"


def test_an_answer_cites_the_row_it_rests_on() -> None:
    (citation,) = cite("17 litres per hour.", "What is the flow of a Wren pump?", chunks(MANUAL))
    assert citation.quote == "| Tarvo Wren pump | 17 litres per hour | 2.4 metres |"
    assert citation.document == "manual.md"


@pytest.mark.parametrize(
    ("evidence", "below", "silent"),
    [(0.2, 0.5, True), (0.7, 0.5, False), (0.2, 0.0, False), (0.0, 0.0, False), (0.7, 0.9, True), (None, 0.9, False)],
)
def test_what_fits_too_little_is_not_read(evidence: float | None, below: float, silent: bool) -> None:
    found = [hit.model_copy(update={"evidence": evidence}) for hit in _retrieved(*chunks(MANUAL))]
    assert build_context(ASSEMBLED, found, "en", abstain_below=below).silent is silent


@pytest.mark.parametrize(
    ("told", "question", "answer", "kept"),
    [
        (("Error E17", "blocked suction filter"), "What makes E17 show?", "a faulty valve", False),
        (("Error E17", "blocked suction filter"), "What makes E17 show?", "The suction filter is blocked.", True),
        (("Error E17", "blocked suction filter"), "What makes E17 show?", "What makes E17 show?", False),
        (("Error E17", "blocked suction filter"), "What makes E17 show?", "The documents do not say.", True),
        (("Error E17", "blocked suction filter"), "Which error is a blocked filter?", "E17", True),
        (("Error E17", "blocked suction filter"), "Is E17 a blocked suction filter?", "Yes.", True),
        (("Wren Rated flow", "17 litres per hour"), "How much does the Wren pump?", "17 litres each hour", True),
        (("Wren Rated flow", "17 litres per hour"), "How much does the Wren pump?", "46 barrels", False),
        (("Wren Rated flow", "17 litres per hour"), "How much does the Wren pump?", "46 litres per hour", False),
        (None, "How much does the Wren pump?", "46 barrels", True),
    ],
)
def test_an_answer_that_leaves_out_what_a_line_tells_gives_way_to_it(
    told: tuple[str, str] | None, question: str, answer: str, kept: bool
) -> None:
    assert kept_to(told, answer, question, "en") == (answer if kept or told is None else f"{told[0]}: {told[1]}")


def test_a_chinese_line_is_quoted_with_its_own_colon() -> None:
    assert kept_to(("整机重量", "342千克"), "很重的装置", "砚鹤有多重？", "zh") == "整机重量：342千克"
    assert kept_to(("整机重量", "342千克"), "重342千克。", "砚鹤有多重？", "zh") == "重342千克。"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What does E23 mean?", ("Error E23", "motor overheating")),
        ("What is the rated flow of a Tarvo Heron pump?", ("Tarvo Heron pump Rated flow", "46 litres per hour")),
        ("How many screws hold the filter?", None),
    ],
)
def test_only_cells_and_labelled_lines_tell_of_what(question: str, told: tuple[str, str] | None) -> None:
    assert build_context(question, _retrieved(*chunks(MANUAL)), "en").told == told


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Opening hours: 8:30 to 17:00", ("Opening hours", "8:30 to 17:00")),
        ("The plant opens at 8:30 and closes at 17:00.", None),
        ("A scale of 1:10 is used.", None),
        ("See https://example.org for more.", None),
        ("整机重量：342千克", ("整机重量", "342千克")),
        ("上午8：30开门。", None),
    ],
)
def test_a_clock_time_is_no_label(line: str, expected: tuple[str, str] | None) -> None:
    (piece,) = pieces(chunks(line)[0])
    assert told(piece) == expected


def test_without_any_passage_the_documents_are_silent() -> None:
    assert build_context(ASSEMBLED, [], "en", abstain_below=0).silent


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("Pellworth", "It is assembled in Pellworth."),
        ("a blocked suction filter", "- **Error E17**: blocked suction filter"),
        ("3.1 metres", "| Tarvo Heron pump | 46 litres per hour | 3.1 metres |"),
        ("Zanzibar", None),
        ("", None),
    ],
)
def test_quotes_are_verbatim_and_only_where_there_is_support(answer: str, quote: str | None) -> None:
    parts = chunks(MANUAL)
    found = cite(answer, "Tell me about the pump", parts)
    assert [citation.quote for citation in found] == ([quote] if quote else [])
    for citation in found:
        assert citation.quote in next(part.text for part in parts if part.id == citation.chunk)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ABSTENTION["en"], "en"),
        (ABSTENTION["zh"], "zh"),
        ("the documents do not say", "en"),
        ("The document doesn't mention the price.", "en"),
        ("The context does not provide this information.", "en"),
        ("This is not stated in the documents.", "en"),
        ("I don't know.", "en"),
        ("I cannot answer this from the context.", "en"),
        ("No information is given.", "en"),
        ("Not specified.", "en"),
        ("资料中没有提到这一点。", "zh"),
        ("文档未说明价格。", "zh"),
        ("抱歉，我无法确定。", "zh"),
        ("不知道。", "zh"),
        ("没有相关信息", "zh"),
        (ABSTENTION["zh"], "en"),
    ],
)
def test_abstentions(text: str, language: Language) -> None:
    assert abstained(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("17 litres per hour", "en"),
        ("The pump does not contain oil.", "en"),
        ("No.", "en"),
        ("Hold the knob until the unknown light goes out.", "en"),
        ("It does not need a filter.", "en"),
        ("没有，不需要更换。", "zh"),
        ("未经培训的人员不得操作。", "zh"),
        ("", "en"),
    ],
)
def test_answers_are_not_taken_for_abstentions(text: str, language: Language) -> None:
    assert not abstained(text, language)
