"""PDF to Markdown-like text with the place of every page.

Layout decides: ruled tables become pipe tables or, where their cells are labels, `Label: value` lines; larger or bold
lines become headings; wrapped lines become paragraphs; running heads and page numbers go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from knowledge.ingest.cleaning import one_line, pipe_table, tidy
from knowledge.ingest.limits import MOST_PAGES
from knowledge.ingest.parsed import Earn, Parsed, Source, UnreadableError, earn_nothing
from knowledge.ingest.pdf_layout import Page, PageItem, lay_out
from knowledge.ingest.pdf_lines import lines
from knowledge.ingest.pdf_page import is_picture, pieces, rules, view_of
from knowledge.ingest.recognition import Recognise

_PAGE_NUMBER = re.compile(
    r"^(?:page\s*)?[-–—]?\s*\d{1,4}\s*[-–—]?(?:\s*(?:of|/)\s*\d{1,4})?$|^第?\s*\d{1,4}\s*页(?:.{0,3}共\s*\d{1,4}\s*页)?$",
    re.I,
)
_WORDS = re.compile(r"\w+(?:-\w+)*")
_SENTENCE_END = re.compile(r"[.!?。！？:：;；][\"'”’)\]）]*$")
_MARGIN: Final = 0.09
"""Share of the page's height at its top and bottom in which running heads stand."""
_LARGER: Final = 1.08
"""Times the body's line height from which on a line is a heading."""
_HEADING_CHARACTERS: Final = 160
_PROSE_SHARE: Final = 0.2
_MANY_PAGES: Final = 6
_HEAD_SHARE: Final = 0.4
"""Share of the pages on which a line in the margin stands at least, to be a running head."""
_MOST_RUNS: Final = 20
"""Runs of pictures that a note names."""
_SEPARATOR = re.compile(r"[-–—_=*.·~\s]{3,}$")
_MEND: Final = "`ingest --ocr` reads them (extra ocr)"
_MEND_BEFORE: Final = "run text recognition to read them"
"""What notes said before; projects still hold them."""
_UNREAD: Final = "no text in it (a scan?): `ingest --ocr` reads it (extra ocr)"
_LOST_SHARE: Final = 0.01
"""Share of characters without a meaning from which on the text layer is useless."""


def read_pdf(source: Source, earn: Earn = earn_nothing, recognise: Recognise | None = None) -> Parsed:
    """Return the text of a PDF; pages that are pictures are named in the note.

    Args:
        source: The file.
        earn: Hears of every page.
        recognise: Reads pages that are pictures; `None` leaves them unread.

    Raises:
        UnreadableError: It is damaged, locked by a password, has too many pages or no text.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(source if isinstance(source, bytes) else source.open("rb"), autoclose=True)
    except pdfium.PdfiumError as error:
        reason = "locked by a password" if "password" in str(error).lower() else "damaged, or no PDF"
        raise UnreadableError(reason) from error
    try:
        if len(document) > MOST_PAGES:
            raise UnreadableError(f"more than {MOST_PAGES} pages: split the file")
        title = one_line(str(document.get_metadata_dict().get("Title") or ""))
        pages = [_page(document, number, earn, recognise) for number in range(len(document))]
    except pdfium.PdfiumError as error:
        raise UnreadableError(f"damaged: {one_line(str(error))}") from error
    finally:
        document.close()
    characters = "".join(piece.text for page in pages for piece in page.pieces)
    if not characters.strip():
        raise UnreadableError(_UNREAD if recognise is None else "no text in it, and none was recognised")
    lost = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in characters)
    if lost > _LOST_SHARE * len(characters):
        raise UnreadableError("its fonts do not say which characters they show: run text recognition first")
    read = [page for page in pages if page.confidence is not None]
    confidence = mean_confidence(read)
    note = "; ".join(
        filter(
            None,
            (
                recognised_note([page.number for page in read], confidence or 0.0),
                pictures_note([page.number for page in pages if page.is_picture], looked=recognise is not None),
            ),
        )
    )
    pages = _without_running_heads(pages)
    vocabulary = frozenset(word.lower() for page in pages for p in page.pieces for word in _WORDS.findall(p.text))
    items = [item for page in pages for item in lay_out(page, vocabulary)]
    assembled = _assemble(_with_tables_joined(items))
    return Parsed(
        title=_title(title, items),
        text=assembled.text,
        pages=assembled.spans(len(pages)),
        note=note,
        recognised=len(read),
        confidence=confidence,
    )


def mean_confidence(pages: Sequence[Page]) -> float | None:
    """Return the mean confidence of the characters of recognised pages; `None` if there are none."""
    weights = [sum(len(piece.text) for piece in page.pieces) for page in pages]
    if not sum(weights):
        return None
    total = sum(weight * (page.confidence or 0.0) for weight, page in zip(weights, pages, strict=True))
    return round(total / sum(weights), 4)


def pictures_note(pages: Sequence[int], *, looked: bool = False) -> str:
    """Return what a reader should know of pages that are pictures; empty if there are none.

    Args:
        pages: Their numbers, rising.
        looked: Whether text recognition has looked at them already.
    """
    if not pages:
        return ""
    if looked:
        return f"no text was recognised on pages that are pictures ({_runs(pages)})"
    which = f"({_runs(pages)}): {_MEND}"
    return f"{len(pages)} pages are pictures without text {which}" if len(pages) > 1 else f"1 page is a picture {which}"


def waits_for_recognition(note: str) -> bool:
    """Return whether a document's note says that it has pages which text recognition might read."""
    return _MEND in note or _MEND_BEFORE in note


