"""Words and sentences of English and Chinese text, and the word index (BM25) over chunks.

    >>> tokens("The pump's seals cost 1,500 EUR.", "en")
    ['the', 'pump', 'seal', 'cost', '1500', 'eur']
    >>> [text[a:b] for a, b in sentences("Dr. Li left. He was 12.", "en")]
    ['Dr. Li left.', 'He was 12.']

BM25 is Robertson and Zaragoza's (2009) in the Lucene form, by bm25s; Chinese words come from jieba.
"""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings
from collections.abc import Sequence
from functools import lru_cache
from math import log
from typing import TYPE_CHECKING, Any, Final

from agent.records.base import Language

if TYPE_CHECKING:
    import numpy as np

CJK: Final = "㐀-䶿一-鿿豈-﫿"
"""Character class of Han characters, for use inside brackets of a regular expression."""

_HAN_RUN = re.compile(f"[{CJK}]+")
_WORD = re.compile(
    rf"[{CJK}]+"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)"  # 1,500.5
    rf"|[^\W_{CJK}]+(?:[.\-/'’][^\W_{CJK}]+)*"  # words, codes, decimals
)
_JOINT = re.compile(r"[.\-/]")
_NUMBER_UNIT = re.compile(r"(\d+(?:\.\d+)?)([a-zµμ°%]+)")
_DECIMAL = re.compile(r"\d+(?:\.\d+)+")
_MIN_STEM = 4
_EVERYDAY = 2000
"""Times in jieba's dictionary from which a word belongs to no domain; the four thousand commonest have more."""

OTHER_NAMES: Final = 0.4
"""Weight of a word that the question does not say but means; from 0.3 to 0.8 recall was the same (BENCHMARKS.md)."""

_ENGLISH = (
    "a an the of to in on at by for from with as is are was were be been being do does did has have had it its this "
    "that these those and or but not no if then than so such what which who whom whose when where why how can could "
    "may might must shall should will would there their they them he she his her we our you your i my me us about "
    "into over under between per any each all both more most other some only own same"
)
_CHINESE = (
    "的 了 是 在 和 与 及 或 也 都 就 而 被 把 对 从 到 为 以 于 之 其 这 那 有 吗 呢 吧 啊 "
    "什么 哪 哪些 哪个 怎么 如何 多少 几 谁 一个 请问"
)
STOPWORDS: Final[frozenset[str]] = frozenset(_ENGLISH.split()) | frozenset(_CHINESE.split())
"""Words that say little about what a text is about; used where overlap is weighed, not by the index."""


@lru_cache(maxsize=1)
def _cutter() -> Any:
    """Return a quiet jieba tokenizer that neither reads nor writes a shared cache file in the temporary folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(60)
    cutter = jieba.Tokenizer()
    # jieba trusts a marshal file of a fixed name in /tmp, which any local user could plant; parsing costs 0.6 s.
    with cutter.get_dict_file() as dictionary:
        cutter.FREQ, cutter.total = cutter.gen_pfdict(dictionary)
    cutter.dictionary = jieba._get_abs_path("dict.txt")
    cutter.initialized = True
    return cutter


@lru_cache(maxsize=65536)
def _han_words(run: str) -> tuple[str, ...]:
    return tuple(_cutter().cut_for_search(run)) if len(run) > 1 else (run,)


def is_everyday(word: str) -> bool:
    """Return whether a Chinese word is one of general language: frequent in the texts behind jieba's dictionary."""
    return int(_cutter().FREQ.get(word) or 0) >= _EVERYDAY


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """Take a plural ending off; nothing more, since a harder stemmer merges codes and names."""
    if len(word) < _MIN_STEM or not word.isalpha() or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > _MIN_STEM:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def tokens(text: str, language: Language) -> list[str]:
    """Return the words of `text` in order, in lower case, ready to be compared.

    Thousands separators go, a code such as `PA-22-150` yields itself and its parts, `12V` yields itself, `12` and
    `v`, English words lose their plural ending, and runs of Han characters are cut by jieba (in search mode: long
    words and the words within them).

    Args:
        text: Any text.
        language: The language of the whole; words of the other language within it are cut by that one's rules, so that
            an English code or name in a Chinese passage is found by an English question.
    """
    found: list[str] = []
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text).lower()):
        word = match.group()
        if _HAN_RUN.match(word):
            found.extend(_han_words(word))
        else:
            found.extend(_latin(word))
    return found


def _latin(word: str) -> list[str]:
    if word[0].isdigit() and "," in word:
        word = word.replace(",", "")
    word = word.replace("’", "'").removesuffix("'s")
    if _DECIMAL.fullmatch(word):
        return [word]
    parts = [part for part in _JOINT.split(word) if part]
    if len(parts) > 1:
        return [word, *(_stem(part) for part in parts)]
    unit = _NUMBER_UNIT.fullmatch(word)
    return [word, unit[1], unit[2]] if unit else [_stem(word)]


def content_tokens(text: str, language: Language) -> list[str]:
    """Return `tokens` without stopwords; all of them if nothing else is there."""
    words = tokens(text, language)
    return [word for word in words if word not in STOPWORDS] or words


