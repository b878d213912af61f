"""Instruction items on the corpus: a passage of a held-out document, and a task whose obedience a program can check."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any, Final

from agent.prompts.instructions import KEYS, OPENING, OTHER, TASKS
from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.evaluation import Item
from knowledge.lexical import STOPWORDS, sentences, tokens
from tools.extraction.similarity import is_chinese
from tools.validation.identity import with_id

_PASSAGE: Final[dict[Language, tuple[int, int]]] = {"en": (80, 400), "zh": (30, 160)}
"""Fewest and most characters of a passage."""
_WORDS: Final = {"en": (10, 15, 20, 25), "zh": (15, 20, 30, 40)}
"""Limits of length: words, Chinese characters."""
_MARKED: Final = re.compile(r"[|#*<>{}\[\]]|-\{|https?:")
_LETTERS: Final = {"en": 5, "zh": 2}
"""Letters that a word must have to be one that is asked for or forbidden."""


def instruction_items(texts: Sequence[DocumentText], seed: int, most: int) -> Iterator[Item]:
    """Yield up to `most` items a language, document by document in turn, every kind of constraint in turn.

    Args:
        texts: The held-out documents.
        seed: Seed of the choice of passages and of the order.
        most: Most items of each language.
    """
    for language in sorted({text.language for text in texts}):
        own = [text for text in texts if text.language == language]
        kinds = cycle(sorted(TASKS[language], key=lambda kind: _drawn(seed, language, kind)))
        passages = _in_turn([_passages(text, seed) for text in sorted(own, key=lambda one: _drawn(seed, one.document))])
        for number, (text, start, end) in enumerate(islice(passages, most)):
            yield _item(text, (start, end), next(kinds), number, seed)


def _passages(text: DocumentText, seed: int) -> list[tuple[DocumentText, int, int]]:
    """Return sentences and pairs of sentences that can stand alone, in an order of their own."""
    low, high = _PASSAGE[text.language]
    spans = sentences(text.text, text.language)
    found = []
    for at in range(0, len(spans), 2):
        start, end = spans[at][0], spans[min(at + 1, len(spans) - 1)][1]
        for stop in (end, spans[at][1]):
            shown = text.text[start:stop]
            if low <= len(shown) <= high and "\n" not in shown and not _MARKED.search(shown) and _word(shown, text, 0):
                found.append((text, start, stop))
                break
    return sorted(found, key=lambda one: _drawn(seed, text.document, str(one[1])))


def _in_turn(lists: list[list[tuple[DocumentText, int, int]]]) -> Iterator[tuple[DocumentText, int, int]]:
    for place in range(max(map(len, lists), default=0)):
        yield from (one[place] for one in lists if place < len(one))


def _word(passage: str, text: DocumentText, seed: int) -> str:
    """Return a word of the passage, the longest first; empty if it has none."""
    words = {word for word in tokens(passage, text.language) if len(word) >= _LETTERS[text.language]}
    own = {word for word in words if is_chinese(word) == (text.language == "zh")}
    kept = sorted(word for word in own if word.isalpha() and word not in STOPWORDS and word in passage)
    return max(kept, key=lambda word: (len(word), _drawn(seed, word)), default="")


def _constraint(kind: str, text: DocumentText, passage: str, number: int, seed: int) -> dict[str, Any]:
    language = text.language
    match kind:
        case "max_words":
            return {"n": _WORDS[language][number % 4]}
        case "bullets":
            return {"n": 2 + number % 3}
        case "json":
            return {"keys": list(KEYS[language])}
        case "language":
            return {"language": OTHER[language]}
        case "forbidden" | "contains":
            return {"words": [_word(passage, text, seed)]}
        case "starts_with":
            return {"text": OPENING[language]}
        case _:
            return {}


def _item(text: DocumentText, span: tuple[int, int], kind: str, number: int, seed: int) -> Item:
    passage = text.text[span[0] : span[1]]
    given = _constraint(kind, text, passage, number, seed)
    wordings = TASKS[text.language][kind]
    told = wordings[number % len(wordings)]
    values = {"passage": passage, "n": given.get("n", ""), "term": next(iter(given.get("words", [])), "")}
    return with_id(
        Item(
            id="",
            kind="skill",
            dimension="instruction_following",
            form="constraint",
            language=text.language,
            question=told.format(**values),
            constraint={"kind": kind, **given},
            document=text.document,
            start=span[0],
            end=span[1],
            question_kind=kind,
            source="auto",
        )
    )


def _drawn(seed: int, *parts: str) -> str:
    return hashlib.sha256("\x1f".join((str(seed), *parts)).encode()).hexdigest()
