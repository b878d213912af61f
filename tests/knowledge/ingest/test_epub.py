"""E-books: chapters in the order of the spine, whatever the order in the archive."""

from __future__ import annotations

import pytest

from knowledge.ingest.epub import read_epub
from knowledge.ingest.parsed import UnreadableError
from tests.campaigns.hostile_archives import book, replaced, zipped

CHAPTERS = (
    "<html><body><h1>One</h1><p>First words.</p></body></html>",
    "<html><body><img src='x'/></body></html>",
    "<html><body><h1>Two</h1><table><tr><th>Part</th><th>Price</th></tr><tr><td>Seal</td><td>12</td></tr></table></body></html>",
)


def test_chapters_in_order() -> None:
    heard: list[str] = []
    parsed = read_epub(book(CHAPTERS), heard.append)
    assert parsed.title == "Book"
    assert parsed.text == "# One\n\nFirst words.\n\n# Two\n\n| Part | Price |\n|---|---|\n| Seal | 12 |"
    assert parsed.note == ""
    assert len(heard) == 2


def test_the_spine_decides() -> None:
    turned = replaced(
        book(CHAPTERS), "OEBPS/book.opf",
        lambda data: data.replace(b'<itemref idref="c0"/>', b"").replace(b"</spine>", b'<itemref idref="c0"/></spine>'),
    )  # fmt: skip
    assert read_epub(turned).text.startswith("# Two")


def test_a_table_of_contents_stays_out() -> None:
    marked = replaced(
        book(CHAPTERS), "OEBPS/book.opf", lambda data: data.replace(b'<item id="c0"', b'<item properties="nav" id="c0"')
    )
    assert "First words" not in read_epub(marked).text


def test_missing_and_damaged_chapters_are_told() -> None:
    broken = replaced(book([*CHAPTERS, "x"]), "OEBPS/c3.xhtml", lambda _: b"\x80\x81\x82" * 50)
    assert read_epub(broken).note == "1 of its 4 chapters could not be read"


FONT = "http://www.idpf.org/2008/embedding"


@pytest.mark.parametrize(
    ("algorithm", "locked"), [(FONT, False), ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", True)]
)
def test_a_locked_book_is_refused_and_locked_fonts_are_none(algorithm: str, locked: bool) -> None:
    encryption = f'<encryption><EncryptedData><EncryptionMethod Algorithm="{algorithm}"/></EncryptedData></encryption>'
    container = '<c><rootfile full-path="b.opf"/></c>'
    package = '<package><item id="a" href="a.html" media-type="text/html"/><itemref idref="a"/></package>'
    content = zipped([
        ("META-INF/container.xml", container), ("META-INF/encryption.xml", encryption), ("b.opf", package),
        ("a.html", "<p>Words.</p>"),
    ])  # fmt: skip
    if locked:
        with pytest.raises(UnreadableError, match="locked by a password"):
            read_epub(content)
    else:
        assert read_epub(content).text == "Words."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no zip", "no e-book"),
        (zipped([("a", b"")]), "no e-book"),
        (zipped([("META-INF/container.xml", "<c>")]), "XML cannot be read"),
        (zipped([("META-INF/container.xml", "<c/>")]), "a part is missing"),
        (book(["<html><body></body></html>"]), "no text in it"),
    ],
)
def test_what_is_no_book_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_epub(content)


def test_a_giant_book_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.epub.LARGEST_TEXT", 10)
    with pytest.raises(UnreadableError, match="more than 10 characters"):
        read_epub(book(CHAPTERS))
