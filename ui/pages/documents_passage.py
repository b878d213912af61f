"""The text of a document as HTML: chunk borders, page numbers, and a quote marked. Pure; all text escaped.

A long text is shown in parts of `PART` characters, cut between chunks, so that a book of a thousand pages opens as
quickly as a leaflet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from agent.records.base import Language
from agent.records.corpus import Chunk, Document, DocumentText, PageSpan
from ui.pages.documents_view import escaped, kind, number

PART: Final = 40_000
"""Characters shown at once."""
BEFORE: Final = 4_000
"""Characters shown before the place that was asked for, if the text is longer than one part."""
_OFFSETS: Final = re.compile(r"(.+):(\d{1,9})-(\d{1,9})")


@dataclass(frozen=True)
class Place:
    """What of a document is to be opened."""

    document: str
    """Document id; empty for none."""
    start: int | None = None
    end: int | None = None
    """Offsets of the quote to mark; only `start`: where to begin."""
    chunk: tuple[int, int] | None = None
    """Offsets of the chunk to open."""

    @property
    def target(self) -> int:
        """Offset that must be on the page."""
        if self.start is not None:
            return self.start
        return self.chunk[0] if self.chunk else 0


def place(document: str | None, chunk: str | None, start: str | None, end: str | None) -> Place:
    """Return what an address asks for; what makes no sense is passed over.

    Args:
        document: Document id, as `?document=` gives it.
        chunk: Chunk id, which names its document as well.
        start: Offset where the quote begins.
        end: Offset where it ends.
    """
    named = _OFFSETS.fullmatch(chunk or "")
    offsets = (int(named[2]), int(named[3])) if named else None
    first, last = _offset(start), _offset(end)
    if first is not None and last is not None and last <= first:
        last = None
    return Place(document or (named[1] if named else ""), first, last, offsets)


def _offset(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def part(length: int, chunks: Sequence[Chunk], target: int) -> tuple[int, int]:
    """Return the offsets of the part of a text that shows a place: whole if it is short, else cut before a chunk."""
    if length <= PART:
        return 0, length
    borders = [0, *(chunk.start for chunk in chunks)]
    wanted = min(max(0, target - BEFORE), length - PART)
    start = max((border for border in borders if border <= wanted), default=0)
    end = max((border for border in borders if start < border <= start + PART), default=start + PART)
    return start, length if start + PART >= length else max(end, min(length, target + BEFORE))


def passage(
    document: Document,
    text: DocumentText,
    chunks: Sequence[Chunk],
    opened: Place,
    link: Callable[[int], str],
    lang: Language,
) -> str:
    """Return a document's text.

    Args:
        document: The document.
        text: Its text.
        chunks: Its chunks, in order.
        opened: What to open and to mark.
        link: Address that opens the text at an offset.
        lang: Language of the page.
    """
    say = escaped(lang)
    start, end = part(len(text.text), chunks, opened.target)
    quote = (opened.start, opened.end) if opened.start is not None and opened.end is not None else None
    is_gone = quote is not None and (quote[1] or 0) > len(text.text)
    ink = _Ink(text, None if is_gone or quote is None else (int(quote[0] or 0), int(quote[1] or 0)), lang)
    body, at = [], start
    for index, chunk in enumerate(chunks, start=1):
        if chunk.end <= start or chunk.start >= end:
            continue
        body.append(ink.between(at, max(at, chunk.start)))
        body.append(_chunk(chunk, index, (chunk.start, chunk.end) == opened.chunk, ink, lang))
        at = max(at, chunk.end)
    body.append(ink.between(at, end))
    gone = f'<p class="ds-note">{say("documents_quote_gone")}</p>' if is_gone else ""
    return (
        f"{heading(document, lang)}{gone}{_turning(start, end, len(text.text), link, lang)}"
        f'<div class="ds-text" tabindex="0" lang="{text.language}" aria-label="{escape(document.name)}">'
        f"{''.join(body)}</div>"
    )


def heading(document: Document, lang: Language) -> str:
    """Return title, name and figures of a document."""
    say = escaped(lang)
    facts = [escape(kind(document, lang))]
    if document.language:
        facts.append(say(f"documents_language_{document.language}"))
    if document.pages:
        key = "documents_facts_page_one" if document.pages == 1 else "documents_facts_pages"
        facts.append(say(key, count=number(document.pages)))
    if document.status in ("read", "unchanged"):
        facts.append(say("documents_facts_characters", count=number(document.characters)))
        facts.append(say("documents_facts_chunks", count=number(document.chunks)))
    title = escape(document.title or document.name)
    name = f"{escape(document.name)} · " if document.title and document.title != document.name else ""
    return f'<h2 translate="no">{title}</h2><p class="ds-quiet ds-figures">{name}{" · ".join(facts)}</p>'


def excerpt(text: DocumentText, start: int, end: int, lang: Language, around: int = 600) -> str:
    """Return the surroundings of a quote with the quote marked, cut at line ends where there are any near."""
    length = len(text.text)
    first, last = max(0, min(start, length) - around), min(length, max(end, 0) + around)
    if first:
        line = text.text.find("\n", first, max(first, start - around // 2))
        first = line + 1 if line >= 0 else first
    if last < length:
        line = text.text.rfind("\n", min(last, end + around // 2), last)
        last = line if line >= 0 else last
    body = _Ink(text, (start, end) if start < end else None, lang).write(first, last)
    before, after = "… " if first else "", " …" if last < length else ""
    return f'<div class="ds-text" tabindex="0" lang="{text.language}">{before}{body}{after}</div>'


def _chunk(chunk: Chunk, index: int, is_opened: bool, ink: _Ink, lang: Language) -> str:
    say = escaped(lang)
    page = f" · {say('documents_page', page=chunk.page)}" if chunk.page else ""
    above = " › ".join(part for part in chunk.headings if not part.startswith("|"))
    opened = f" · {say('documents_opened_chunk')}" if is_opened else ""
    return (
        f'<section class="ds-chunk{" ds-opened" if is_opened else ""}" id="chunk-{chunk.start}-{chunk.end}">'
        f'<div class="ds-border ds-figures"><span>{say("documents_chunk", number=index)}{page}{opened}</span>'
        f"<span>{escape(above)}</span></div>"
        f'<div class="ds-body">{ink.write(chunk.start, chunk.end)}</div></section>'
    )


def _turning(start: int, end: int, length: int, link: Callable[[int], str], lang: Language) -> str:
    """Return the links to the text before and after; nothing for a text that is shown whole."""
    if start == 0 and end >= length:
        return ""
    say = escaped(lang)
    links = []
    if start > 0:
        earlier = escape(link(max(0, start - PART + BEFORE)))
        links.append(f'<a href="{earlier}" data-ds-open>{say("documents_earlier")}</a>')
    said = say("documents_part", start=number(start + 1), end=number(end), total=number(length))
    links.append(f'<span class="ds-quiet ds-figures">{said}</span>')
    if end < length:
        links.append(f'<a href="{escape(link(end + BEFORE))}" data-ds-open>{say("documents_later")}</a>')
    return f'<p class="ds-turning">{" ".join(links)}</p>'


class _Ink:
    """Writes pieces of one text: escaped, the quote marked, a line wherever a page begins."""

    def __init__(self, text: DocumentText, quote: tuple[int, int] | None, lang: Language) -> None:
        self._text = text.text
        self._pages: tuple[PageSpan, ...] = text.pages
        self._quote = quote
        self._say = escaped(lang)
        self._is_first = True

    def between(self, start: int, end: int) -> str:
        """Write what stands between two chunks: headings, as a rule."""
        if start >= end:
            return ""
        written = self.write(start, end)
        if not self._text[start:end].strip():
            # Blank lines alone are no text, but a page may begin in them.
            return "".join(self._page(span) for span in self._pages if start <= span.start < end)
        return f'<div class="ds-between">{written}</div>'

    def write(self, start: int, end: int) -> str:
        """Write a piece of the text."""
        low, high = self._quote or (0, 0)
        cuts = {start, end, *(at for at in (low, high) if start < at < end)}
        pages = {span.start: span for span in self._pages if start <= span.start < end}
        places = sorted(cuts | set(pages))
        parts = []
        for here, there in zip(places, [*places[1:], end], strict=True):
            if here in pages:
                parts.append(self._page(pages[here]))
            words = escape(self._text[here:there])
            parts.append(self._marked(words) if words and low <= here and there <= high else words)
        return "".join(parts)

    def _marked(self, words: str) -> str:
        name = ' id="ds-quote"' if self._is_first else ""
        self._is_first = False
        return f"<mark{name}>{words}</mark>"

    def _page(self, span: PageSpan) -> str:
        said = self._say("documents_page", page=span.page)
        return f'<span class="ds-pagebreak" role="separator" aria-label="{said}">{said}</span>'
