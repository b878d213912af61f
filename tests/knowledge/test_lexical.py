"""Words and sentences in both languages, and BM25 over them."""

from __future__ import annotations

import pytest

from agent.records.base import Language
from knowledge.lexical import WordIndex, content_tokens, is_everyday, sentences, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The pumps' seals", ["the", "pump", "seal"]),
        ("batteries and boxes", ["battery", "and", "box"]),
        ("gas glass status", ["gas", "glass", "status"]),
        ("1,500.5 EUR", ["1500.5", "eur"]),
        ("12V 3.5bar", ["12v", "12", "v", "3.5bar", "3", "5bar"]),
        ("PA-22-150", ["pa-22-150", "pa", "22", "150"]),
        ("It’s Li's", ["it", "li"]),
        ("ＦＵＬＬ　ｗｉｄｔｈ", ["full", "width"]),
        ("", []),
        ("--- !", []),
    ],
)
def test_english_words(text: str, expected: list[str]) -> None:
    assert tokens(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("每小时加药量", ["小时"]), ("A800显卡有80GB显存", ["a800", "显卡", "80gb", "显存"]), ("泵", ["泵"])],
)
def test_chinese_words(text: str, expected: list[str]) -> None:
    found = tokens(text, "zh")
    assert [word for word in expected if word not in found] == []


def test_words_of_the_other_language_are_cut_alike() -> None:
    assert tokens("Tarvo pumps 水泵", "en") == tokens("Tarvo pumps 水泵", "zh")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("What is the code?", "en", ["code"]),
        ("the of", "en", ["the", "of"]),
        ("泵的代码是什么", "zh", ["泵", "代码"]),
    ],
)
def test_stopwords_go_unless_nothing_is_left(text: str, language: Language, expected: list[str]) -> None:
    assert content_tokens(text, language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Li left. He was 12.", ["Dr. Li left.", "He was 12."]),
        ('"Stop!" she said. He did.', ['"Stop!" she said.', "He did."]),
        ("It weighs 3.5 kg. See Fig. 2 for more.", ["It weighs 3.5 kg.", "See Fig. 2 for more."]),
        ("Name: Bob\nPhone: 12", ["Name: Bob", "Phone: 12"]),
        ("- one\n- two", ["- one", "- two"]),
        ("| a | b |\n|---|---|\n| 1. x | 2 |", ["| a | b |", "|---|---|", "| 1. x | 2 |"]),
        ("# Head\nBody text.", ["# Head", "Body text."]),
        (
            "A line that was wrapped by somebody's editor goes\non in the next line. Then more.",
            ["A line that was wrapped by somebody's editor goes\non in the next line.", "Then more."],
        ),
        ("One\n\n\nTwo", ["One", "Two"]),
        ("  \n ", []),
    ],
)
def test_english_sentences(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text, "en")] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他来了。你呢？“好！”他说。", ["他来了。", "你呢？", "“好！”", "他说。"]),
        ("型号：Y3\n重量：196千克", ["型号：Y3", "重量：196千克"]),
        ("一、安装\n二、调试", ["一、安装", "二、调试"]),
    ],
)
def test_chinese_sentences(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text, "zh")] == expected


def test_bm25_ranks_the_passage_with_the_rare_word_first() -> None:
    passages = ["the pump stops", "the pump shows E21", "the lamp is white"]
    index = WordIndex([tokens(passage, "en") for passage in passages])
    assert [position for position, _ in index.top(tokens("pump E21", "en"), 3)] == [1, 0]


@pytest.mark.parametrize("passages", [[], [[]], [[], ["a"]]])
def test_bm25_of_nothing(passages: list[list[str]]) -> None:
    index = WordIndex(passages)
    assert index.top(["zzz"], 5) == []
    assert index.scores(["zzz"]).shape == (len(passages),)


def test_coverage_is_the_share_of_the_words_a_passage_holds() -> None:
    index = WordIndex([["pump", "flow"], ["pump", "seal"], ["pump"]])
    held = index.coverage(["pump", "flow"])
    assert held[0] == pytest.approx(1)
    assert held[1] == held[2] < 0.2, "the rare word weighs more"
    assert index.coverage(["pump", "unknown"])[0] < index.coverage(["pump"])[0]
    assert not index.coverage([]).any()
    assert not WordIndex([[]]).coverage(["pump"]).any()


def test_the_best_of_many_passages_are_those_of_a_full_sort() -> None:
    index = WordIndex([["pump"] * (1 + number % 7) + ["filler"] * (number % 11) for number in range(500)])
    scores = index.scores(["pump"])
    full = sorted(range(500), key=lambda number: (-scores[number], number))[:20]
    assert [position for position, _ in index.top(["pump"], 20)] == full


@pytest.mark.parametrize(
    ("word", "expected"),
    [("主要", True), ("需要", True), ("水泵", False), ("隔膜泵", False), ("pump", False), ("", False)],
)
def test_everyday_words_are_those_of_general_chinese(word: str, expected: bool) -> None:
    assert is_everyday(word) == expected
