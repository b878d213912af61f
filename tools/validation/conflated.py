"""Disambiguation items that any corpus yields: which of the conflated terms a sentence asks for.

Few terms of a corpus come with their senses. So several terms are taken for one with several senses, and the sentence
has to tell which of them is meant: the pseudowords by which word senses are evaluated where nobody has labelled any
(Gale, Church and Yarowsky 1992; Schütze 1992). The score is the log-probability of what follows the term, given each of
them, so that neither a term's length nor its frequency counts (Trinh and Le 2018, as in WinoGrande).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from agent.prompts.choices import GAP
from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.evaluation import Item
from knowledge.lexical import STOPWORDS, is_everyday, sentences, tokens
from tools.evaluation.arms import CONFLATED
from tools.extraction.similarity import is_chinese
from tools.validation.identity import with_id

_SENTENCE: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(r"^[A-Z][^|*#\n]{40,240}[.;]$"),
    "zh": re.compile(r"^[^|*#\n“”《》]{18,90}[。；]$"),
}
_WORD: Final = re.compile(r"(?<![\w\-])[a-z]{5,}(?![\w\-])")
_DATE: Final = re.compile(r"[一二三四五六七八九十两]+[月日年]")
"""A date is no term: any other one fits as well."""
_FREQUENT: Final = 3
"""Occurrences from which a term is one of the corpus."""
_OPTIONS: Final = 4
_AFTER: Final[dict[Language, int]] = {"en": 20, "zh": 6}
"""Characters that must follow the gap: it is by them that the term is told."""
_ENDINGS: Final[dict[Language, tuple[int, ...]]] = {"en": (3, 2, 1), "zh": (1, 0)}
"""Last characters that terms in one gap have in common; the next number where too few terms have as many."""
_USES: Final = 3
"""Most sentences a term."""
_A_SENTENCE: Final = 2
"""Most items of a sentence."""
_A_DOCUMENT: Final = 20
"""Most items of a document."""


def conflated_items(
    texts: Sequence[DocumentText], everyday: Collection[str], held_out: frozenset[str], seed: int
) -> Iterator[Item]:
    """Yield choice items: a sentence of a held-out document with a gap, the term that stood there, and three others.

    Args:
        texts: All documents; their terms are conflated.
        everyday: Words of general language, in lower case; none of them is a term.
        held_out: Ids of the documents whose sentences may be shown.
        seed: Seed of the choice and order of the terms.
    """
    terms = {text.document: Counter(_terms(text.text, text.language, everyday)) for text in texts}
    counted: dict[Language, Counter[str]] = {}
    for text in texts:
        counted.setdefault(text.language, Counter()).update(terms[text.document])
    pools = {language: _Pool(language, all_of, seed) for language, all_of in counted.items()}
    uses: Counter[str] = Counter()
    for text in texts:
        if text.document in held_out:
            yield from _of_document(text, terms[text.document], pools[text.language], uses, seed)


class _Pool:
    """The terms of a language, found by how they end: the ending tells the word class."""

    def __init__(self, language: Language, counted: Mapping[str, int], seed: int) -> None:
        self.language = language
        self.counted = {term: times for term, times in counted.items() if times >= _FREQUENT}
        self._seed = seed
        self._ending: dict[tuple[int, str], list[str]] = {}
        for term in sorted(self.counted):
            for size in _ENDINGS[language]:
                self._ending.setdefault((size, term[len(term) - size :]), []).append(term)

    def rivals(self, term: str, there: Collection[str]) -> list[str]:
        """Return three terms of the same ending that the document has not, most like in frequency; fewer if need be."""
        for size in _ENDINGS[self.language]:
            near = self._ending.get((size, term[len(term) - size :]), ())
            fits = [other for other in near if other not in there and other not in term and term not in other]
            if len(fits) >= _OPTIONS - 1:
                break
        else:
            return []
        often = self.counted[term].bit_length()
        key = {
            other: (abs(self.counted[other].bit_length() - often), _drawn(self._seed, term, other)) for other in fits
        }
        return sorted(fits, key=lambda other: key[other])[: _OPTIONS - 1]


def _of_document(
    text: DocumentText, there: Mapping[str, int], pool: _Pool, uses: Counter[str], seed: int
) -> Iterator[Item]:
    made = 0
    for start, end in sentences(text.text, text.language):
        sentence = text.text[start:end]
        if made >= _A_DOCUMENT:
            return
        if not _SENTENCE[text.language].match(sentence):
            continue
        standing = [
            term
            for term in there
            if term in sentence
            and term in pool.counted
            and uses[term] < _USES
            and _splits(sentence, term, text.language)
        ]
        rarest = sorted(standing, key=lambda one: (uses[one], _drawn(seed, sentence, one)))
        # A term of the same document might fit as well, so that rivals come from the others.
        asked = ((term, wrong) for term in rarest if (wrong := pool.rivals(term, there)))
        for term, wrong in islice(asked, _A_SENTENCE):
            uses[term] += 1
            made += 1
            yield _item(text, (start, end), term, wrong, seed)


def _terms(text: str, language: Language, everyday: Collection[str]) -> list[str]:
    if language == "en":
        return [word for word in _WORD.findall(text) if word not in everyday and word not in STOPWORDS]
    found = [word for word in tokens(text, "zh") if len(word) >= 2 and is_chinese(word) and not is_everyday(word)]
    # jieba gives the words within a word too; a part of a longer word has no gap of its own.
    parts = {part for word in set(found) for size in range(2, len(word)) for part in _windows(word, size)}
    return [word for word in found if word not in parts and word not in everyday and not _DATE.fullmatch(word)]


def _windows(word: str, size: int) -> Iterator[str]:
    return (word[at : at + size] for at in range(len(word) - size + 1))


def _splits(sentence: str, term: str, language: Language) -> bool:
    """Return whether the term stands there once, not at the beginning, with enough after it."""
    edge, lead = (r"(?![\w\-])", r"(?<![\w\-])") if language == "en" else ("(?!·)", "(?<!·)")
    places = [match.start() for match in re.finditer(f"{lead}{re.escape(term)}{edge}", sentence)]
    once = len(re.findall(re.escape(term), sentence, re.IGNORECASE)) == 1
    return once and len(places) == 1 and places[0] > 0 and len(sentence) - places[0] - len(term) >= _AFTER[language]


def _drawn(seed: int, *parts: str) -> str:
    return hashlib.sha256("\x1f".join((str(seed), *parts)).encode()).hexdigest()


def _item(text: DocumentText, span: tuple[int, int], term: str, wrong: Sequence[str], seed: int) -> Item:
    sentence = text.text[span[0] : span[1]]
    question = sentence.replace(term, GAP, 1)
    options = sorted([term, *wrong], key=lambda one: _drawn(seed, sentence, one))
    return with_id(
        Item(
            id="",
            kind="skill",
            dimension="disambiguation",
            form="choice",
            language=text.language,
            question=question,
            options=tuple(options),
            correct=options.index(term),
            document=text.document,
            start=span[0],
            end=span[1],
            question_kind=CONFLATED,
            source="auto",
        )
    )
