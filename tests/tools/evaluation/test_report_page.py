"""The report as a page: the same words, the radar inside, nothing loaded and nothing run."""

from __future__ import annotations

import re

import pytest

from agent.records.base import Language
from tools.evaluation.report_page import page

TEXT = "# Evaluation r\n\n![](radar.png)\n\n| arm | score |\n| --- | --- |\n| RAG | 60% [50%, 70%] |\n\n- a note\n"


def test_the_words_the_table_and_the_radar_are_there() -> None:
    html = page(TEXT, "Evaluation r", b"\x89PNG", "en")
    assert "<h1>Evaluation r</h1>" in html
    assert "<td>60% [50%, 70%]</td>" in html
    assert "<li>a note</li>" in html
    assert 'src="data:image/png;base64,iVBORw=="' in html
    assert '<html lang="en">' in html
    assert "@page" in html


@pytest.mark.parametrize(("lang", "tag", "alt"), [("en", "en", "radar"), ("zh", "zh-CN", "雷达图")])
def test_the_page_names_its_language(lang: Language, tag: str, alt: str) -> None:
    html = page(TEXT, "t", b"x", lang)
    assert f'<html lang="{tag}">' in html
    assert f'alt="{alt}"' in html


def test_without_a_radar_there_is_no_picture() -> None:
    assert "<img" not in page(TEXT, "t", None, "en")


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![p](http://example.org/p.png)",
        "![](http://example.org/p.png)",
        "[here](javascript:alert(1))",
        "<http://example.org>",
        "[a]: http://example.org/x\n\n![a] [a]",
        "<style>@import 'http://example.org/x.css'</style>",
        "```html\n<iframe src=//example.org></iframe>\n```",
    ],
)
def test_what_a_report_quotes_is_shown_and_not_obeyed(evil: str) -> None:
    html = page(f"{TEXT}\n- {evil}\n\n{evil}\n", evil, b"x", "en")
    assert html.count("<img") == 1
    assert not re.search(r"<(script|iframe|a|link|object|embed|form)\b", html.lower())
    assert not re.search(r"""(src|href)\s*=\s*["']?(?!data:)\w""", re.sub(r">[^<]*<", "><", html))
    assert html.lower().count("<style") == 1
    assert "default-src &#x27;none&#x27;" in html
