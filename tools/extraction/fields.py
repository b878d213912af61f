"""`Label: value` lines of forms, also where two columns of a page share one line.

Which part of `Tallahassee, FL Accident Number: NYC08CA055` is the value and which the next label cannot be seen in
one line. It can be seen in many: the label is the longest run of words before a colon that the corpus keeps together.
Where the corpus does not decide, the line is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agent.progress import Reporter, Silent
from agent.records.corpus import DocumentText
from tools.extraction.blocks import Block, Piece, parse, piece_of
from tools.extraction.phrases import is_empty_value

_COLON: Final = re.compile(r"(?<![\d:/]):(?=\s|$)|：|(?<=[A-Za-z)]):(?=\S)(?!//)")
_WORDS: Final = re.compile(r"\S+")
_LABEL: Final = re.compile(r"^[A-Z\u3400-\u9fff][\w\u3400-\u9fff .,&/()'’#\-]{0,58}$")
_NOT_LABEL: Final = re.compile(
    r"^(note|notes|warning|caution|danger|tip|hint|example|important|source|see|figure|fig|table|http|https|q|a|"
    r"question|answer|attention|remark|step|注|注意|警告|提示|例如|说明|来源|问|答|图|表|备注)\b",
    re.IGNORECASE,
)
_UNFINISHED: Final = re.compile(
    r"[,;:(&/，；：（、]$|\b(and|or|of|the|at|in|for|with|to|on|by|time of|per)$", re.IGNORECASE
)
_LONGEST_LABEL = 8
_LONGEST_VALUE = 90
_TOGETHER, _APART = 0.9, 0.35
"""Share of the lines in which `Number:` reads `Accident Number:` from which on the words are one label, and up to which
the word before belongs to the value; between the two nobody can say."""
_RUN = 3
"""Form lines in a row that make a form where the label occurs in one document only."""


@dataclass(frozen=True)
class Field:
    """One label and its value."""

    label: str
    value: Piece
    quote: Piece
    """Label and value, verbatim."""
    section: str
    """Heading or title line above the group of fields; may be empty."""


def fields_of(texts: Iterable[DocumentText], reporter: Reporter | None = None) -> dict[str, list[Field]]:
    """Find the form lines of all documents.

    Args:
        texts: The whole corpus, since labels are learned from repetition across documents.
        reporter: Asked at every document whether to stop.

    Returns:
        Fields by document id, in reading order; a label with two different values in a section is left out.
    """
    listener = reporter or Silent()
    blocks: dict[str, Sequence[Block]] = {}
    for text in texts:
        listener.check()
        blocks[text.document] = parse(text.text)
    runs, documents = _suffixes(blocks, listener)
    fields: dict[str, list[Field]] = {}
    for document, found in blocks.items():
        listener.check()
        fields[document] = _unambiguous(_document_fields(found, runs, documents))
    torn = _torn(fields)
    return {document: [field for field in found if field.label not in torn] for document, found in fields.items()}


def _torn(fields: Mapping[str, Sequence[Field]]) -> set[str]:
    """Return labels whose values end in the beginning of something else.

    A second column without a colon of its own leaves the same words behind most values, whatever stands before them.
    """
    values: dict[str, list[str]] = {}
    for found in fields.values():
        for field in found:
            values.setdefault(field.label, []).append(field.value.text)
    torn = set()
    for label, texts in values.items():
        tails = Counter(text.split()[-1] for text in texts if len(text.split()) > 1)
        for tail, count in tails.items():
            rest = {text[: -len(tail)].strip() for text in texts if text.endswith(f" {tail}")}
            loose = all(re.search(r"\w$", left) and not re.search(r"^[\d.,]+$", left) for left in rest)
            if (
                tail.istitle()
                and tail.isalpha()
                and count >= 5
                and count >= 0.6 * len(texts)
                and len(rest) > 1
                and loose
            ):
                torn.add(label)
    return torn


def _suffixes(blocks: Mapping[str, Sequence[Block]], reporter: Reporter) -> tuple[Counter[str], Counter[str]]:
    """Count word runs before later colons by the line's first label, and in how many documents each label opens a line.

    Lines that open with the same label come from the same printed form, so runs are compared among those only.
    """
    runs: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for found in blocks.values():
        reporter.check()
        openings: set[str] = set()
        for block in found:
            colons = list(_COLON.finditer(block.piece.text)) if block.kind == "line" else []
            if not colons:
                continue
            opening = block.piece.text[: colons[0].start()].strip()
            openings.add(opening)
            for left, right in pairwise(colons):
                before = block.piece.text[left.end() : right.start()].split()[-_LONGEST_LABEL:]
                runs.update({_run(opening, before[i:]) for i in range(len(before))})
        documents.update(openings)
    return runs, documents


def _run(opening: str, before: Sequence[str]) -> str:
    return f"{opening}\x1f{' '.join(before)}"


def _document_fields(blocks: Sequence[Block], runs: Counter[str], documents: Counter[str]) -> list[Field]:
    fields: list[Field] = []
    group: list[Field] = []
    section = ""
    for index, block in enumerate([*blocks, None]):
        cut = _cut(block, runs) if block is not None and block.kind == "line" else None
        if block is not None and cut is not None:
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            group += [
                Field(label, value, quote, section)
                for label, value, quote, last in cut
                if not (last and _goes_on(value, following))
            ]
            continue
        enough = len(group) >= _RUN
        fields += [field for field in group if enough or documents[field.label] >= _RUN]
        group = []
        if block is not None:
            section = _section(block, section)
    return [field for field in fields if not is_empty_value(field.value.text) and _sound(field)]


def _section(block: Block, before: str) -> str:
    text = block.piece.text
    if block.kind == "heading":
        return text
    words = text.split()
    title_like = block.kind == "line" and len(words) <= 7 and text[-1:] not in ".,;:!?。，" and text[:1].isupper()
    if title_like and sum(word[:1].isupper() for word in words) * 2 >= len(words):
        return text
    return before if block.kind == "line" else ""


def _cut(block: Block, runs: Counter[str]) -> list[tuple[str, Piece, Piece, bool]] | None:
    """Cut a line into label, value and quote; the flag marks the line's last value. `None` if it is no form line."""
    text, offset = block.piece.text, block.piece.start
    colons = list(_COLON.finditer(text))
    if not colons or len(text) > 240:
        return None
    first = text[: colons[0].start()].strip()
    starts: list[int | None] = []
    for number, colon in enumerate(colons):
        floor = colons[number - 1].end() if number else 0
        starts.append(floor if number == 0 else _label_start(text, first, floor, colon.start(), runs))
    if not _LABEL.match(first) or _NOT_LABEL.match(first) or len(first.split()) > _LONGEST_LABEL:
        return None
    found = []
    for number, colon in enumerate(colons):
        start, after = starts[number], starts[number + 1] if number + 1 < len(colons) else len(text)
        if start is None or after is None:
            continue
        label = text[start : colon.start()].strip()
        value = piece_of(text, colon.end(), after)
        value = Piece(value.text, value.start + offset, value.end + offset)
        quote = piece_of(text, start, after)
        found.append((label, value, Piece(quote.text, quote.start + offset, quote.end + offset), after == len(text)))
    return found


