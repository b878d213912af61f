"""The small version of `make screenshots`, and the proof that its checks find what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.records.base import Language
from tests.ui.faults import faults, unfolded
from tests.ui.pages.scripted_project import scripted_project
from tests.ui.scenes import Scene
from tests.ui.screenshots import Album
from tests.ui.web.conftest import Server, browser, context, serving
from ui.pages.sites import LANGUAGES, address

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["browser", "context"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

GOOD: dict[Language, str] = {
    "en": '<p>All is well with <code>raw_name</code>, <q lang="zh">你好</q> and <b translate="no">研和</b>.</p>',
    "zh": '<p>一切正常：RAG 与 Q-LoRA，24 GiB，FP16，<code>domainsmith mix</code>，<q lang="en">Hello you</q>。</p>',
}
BAD: tuple[tuple[Language, str, str, str], ...] = (
    ("zh", "<p>请按 Save and accept 保存</p>", "language", "Save and accept"),
    ("zh", '<button aria-label="Scroll down">↓</button>', "language", "Scroll down"),
    ("zh", '<input aria-label="搜索" placeholder="Search">', "language", "Search"),
    ("zh", "<p><b title='not yet'>尚无</b></p>", "language", "not yet"),
    ("zh", "<details><summary>更多</summary><p>Hidden words</p></details>", "language", "Hidden words"),
    ("en", "<p>The 状态 of the run</p>", "language", "状态"),
    ("en", "<p>Based on: evaluated_run</p>", "raw name", "evaluated_run"),
    ("en", "<p>about {time} left</p>", "placeholder", "{time}"),
    ("en", "<td>None</td>", "placeholder", "None"),
    ("en", '<p style="width:3000px">wide</p>', "overflow", "px in"),
    (
        "en",
        '<p style="width:60px; overflow:hidden; white-space:nowrap">cut in the middle of it</p>',
        "clipped",
        "cut in the middle",
    ),
    ("en", '<input aria-label="x" style="width:50px" placeholder="much too long for it">', "clipped", "much too long"),
    ("en", '<p style="position:absolute; top:8px; left:8px">one</p><p>upon the other</p>', "overlap", "one"),
    ("en", '<p style="color:#bbb">pale</p>', "contrast", "pale"),
    ("en", "<button></button>", "nameless", "<button>"),
)


def write(page: Page, lang: Language, body: str) -> None:
    page.set_content(
        f'<!doctype html><html lang="{lang}"><title>domainsmith</title><body style="margin:8px">{body}</body></html>'
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_good_page_has_no_fault(context: BrowserContext, lang: Language) -> None:
    page = context.new_page()
    write(page, lang, GOOD[lang])
    assert unfolded(page, lang) == []


@pytest.mark.parametrize(("lang", "body", "kind", "said"), BAD, ids=[f"{kind}: {said}" for *_, kind, said in BAD])
def test_each_fault_is_found(context: BrowserContext, lang: Language, body: str, kind: str, said: str) -> None:
    page = context.new_page()
    write(page, lang, body)
    assert [one for one in unfolded(page, lang) if one.kind == kind and said in one.text]


def test_what_scrolls_or_ends_in_dots_on_purpose_is_no_fault(context: BrowserContext) -> None:
    page = context.new_page()
    write(
        page,
        "en",
        '<div style="overflow:auto; width:90px"><p style="width:900px">far away</p></div>'
        '<p style="overflow:hidden; text-overflow:ellipsis; white-space:nowrap; width:60px">shortened on purpose</p>'
        '<span style="position:absolute; width:1px; height:1px; overflow:hidden">for screen readers</span>',
    )
    assert faults(page, "en") == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("album")
    scripted_project(home)
    with serving(home) as running:
        yield running


def test_pages_in_both_languages_and_themes_look_right(
    context: BrowserContext,
    server: Server,
    tmp_path: Path,
) -> None:
    album = Album(tmp_path, widths=(390,))
    for lang in LANGUAGES:
        album.show(context, server.url, Scene("runs", address(lang, "runs", project="machines"), "#run"), lang)
        evaluation = address(lang, "evaluation", project="machines")
        chart = ".js-plotly-plot .main-svg"
        album.show(context, server.url, Scene("evaluation", evaluation, f"#ds-main:has({chart}) .ds-fix"), lang)
    assert album.found == {}, album.report()
    assert len(list(tmp_path.glob("*.png"))) == len(album.pictures) == 8
