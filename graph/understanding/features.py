"""What the classifier sees of a message beside its embedding: pieces of words, and the concepts it speaks of."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final

import yaml

_SPACE: Final = re.compile(r"\s+")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9.\-+/&']*")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]+")
_PATH: Final = re.compile(
    r"(?:^|[\s\"'“（(：:，,])(?:~?/[^\s，。；]+|[a-zA-Z]:[\\/][^\s，。；]+|\\\\[^\s，。；]+|[\w.-]+\.(?:pdf|docx?|xlsx?|pptx?|md|txt|html?|csv|jsonl?|zip))"
)
_FUZZY: Final = 5
"""Letters from which a mistyped English word still counts."""


def folded(text: str) -> str:
    """Return the text in lower case with single blanks."""
    return _SPACE.sub(" ", text.strip().lower())


def pieces(text: str) -> Counter[str]:
    """Return the text's words, word pairs, and pieces of four letters or one to three Chinese characters."""
    plain = folded(text)
    found: Counter[str] = Counter()
    for word in _WORD.findall(plain):
        marked = f"<{word}>"
        found[f"w:{word}"] += 1
        found.update(marked[i : i + 4] for i in range(max(1, len(marked) - 3)))
    words = re.findall(r"[a-z0-9]+", plain)
    found.update(f"{left}_{right}" for left, right in pairwise(words))
    for run in _HAN.findall(plain):
        for size in (1, 2, 3):
            found.update(run[i : i + size] for i in range(len(run) - size + 1))
    return found


@dataclass(frozen=True)
class _Concept:
    name: str
    pattern: re.Pattern[str] | None
    long_words: tuple[str, ...]
    """Single English words that are matched with one typing error."""


def concepts(text: str) -> frozenset[str]:
    """Return the names of the concepts that the text speaks of."""
    plain = folded(text)
    found = {one.name for one in _concepts() if one.pattern is not None and one.pattern.search(plain)}
    if _PATH.search(text):
        found.add("path")
    words = [word for word in re.findall(r"[a-z]+", plain) if len(word) >= _FUZZY]
    for one in _concepts():
        if one.name not in found and any(_near(word, known) for word in words for known in one.long_words):
            found.add(one.name)
    return frozenset(found)


def concept_names() -> tuple[str, ...]:
    """Return all concepts, in the order of their file."""
    return tuple(one.name for one in _concepts())


@cache
def _concepts() -> tuple[_Concept, ...]:
    raw = yaml.safe_load(resources.files(__package__).joinpath("concepts.yaml").read_text(encoding="utf-8"))
    return tuple(
        _concept(name, {lang: [str(word) for word in words] for lang, words in entry.items()})
        for name, entry in raw.items()
    )


def _concept(name: str, entry: dict[str, list[str]]) -> _Concept:
    patterns = [_english(word) for word in entry["en"]] + [word.lower() for word in entry["zh"]]
    plain = tuple(word for word in (w.rstrip("$") for w in entry["en"]) if re.fullmatch(r"[a-z]{5,}", word))
    return _Concept(name, re.compile("|".join(patterns)) if patterns else None, plain)


def _english(word: str) -> str:
    if word.startswith("^") or "\\" in word:
        return word
    whole = word.endswith("$")
    stem = re.escape(word.rstrip("$"))
    return rf"(?<![a-z0-9]){stem}" + (r"(?![a-z0-9])" if whole else "")


def _near(word: str, known: str) -> bool:
    """Return whether a word begins with a known one after one exchange, omission, addition or swap of letters."""
    if word[0] != known[0] and word[:2] != known[1::-1]:
        return False
    return any(
        _one_error(word[:length], known)
        for length in {len(known) - 1, len(known), len(known) + 1}
        if length <= len(word)
    )


def _one_error(left: str, right: str) -> bool:
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    rest_left, rest_right = left[start:], right[start:]
    if len(left) == len(right):
        swapped = rest_left[:2] == rest_right[1::-1] and rest_left[2:] == rest_right[2:]
        return rest_left[1:] == rest_right[1:] or swapped
    return rest_left[1:] == rest_right if len(left) > len(right) else rest_left == rest_right[1:]
