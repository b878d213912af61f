"""Text of people, models and documents on its way into the conversation: it can say anything and do nothing.

The conversation is drawn by a Markdown renderer that knows HTML. What a person typed is shown to the letter. What the
assistant says keeps its Markdown - emphasis, lists, quotes, tables, code - but holds no tag, image or address of
its own making; the only links are those made here, to runs and to the guide.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType
from typing import Final

from agent.records.base import Language
from knowledge.ingest.language import language_of

Link = Callable[[str], str]
"""From an id to the address of its page; empty if it has none."""

RUN_ID: Final = re.compile(r"\b\d{8}T\d{6}Z-[a-z]+(?:-\d+)?\b")
_CITED: Final = re.compile(r"(guide: |指南：)([a-z0-9]+(?:-[a-z0-9]+)*)")
_FENCE: Final = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^ {0,3}(?P=fence)[^\n]*$|\Z)", re.M | re.S
)
_CODE: Final = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)(?P<code>(?:(?!\n\n).)+?)(?<!`)(?P=ticks)(?!`)", re.S)
_TO_THE_LETTER: Final = str.maketrans(
    {**{sign: f"&#{ord(sign)};" for sign in string.punctuation}, "\n": "&#10;", "\r": None, "\t": "&#9;"}
)
_WITHOUT_HTML: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", "`": "&#96;", "~": "&#126;", "\\": "&#92;", "_": "&#95;", "@": "&#64;", "\r": None}
)
_ADDRESS: Final = re.compile(r"://|(?i:\bwww\.)")
_WORDS: Final = re.compile(r"[A-Za-z]{2,}")
_UNTITLED: Final[Mapping[str, str]] = MappingProxyType({})
_CLEARLY: Final = 4
"""English words from which on a message tells its language; fewer stand in any Chinese one."""


def typed(text: str) -> str:
    """Return what a person typed as a paragraph that shows it to the letter."""
    return f"<p>{_literal(text.strip())}</p>"


def spoken(text: str, run_link: Link, article_link: Link, titles: Mapping[str, str] = _UNTITLED) -> str:
    """Return what the assistant says as Markdown without anything of its own that a browser would follow or run.

    Args:
        text: Markdown.
        run_link: Address of a run.
        article_link: Address of an article of the guide.
        titles: What the articles are called, by id; one without a title is called by its id.
    """

    def plain(piece: str) -> str:
        return _paragraphs(piece, run_link, lambda one: anchor(article_link(one), titles.get(one, one)))

    parts, at = [], 0
    for fence in _FENCE.finditer(text):
        parts.append(plain(text[at : fence.start()]))
        parts.append(f"\n\n<pre><code>{_literal(fence['code'])}</code></pre>\n\n")
        at = fence.end()
    return "".join((*parts, plain(text[at:])))


def said_in(text: str) -> Language | None:
    """Return the language of a message, or `None` where it could be either: a name, a number, a yes."""
    if language_of(text) == "zh":
        return "zh"
    return "en" if len(_WORDS.findall(text)) >= _CLEARLY else None


def anchor(href: str, words: str) -> str:
    """Return a link; plain words where there is no address."""
    return f'<a href="{escape(href)}">{escape(words)}</a>' if href else escape(words)


def _paragraphs(text: str, run_link: Link, article: Link) -> str:
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts.append(_plain(text[at : code.start()], run_link, article))
        parts.append(f"<code>{_literal(code['code'].strip(' '))}</code>")
        at = code.end()
    return "".join((*parts, _plain(text[at:], run_link, article)))


def _plain(text: str, run_link: Link, article: Link) -> str:
    inert = text.translate(_WITHOUT_HTML).replace("[", "&#91;").replace("]", "&#93;")
    inert = _ADDRESS.sub(lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), inert)
    inert = _CITED.sub(lambda found: f"{found[1]}{article(found[2])}", inert)
    return RUN_ID.sub(lambda found: anchor(run_link(found[0]), found[0]), inert)


def _literal(text: str) -> str:
    """Return text in which every sign that Markdown or HTML could take for more stands as its number."""
    return text.translate(_TO_THE_LETTER)