def _label_start(text: str, opening: str, floor: int, colon: int, runs: Counter[str]) -> int | None:
    """Return where the label before a later colon of a line begins, or `None` if the corpus does not say."""
    gap = re.search(r"(?:\s{3,}|\t)(?=\S[^\t]*$)", text[floor:colon])
    if gap:
        return floor + gap.end()
    spans = [(floor + match.start(), match.group()) for match in _WORDS.finditer(text[floor:colon])][-_LONGEST_LABEL:]
    if not spans:
        return None
    run = [spans[-1][1]]
    start, places = spans[-1][0], runs[_run(opening, run)]
    if places < _RUN:
        return None
    unanimous = True
    for position, word in reversed(spans[:-1]):
        share = runs[_run(opening, [word, *run])] / places
        if share <= _APART or not re.match(r"^[A-Za-z\u3400-\u9fff(][\w\u3400-\u9fff./&()'’\-]*,?$", word):
            break
        if share < _TOGETHER:
            return None
        run, start, unanimous = [word, *run], position, unanimous and share == 1
    else:
        # Nothing is left for the value before: believed only if every such line says so.
        if not unanimous or start != spans[0][0]:
            return None
    return start if _LABEL.match(text[start:colon].strip()) else None


def _goes_on(value: Piece, following: Block | None) -> bool:
    """Return whether a value is cut by the end of the line."""
    if _UNFINISHED.search(value.text):
        return True
    if following is None or following.kind != "line" or following.first or following.listed:
        return False
    return not _COLON.search(following.piece.text) and (following.piece.text[:1].islower() or len(value.text) > 60)


def _sound(field: Field) -> bool:
    text = field.value.text
    if len(text) > _LONGEST_VALUE or _NOT_LABEL.match(field.label) or re.search(r"[.!?] [A-Z]|[。！？].", text):
        return False
    letters = sum(character.isalnum() for character in text)
    return letters > 0 and text[:1] not in "/,;)" and re.search(r"/\s*$", text) is None and len(field.label) > 1


def _unambiguous(fields: Sequence[Field]) -> list[Field]:
    """Keep fields whose label has one value within its part of the form; label and value said twice count once."""
    values: dict[tuple[str, str], set[str]] = {}
    for field in fields:
        values.setdefault((field.section, field.label.lower()), set()).add(field.value.text)
    clear = [field for field in fields if len(values[field.section, field.label.lower()]) == 1]
    # A form that says the same twice states one fact.
    return list({(field.label.lower(), field.value.text): field for field in reversed(clear)}.values())[::-1]
