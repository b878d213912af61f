"""What a document is about, so that a question about it can be answered without the page.

A form of which many copies exist (reports, certificates, orders) is named by its own number; any other document by
its title. `this document` is never an entity.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from agent.progress import Reporter, Silent
from agent.records.corpus import DocumentText
from tools.extraction.blocks import parse
from tools.extraction.fields import Field
from tools.extraction.phrases import label_case, natural_case, short_subject
from tools.extraction.similarity import content_words

_NUMBER_LABEL: Final = re.compile(
    r"\b(number|no|nr|id|identifier|reference|ref)\b\.?$|(编号|单号|号码|案号|文号|号)$", re.IGNORECASE
)
_NUMBER_WORDS: Final = re.compile(
    r"\s*\b(number|no|nr|id|identifier|reference|ref)\b\.?$|(编号|单号|号码|号)$", re.IGNORECASE
)
_CODE: Final = re.compile(r"^(?=.*\d)[A-Za-z0-9\u3400-\u9fff][A-Za-z0-9\u3400-\u9fff/_.\-]{2,23}$")
_NAME: Final = re.compile(r"\b[A-Z][a-z]+")
_KINDS: Final = (
    "report", "certificate", "invoice", "order", "contract", "bulletin", "protocol", "permit", "ticket", "claim",
    "case", "record", "specification", "datasheet", "notice",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """The name of a document inside a question."""

    name: str
    """As it stands in a question: `report NYC08CA055`, `Tarvo dosing pump`."""
    named: bool
    """True for the name of a thing, to which its facts belong; False for the title of a text, in which they stand."""
    numbered: bool
    """True if the name is the document's own number, which stands after `in`."""
    title: str
    """Title as readers know it."""


def subjects(
    texts: Sequence[DocumentText],
    fields: Mapping[str, Sequence[Field]],
    small: Collection[str],
    reporter: Reporter | None = None,
) -> dict[str, Subject]:
    """Name every document.

    Args:
        texts: All documents; a number identifies a document only if no other one carries it.
        fields: Form lines by document id.
        small: Words that the corpus writes small somewhere.
        reporter: Asked at every document whether to stop.

    Returns:
        Subject by document id.
    """
    owners: Counter[str] = Counter()
    for found in fields.values():
        owners.update({field.value.text for field in found})
    listener = reporter or Silent()
    named_by: dict[str, str] = {}
    for text in texts:
        listener.check()
        named_by[text.document] = _title(text)
    titles = Counter(named_by.values())
    subjects: dict[str, Subject] = {}
    for text in texts:
        listener.check()
        title = named_by[text.document]
        number = _own_number(text, fields.get(text.document, ()), owners)
        if number is not None:
            subjects[text.document] = Subject(_numbered(title, number, text.language), False, True, title)
            continue
        name = short_subject(title)
        named = bool(name) and (text.language == "zh" or _NAME.search(natural_case(name, small)) is not None)
        if not named:
            name = title
        if titles[title] > 1:
            name = f"{name} ({PurePosixPath(text.name).stem})"
        subjects[text.document] = Subject(name, named, False, title)
    return subjects


def shares_words(name: str, subject: str) -> bool:
    """Return whether a name already says which subject it belongs to."""
    return bool(content_words(name) & content_words(subject)) if not _has_chinese(name) else _overlap(name, subject)


def _has_chinese(text: str) -> bool:
    return re.search(r"[\u3400-\u9fff]", text) is not None


def _overlap(name: str, subject: str) -> bool:
    # Two characters in a row are a word often enough; one is not.
    pairs = {subject[i : i + 2] for i in range(len(subject) - 1)}
    return any(name[i : i + 2] in pairs for i in range(len(name) - 1))


def _title(text: DocumentText) -> str:
    if text.title.strip():
        return text.title.strip()
    heading = next((block.piece.text for block in parse(text.text) if block.kind == "heading"), "")
    return heading or PurePosixPath(text.name).stem


def _own_number(text: DocumentText, fields: Sequence[Field], owners: Mapping[str, int]) -> Field | None:
    candidates = [
        field
        for field in fields
        if _NUMBER_LABEL.search(field.label) and _CODE.match(field.value.text) and owners[field.value.text] == 1
    ]
    if not candidates or len(fields) < 4:
        return None
    # The number of the document itself stands near its head and often again on later pages.
    return max(candidates, key=lambda field: (text.text.count(field.value.text) > 1, -field.value.start))


def _numbered(title: str, field: Field, language: str) -> str:
    if language == "zh":
        return f"{field.label}{field.value.text}" if field.label.endswith(("号", "码")) else field.value.text
    found = set(re.findall(r"[a-z]+", title.lower()))
    kind = next((kind for kind in _KINDS if kind in found), "")
    return f"{kind or _NUMBER_WORDS.sub('', label_case(field.label)) or 'document'} {field.value.text}"
