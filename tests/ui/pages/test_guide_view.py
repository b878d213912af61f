"""The guide's page: contents, search results, sources, and the standing in sentences of both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.guide.library import Article, load_library
from tools import recommendations
from tools.recommendations import Standing, standings
from tools.workspace import Workspace
from ui.i18n import phrase, phrases
from ui.pages import guide_view as view

ARTICLE = Article(
    id="a-b", title="Pairs <first>", part="data", language="en", sources=("Paper & <more>",), text="**Words** " * 40
)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_article_is_in_the_contents(lang):
    library = load_library()
    html = view.contents(library.articles(lang), "pumps", lang, "ladder")
    assert all(f"/{lang}/guide?project=pumps&amp;article={name}" in html for name in library.ids())
    assert html.count('aria-current="page"') == 1


def test_contents_without_a_project():
    assert 'href="/en/guide?article=a-b">Pairs &lt;first&gt;</a>' in view.contents([ARTICLE], None, "en")


@pytest.mark.parametrize(
    ("articles", "question", "expected"),
    [
        ([], "  ", ""),
        ([], "pumps", "No article has these words."),
        ([ARTICLE], "pairs", "Articles found: 1"),
    ],
)
def test_a_search(articles, question, expected):
    html = view.found(articles, question, None, "en")
    assert (expected in html) if expected else (html == "")


def test_the_beginning_is_short_and_plain():
    words = view.beginning(ARTICLE)
    assert len(words) <= 161
    assert words.endswith("Words…")
    assert "*" not in words
    chinese = load_library().get("ladder", "zh")
    assert len(view.beginning(chinese)) <= 161


def test_sources_and_title_are_escaped():
    assert "Paper &amp; &lt;more&gt;" in view.sources(ARTICLE, "en")
    assert "Pairs &lt;first&gt;" in view.title(ARTICLE, "en")
    assert "&lt;x&gt;" in view.unknown("<x>", "zh")


def test_every_sentence_is_used_and_every_article_exists(tmp_path):
    said = {key.removeprefix("guide_on_") for key in phrases("en") if key.startswith("guide_on_")}
    source = Path(recommendations.__file__).read_text()
    assert [key for key in said if f'"{key}"' not in source] == []
    library = load_library()
    for one in standings(Workspace(tmp_path).create("x")):
        assert library.get(one.article).id == one.article


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (
            Standing(
                article="domain-share",
                state="departs",
                key="share",
                values={"share": 0.45, "guide": 0.3, "domain": 45, "examples": 100},
            ),
            "The newest mix holds 45% domain data (45 of 100 examples); the guide says about 30%.",
            "最新配比中领域数据占 45%（100 例中的 45 例）；指南建议约 30%。",
        ),
        (
            Standing(article="ladder", state="departs", key="skipped_rung", values={"run": "r", "rung": "full"}),
            "The newest run used full fine-tuning; no run with Q-LoRA came before it.",
            "最新一次运行用的是全参数微调；此前没有 Q-LoRA 的运行。",
        ),
        (
            Standing(article="retrieval-first", state="open", key="recall", values={"recall": 0.83, "needed": 0.9}),
            "Retrieval finds the answer for 83% of the questions; from 90% on it counts as good.",
            "83% 的题目检索到了答案；达到 90% 就算好。",
        ),
        (
            Standing(
                article="paraphrases", state="open", key="wordings", values={"mean": 2.5, "facts": 8, "needed": 4}
            ),
            "2.5 wordings a fact on average, over 8 facts; at least 4 are recommended.",
            "平均每条事实有 2.5 种说法（共 8 条事实）；建议至少 4 种。",
        ),
        (
            Standing(article="two-remedies", state="followed", key="decision", values={"method": "rag"}),
            f"The last decision: {phrase('method_rag', 'en')}.",
            f"上次的决定：{phrase('method_rag', 'zh')}。",
        ),
    ],
)
def test_sentences(value, en, zh):
    assert view.sentence(value, "en") == en
    assert view.sentence(value, "zh") == zh


def test_what_differs_comes_first_and_evidence_is_linked():
    values = [
        Standing(article="personal-data", state="unknown", key="personal"),
        Standing(
            article="ladder",
            state="departs",
            key="skipped_rung",
            values={"run": "r", "rung": "lora"},
            evidence=("20250101T000000Z-tune", "mix-1"),
        ),
    ]
    html = view.standing(values, {"ladder": "The <ladder>"}, "pumps", "en")
    assert html.index("The &lt;ladder&gt;") < html.index("personal-data")
    assert 'href="/en/runs?project=pumps&amp;run=20250101T000000Z-tune"' in html
    assert "run=mix-1" not in html
    assert "≠ differs: 1" in html
    assert "? not known: 1" in html
    assert "Choose a project" in view.no_project("en")
