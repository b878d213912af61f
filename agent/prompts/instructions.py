"""Tasks on a passage whose obedience a program can check.

Gaps: `{passage}` the passage, `{n}` a number, `{term}` a word of the passage.
The kinds are those of the built-in instructions (`tools/evaluation/data/README.md`).
"""

from __future__ import annotations

from typing import Final

from agent.records.base import Language

TASKS: Final[dict[Language, dict[str, tuple[str, ...]]]] = {
    "en": {
        "max_words": (
            "Sum up this text in at most {n} words: {passage}",
            "In {n} words or fewer, what does this text say? {passage}",
        ),
        "bullets": (
            "List exactly {n} points of this text, one bullet point for each: {passage}",
            "Turn this text into {n} bullet points: {passage}",
        ),
        "json": (
            "Answer only with a JSON object with the keys topic and summary. The text: {passage}",
            "Return this text as JSON with the keys topic and summary: {passage}",
        ),
        "language": ("Say in Chinese what this text is about: {passage}",),
        "forbidden": (
            "Say what this text is about without the word '{term}': {passage}",
            "Retell this text in one sentence. Do not use the word '{term}'. {passage}",
        ),
        "contains": (
            "Write one sentence about this text that contains the word '{term}': {passage}",
            "Sum up this text and use the word '{term}': {passage}",
        ),
        "one_word": ("Answer with one word: what is this text about? {passage}",),
        "starts_with": ("Begin your answer with 'In short' and say what this text is about: {passage}",),
        "uppercase": ("Answer in capital letters only: what is this text about? {passage}",),
    },
    "zh": {
        "max_words": (
            "请用不超过{n}个字概括这段话：{passage}",
            "这段话说了什么？回答不要超过{n}个字。{passage}",
        ),
        "bullets": (
            "请把这段话的内容列成{n}条，每条一行，以“-”开头：{passage}",
            "用{n}个要点列出这段话的内容，每点一行，前面加上序号：{passage}",
        ),
        "json": (
            "只用JSON对象回答，键为“主题”和“概要”。原文：{passage}",
            "请把这段话整理成JSON，包含“主题”和“概要”两个键：{passage}",
        ),
        "language": ("请用英文说明这段话讲的是什么：{passage}",),
        "forbidden": (
            "说说这段话讲了什么，但不要出现“{term}”：{passage}",
            "请用一句话转述，不能用“{term}”这个词：{passage}",
        ),
        "contains": (
            "请就这段话写一句话，其中要有“{term}”：{passage}",
            "概括这段话，并用上“{term}”这个词：{passage}",
        ),
        "one_word": ("只用一个词（四个字以内）回答：这段话讲的是什么？{passage}",),
        "starts_with": ("请以“总之”开头，说说这段话讲了什么：{passage}",),
    },
}
"""Wordings by kind of constraint."""
KEYS: Final[dict[Language, tuple[str, str]]] = {"en": ("topic", "summary"), "zh": ("主题", "概要")}
"""Keys that the JSON tasks ask for."""
OPENING: Final[dict[Language, str]] = {"en": "In short", "zh": "总之"}
"""What an answer to the `starts_with` tasks begins with."""
OTHER: Final[dict[Language, Language]] = {"en": "zh", "zh": "en"}
"""Language that the `language` tasks ask for."""
