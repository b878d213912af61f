"""The example company: documents, formats, sealed items and the demo's budget."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import pytest

from knowledge.company.blocks import Definitions, Heading, Paragraph, Source, Table, parse
from knowledge.company.build import DEMO_FAMILY, build_documents, families, main, sealed_items, sources

KINDS = {"numeric", "factual", "procedural", "definitional", "comparative", "table", "unanswerable"}
KEYS = [
    "id", "fact", "language", "document", "family", "question", "wording", "answers", "quote", "kind", "answerable",
]  # fmt: skip
TEMPLATE = re.compile(r"^what (?:is|are) the .+ of (?:the|a|an) .+\?$", re.IGNORECASE)


class _Reader(HTMLParser):
    """Collects the text and counts the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _squeeze(text: str) -> str:
    # Chinese lines are broken without a space, so white space cannot count at all.
    return re.sub(r"\s+", "", text)


def _pages(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        texts = []
        for index in range(len(document)):
            page = document[index]
            text_page = page.get_textpage()
            texts.append(str(text_page.get_text_range()))
            text_page.close()
            page.close()
        return texts
    finally:
        document.close()


def _text(path: Path) -> str:
    """The text of a built document, read the way a user's tool would."""
    if path.suffix == ".pdf":
        return "\n".join(_pages(path))
    if path.suffix == ".docx":
        document = docx.Document(str(path))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        reader = _Reader()
        reader.feed(text)
        return "\n".join(reader.text)
    return text


def _facts(source: Source) -> list[str]:
    """The answers of a document's structured facts."""
    blocks = source.blocks
    answers: list[str] = []
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if isinstance(block, Table):
            answers += [cell for row in block.rows for cell in row[1:]]
        elif isinstance(block, Definitions):
            answers += [text for _, text in block.entries]
        elif isinstance(block, Heading) and block.text.startswith("Q: "):
            assert isinstance(after, Paragraph), block.text
            answers.append(after.text)
    return answers


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    target = tmp_path_factory.mktemp("company") / "made" / "on demand"
    return {path.stem: path for path in build_documents(target)}


@pytest.fixture(scope="module")
def by_id() -> dict[str, Source]:
    return {source.id: source for source in sources()}


def test_front_matter_and_mix(by_id: dict[str, Source]) -> None:
    assert len(by_id) == 25
    assert Counter(source.language for source in by_id.values()) == {"en": 18, "zh": 7}
    assert Counter(source.format for source in by_id.values()) == {"md": 7, "html": 6, "docx": 6, "pdf": 6}
    assert {source.format for source in by_id.values() if source.language == "zh"} == {"md", "html", "docx", "pdf"}
    assert DEMO_FAMILY in families()
    for source in by_id.values():
        assert source.blocks[0] == Heading(1, source.title), source.id


def test_length_of_documents(by_id: dict[str, Source]) -> None:
    for source in by_id.values():
        if source.language == "zh":
            length = len(re.findall(r"[\u4e00-\u9fff]", source.body))
            assert 400 <= length <= 1100, (source.id, length)
        else:
            length = len(re.findall(r"[A-Za-z0-9][\w.,'°%:/-]*", source.body))
            assert 150 <= length <= 700, (source.id, length)


def test_build_is_deterministic(built: dict[str, Path], tmp_path: Path) -> None:
    for path in build_documents(tmp_path):
        assert path.read_bytes() == built[path.stem].read_bytes(), path.name


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == "25 documents written\n"
    assert len(list((tmp_path / "out").iterdir())) == 25


def test_html_structures(built: dict[str, Path], by_id: dict[str, Source]) -> None:
    for source in (source for source in by_id.values() if source.format == "html"):
        reader = _Reader()
        reader.feed(built[source.id].read_text(encoding="utf-8"))
        blocks = source.blocks
        assert reader.tags["table"] == sum(isinstance(block, Table) for block in blocks)
        assert reader.tags["dl"] == sum(isinstance(block, Definitions) for block in blocks)
        assert reader.tags["dt"] == reader.tags["dd"]
        assert reader.tags["h2"] >= 2


def test_docx_structures(built: dict[str, Path], by_id: dict[str, Source]) -> None:
    for source in (source for source in by_id.values() if source.format == "docx"):
        document = docx.Document(str(built[source.id]))
        tables = [block for block in source.blocks if isinstance(block, Table)]
        assert [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables] == [
            [list(row) for row in (table.header, *table.rows)] for table in tables
        ]
        headings = [p.text for p in document.paragraphs if str(p.style.name).startswith("Heading")]
        assert headings == [block.text for block in source.blocks if isinstance(block, Heading)]
        assert document.core_properties.modified.date() == source.date


def test_pdf_pages(built: dict[str, Path], by_id: dict[str, Source]) -> None:
    counts = {source.id: len(_pages(built[source.id])) for source in by_id.values() if source.format == "pdf"}
    assert sum(count >= 2 for count in counts.values()) >= 3, counts


def test_built_text_holds_every_cell(built: dict[str, Path], by_id: dict[str, Source]) -> None:
    for source in by_id.values():
        text = _squeeze(_text(built[source.id]))
        for block in source.blocks:
            if isinstance(block, Table):
                for cell in (cell for row in block.rows for cell in row):
                    assert _squeeze(cell) in text, (source.id, cell)


def test_sealed_items_are_well_formed(by_id: dict[str, Source]) -> None:
    items = sealed_items()
    assert len({item["id"] for item in items}) == len(items)
    assert len({item["question"] for item in items}) == len(items)
    for item in items:
        assert list(item) == KEYS
        assert item["kind"] in KINDS
        source = by_id[item["document"]]
        assert (item["family"], item["language"]) == (source.family, source.language), item["id"]
        assert item["question"].endswith(("?", "？", ".", "。")), item["id"]
        assert not TEMPLATE.match(item["question"]), item["question"]
        assert not re.search(r"\bthis (?:document|page|bulletin|manual)\b", item["question"]), item["id"]


def test_sealed_answers_stand_in_their_documents(built: dict[str, Path], by_id: dict[str, Source]) -> None:
    texts = {name: _squeeze(_text(path)) for name, path in built.items()}
    for item in sealed_items():
        if not item["answerable"]:
            assert (item["answers"], item["quote"], item["kind"]) == ([], "", "unanswerable"), item["id"]
            continue
        assert item["kind"] != "unanswerable"
        quote, answer = _squeeze(item["quote"]), _squeeze(item["answers"][0])
        assert quote, item["id"]
        assert quote in _squeeze(by_id[item["document"]].body), item["id"]
        assert quote in texts[item["document"]], item["id"]
        assert answer in quote, item["id"]
        assert len(item["answers"]) == len(set(item["answers"]))


def test_two_wordings_of_each_fact() -> None:
    facts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in sealed_items():
        facts[item["fact"]].append(item)
    shared = ("language", "document", "family", "answers", "quote", "kind", "answerable")
    for fact, items in facts.items():
        assert [item["wording"] for item in items] == [1, 2], fact
        assert all(items[0][key] == items[1][key] for key in shared), fact


def test_sealed_counts() -> None:
    firsts = [item for item in sealed_items() if item["wording"] == 1]
    others = [item for item in firsts if item["answerable"] and item["family"] != DEMO_FAMILY]
    assert 70 <= len(others) <= 95
    assert 22 <= sum(item["language"] == "zh" for item in others) <= 32
    unanswerable = [item for item in firsts if not item["answerable"]]
    assert 12 <= len(unanswerable) <= 18
    assert {item["language"] for item in unanswerable} == {"en", "zh"}
    assert {item["kind"] for item in firsts} == KINDS
    assert {item["family"] for item in firsts} == set(families())
    assert sealed_items(DEMO_FAMILY) == [item for item in sealed_items() if item["family"] == DEMO_FAMILY]


def test_demo_family_budget() -> None:
    demo = sources(DEMO_FAMILY)
    assert Counter(source.format for source in demo) == {"md": 2, "html": 1, "docx": 2, "pdf": 1}
    assert {source.language for source in demo} == {"en"}
    answers = [answer for source in demo for answer in _facts(source)]
    assert 42 <= len(answers) <= 48
    assert len({answer.casefold() for answer in answers}) == len(answers)
    assert all(len(answer.split()) <= 7 for answer in answers)
    for source in demo:
        assert 7 <= len(_facts(source)) <= 8, source.id


def test_every_demo_fact_is_sealed_once() -> None:
    items = [item for item in sealed_items(DEMO_FAMILY) if item["answerable"] and item["wording"] == 1]
    canonical = [item["answers"][0].casefold() for item in items]
    assert len(set(canonical)) == len(canonical)
    assert all(1 <= len(answer.split()) <= 5 for answer in canonical)
    for source in sources(DEMO_FAMILY):
        sealed = [item["answers"][0].casefold() for item in items if item["document"] == source.id]
        facts = [fact.casefold() for fact in _facts(source)]
        assert len(sealed) == len(facts)
        for fact in facts:
            assert sum(answer in fact for answer in sealed) == 1, (source.id, fact)


def test_demo_wordings_are_not_the_questions_of_the_documents() -> None:
    asked = {
        block.text.removeprefix("Q: ").casefold()
        for source in sources(DEMO_FAMILY)
        for block in source.blocks
        if isinstance(block, Heading) and block.text.startswith("Q: ")
    }
    assert not asked & {item["question"].casefold() for item in sealed_items(DEMO_FAMILY)}


def test_superseded_bulletin_and_disagreement(by_id: dict[str, Source]) -> None:
    old, new = by_id["hexaune-bulletin-h07"], by_id["hexaune-bulletin-h11"]
    assert old.date < new.date
    assert "replaces bulletin H-07" in new.body
    assert "every 14 months" in by_id["solwick-manual"].body
    assert "| Solwick C3 controller | 11 months |" in by_id["calibration"].body


@pytest.mark.parametrize(
    "body",
    ["| a | b |\n| --- | --- |\n| 1 |", "| a | b |\n| 1 | 2 |\n| 3 | 4 |", "- one\n1. two", "# Title\ntext"],
)
def test_parser_refuses_what_it_does_not_know(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(body)
