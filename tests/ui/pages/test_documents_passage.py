"""The text of a document as HTML: nothing added, nothing lost, borders and marks where they belong."""

from __future__ import annotations

import random
import re
from html import unescape

import pytest

from agent.records.corpus import Document, DocumentText, PageSpan
from knowledge.ingest.chunking import chunk_document
from tests.knowledge.corpus import MANUAL
from ui.pages.documents_passage import PART, Place, excerpt, part, passage, place


def text_of(words: str, pages: tuple[tuple[int, int, int], ...] = ()) -> DocumentText:
    spans = tuple(PageSpan(page=page, start=start, end=end) for page, start, end in pages)
    return DocumentText(document="d", name="d.md", sha256="s", language="en", title="T", text=words, pages=spans)


def document_of(text: DocumentText) -> Document:
    return Document(
        id="d", name="d.md", sha256="s", format="markdown", language="en", pages=len(text.pages) or None,
        characters=len(text.text), chunks=len(chunk_document(text)), status="read", title="T",
    )  # fmt: skip


def shown(text: DocumentText, opened: Place) -> str:
    return passage(document_of(text), text, chunk_document(text), opened, lambda at: f"/en/documents?start={at}", "en")


def words(html: str) -> str:
    """The document's own text in the HTML: without borders, page lines and tags."""
    body = html[html.index('<div class="ds-text"') :]
    body = re.sub(r'<div class="ds-border.*?</div>', "", body, flags=re.DOTALL)
    body = re.sub(r'<span class="ds-pagebreak".*?</span>', "", body, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", body))


def squeezed(text: str) -> str:
    return "".join(text.split())


def marked(html: str) -> str:
    pieces = re.findall(r"<mark[^>]*>(.*?)</mark>", html, flags=re.DOTALL)
    return unescape("".join(re.sub(r"<span.*?</span>", "", piece) for piece in pieces))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((None, None, None, None), Place("")),
        (("d", None, None, None), Place("d")),
        (("d", "d:10-20", None, None), Place("d", chunk=(10, 20))),
        ((None, "d:10-20", "12", "15"), Place("d", 12, 15, (10, 20))),
        (("d", "nonsense", "x", "-1"), Place("d")),
        (("d", None, "9", "4"), Place("d", 9, None)),
        (("d", None, "²", "9999999999"), Place("d")),
    ],
)
def test_addresses(asked: tuple[str | None, ...], expected: Place) -> None:
    assert place(*asked) == expected


def test_the_target_is_the_quote_then_the_chunk_then_the_beginning() -> None:
    assert [Place("d", 5, 7, (1, 9)).target, Place("d", chunk=(3, 9)).target, Place("d").target] == [5, 3, 0]


def test_the_whole_text_is_there_once() -> None:
    text = text_of(MANUAL + "<b>&amp;</b>\n")
    assert squeezed(words(shown(text, Place("d")))) == squeezed(text.text)


def test_any_quote_is_marked_to_the_letter_across_chunks_and_pages() -> None:
    draw = random.Random(0)
    half = len(MANUAL) // 2
    text = text_of(MANUAL, ((1, 0, half), (2, half, len(MANUAL))))
    for _ in range(200):
        start = draw.randrange(len(MANUAL) - 2)
        end = draw.randrange(start + 1, len(MANUAL))
        html = shown(text, Place("d", start, end))
        assert squeezed(marked(html)) == squeezed(MANUAL[start:end])
        assert squeezed(words(html)) == squeezed(MANUAL)
        assert html.count('id="ds-quote"') == (1 if MANUAL[start:end].strip() else html.count('id="ds-quote"'))


def test_chunks_have_borders_with_number_page_and_headings() -> None:
    text = text_of(MANUAL, ((1, 0, 100), (2, 100, len(MANUAL))))
    chunks = chunk_document(text)
    html = shown(text, Place("d", chunk=(chunks[1].start, chunks[1].end)))
    assert html.count("<section class=") == len(chunks)
    assert html.count("ds-opened") == 1
    assert "Chunk 2 · Page 2 · opened" in html
    assert html.count("ds-pagebreak") == 2
    assert "Tarvo pump manual › Error numbers" in html


def test_a_quote_beyond_the_end_is_said_to_be_gone() -> None:
    html = shown(text_of(MANUAL), Place("d", 10, len(MANUAL) + 5))
    assert "not in the text any more" in html
    assert "<mark" not in html


def test_markup_in_a_document_is_text() -> None:
    nasty = "# <img src=x onerror=alert(1)>\n\n<script>alert(1)</script> \" ' & {{x}} ${y}\n"
    text = text_of(nasty)
    html = passage(
        document_of(text).model_copy(update={"name": "<i>.md", "title": "<u>"}),
        text,
        chunk_document(text),
        Place("d", 2, 8),
        lambda at: '"><script>',
        "en",
    )
    assert not re.search(r"<(img|script|i|u)\b", html)
    assert squeezed(words(html)) == squeezed(nasty)


def long_text() -> DocumentText:
    return text_of("\n\n".join(f"Paragraph {n} says that the value is {n}. " * 5 for n in range(2000)))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_long_text_is_shown_in_parts_that_hold_what_was_asked_for(share: float) -> None:
    text = long_text()
    chunks = chunk_document(text)
    target = int(len(text.text) * share)
    start, end = part(len(text.text), chunks, target)
    assert start <= target < end
    assert end - start <= PART * 1.2
    assert start in {0, *(chunk.start for chunk in chunks)}
    html = shown(text, Place("d", target, min(target + 40, len(text.text))))
    assert squeezed(marked(html)) == squeezed(text.text[target : target + 40])


def test_parts_follow_each_other_without_a_gap() -> None:
    text = long_text()
    chunks = chunk_document(text)
    reached, at, turns = 0, 0, 0
    while reached < len(text.text):
        html = shown(text, Place("d", at))
        start, end = part(len(text.text), chunks, at)
        assert start <= reached
        reached = end
        links = [int(found) for found in re.findall(r"start=(\d+)", html)]
        assert (len(links) == 2) == (start > 0 and end < len(text.text))
        at, turns = (links[-1] if links else at), turns + 1
        assert turns < 100
    assert turns > 5


def test_a_short_text_has_nothing_to_turn() -> None:
    assert "ds-turning" not in shown(text_of(MANUAL), Place("d"))


def test_an_excerpt_shows_the_quote_within_its_surroundings() -> None:
    text = long_text()
    start = text.text.index("Paragraph 900")
    html = excerpt(text, start, start + 13, "en")
    assert marked(html) == "Paragraph 900"
    assert len(html) < 2500
    assert html.count("…") == 2
    assert marked(excerpt(text, 5, 5, "en")) == ""
    assert squeezed(words(excerpt(text_of("short"), 0, 5, "en"))) == "short"
