"""Disambiguation items: which of the corpus's senses a term has in a sentence.

A document's own explanation of a term goes before another document's, and where others disagree on a term that it does
not explain, nobody can say what it means there: then there is no item. Wrong options are the term's other senses, then
senses of the terms that look most like it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from agent.prompts.wordings import SENSE
from agent.records.base import Language
from agent.records.corpus import DocumentText
from agent.records.evaluation import Item
from knowledge.lexical import sentences
from tools.extraction.fact import Fact
from tools.extraction.similarity import normal
from tools.validation.identity import with_id

_SHORT: Final = re.compile(r"\((?P<short>[A-Z][A-Za-z0-9\-]{1,7})\)")
_BRACKETED: Final = re.compile(r"\b(?P<short>[A-Z][A-Z0-9\-]{1,7}) \((?P<long>[A-Za-z][a-z\-]+(?: [A-Za-z\-]+){1,7})\)")
_NAME: Final = r"(?:(?!是|的|位于|为了|以下|称|旗下|由于|成为)[\u4e00-\u9fff·]){3,16}"
_CALLED: Final = r"(?:(?:以下|下)?简称|缩写|又称|又名|亦称|也称|别称|别名|俗称)(?:[为作做是：:]|之)*"
_SAME: Final = r"[“「《\"]?(?P<short>[\u4e00-\u9fff·]{2,8}|[A-Z][A-Za-z0-9\-]{1,7})[”」》\"]?(?=[，。；、,;（）()\s]|$)"
_ALIAS: Final = re.compile(
    rf"(?:^|(?<=[。\n]))(?P<long>{_NAME})\s?(?:[（(][^（）()]{{0,80}}?[）)]\s?)?[，,（(][^。\n）)]{{0,40}}?{_CALLED}{_SAME}"
)
_STEM: Final = 5
"""Letters of a word by which two senses are compared, so that `viruses` is no other sense than `virus`."""
_OPTIONS = 4
_USES = 3
"""Most sentences a term."""

Senses = dict[str, dict[str, str]]
"""Of a language: each term with its senses by the document that gives them, in the order of the documents."""


def sense_items(
    texts: Sequence[DocumentText], facts: Iterable[Fact], held_out: frozenset[str], seed: int
) -> Iterator[Item]:
    """Yield choice items on acronyms and defined terms, in sentences of held-out documents that use them unexplained.

    Args:
        texts: All documents; senses are taken from everywhere.
        facts: Facts; definitions give the senses of terms.
        held_out: Ids of the documents whose sentences may be shown.
        seed: Seed of the choice and order of the options.
    """
    senses = _senses(texts, facts)
    for text in texts:
        known = senses.get(text.language, {})
        if text.document not in held_out or len(known) < 2:
            continue
        meant = {term: sense for term, given in known.items() if (sense := _meant(given, text.document))}
        uses: dict[str, int] = {}
        for start, end in sentences(text.text, text.language):
            sentence = text.text[start:end]
            for term, sense in meant.items():
                if uses.get(term, 0) < _USES and _used(term, sense, sentence):
                    options = _options(term, sense, known, seed)
                    if len(options) >= 2:
                        uses[term] = uses.get(term, 0) + 1
                        yield _item(text, (start, end), term, sense, options)


def expansions(text: str) -> dict[str, str]:
    """Return acronyms and what a text says they stand for: the words whose initials they are."""
    found: dict[str, str] = {}
    for match in _SHORT.finditer(text):
        before = re.split(r"[.;:!?|\n]", text[max(0, match.start() - 120) : match.start()])[-1]
        words = re.findall(r"[A-Za-z][\w\-/]*", before)
        letters = [character.lower() for character in match["short"] if character.isalpha()]
        for count in range(len(letters), min(len(letters) + 3, len(words)) + 1):
            chosen = words[-count:]
            if _initials(chosen, letters):
                found.setdefault(match["short"], " ".join(chosen))
                break
    for match in _BRACKETED.finditer(text):
        letters = [character.lower() for character in match["short"] if character.isalpha()]
        if _initials(match["long"].split(), letters):
            found.setdefault(match["short"], match["long"])
    return found


def aliases(text: str) -> dict[str, str]:
    """Return other names of what a Chinese sentence begins with: `首钢集团有限公司，简称首钢，是…`."""
    found: dict[str, str] = {}
    for match in _ALIAS.finditer(text):
        if match["short"] != match["long"]:
            found.setdefault(match["short"], match["long"])
    return found


def _initials(words: Sequence[str], letters: Sequence[str]) -> bool:
    """Return whether the letters are initials of the words in order, function words left out where needed."""
    strong = [part[0].lower() for word in words for part in word.split("-") if part and part not in _SMALL]
    every = [part[0].lower() for word in words for part in word.split("-") if part]
    starts = words[0][0].lower() == letters[0]
    return starts and (strong == list(letters) or every == list(letters))


_SMALL: Final = frozenset(["of", "the", "and", "for", "in", "on", "to", "a", "an", "by", "with", "from", "at", "or"])


def _senses(texts: Sequence[DocumentText], facts: Iterable[Fact]) -> Mapping[Language, Senses]:
    found: dict[Language, Senses] = {}
    for text in texts:
        given = expansions(text.text) | (aliases(text.text) if text.language == "zh" else {})
        for short, meaning in given.items():
            found.setdefault(text.language, {}).setdefault(short, {}).setdefault(text.document, meaning)
    for fact in facts:
        term = re.sub(r"^the ", "", fact.entity.strip('"“”'))
        if fact.form == "definition" and fact.status == "accepted" and 2 <= len(term) <= 40:
            found.setdefault(fact.language, {}).setdefault(term, {}).setdefault(fact.document, fact.answer)
    return found


def _meant(given: Mapping[str, str], document: str) -> str:
    """Return what a term means in a document; empty if that is not certain."""
    if document in given:
        return given[document]
    agreed = {_bare(sense) for sense in given.values()}
    return next(iter(given.values())) if len(agreed) == 1 else ""


def _bare(sense: str) -> str:
    """Return a sense as it is compared: without case, marks and endings."""
    return " ".join(word[:_STEM] for word in normal(sense).split())


def _options(term: str, sense: str, known: Senses, seed: int) -> list[str]:
    """Return the right sense and up to three wrong ones, in an order of their own."""
    right = _bare(sense)
    wrong: dict[str, tuple[int, str, str]] = {}
    for name, given in known.items():
        likeness = 99 if name == term else int(name[0].casefold() == term[0].casefold())
        for other in given.values():
            bare = _bare(other)
            # A sense that holds the right one, or is held by it, is no wrong one: `influenza virus`, `virus`.
            if bare not in right and right not in bare:
                drawn = hashlib.sha256(f"{seed}:{term}:{other}".encode()).hexdigest()
                wrong[bare] = min(wrong.get(bare, (1, "", "")), (-likeness, drawn, other))
    chosen = [other for *_, other in sorted(wrong.values())[: _OPTIONS - 1]]
    return sorted([sense, *chosen], key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).hexdigest())


def _used(term: str, sense: str, sentence: str) -> bool:
    edge = r"(?![A-Za-z0-9])" if term[-1].isascii() else ""
    lead = r"(?<![A-Za-z0-9])" if term[0].isascii() else ""
    if len(sentence) > 400 or "|" in sentence or not re.search(f"{lead}{re.escape(term)}{edge}", sentence):
        return False
    return normal(sense) not in normal(sentence) and not re.search(
        rf"\*\*{re.escape(term)}|^-?\s*{re.escape(term)}\s*[:：]", sentence
    )


def _item(text: DocumentText, span: tuple[int, int], term: str, sense: str, options: Sequence[str]) -> Item:
    return with_id(
        Item(
            id="",
            kind="skill",
            dimension="disambiguation",
            form="choice",
            language=text.language,
            question=SENSE[text.language].format(t=term),
            options=tuple(options),
            correct=options.index(sense),
            document=text.document,
            start=span[0],
            end=span[1],
            context=text.text[span[0] : span[1]],
            question_kind="sense",
            source="auto",
        )
    )
