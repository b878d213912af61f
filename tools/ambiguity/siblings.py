"""Other rows, columns and labels of the same table or list that a question fits as well."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.records.base import Language
from agent.records.corpus import Chunk
from tools.ambiguity.evidence import Evidence
from tools.ambiguity.finding import Finding
from tools.ambiguity.matching import match
from tools.ambiguity.quantities import NUMBER
from tools.ambiguity.statements import Statement, file_words, statements
from tools.extraction.phrases import is_empty_value
from tools.extraction.similarity import normal

LEAST_EXPLAINED: Final = 0.45
"""Share of a question that table, column and headings have to explain before its silence about the row counts."""
LEAST_WITH_COLUMN: Final = 0.3
"""The same where the question has words of the column, or asks for the column's kind of quantity."""
FAR_APART: Final = 0.25
"""Lead in nearness by which the meaning alone singles out a row, as `a new baby` does the row `Birth of a child`."""
NEARLY_ALL: Final = 0.9
"""Share of a question that leaves no words for the meaning to single out a row by."""
ALIKE: Final = 0.3
"""Jaccard similarity of two labels' values from which both say the same of different things."""

_PROPERTIES: Final = re.compile(
    r"^(?:|propert(?:y|ies)|parameters?|features?|characteristics?|specifications?|attributes?|参数|指标|属性|规格)$",
    re.IGNORECASE,
)
_ALIAS: Final = re.compile(
    r"\b(?:called|known as|nicknamed?|named|also|alias|name (?:of|for)|same as|short for|stands for)\b"
    r"|称|叫|俗|又名|别名|即|简称|\*\*[:：]",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[\n;；。，]|,\s|\.\s")
_CAPITAL: Final = re.compile(r"\b[A-Z][\w\-]*")
_CODE: Final = re.compile(r"[A-Za-z]{0,4}[\-]?\d[\w\-]*|[A-Z]{1,4}")


@dataclass(frozen=True)
class _Member:
    """One of the things a table or list speaks about, with what it says of the property asked for."""

    name: str
    statement: Statement
    words: frozenset[str]
    """Words by which a question can name it."""


def among_siblings(evidence: Evidence, lead: Statement, corpus: Sequence[Chunk]) -> Finding:
    """Compare a cell or label with its siblings."""
    if lead.form == "sentence":
        return Finding("alone")
    family = [
        one
        for chunk in corpus
        if chunk.document == lead.chunk.document
        for one in statements(chunk)
        if one.group == lead.group and one.form == lead.form and not is_empty_value(one.value)
    ]
    if lead.form == "label":
        return _compare(evidence, lead, _labels(lead, family), (), lead.section, corpus)
    if _has_things_in_columns(family):
        return _compare(evidence, lead, _columns(lead, family), (lead.name,), lead.name, corpus)
    return _compare(evidence, lead, _rows(lead, family), (lead.attribute, lead.row_column), lead.attribute, corpus)


def _compare(
    evidence: Evidence,
    lead: Statement,
    members: Sequence[_Member],
    titles: Sequence[str],
    wanted: str,
    corpus: Sequence[Chunk],
) -> Finding:
    """Return which members a question fits equally well.

    Args:
        evidence: The question and its weights.
        lead: The statement that fits best.
        members: All things of the table or list, the lead's included.
        titles: Names of what is asked of all of them alike, such as the column.
        wanted: What the question wants to know of them, for people.
        corpus: All chunks.
    """
    if len(members) < 2:
        return Finding("alone")
    question = evidence.question
    everywhere = frozenset.intersection(*(member.words for member in members))
    alike = frozenset().union(lead.above, everywhere, *(lead.words(title) for title in titles))
    quantity = evidence.kind_words(lead)
    telling = [word for word in question.words if word not in quantity and not match(word, alike)]
    hits = [frozenset(word for word in telling if match(word, member.words)) for member in members]
    most = max(evidence.weight(hit) for hit in hits)
    chosen = [member for member, hit in zip(members, hits, strict=True) if evidence.weight(hit) >= most - 1e-9]
    named = next(hit for hit in hits if evidence.weight(hit) >= most - 1e-9)
    if any(hit and not hit <= named for hit in hits):
        return Finding("clear", "several of them are named")
    if len(chosen) < 2:
        return Finding("named", f"only {chosen[0].name} is named")
    if len({normal(member.statement.value) for member in chosen}) < 2:
        return Finding("named", "all of them say the same")
    common = frozenset().union(everywhere, named, *(lead.words(title) for title in titles))
    explained = evidence.explained(common, lead)
    left = names_left(evidence, common | lead.above, lead, corpus)
    if left:
        return Finding("named", f"it names {', '.join(left)}")
    alias = _by_alias(evidence, lead, chosen, everywhere, corpus)
    if alias:
        return Finding("named", f"{alias} is another name of one")
    own = common | lead.heading
    if not quantity and not any(match(word, own) for word in question.words if len(word) > 1):
        return Finding("weak", "nothing but the title speaks of it")
    asked_for = (question.kinds & lead.kinds) - {NUMBER}
    column = any(match(word, lead.words(title)) for word in question.words for title in titles if len(word) > 1)
    if explained < (LEAST_WITH_COLUMN if column or asked_for else LEAST_EXPLAINED):
        return Finding("weak", f"they explain only {explained:.2f} of it")
    apart = evidence.apart([member.statement for member in chosen])
    if apart > FAR_APART and explained < NEARLY_ALL:
        return Finding("named", f"by meaning it is nearer to one ({apart:.2f})")
    options = tuple(member.name for member in chosen)
    return Finding("ambiguous", f"{explained:.2f} explained, {apart:.2f} apart", options, wanted, explained)


def names_left(evidence: Evidence, known: Collection[str], lead: Statement, corpus: Sequence[Chunk]) -> list[str]:
    """Return the names in a question that neither the statements nor the opening of their document know."""
    left = [word for word in evidence.question.names if not match(word, known)]
    if not left:
        return []
    opening = next((chunk for chunk in corpus if chunk.document == lead.chunk.document), lead.chunk)
    words = lead.words(opening.text) | file_words(lead.chunk)
    return sorted(word for word in left if not match(word, words))


def _by_alias(
    evidence: Evidence,
    lead: Statement,
    members: Sequence[_Member],
    everywhere: frozenset[str],
    corpus: Sequence[Chunk],
) -> str:
    """Return a word of the question that the corpus calls another name of exactly one member; empty if none."""
    known = everywhere.union(lead.above, *(member.words for member in members))
    strange = [w for w in evidence.question.words if len(w) > 1 and not match(w, known | lead.words(lead.attribute))]
    if not strange:
        return ""
    own = [member.statement.words(member.name) - everywhere for member in members]
    for chunk in corpus:
        if chunk.language != lead.chunk.language or not _ALIAS.search(chunk.text):
            continue
        for clause in _CLAUSE.split(chunk.text):
            words = lead.words(clause) if _ALIAS.search(clause) else frozenset()
            told = [word for word in strange if word in words]
            if told and sum(bool(name) and all(match(w, words) for w in name) for name in own) == 1:
                return told[0]
    return ""


def _rows(lead: Statement, family: Iterable[Statement]) -> list[_Member]:
    column = [one for one in family if one.attribute == lead.attribute]
    if not _same_sort(lead, column):
        return []
    return [_Member(one.name, one, frozenset().union(*(one.words(cell) for cell in one.row))) for one in column]


def _columns(lead: Statement, family: Iterable[Statement]) -> list[_Member]:
    row = [one for one in family if one.name == lead.name and one.attribute]
    return [_Member(one.attribute, one, one.words(one.attribute)) for one in row] if _same_sort(lead, row) else []


def _labels(lead: Statement, family: Iterable[Statement]) -> list[_Member]:
    alike = [one for one in family if one == lead or _is_label_alike(lead, one)]
    return [_Member(one.name, one, one.words(one.name) | one.words(one.value)) for one in alike]


def _same_sort(lead: Statement, others: Sequence[Statement]) -> bool:
    """Return whether most cells give the lead's kind of quantity; rows of different kinds are properties, not things."""
    same = sum(bool(one.kinds & lead.kinds) or not (one.kinds or lead.kinds) for one in others)
    return 2 * same > len(others)


def _has_things_in_columns(family: Sequence[Statement]) -> bool:
    """Return whether a table's columns are things and its rows their properties."""
    if not family or len({one.attribute for one in family}) < 2:
        return False
    if _PROPERTIES.match(family[0].row_column.strip()):
        return True
    rows, columns = defaultdict(list), defaultdict(list)
    for one in family:
        rows[one.name].append(one)
        columns[one.attribute].append(one)
    return all(_uniform(row) for row in rows.values()) and not any(_uniform(column) for column in columns.values())


def _uniform(cells: Sequence[Statement]) -> bool:
    shared = frozenset.intersection(*(cell.kinds for cell in cells)) - {NUMBER}
    return bool(shared)


def _is_label_alike(lead: Statement, other: Statement) -> bool:
    """Return whether two labels name things of one kind: by their head word, or by what is said of them."""
    if is_kin(lead.name, other.name, lead):
        return True
    here, there = template(lead), template(other)
    return bool(here | there) and len(here & there) / len(here | there) >= ALIKE


def template(statement: Statement) -> frozenset[str]:
    """Return the words of a value without names and numbers."""
    names = _CAPITAL.findall(statement.value) if statement.chunk.language == "en" else ()
    left_out = frozenset().union(*(statement.words(name) for name in names))
    found = statement.words(statement.value) - left_out
    return frozenset(word for word in found if not any(character.isdigit() for character in word))


def is_kin(one: str, other: str, statement: Statement) -> bool:
    """Return whether two names have the same head, as `Amber lamp` and `Violet lamp`, or `Error E17` and `Error E23`."""
    language: Language = statement.chunk.language
    here, there = one.strip("“”\"*' "), other.strip("“”\"*' ")
    if language == "zh":
        numbered = [re.split(r"\d", name)[0] for name in (here, there)]
        return here[-1:] == there[-1:] or here[-2:] == there[-2:] or (bool(numbered[0]) and numbered[0] == numbered[1])
    a, b = here.lower().split(), there.lower().split()
    if not a or not b:
        return False
    codes = all(_CODE.fullmatch(word) for word in (*here.split()[1:], *there.split()[1:]))
    return len(a) > 1 and len(b) > 1 and (a[-1] == b[-1] or (a[0] == b[0] and codes))
