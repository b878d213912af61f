"""Text on its way into the conversation: shown to the letter or as Markdown, never followed or run."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.ui.pages.payloads import PAYLOADS
from ui.pages.assistant_text import said_in, spoken, typed


def said(text: str) -> str:
    return spoken(text, lambda run: f"/en/runs?run={run}", lambda article: f"/en/guide?article={article}")


@pytest.mark.parametrize(
    "text", ["a*b*c _d_ `e` [f](g) # h", "1. one\n2. two\n\n    code", "<b>&amp;</b> $$x$$", "你好\n\n世界"]
)
def test_what_a_person_typed_is_shown_to_the_letter(text: str) -> None:
    shown = typed(text)
    inside = re.fullmatch(r"<p>(.*)</p>", shown)
    assert inside is not None
    assert unescape(inside[1]) == text
    # Nothing is left that Markdown or HTML reads: letters, digits, spaces and numbers of signs.
    assert re.fullmatch(r"[\w ]*", re.sub(r"&#\d+;", "", inside[1]))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_reply_holds_no_tag_address_or_image_of_its_own(payload: str) -> None:
    for text in (payload, f"**Noted**: {payload}", f"- `{payload}`", f"```\n{payload}\n```", f"> {payload}"):
        tags = set(re.findall(r"<(/?\w*)", said(text)))
        assert tags <= {"code", "/code", "pre", "/pre"}
        assert "](" not in said(text)
        assert "://" not in said(text)
    assert "<" not in typed(payload).removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** and *slanted*", "**bold** and *slanted*"),
        ("- one\n- two\n\n> quoted", "- one\n- two\n\n> quoted"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("about ~5 min ~ 6 min", "about &#126;5 min &#126; 6 min"),
        ("my_file_name.pdf", "my&#95;file&#95;name.pdf"),
        (r"C:\data\*", "C:&#92;data&#92;*"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("`a<b>*c*`", "<code>a&#60;b&#62;&#42;c&#42;</code>"),
        ("one ` alone", "one &#96; alone"),
        ("see www.example.com", "see www&#46;example.com"),
    ],
)
def test_markdown_stays_and_everything_else_is_text(text: str, shown: str) -> None:
    assert said(text) == shown


def test_runs_and_articles_become_links() -> None:
    text = "Evaluation 20261122T195821Z-evaluate-2: (guide: two-remedies)。（指南：ladder）"
    assert said(text) == (
        'Evaluation <a href="/en/runs?run=20261122T195821Z-evaluate-2">20261122T195821Z-evaluate-2</a>: '
        '(guide: <a href="/en/guide?article=two-remedies">two-remedies</a>)。'
        '（指南：<a href="/en/guide?article=ladder">ladder</a>）'
    )
    assert spoken("(guide: nothing)", lambda _run: "", lambda _article: "") == "(guide: nothing)"


def test_a_block_of_code_ends_no_sooner_than_it_should() -> None:
    shown = said("Run:\n```bash\nls\n\n<script>\n```\nDone.")
    assert shown == "Run:\n\n\n<pre><code>ls&#10;&#10;&#60;script&#62;&#10;</code></pre>\n\n\nDone."


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("How far are we with it?", "en"),
        ("微调值得吗？", "zh"),
        ("用 RAG 还是微调", "zh"),
        ("yes", None),
        ("A800", None),
        ("Q-LoRA 32", None),
        ("", None),
    ],
)
def test_only_a_clear_message_turns_the_language(text: str, lang: str | None) -> None:
    assert said_in(text) == lang
