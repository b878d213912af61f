"""Notes of a mix are told in both languages, with their numbers."""

from __future__ import annotations

import pytest

from agent.prompts.dataset import name_in
from agent.prompts.mixing import leak_note, mix_note
from agent.records.base import Language


@pytest.mark.parametrize(
    ("key", "values", "en", "zh"),
    [
        (
            "max_domain",
            {"chosen": 3, "pairs": 9},
            "3 of 9 domain pairs, as asked (max_domain)",
            "从 9 条领域问答中取 3 条",
        ),
        ("no_general", {}, "no general data", "没有通用数据"),
        ("fit_domain", {"chosen": 3, "pairs": 9}, "3 of 9 domain pairs", "通用数据只够配这么多"),
        ("repeats", {"usable": 5, "repeats": 4}, "some occur up to 4 times", "最多出现 4 次"),
        ("removed", {"count": 2}, "2 examples were deleted", "2 个样本随被移除的文档一并删除"),
    ],
)
def test_notes_say_the_same_in_both_languages(key: str, values: dict[str, int], en: str, zh: str) -> None:
    assert en in mix_note(key, "en", **values)
    assert zh in mix_note(key, "zh", **values)


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        (
            "en",
            "6 examples left out because they leak (1 from a held-out document, "
            "3 worded nearly as a sealed question, 2 sharing a passage with a sealed item)",
        ),
        (
            "zh",
            "6 个样本因与封存题目重合而去掉（1 个来自留作测试的文档、3 个与封存的问题几乎相同、"
            "2 个与封存题目有相同段落）",
        ),
    ],
)
def test_leaks_are_counted_by_kind(lang: Language, told: str) -> None:
    assert leak_note({"shared_passage": 2, "near_duplicate": 3, "held_out_document": 1}, lang) == told


@pytest.mark.parametrize(
    ("by", "name", "lang", "told"),
    [
        ("kind", "multi_hop", "en", "two sentences"),
        ("kind", "multi_hop", "zh", "跨句"),
        ("source", "model", "zh", "由模型阅读的正文"),
        ("language", "zh", "en", "Chinese"),
        ("split", "train", "zh", "训练"),
        ("document", "manual.md", "zh", "manual.md"),
        ("kind", "of another version", "zh", "of another version"),
    ],
)
def test_groups_have_names(by: str, name: str, lang: Language, told: str) -> None:
    assert name_in(by, name, lang) == told
