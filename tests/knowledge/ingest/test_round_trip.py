"""What was written is read: no page, sentence or column lost or moved, tables row by row, furniture gone."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pypdfium2
import pytest

from knowledge.ingest.folders import CONTAINERS, Opened
from knowledge.ingest.formats import FORMATS, read
from knowledge.ingest.parsed import Parsed
from tests.knowledge.ingest.made import KINDS, Made, made

NTSB = Path(__file__).resolve().parents[4] / "shared" / "data" / "ntsb"


def parsed(document: Made, folder: Path) -> Parsed:
    form = FORMATS[document.suffix]
    path = folder / document.name
    path.write_bytes(document.content)
    if form not in CONTAINERS:
        return read(path, form)[0]
    opened = Opened()
    container = opened.reach(path, form, [])
    members = [member for member in container.members() if member.name.endswith(".md")]
    said = container.parsed() or read(container.content(members[0].key), "markdown")[0]
    opened.close()
    return said


def faults(document: Made, said: Parsed) -> list[str]:
    """Return what is lost, doubled, moved or left over."""
    found = []
    flat = re.sub(r"\s+", " ", said.text)
    places = [flat.find(sentence) for sentence in document.sentences]
    lost = [sentence for sentence, place in zip(document.sentences, places, strict=True) if place < 0]
    found += [f"lost or broken: {sentence}" for sentence in lost]
    found += [f"twice: {sentence}" for sentence in document.sentences if flat.count(sentence) > 1]
    kept = [place for place in places if place >= 0]
    if kept != sorted(kept):
        found.append("sentences moved")
    for label, *values in document.table[1:]:
        if not any(label in line and all(value in line for value in values) for line in said.text.split("\n")):
            found.append(f"no row of {label}")
    found += [f"left over: {words}" for words in ("internal handbook", "of 9") if words in said.text]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_each(kind: str, tmp_path: Path) -> None:
    document = made(kind, 1)
    assert faults(document, parsed(document, tmp_path)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_thirty_of_each(kind: str, tmp_path: Path) -> None:
    broken = {}
    for seed in range(2, 32):
        document = made(kind, seed)
        if found := faults(document, parsed(document, tmp_path)):
            broken[document.name] = found[:3]
    assert broken == {}


@pytest.mark.parametrize("kind", ["pdf", "pdf2", "pdf3", "pptx"])
def test_every_sentence_keeps_its_page(kind: str, tmp_path: Path) -> None:
    document = made(kind, 1)
    said = parsed(document, tmp_path)
    shown: list[list[str]] = []
    if document.suffix == ".pdf":
        with pypdfium2.PdfDocument(io.BytesIO(document.content)) as file:
            pages = [re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in file]
        shown = [[sentence for sentence in document.sentences if sentence[:12] in page] for page in pages]
    else:
        shown = [*document.sections, []]
    assert len(said.pages) == len(shown)
    for (number, start, end), sentences in zip(said.pages, shown, strict=True):
        text = re.sub(r"\s+", " ", said.text[start:end])
        for sentence in sentences:
            assert sentence[:12] in text, (number, sentence)


@pytest.mark.skipif(not NTSB.is_dir(), reason="../shared/data/ntsb is not there")
def test_no_page_and_no_word_of_real_reports_is_lost() -> None:
    for path in sorted(NTSB.glob("*.pdf")):
        said = read(path, "pdf")[0]
        with pypdfium2.PdfDocument(path) as file:
            pages = [page.get_textpage().get_text_range() for page in file]
        assert [number for number, _, _ in said.pages] == list(range(1, len(pages) + 1)), path.name
        assert said.note == ""
        heads = {line.strip() for line in pages[0].splitlines()} & {line.strip() for line in pages[1].splitlines()}
        known = set(re.findall(r"\w+", said.text.replace("-\n", "")))
        for number, page in enumerate(pages, start=1):
            lines = [line for line in page.replace("\ufffe", "-").splitlines() if line.strip() not in heads]
            words = re.findall(r"\w{4,}", " ".join(line for line in lines if not line.startswith("Page ")))
            missing = [word for word in words if word not in known]
            # Words that were hyphenated over a line's end are whole now.
            assert len(missing) <= 0.02 * len(words) + 2, (path.name, number, missing)
