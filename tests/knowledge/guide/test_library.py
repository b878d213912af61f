"""The guide's articles hold together, say nothing for the guide that it does not say, and can be found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from agent.errors import NotFoundError
from knowledge.guide.library import Article, GuideError, Language, load_library, parse_article, read_library

if TYPE_CHECKING:
    from pathlib import Path

IDS = {
    "remedies": "two-remedies rag fine-tuning both prompting-first retrieval-first small-models",
    "differences": "domain-vs-general fewer-parameters",
    "data": (
        "scarce-data llm-extraction pair-quality paraphrases domain-share replay data-first personal-data documents"
    ),
    "tuning": "ladder qlora lora full hyperparameters out-of-memory consent",
    "evaluation": ("validation-set dimensions radar baseline statistics leakage diagnosis not-enough-evidence verdict"),
    "hardware": "hardware memory nvidia-a800 moore-threads ascend-910a no-gpu",
    "qa": "qa-automating-validation qa-little-data qa-ambiguous-queries qa-iterating",
    "beyond": "chunking abstention conflicting-documents",
}
GUIDE_NAME = "Domain-Specific Large Model Construction Guide"
DEVICE = re.compile(r"\bA800\b|\bA100\b|\bS[34]000\b|910[AB]")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*\s*[%％]?")
SPELT_OUT = re.compile(
    r"\b(?:hundred|thousand|million|per ?cent|half)\b|百分之|[一二三四五六七八九十百千万]+[倍成]", re.IGNORECASE
)

ENGLISH_QUESTIONS = [
    ("Should we use retrieval or fine-tuning, which remedy fits?", "two-remedies"),
    ("What share of the training mix should be domain data?", "domain-share"),
    ("How do I stop the model forgetting general skills?", "replay"),
    ("Why does Q-LoRA come before LoRA and full fine-tuning?", "ladder"),
    ("My run is out of memory, what now?", "out-of-memory"),
    ("How do I read the radar chart?", "radar"),
    ("How many items do I need for a paired difference with an interval?", "statistics"),
    ("Is the training data leaking into validation?", "leakage"),
    ("Does Q-LoRA run on Moore Threads S4000?", "moore-threads"),
    ("Can I train on Ascend 910A without bf16?", "ascend-910a"),
    ("We have no GPU, only a CPU", "no-gpu"),
    ("Which learning rate, rank and number of epochs should I start with?", "hyperparameters"),
    ("Two documents contradict each other", "conflicting-documents"),
    ("How large should chunks be?", "chunking"),
    ("The assistant invents answers instead of saying the documents do not say", "abstention"),
    ("How to handle ambiguous questions?", "qa-ambiguous-queries"),
    ("We only have a little data for fine-tuning", "qa-little-data"),
    ("Can a language model extract the training pairs?", "llm-extraction"),
    ("How do I find the cause of a wrong answer?", "diagnosis"),
    ("How many wordings per fact are necessary?", "paraphrases"),
]
CHINESE_QUESTIONS = [
    ("检索和微调选哪个？", "two-remedies"),
    ("领域数据占多大比例？", "domain-share"),
    ("怎样防止遗忘通用能力？", "replay"),
    ("为什么先用Q-LoRA再用LoRA？", "ladder"),
    ("显存不足怎么办？", "out-of-memory"),
    ("雷达图怎么看？", "radar"),
    ("成对差值的区间是什么？", "statistics"),
    ("训练数据泄漏到验证集了吗？", "leakage"),
    ("摩尔线程S4000能训练吗？", "moore-threads"),
    ("昇腾910A支持bf16吗？", "ascend-910a"),
    ("没有GPU怎么办？", "no-gpu"),
    ("学习率和轮数怎么设置？", "hyperparameters"),
    ("文档互相矛盾怎么办？", "conflicting-documents"),
    ("文档怎样切块？", "chunking"),
    ("资料里没有答案时怎样拒答？", "abstention"),
    ("有歧义的提问怎么处理？", "qa-ambiguous-queries"),
    ("微调的数据很少怎么办？", "qa-little-data"),
    ("能让大模型抽取问答对吗？", "llm-extraction"),
    ("怎样找出答错的原因？", "diagnosis"),
    ("每个事实要几种说法？", "paraphrases"),
]

HEADER = "---\nid: {id}\ntitle: T\npart: {part}\nsources:\n  - our rule\n---\nText.\n"


def _sentences(article: Article) -> list[str]:
    return re.split(r"(?<=[.?!])\s+|[。？！；]|\n+", article.text)


def _all_articles() -> list[Article]:
    library = load_library()
    return [*library.articles("en"), *library.articles("zh")]


def _claims_for_the_guide(sentence: str) -> list[str]:
    if not re.search(r"\b[Tt]he guide\b|\bguide's\b|指南", sentence):
        return []
    bare = DEVICE.sub("", sentence)
    figures = [found.replace(" ", "").replace("％", "%") for found in FIGURE.findall(bare)]
    return [figure for figure in figures if figure != "30%"] + SPELT_OUT.findall(bare)


def test_every_cited_id_exists_in_its_part_and_in_both_languages() -> None:
    library = load_library()
    expected = {article_id: part for part, ids in IDS.items() for article_id in ids.split()}
    for language in ("en", "zh"):
        assert {article.id: article.part for article in library.articles(language)} == expected
    assert sorted(library.ids()) == sorted(expected)
    assert len(set(library.ids())) == len(library.ids())


def test_ids_follow_the_order_of_the_parts() -> None:
    library = load_library()
    parts = [library.get(article_id).part for article_id in library.ids()]
    assert list(dict.fromkeys(parts)) == list(IDS)


@pytest.mark.parametrize("article", _all_articles(), ids=lambda article: f"{article.id}.{article.language}")
def test_article_is_short_and_in_its_language(article: Article) -> None:
    chinese = len(re.findall(r"[\u4e00-\u9fff]", article.text))
    if article.language == "en":
        assert 120 <= len(article.text.split()) <= 250
        assert chinese == 0
    else:
        assert 150 <= chinese <= 400
    assert len(article.text.split("\n\n")) >= 3


def test_languages_name_the_same_sources() -> None:
    library = load_library()
    for article_id in library.ids():
        assert library.get(article_id, "en").sources == library.get(article_id, "zh").sources


def test_no_figure_but_thirty_percent_is_attributed_to_the_guide() -> None:
    claims = {
        (article.id, article.language): found
        for article in _all_articles()
        for sentence in _sentences(article)
        if (found := _claims_for_the_guide(sentence))
    }
    assert claims == {}


def test_the_figure_check_sees_what_it_looks_for() -> None:
    assert _claims_for_the_guide("The guide asks for 500 items.") == ["500"]
    assert _claims_for_the_guide("指南建议用 40% 的数据") == ["40%"]
    assert _claims_for_the_guide("The guide says 30% and names A800 and S4000.") == []
    assert _claims_for_the_guide("Our rule asks for 500 items.") == []


def test_articles_that_speak_for_the_guide_name_it_as_a_source() -> None:
    disclaimer = re.compile(r"not the guide's|并非出自指南")
    for article in _all_articles():
        speaks = re.search(r"\b[Tt]he guide\b|指南", disclaimer.sub("", article.text)) is not None
        named = any(GUIDE_NAME in source for source in article.sources)
        assert not speaks or named, (article.id, article.language)


def test_domain_share_states_the_thirty_percent() -> None:
    assert "30%" in load_library().get("domain-share", "en").text
    assert "30%" in load_library().get("domain-share", "zh").text


@pytest.mark.parametrize(
    ("language", "question", "wanted"),
    [("en", *pair) for pair in ENGLISH_QUESTIONS] + [("zh", *pair) for pair in CHINESE_QUESTIONS],
)
def test_search_finds_the_article_among_three(language: Language, question: str, wanted: str) -> None:
    found = load_library().search(question, language)
    assert wanted in [article.id for article in found]
    assert len(found) <= 3
    assert {article.language for article in found} == {language}


def test_search_returns_nothing_for_unknown_words_and_respects_k() -> None:
    library = load_library()
    assert library.search("xylophone zzyzx", "en") == []
    assert library.search("", "en") == []
    assert library.search("the of", "en") == []
    assert library.search("memory", "en", k=0) == []
    assert len(library.search("memory", "en", k=1)) == 1
    assert len(library.search("model data training", "en", k=1000)) <= len(library.ids())


def test_search_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    load_library().search("显存要多少", "zh")
    assert capfd.readouterr() == ("", "")


def test_get_names_the_missing_article() -> None:
    with pytest.raises(NotFoundError, match=r"no-such \(zh\)"):
        load_library().get("no-such", "zh")


def test_articles_are_frozen() -> None:
    article = load_library().get("rag")
    with pytest.raises(ValueError, match="frozen"):
        setattr(article, "title", "changed")  # noqa: B010 (mypy knows that it is frozen)


@pytest.mark.parametrize(
    ("name", "raw", "fault"),
    [
        ("a.fr.md", HEADER.format(id="a", part="qa"), "file name"),
        ("a.en.md", "no front matter", "front matter"),
        ("a.en.md", "---\nid: [a\n---\nText\n", "not YAML"),
        ("a.en.md", "---\n- a\n---\nText\n", "not a mapping"),
        ("a.en.md", "---\nid: a\npart: qa\nsources: [s]\n---\nText\n", "title"),
        ("a.en.md", "---\nid: a\ntitle: T\npart: qa\nsources: []\n---\nText\n", "sources"),
        ("a.en.md", "---\nid: a\ntitle: T\npart: qa\nsources: one\n---\nText\n", "sources"),
        ("a.en.md", "---\nid: a\ntitle: T\npart: qa\nsources: [s]\nauthor: x\n---\nText\n", "author"),
        ("a.en.md", "---\nid: a\ntitle: T\npart: qa\nsources: [s]\n---\n\n", "text"),
        ("a.en.md", HEADER.format(id="a", part="cooking"), "part"),
        ("a.en.md", HEADER.format(id="b", part="qa"), "id 'b'"),
    ],
)
def test_a_faulty_file_is_named(name: str, raw: str, fault: str) -> None:
    with pytest.raises(GuideError, match=fault) as raised:
        parse_article(name, raw)
    assert raised.value.where == name
    assert isinstance(raised.value, ValueError)


def test_a_missing_twin_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.en.md").write_text(HEADER.format(id="a", part="qa"), encoding="utf-8")
    with pytest.raises(GuideError, match=r"a\.zh\.md"):
        read_library(tmp_path)


def test_twins_must_agree_on_the_part(tmp_path: Path) -> None:
    (tmp_path / "a.en.md").write_text(HEADER.format(id="a", part="qa"), encoding="utf-8")
    (tmp_path / "a.zh.md").write_text(HEADER.format(id="a", part="data"), encoding="utf-8")
    with pytest.raises(GuideError, match="different parts"):
        read_library(tmp_path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GuideError, match="no article"):
        read_library(tmp_path)