def recognised_note(pages: Sequence[int], confidence: float) -> str:
    """Return which pages were recognised from pictures and how sure that is; empty if none was."""
    if not pages:
        return ""
    return f"text recognised from pictures on pages ({_runs(pages)}), mean confidence {confidence:.0%}: check figures"


def _runs(pages: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:_MOST_RUNS]]
    more = f" and {len(runs) - _MOST_RUNS} more places" if len(runs) > _MOST_RUNS else ""
    return f"{', '.join(shown)}{more}"


def _page(document: Any, index: int, earn: Earn, recognise: Recognise | None) -> Page:
    page = document[index]
    try:
        view = view_of(page)
        found = tuple(pieces(page, view))
        text = "".join(piece.text for piece in found)
        earn(text)
        is_scan = is_picture(page, view, len(text))
        if is_scan and recognise is not None:
            read = recognise(page, view)
            if read.pieces:
                earn("".join(piece.text for piece in read.pieces))
                # A stamp over the scan is on the picture as well.
                return Page(index + 1, view.width, view.height, read.pieces, (), confidence=read.confidence)
        return Page(index + 1, view.width, view.height, found, tuple(rules(page, view)) if found else (), is_scan)
    finally:
        page.close()


def _without_running_heads(pages: list[Page]) -> list[Page]:
    """Take off page numbers, and lines that stand in the margins of most pages, digits aside."""
    margins: list[dict[str, list[Any]]] = []
    for page in pages:
        edge = _MARGIN * page.height
        found: dict[str, list[Any]] = {}
        for line in lines(page.pieces):
            if line.bottom <= edge or line.top >= page.height - edge:
                found.setdefault(re.sub(r"\d+", "#", line.text), []).append(line)
        margins.append(found)
    seen = Counter(key for found in margins for key in found)
    # Left and right pages may have heads of their own.
    needed = max(2, len(pages) // 2 + 1 if len(pages) < _MANY_PAGES else int(_HEAD_SHARE * len(pages)))
    cleaned: list[Page] = []
    for page, found in zip(pages, margins, strict=True):
        drop = {
            id(piece)
            for key, group in found.items()
            for line in group
            if seen[key] >= needed or _PAGE_NUMBER.match(line.text)
            for piece in line.pieces
        }
        cleaned.append(replace(page, pieces=tuple(piece for piece in page.pieces if id(piece) not in drop)))
    return cleaned


def _with_tables_joined(items: list[PageItem]) -> list[PageItem | list[PageItem]]:
    """Put the parts of a table that runs over a page's end together; a repeated header counts once."""
    found: list[PageItem | list[PageItem]] = []
    for item in items:
        before = found[-1] if found else None
        if isinstance(before, list) and item.kind == "table" and _goes_on(before[-1], item):
            rows = item.rows[1:] if item.rows[0] == before[0].rows[0] else item.rows
            before.append(replace(item, rows=rows))
        else:
            found.append([item] if item.kind == "table" else item)
    return found


def _goes_on(before: PageItem, item: PageItem) -> bool:
    if item.page == before.page or len(item.columns) != len(before.columns):
        return False
    return all(abs(a - b) <= 4 for a, b in zip(before.columns, item.columns, strict=True))


@dataclass
class _Text:
    """The growing text and where its pages begin."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    starts: dict[int, int] = field(default_factory=dict)

    def add(self, text: str, page: int, separator: str) -> None:
        if self.parts:
            self.parts.append(separator)
            self.length += len(separator)
        self.starts.setdefault(page, self.length)
        self.parts.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def spans(self, count: int) -> tuple[tuple[int, int, int], ...]:
        """Return (page, start, end) of every page; a page without text of its own is empty."""
        spans: list[tuple[int, int, int]] = []
        end = self.length
        for page in range(count, 0, -1):
            start = min(self.starts.get(page, end), end)
            spans.append((page, start, end))
            end = start
        return tuple(reversed(spans))


def _assemble(items: Sequence[PageItem | list[PageItem]]) -> _Text:
    body = _body_height([item for item in items if isinstance(item, PageItem)])
    levels = _levels([item for item in items if isinstance(item, PageItem)], body)
    text = _Text()
    before: PageItem | None = None
    for item in items:
        if isinstance(item, list):
            _add_table(text, item)
            before = None
            continue
        content = tidy(item.text)
        if _SEPARATOR.match(content):
            continue
        level = levels.get(_style(item)) if _may_head(item) else None
        if level:
            text.add(f"{'#' * level} {one_line(content)}", item.page, "\n\n")
            before = None
        elif before is not None and _runs_on(before, item):
            text.add(content, item.page, " ")
            before = item
        else:
            together = before is not None and before.kind == item.kind and item.kind in ("label", "item")
            text.add(content, item.page, "\n" if together else "\n\n")
            before = item
    return text


def _add_table(text: _Text, parts: list[PageItem]) -> None:
    rows = [list(row) for part in parts for row in part.rows]
    owners = [part.page for part in parts for row in part.rows if any(row)]
    # Empty rows vanish from the table, so owners and rows stay in step.
    table = pipe_table([row for row in rows if any(row)]).split("\n")
    separator = "\n\n"
    for number, line in enumerate(table):
        # The rule beneath the header belongs to the header's page.
        text.add(line, owners[max(0, number - 1)], separator)
        separator = "\n"


def _runs_on(before: PageItem, item: PageItem) -> bool:
    """Return whether a paragraph goes on over the end of a page or column."""
    if (
        (item.page, item.column) == (before.page, before.column)
        or item.kind not in ("line", "paragraph")
        or before.kind in ("label", "table")
    ):
        return False
    return item.text[:1].islower() and not _SENTENCE_END.search(before.text)


def _style(item: PageItem) -> tuple[float, bool]:
    return round(item.height * 2) / 2, item.bold


def _body_height(items: Sequence[PageItem]) -> float:
    weights: Counter[float] = Counter()
    for item in items:
        if item.height:
            weights[_style(item)[0]] += len(item.text)
    return weights.most_common(1)[0][0] if weights else 0.0


def _may_head(item: PageItem) -> bool:
    if item.kind not in ("line", "paragraph", "item") or not item.height or len(item.text) > _HEADING_CHARACTERS:
        return False
    return not item.text.startswith("- ") and any(character.isalpha() for character in item.text)


def _levels(items: Sequence[PageItem], body: float) -> dict[tuple[float, bool], int]:
    """Return the heading level of every style that stands out: larger than the body, or bold in its size."""
    styles: Counter[tuple[float, bool]] = Counter()
    prose: Counter[tuple[float, bool]] = Counter()
    for item in items:
        if not _may_head(item) or (item.kind == "item" and not item.bold):
            prose[_style(item)] += 1
        elif item.kind != "label":
            styles[_style(item)] += 1
            prose[_style(item)] += item.text.endswith((".", "。", ";", "；", ","))
    # A size in which whole paragraphs or list items are set is a second size of the body.
    styles = Counter({style: count for style, count in styles.items() if prose[style] <= _PROSE_SHARE * count})
    ranked = [style for style in styles if style[0] >= body * _LARGER or (style[1] and style[0] >= body * 0.97)]
    ranked.sort(key=lambda style: (-style[0], not style[1]))
    return {style: min(level, 6) for level, style in enumerate(ranked, start=1)}


def _title(metadata: str, items: Sequence[PageItem]) -> str:
    """Return the metadata's title unless it is a file name, else the largest line of the first page."""
    if metadata and not re.search(r"\.(docx?|pdf|indd|pptx?|xlsx?|tex)$|^untitled|^microsoft word", metadata, re.I):
        return metadata
    first = [item for item in items if item.page == 1 and _may_head(item)]
    body = _body_height(items)
    best = max(first, key=lambda item: item.height, default=None)
    return one_line(best.text) if best is not None and best.height >= body * _LARGER else ""
