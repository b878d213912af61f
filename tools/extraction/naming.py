"""Names for questions: what a row, a term or a form line is called away from its page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.records.base import Language
from tools.extraction.phrases import label_case, natural_case, short_subject, with_article
from tools.extraction.similarity import content_words, is_chinese
from tools.extraction.subject import Subject, shares_words

_CODE: Final = re.compile(r"^(?=.*[\dA-Z])[A-Z\u3400-\u9fff]{0,4}[\- ]?[A-Z]?\d{0,5}[A-Z]{0,2}$")
_GENERIC_COLUMN: Final = re.compile(
    r"^(|items?|names?|entries|entry|types?|models?|products?|articles?|units?|things?|instruments?|"
    r"项目|名称|产品|型号|类别|类型|条目|机型)$",
    re.IGNORECASE,
)
_GLOSSARY: Final = re.compile(
    r"glossar|abbreviation|acronym|vocabular|terminolog|definitions|\bterms\b|\bwords\b|术语|缩写|词表|名词|叫法|词汇|定义",
    re.IGNORECASE,
)
_PHRASE_COLUMN: Final = re.compile(
    r"^(from|to|over|under|up|per|with|without|after|before|at|in|on|for|by|until|since|between|above|below|when|if|can|"
    r"is|has|who|what|how)\b|\b(by|at|in|on|for|to|from|of|with|after|before|under|over|since)$",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(r"\s[A-Z][\w\-]*|\d|[A-Z]{2,}|[a-z][A-Z]|[\"“'‘《]")
_RECORD: Final = re.compile(r"^[a-z]+ \S*\d\S*$")


def names_something(text: str) -> bool:
    """Return whether a phrase holds a name, a code or a number, beyond its capital at the start."""
    return _NAMED.search(text) is not None


@dataclass(frozen=True)
class Names:
    """What the whole corpus shows about its names."""

    small: frozenset[str]
    """English words that are written small somewhere, so that a capital on them means nothing."""
    titles: tuple[str, ...]
    """Titles of all documents."""

    def subject(self, subject: Subject, language: Language) -> str:
        """Return the subject as it stands after a preposition."""
        if language == "zh" or subject.numbered or _RECORD.match(subject.name):
            return subject.name
        return with_article(natural_case(subject.name, self.small))

    def row(self, row: str, row_column: str, subject: Subject, language: Language) -> str:
        """Return the entity of a table row: its name, with its column for a bare code and the subject where needed."""
        code = _CODE.match(row) is not None
        name = row
        if code and not _GENERIC_COLUMN.match(row_column):
            name = f"{row_column}{row}" if language == "zh" else f"{label_case(row_column)} {row}"
        place = self.subject(subject, language)
        if language == "zh":
            return name if self._known(name) else f"{place}{name}"
        phrase = with_article(natural_case(name, self.small))
        if shares_words(name, subject.name) or (not code and natural_case(row, self.small) != row.lower()):
            return phrase
        return f"{phrase} {'for' if subject.named else 'in'} {place}"

    def _known(self, name: str) -> bool:
        return any(shares_words(name, title) for title in self.titles)

    def section(self, headings: Sequence[str], subject: Subject, language: Language) -> str:
        """Return what the labels of a section belong to: the innermost heading that names a thing, else the subject."""
        for heading in reversed(headings[1:]):
            name = short_subject(heading)
            if not name or not subject.named or name in subject.name or name.endswith(("?", "？")):
                continue
            plain = natural_case(name, self.small)
            if shares_words(name, subject.name) and (language == "zh" or plain != plain.lower()):
                return name if language == "zh" else with_article(natural_case(name, self.small))
        return self.subject(subject, language)

    def term(self, term: str, headings: Sequence[str], subject: Subject, language: Language) -> tuple[str, str]:
        """Return a defined term and, where the term alone could mean anything, the context it needs."""
        glossary = is_glossary((*headings, subject.title))
        if language == "zh":
            known = glossary or shares_words(term, subject.name)
            return (term, "") if known else (f"“{term}”", f"{subject.name}中的")
        plain = natural_case(term, self.small)
        if glossary or len(plain.split()) == 1:
            named = plain if plain != plain.lower() else f'"{plain}"'
        else:
            named = with_article(plain)
        if glossary or content_words(term) & content_words(subject.name):
            return named, ""
        return named, f" {'for' if subject.named else 'in'} {self.subject(subject, language)}"


def is_glossary(names: Iterable[str]) -> bool:
    """Return whether a title or heading announces words and their meanings."""
    return any(_GLOSSARY.search(name) for name in names)


def is_name(value: str) -> bool:
    """Return whether a value is a name or code and no explanation: up to four words, each with a capital or a digit."""
    parts = value.split()
    return 0 < len(parts) <= 4 and all(part[0].isupper() or any(c.isdigit() for c in part) for part in parts)


def is_code(term: str) -> bool:
    """Return whether a term is a bare code or acronym."""
    return _CODE.match(term.rpartition(" ")[2]) is not None


def attribute_phrase(column: str, language: Language) -> str:
    """Return a column name or label as a noun phrase; one that is no noun is quoted."""
    if language == "zh" and is_chinese(column):
        return column.rstrip("：: ")
    if _PHRASE_COLUMN.search(column) or len(column.split()) > 6:
        return f'"{column.strip()}" entry'
    return label_case(column)


def names_a_topic(question: str, subject: str) -> bool:
    """Return whether a question says what it is about, without its page."""
    if is_chinese(question):
        return shares_words(question, subject) or re.search(r"[A-Za-z0-9“\"《]", question) is not None
    return bool(content_words(question) & content_words(subject)) or names_something(question[1:])
