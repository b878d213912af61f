"""E-books (EPUB 2 and 3): the chapters in the order of their spine, each a page of HTML."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Final
from urllib.parse import unquote

from knowledge.ingest.archives import archive_of, unpack
from knowledge.ingest.cleaning import one_line
from knowledge.ingest.html import read_html_bytes
from knowledge.ingest.limits import LARGEST_TEXT, LARGEST_TEXT_FILE
from knowledge.ingest.parsed import Earn, Parsed, Source, UnreadableError, earn_nothing
from knowledge.ingest.xml import children_named, parse_xml

_CONTAINER: Final = "META-INF/container.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_FONT_ALGORITHMS: Final = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Obfuscation of embedded fonts, which locks no text. Source: EPUB 3.3, 4.4 Font obfuscation."""
_PAGES: Final = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_MOST_CHAPTERS: Final = 5_000
_WORDLESS: Final = ("no text in it", "empty")


def read_epub(source: Source, earn: Earn = earn_nothing) -> Parsed:
    """Return the text of an e-book; its table of contents stays out.

    Args:
        source: The file.
        earn: Hears of every chapter.

    Raises:
        UnreadableError: It is damaged, locked by digital rights management, too large or empty.
    """
    with archive_of(source, "e-book") as archive:
        names = frozenset(archive.namelist())
        if _ENCRYPTION in names and _is_locked(unpack(archive, _ENCRYPTION, LARGEST_TEXT_FILE)):
            raise UnreadableError("locked by a password: save it anew without a password")
        if _CONTAINER not in names:
            raise UnreadableError("damaged, or no e-book")
        roots = children_named(parse_xml(unpack(archive, _CONTAINER, LARGEST_TEXT_FILE)), "rootfile")
        place = unquote(str(roots[0].get("full-path") or "")) if roots else ""
        title, chapters = _spine(archive, place)
        parts: list[str] = []
        missing = 0
        for chapter in chapters[:_MOST_CHAPTERS]:
            if chapter not in names:
                missing += 1
                continue
            try:
                text = read_html_bytes(unpack(archive, chapter, LARGEST_TEXT_FILE)).text
            except UnreadableError as error:
                # A cover or a divider holds a picture and no words, and nothing of it is missing.
                missing += str(error) not in _WORDLESS
                continue
            earn(text)
            parts.append(text)
            if sum(map(len, parts)) > LARGEST_TEXT:
                raise UnreadableError(f"more than {LARGEST_TEXT} characters of text: split the file")
    missing += max(0, len(chapters) - _MOST_CHAPTERS)
    if not parts:
        raise UnreadableError("no text in it")
    note = f"{missing} of its {len(chapters)} chapters could not be read" if missing else ""
    return Parsed(title=title, text="\n\n".join(parts), note=note)


def _is_locked(encryption: bytes) -> bool:
    """Return whether more than fonts is encrypted."""
    methods = children_named(parse_xml(encryption), "EncryptionMethod")
    return any(method.get("Algorithm") not in _FONT_ALGORITHMS for method in methods)


def _spine(archive: zipfile.ZipFile, place: str) -> tuple[str, list[str]]:
    """Return the title, and the names of the chapters in reading order."""
    package = parse_xml(unpack(archive, place, LARGEST_TEXT_FILE))
    titles = [one_line("".join(title.itertext())) for title in children_named(package, "title")]
    folder = posixpath.dirname(place)
    pages = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(str(item.get("href") or ""))))
        for item in children_named(package, "item")
        if item.get("media-type") in _PAGES and "nav" not in str(item.get("properties") or "").split()
    }
    order = [item.get("idref") for item in children_named(package, "itemref")]
    return next(iter(titles), ""), [pages[identifier] for identifier in order if identifier in pages]
