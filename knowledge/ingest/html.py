"""HTML to Markdown-like text: headings, lists, tables as pipe tables, definitions as `- **T**: D`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, Doctype, NavigableString, PageElement

from knowledge.ingest.cleaning import LONGEST_HEADING, one_line, pipe_table, tidy
from knowledge.ingest.encoding import declared_text, decode
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.lexical import CJK

_DROPPED: Final = (
    "script", "style", "noscript", "template", "nav", "svg", "iframe", "object", "form", "button", "select", "head",
    "canvas", "audio", "video", "dialog",
)  # fmt: skip
_OWNING: Final = ("article", "section", "blockquote", "figure", "td", "th", "li")
"""Elements whose headers and footers are part of the text."""
_HIDDEN_ROLES: Final = ("navigation", "banner", "contentinfo", "search", "dialog", "menu")
_BLOCK_NAMES = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer h1 h2 h3 h4 "
    "h5 h6 header hgroup hr html li main ol p pre section summary table ul"
)
_BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
_HEADING = re.compile(r"h([1-6])$")
_DEEPEST: Final = 200
_TERM = re.compile(r"[:：]\s*$")
_WIDEST_SPAN: Final = 50


_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.IGNORECASE)


def read_html_bytes(content: bytes) -> Parsed:
    """Return the text of an HTML file, in the encoding it declares or, failing that, the one its bytes show.

    Raises:
        UnreadableError: It holds no text, or its encoding cannot be told.
    """
    declared = _CHARSET.search(content[:4096])
    text = declared_text(content, declared[1].decode()) if declared else ""
    return read_html(text or decode(content))


def read_html(markup: str) -> Parsed:
    """Return the text of an HTML page.

    Raises:
        UnreadableError: It holds no text or is nested absurdly deep.
    """
    soup = BeautifulSoup(markup, "lxml")
    title = one_line(soup.title.get_text()) if soup.title else ""
    for tag in soup.find_all(_DROPPED):
        tag.decompose()
    for tag in soup.find_all(_is_hidden):
        tag.decompose()
    for note in soup.find_all(string=lambda text: isinstance(text, (Comment, Doctype))):
        note.extract()
    root = soup.find("main") or soup.body or soup
    if not root.get_text(strip=True):
        root = soup.body or soup
    # A page's own header and footer frame the site, not the text; within an article they belong to it.
    for tag in root.find_all(["header", "footer"]):
        if not tag.find_parent(_OWNING) and (tag.name == "footer" or not tag.find(_HEADING)):
            tag.decompose()
    text = tidy("\n\n".join(_blocks(root, 0)))
    if not text:
        raise UnreadableError("no text in it")
    return Parsed(title=title, text=text)


def _blocks(parent: Tag, depth: int) -> Iterator[str]:
    """Yield the text blocks under a tag; loose inline content between blocks is a paragraph."""
    if depth > _DEEPEST:
        raise UnreadableError("nested too deep")
    inline: list[PageElement] = []
    for child in parent.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_is_block)):
            yield from _paragraph(inline)
            inline = []
            yield from _block(child, depth)
        else:
            inline.append(child)
    yield from _paragraph(inline)


def _is_hidden(tag: Tag) -> bool:
    return tag.has_attr("hidden") or tag.get("role") in _HIDDEN_ROLES


def _is_block(tag: Tag) -> bool:
    return tag.name in _BLOCKS


def _block(tag: Tag, depth: int) -> Iterator[str]:
    if heading := _HEADING.match(tag.name):
        if words := one_line(tag.get_text(" ")):
            is_long = len(words) > LONGEST_HEADING
            yield words if is_long else f"{'#' * int(heading[1])} {words}"
    elif tag.name in ("ul", "ol"):
        if items := "\n".join(_list(tag, 0)):
            yield items
    elif tag.name == "dl":
        if items := "\n".join(_definitions(tag)):
            yield items
    elif tag.name == "table":
        yield from _table(tag, depth)
    elif tag.name == "pre":
        if body := tag.get_text().strip("\n"):
            yield f"```\n{body}\n```"
    elif tag.name != "hr":
        yield from _blocks(tag, depth + 1)


def _paragraph(nodes: list[PageElement]) -> Iterator[str]:
    text = "\n".join(line for part in "".join(_inline(node) for node in nodes).split("\n") if (line := one_line(part)))
    if text:
        yield text


def _inline(node: PageElement) -> str:
    if isinstance(node, Tag):
        return "\n" if node.name == "br" else "".join(_inline(child) for child in node.children)
    # Line breaks of the source are white space; only <br> breaks a line.
    return re.sub(r"\s+", " ", str(node)) if isinstance(node, NavigableString) else ""


def _list(tag: Tag, level: int) -> Iterator[str]:
    number = int(start) if (start := str(tag.get("start", ""))).isdigit() else 1
    for item in tag.find_all("li", recursive=False):
        nested = [child for child in item.find_all(["ul", "ol"]) if child.find_parent("li") is item]
        own = [child for child in item.children if child not in nested]
        words = one_line("".join(_item_text(child, nested) for child in own))
        mark = f"{number}." if tag.name == "ol" else "-"
        if words:
            yield f"{'  ' * level}{mark} {_with_term(item, words)}"
            number += 1
        for child in nested:
            yield from _list(child, min(level + 1, 8))


def _item_text(node: PageElement, skipped: list[Tag]) -> str:
    if not isinstance(node, Tag):
        return str(node)
    if any(node is tag for tag in skipped):
        return ""
    if not any(tag in node.descendants for tag in skipped):
        text = node.get_text(" " if node.find(_is_block) else "")
        return f" {text} " if _is_block(node) else text
    return "".join(_item_text(child, skipped) for child in node.children)


def _with_term(item: Tag, words: str) -> str:
    """Mark a bold term before a colon, as definition lists in word processors are written."""
    first = next((c for c in item.descendants if not isinstance(c, Tag) and str(c).strip()), None)
    bold = first.find_parent(["b", "strong"]) if first is not None else None
    if bold is None or item not in bold.parents:
        return words
    term = one_line(bold.get_text())
    plain = _TERM.sub("", term)
    rest = words[len(plain) :].lstrip() if words.startswith(plain) else ""
    return f"**{plain}**{rest}" if plain and rest.startswith((":", "：")) and len(rest) > 1 else words


def _definitions(tag: Tag) -> Iterator[str]:
    terms: list[str] = []
    for child in tag.find_all(["dt", "dd"]):
        if child.find_parent("dl") is not tag:
            continue
        words = one_line(child.get_text(" " if child.find(_is_block) else ""))
        if child.name == "dt":
            # A dt after a dd opens a new entry; several dt before one dd share it.
            if terms and terms[-1] == "":
                terms = []
            terms.append(_TERM.sub("", words))
        elif words:
            names = [term for term in terms if term]
            colon = "：" if re.match(f"[{CJK}]", words) else ": "
            yield f"- **{', '.join(names)}**{colon}{words}" if names else f"- {words}"
            terms = [*names, ""]


def _table(tag: Tag, depth: int) -> Iterator[str]:
    rows = [row for row in tag.find_all("tr") if row.find_parent("table") is tag]
    caption = tag.find("caption")
    if caption is not None and (words := one_line(caption.get_text(" "))):
        yield words
    if tag.find("table") or tag.get("role") in ("presentation", "none"):
        # A table that only places things on the page.
        for row in rows:
            for box in row.find_all(["td", "th"], recursive=False):
                yield from _blocks(box, depth + 1)
        return
    if table := pipe_table(_grid(rows)):
        yield table


def _grid(rows: list[Tag]) -> list[list[str]]:
    """Lay cells out; a cell that spans rows is repeated downwards, so that every row can be read alone."""
    words: dict[tuple[int, int], str] = {}
    for number, row in enumerate(rows):
        column = 0
        for box in row.find_all(["td", "th"], recursive=False):
            while (number, column) in words:
                column += 1
            text = one_line(box.get_text(" " if box.find([*_BLOCKS, "br"]) else ""))
            across = _span(box, "colspan")
            for down in range(min(_span(box, "rowspan"), len(rows) - number)):
                for offset in range(across):
                    words[number + down, column + offset] = text if offset == 0 else ""
            column += across
    width = max((column for _, column in words), default=-1) + 1
    return [[words.get((number, column), "") for column in range(width)] for number in range(len(rows))]


def _span(box: Tag, name: str) -> int:
    value = str(box.get(name, "1")).strip()
    return min(max(int(value), 1), _WIDEST_SPAN) if value.isdigit() else 1
