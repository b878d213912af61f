"""Disambiguation items: which of the corpus's senses a term has in a sentence."""

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
_OPTIONS = 4
_USES = 3
"""Most sentences a term."""


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
        uses: dict[str, int] = {}
        for start, end in sentences(text.text, text.language):
            sentence = text.text[start:end]
            for term, sense in known.items():
                if uses.get(term, 0) < _USES and _used(term, sense, sentence):
                    uses[term] = uses.get(term, 0) + 1
                    yield _item(text, (start, end), term, sense, known, seed)


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


def _initials(words: Sequence[str], letters: Sequence[str]) -> bool:
    """Return whether the letters are initials of the words in order, function words left out where needed."""
    strong = [part[0].lower() for word in words for part in word.split("-") if part and part not in _SMALL]
    every = [part[0].lower() for word in words for part in word.split("-") if part]
    starts = words[0][0].lower() == letters[0]
    return starts and (strong == list(letters) or every == list(letters))


_SMALL: Final = frozenset(["of", "the", "and", "for", "in", "on", "to", "a", "an", "by", "with", "from", "at", "or"])


def _senses(texts: Sequence[DocumentText], facts: Iterable[Fact]) -> Mapping[Language, dict[str, str]]:
    found: dict[Language, dict[str, str]] = {}
    for text in texts:
        for short, meaning in expansions(text.text).items():
            found.setdefault(text.language, {}).setdefault(short, meaning)
    for fact in facts:
        term = re.sub(r"^the ", "", fact.entity.strip('"“”'))
        if fact.form == "definition" and fact.status == "accepted" and 2 <= len(term) <= 40:
            found.setdefault(fact.language, {}).setdefault(term, fact.answer)
    return found


def _used(term: str, sense: str, sentence: str) -> bool:
    edge = r"(?![A-Za-z0-9])" if term[-1].isascii() else ""
    lead = r"(?<![A-Za-z0-9])" if term[0].isascii() else ""
    if len(sentence) > 400 or "|" in sentence or not re.search(f"{lead}{re.escape(term)}{edge}", sentence):
        return False
    return normal(sense) not in normal(sentence) and not re.search(
        rf"\*\*{re.escape(term)}|^-?\s*{re.escape(term)}\s*[:：]", sentence
    )


def _item(
    text: DocumentText, span: tuple[int, int], term: str, sense: str, known: Mapping[str, str], seed: int
) -> Item:
    others = sorted(
        {other for name, other in known.items() if name != term and normal(other) != normal(sense)},
        key=lambda other: hashlib.sha256(f"{seed}:{term}:{other}".encode()).hexdigest(),
    )
    options = sorted([sense, *others[: _OPTIONS - 1]], key=lambda o: hashlib.sha256(f"{seed}:{o}".encode()).hexdigest())
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