_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Fig|Figs|Eq|No|Nos|vs|al|etc|e\.g|i\.e|cf|approx|ca|Inc|Ltd|Co|Corp|Dept|Sec|Ref|Vol"
    r"|pp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)|\b[A-Z])\.$"
)
_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s)|[。！？；…]+[”’」』）]*")
_OWN_LINE = re.compile(
    r"\s*(?:[#>|]|[-*+•]\s|\d{1,3}[.)、]\s?|[（(]?[一二三四五六七八九十]+[）)、]|\*\*|[^\s:：][^:：\n]{0,60}[:：](?:\s|$))"
)
_WRAP_AT: Final[dict[Language, int]] = {"en": 45, "zh": 20}
"""A shorter line is taken for a line of its own and not for one that was wrapped."""


def sentences(text: str, language: Language) -> list[tuple[int, int]]:
    """Return the spans of the sentences in `text`, in order, without surrounding white space.

    A list item, a table row, a heading and a `Label: value` line are sentences of their own; a line that was merely
    wrapped goes on in the next one.

    Args:
        text: Any text; offsets count its characters.
        language: Decides from which length on a line is taken for a wrapped one.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _paragraphs(text, language):
        begin = start
        for match in _END.finditer(text, start, end):
            stop = match.end()
            if stop < end and text[match.start()] in ".!?" and not _is_stop(text, match.start(), stop, end):
                continue
            _append(spans, text, begin, stop)
            begin = stop
        _append(spans, text, begin, end)
    return spans


def _is_stop(text: str, dot: int, stop: int, end: int) -> bool:
    following = text[stop:end].lstrip()[:1]
    before = text[max(0, dot - 12) : dot + 1]
    return not (_ABBREVIATION.search(before) or following.islower())


def _paragraphs(text: str, language: Language) -> list[tuple[int, int]]:
    """Return the spans of lines, wrapped lines joined."""
    spans: list[tuple[int, int]] = []
    position = 0
    glued = False
    for line in text.splitlines(keepends=True):
        start, end = position, position + len(line)
        position = end
        body = line.strip()
        if not body:
            glued = False
            continue
        table = body.startswith("|")
        if glued and not _OWN_LINE.match(line):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        glued = not table and not body.startswith("#") and len(body) >= _WRAP_AT[language]
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start < end:
        spans.append((start, end))


class WordIndex:
    """BM25 over tokenised passages, in memory."""

    def __init__(self, passages: Sequence[list[str]], *, k1: float = 1.2, b: float = 0.5) -> None:
        """Build the index.

        Args:
            passages: The words of every passage.
            k1: How soon repeated words stop to count.
            b: How much long passages are held back; chunks are of a size already, so less than the usual 0.75.
        """
        self._size = len(passages)
        self._index: Any = None
        if any(passages):
            import bm25s

            logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports every index it builds
            self._index = bm25s.BM25(k1=k1, b=b, method="lucene")
            self._index.index([words or [""] for words in passages], show_progress=False)

    def top(self, words: Sequence[str], count: int, others: Sequence[str] = ()) -> list[tuple[int, float]]:
        """Return up to `count` passages that share a word with `words`: (position, BM25 score), best first.

        Args:
            words: The words asked for.
            count: Passages at most.
            others: Words of other names of the same things; each counts `OTHER_NAMES` of a word asked for.
        """
        import numpy as np

        scores = self.scores(words)
        if others:
            scores = scores + np.float32(OTHER_NAMES) * self.scores(others)
        found = np.flatnonzero(scores)
        if len(found) > 4 * count:
            # The best by a partial sort; ties at the border go to the earlier passage, as in a full one.
            border = np.partition(scores[found], len(found) - count)[len(found) - count]
            found = found[scores[found] >= border]
        order = found[np.argsort(-scores[found], kind="stable")][:count]
        return [(int(i), float(scores[i])) for i in order if scores[i] > 0]

    def scores(self, words: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the BM25 score of every passage for `words`; 0 where they share none."""
        import numpy as np

        known = [] if self._index is None else [word for word in words if word in self._index.vocab_dict]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._index.get_scores(known), dtype=np.float32)

    def coverage(self, words: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return, for every passage, the share of the words it holds, rare words counting more: 0 to 1.

        A word weighs its inverse document frequency, ln(1 + (N - n + 0.5) / (n + 0.5)); one that stands nowhere weighs
        most and is missed by all.
        """
        import numpy as np

        held = np.zeros(self._size, dtype=np.float32)
        total = 0.0
        for word in dict.fromkeys(words):
            places = self._places(word)
            weight = log(1 + (self._size - len(places) + 0.5) / (len(places) + 0.5))
            held[places] += weight
            total += weight
        return held / total if total else held

    def unknown(self, words: Sequence[str]) -> float:
        """Return the share of the words that stand in no passage: 0 to 1; 1 without words."""
        asked = set(words)
        return sum(not len(self._places(word)) for word in asked) / len(asked) if asked else 1.0

    def _places(self, word: str) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Return the positions of the passages that hold a word."""
        import numpy as np

        number = None if self._index is None else self._index.vocab_dict.get(word)
        if number is None:
            return np.zeros(0, dtype=np.int32)
        table = self._index.scores
        return np.asarray(table["indices"][table["indptr"][number] : table["indptr"][number + 1]], dtype=np.int32)
