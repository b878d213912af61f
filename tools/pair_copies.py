"""The pairs that hold a document's words: those made from it, and copies that came back in from outside.

    for pair in pairs_holding(project, "notes-txt-1a2b3c4d", sought): pair.id

A pair that is imported names no document, so it is told by what it says. It holds the document's words if it

- carries a sentence or row that only this document has;
- asks what a pair of the document asks, and no pair of another document does, or says the same as one of them;
- shows a line of it, such as a heading or a short row of a table, among its passages, and no other document has that;
- asks for something by words that stand in no other document, and answers with words of this one: short words alone are
  anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from agent.records.pairs import Pair
from knowledge.lexical import CJK
from knowledge.store import CorpusStore
from tools.extraction.similarity import STOPWORDS, normal
from tools.sought import Sought, found_elsewhere, records_on
from tools.workspace import Project

NOTHING: Final = Sought(())
"""For lines that are told by another sign alone."""
_WITHOUT_DOCUMENT: Final = b'"document":""'
"""How a pair that names no document stands in its line."""
_SHORTEST: Final = 8
"""Bytes of a question that is looked for among the other pairs: one window of `tools.sought`."""
_HAN_RUN: Final = 4
"""Han characters of a question that name something together."""
_TOKEN: Final = re.compile(rf"[{CJK}]+|[^\W_]+(?:[-'’][^\W_]+)*")
_HAN: Final = re.compile(rf"[{CJK}]")


def pairs_holding(project: Project, document_id: str, words: Sought) -> list[Pair]:
    """Return the pairs that were made from a document or hold its words; only the lines that may are parsed.

    Args:
        project: The project.
        document_id: The document.
        words: Its own sentences and rows (`tools.erasure.wordings`).
    """
    numbers = words.lines(project.pairs, f'"{document_id}"'.encode()) | NOTHING.lines(project.pairs, _WITHOUT_DOCUMENT)
    suspects = list(records_on(project.pairs, Pair, numbers))
    shown = _only_here(project, document_id)
    more = shown.lines(project.pairs) - numbers if shown else set()
    suspects += records_on(project.pairs, Pair, more)
    lines = frozenset(shown.words)
    found = {
        pair.id: pair
        for pair in suspects
        if pair.document == document_id or _carries(pair, words) or _shows(pair, lines)
    }
    own = [pair for pair in suspects if pair.document == document_id]
    strange = [pair for pair in suspects if not pair.document and pair.id not in found]
    copies = _copies(project, document_id, own, strange)
    found |= {pair.id: pair for pair in copies}
    left = [pair for pair in strange if pair.id not in found]
    found |= {pair.id: pair for pair in _telling(CorpusStore(project.root), document_id, left)}
    return [pair for pair in suspects if pair.id in found]


def _carries(pair: Pair, words: Sought) -> bool:
    return any(words.stands_in(text) for text in (*(message.content for message in pair.messages), pair.quote))


def _only_here(project: Project, document_id: str) -> Sought:
    """Return the lines of a document, headings and short rows among them, that stand in no other document."""
    store = CorpusStore(project.root)
    lines: set[str] = set()
    for chunk in store.chunks_of(document_id):
        for line in (*chunk.text.splitlines(), *chunk.headings, chunk.title):
            lines.add(_line(line))
    sought = Sought(sorted(line for line in lines if len(line.encode()) >= _SHORTEST))
    shared = found_elsewhere(sought, project.chunks, f'{{"id":"{document_id}:'.encode()) if sought else set()
    return Sought(word for word in sought.words if word not in shared)


def _line(text: str) -> str:
    """Return a line without the marks of a heading, a list or a table at its ends."""
    return text.strip().lstrip("#-* ").strip("| ")


def _shows(pair: Pair, lines: frozenset[str]) -> bool:
    """Return whether one of some lines stands in what a pair shows beside its question."""
    said = (message.content for message in pair.messages if message.role == "user" and "\n" in message.content)
    return any(_line(line) in lines for content in said for line in content.splitlines())


def _said(pair: Pair) -> tuple[str, str]:
    return normal(pair.question), normal(pair.answer)


def _copies(project: Project, document_id: str, own: Iterable[Pair], strange: Iterable[Pair]) -> list[Pair]:
    """Return the imported pairs that ask or say what the document's own pairs do and those of no other document do."""
    said = {_said(pair) for pair in own}
    asked = {question for question, _ in said}
    alike = [pair for pair in strange if normal(pair.question) in asked]
    sought = Sought(sorted({pair.question for pair in alike if len(pair.question.encode()) >= _SHORTEST}))
    lines = sought.lines(project.pairs) if sought else set()
    others = {_said(pair) for pair in records_on(project.pairs, Pair, lines) if pair.document not in ("", document_id)}
    asked_elsewhere = {question for question, _ in others}
    return [
        pair
        for pair in alike
        if (_said(pair) in said and _said(pair) not in others) or normal(pair.question) not in asked_elsewhere
    ]


def _telling(store: CorpusStore, document_id: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the imported pairs that ask for what only a document names and answer with words of it."""
    if not pairs or not store.has_text(document_id):
        return []
    flat = _flat(store.stored_text(document_id).text)
    named: dict[str, set[str]] = {}
    for pair in pairs:
        answer = _flat(pair.answer).rstrip(" .。")
        tells = len(answer) > 1 and _stands(answer, flat)
        if tells or any(_stands(run, flat) for run in _names(answer)):
            named[pair.id] = {run for run in _names(pair.question) if _stands(run, flat)}
    only_here = {run for runs in named.values() for run in runs}
    for other in store.texts() if only_here else ():
        if other.document != document_id:
            elsewhere = _flat(other.text)
            only_here -= {run for run in only_here if _stands(run, elsewhere)}
    return [pair for pair in pairs if named.get(pair.id, set()) & only_here]


def _flat(text: str) -> str:
    return " ".join(text.replace("\\|", "|").split()).casefold()


def _stands(run: str, flat: str) -> bool:
    """Return whether a run stands in a flat text as whole words."""
    at = flat.find(run)
    while at >= 0:
        before, behind = flat[at - 1 : at] if at else "", flat[at + len(run) : at + len(run) + 1]
        if not (_goes_on(before, run[0]) or _goes_on(behind, run[-1])):
            return True
        at = flat.find(run, at + 1)
    return False


def _goes_on(beside: str, edge: str) -> bool:
    """Return whether the character beside a run belongs to the same word; Han characters stand each for themselves."""
    return beside.isalnum() and edge.isalnum() and not (_HAN.match(beside) or _HAN.match(edge))


def _names(question: str) -> Iterator[str]:
    """Yield what a question may name, in small letters: codes, two telling words together, four Han characters."""
    flat = _flat(question)
    tokens = list(_TOKEN.finditer(flat))
    for token in tokens:
        word = token.group()
        if _HAN.match(word):
            yield from (word[at : at + _HAN_RUN] for at in range(len(word) - _HAN_RUN + 1))
        elif any(map(str.isdigit, word)) and any(map(str.isalpha, word)):
            yield word
    for one, other in pairwise(tokens):
        words = one.group(), other.group()
        if flat[one.end() : other.start()] == " " and not any(_HAN.match(w) or w in STOPWORDS for w in words):
            yield " ".join(words)
