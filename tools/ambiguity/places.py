"""Other documents and sections that say the same of another thing, or another value of the same thing.

Six manuals with a `Warranty` section each, or two price lists with a row `Seal kit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from agent.records.corpus import Chunk
from tools.ambiguity.evidence import Evidence
from tools.ambiguity.finding import Finding
from tools.ambiguity.matching import match
from tools.ambiguity.quantities import NUMBER
from tools.ambiguity.siblings import is_kin, names_left, template
from tools.ambiguity.statements import Statement, file_words, statements
from tools.extraction.phrases import short_subject
from tools.extraction.similarity import normal

LEAST_EXPLAINED: Final = 0.75
"""Share of a question that a statement and its headings have to explain before rivals count."""
LEAST_IN_TWINS: Final = 0.25
"""The same where two places say it in nearly the same words."""
TWIN: Final = 0.7
"""Jaccard similarity of two statements without names and numbers from which they are the same sentence."""
ALIKE: Final = 0.34
"""The same from which they say the same kind of thing, where no quantity shows it."""
COVERED: Final = 0.75
"""Share of what the lead explains that a rival has to explain as well."""
COVERED_IN_TWIN_SECTION: Final = 0.5
"""The same for a section of the same heading."""

_COUNT: Final = re.compile(r"\d[\d,.:]*\d|\d|[零一二两三四五六七八九十百千半]+")
_ACTIONS: Final = frozenset(
    "change changed replace replaced exchange renew open opened opening close closed closing start begin end last run "
    "cost lasts begins ends starts runs opens closes 开门 关门 开放 营业 更换 替换 换 开始 结束 办理 供应 收费".split()
)
"""Words for what happens, which two documents may say differently of the same thing; they name nothing."""


def elsewhere(evidence: Evidence, lead: Statement, corpus: Sequence[Chunk]) -> Finding:
    """Compare a statement with what other documents and sections say."""
    question = evidence.question
    if question.yes_or_no:
        return Finding("alone")
    section = lead.words(lead.section)
    own = lead.said | section
    quantity = evidence.kind_words(lead)
    topic = frozenset(word for word in question.words if word not in quantity and match(word, own))
    rivals = [one for one in _best_of_each_place(evidence, lead, topic, corpus) if not _says_the_same(lead, one)]
    if not rivals:
        return Finding("alone")
    only_here = [w for w in topic if w not in _ACTIONS and not any(match(w, _all_words(one)) for one in rivals)]
    if only_here:
        return Finding("named", f"only {lead.chunk.name} speaks of {', '.join(sorted(only_here))}")
    fitting: list[Statement] = []
    for rival in rivals:
        here, there = _named(question.words, lead, rival), _named(question.words, rival, lead)
        if there and not here:
            return Finding("clear", f"it names {', '.join(sorted(there))}")
        if not here:
            fitting.append(rival)
    if not fitting:
        return Finding("named", f"only {lead.chunk.name} is named")
    if question.names_version:
        return Finding("named", "it says which version")
    left = names_left(evidence, own | lead.above, lead, corpus)
    if left:
        return Finding("named", f"it names {', '.join(left)}")
    explained = evidence.explained(own, lead)
    twins = max(_alike(lead, one) for one in fitting) >= TWIN
    if explained < (LEAST_IN_TWINS if twins else LEAST_EXPLAINED):
        return Finding("weak", f"they explain only {explained:.2f} of it")
    places = [lead, *fitting]
    options = tuple(dict.fromkeys(_place_name(one, [o for o in places if o is not one]) for one in places))
    if len(options) < 2:
        return Finding("alone")
    return Finding("ambiguous", f"explained {explained:.2f}", options, lead.attribute or lead.section, explained)


def _best_of_each_place(
    evidence: Evidence, lead: Statement, topic: frozenset[str], corpus: Sequence[Chunk]
) -> list[Statement]:
    """Return, for every other document or section that speaks of the topic, its statement nearest to the lead."""
    found: dict[tuple[str, tuple[str, ...]], tuple[float, Statement]] = {}
    counted = evidence.question.counted()
    for one in _candidates(lead, topic, corpus):
        covered = _covered(evidence, lead, one, topic)
        if covered is None or not _is_parallel(evidence, lead, one, covered):
            continue
        rank = covered + _alike(lead, one) + (0.3 if counted & one.said else 0.0)
        key = (one.chunk.document, one.place)
        if key not in found or rank > found[key][0]:
            found[key] = (rank, one)
    return [one for _, one in found.values()]


def _candidates(lead: Statement, topic: frozenset[str], corpus: Sequence[Chunk]) -> Iterator[Statement]:
    """Yield the statements of other places, without looking closely at chunks that share no word with the topic."""
    # A stem, so that other forms of a word are found too; synonyms are few and found by the section's heading.
    stems = [word[:5] if word.isascii() else word for word in topic]
    for chunk in corpus:
        if chunk.language != lead.chunk.language:
            continue
        text = chunk.embedded_text().lower()
        twin = bool(lead.section) and chunk.headings[-1:] == (lead.section,)
        if not twin and not any(stem in text for stem in stems):
            continue
        for one in statements(chunk):
            same_document = chunk.document == lead.chunk.document
            if same_document and (one.place == lead.place or not _are_kin(lead, one)):
                continue
            yield one


def _are_kin(lead: Statement, other: Statement) -> bool:
    """Return whether two sections of one document are about things of one kind."""
    return len(lead.place) > 1 and lead.place[:-1] == other.place[:-1] and is_kin(lead.section, other.section, lead)


def _covered(evidence: Evidence, lead: Statement, other: Statement, topic: frozenset[str]) -> float | None:
    """Return the share of the topic that a rival speaks of; `None` if that is too little to be one."""
    twin = bool(lead.section) and normal(other.section) == normal(lead.section)
    if not topic:
        return 1.0 if twin else None
    own = other.said | other.words(other.section)
    if not twin and not any(match(word, own) for word in topic):
        return None
    words = _all_words(other)
    share = evidence.weight([word for word in topic if match(word, words)]) / (evidence.weight(topic) or 1.0)
    return share if share >= (COVERED_IN_TWIN_SECTION if twin else COVERED) else None


def _is_parallel(evidence: Evidence, lead: Statement, other: Statement, covered: float) -> bool:
    """Return whether a rival answers the same question as the lead, of whatever thing."""
    question = evidence.question
    asked = question.kinds & lead.kinds - {NUMBER}
    if asked and not asked & other.kinds:
        return False
    if not asked and lead.kinds and not lead.kinds & other.kinds:
        return False
    # A name that the question gives has to be the rival's as well.
    names = [word for word in question.words if lead.name and match(word, lead.words(lead.name))]
    if not all(match(word, _all_words(other)) for word in names):
        return False
    if lead.form == other.form != "sentence":
        same_name = lead.words(lead.name) == other.words(other.name)
        same_column = bool(lead.words(lead.attribute) & other.words(other.attribute))
        return same_column or bool(asked) if lead.form == "cell" else same_name or bool(asked)
    twin = bool(lead.section) and normal(other.section) == normal(lead.section)
    if lead.form == "cell" and not any(match(word, other.said) for word in lead.words(lead.attribute)):
        return "money" in asked
    if asked:
        return True
    if "label" in (lead.form, other.form) and not twin:
        return False
    return _alike(lead, other) >= ALIKE or (twin and covered >= 0.99)


def _alike(lead: Statement, other: Statement) -> float:
    here = template(lead) | lead.words(lead.section)
    there = template(other) | other.words(other.section)
    return len(here & there) / len(here | there) if here | there else 0.0


def _says_the_same(lead: Statement, other: Statement) -> bool:
    """Return whether a rival gives no other value."""
    here, there = set(_COUNT.findall(lead.value)), set(_COUNT.findall(other.value))
    if here or there:
        return bool(there) and there <= here
    return normal(lead.value) == normal(other.value)


def _named(words: Iterable[str], one: Statement, other: Statement) -> frozenset[str]:
    """Return the question's words by which it names the place of a statement and not the other's."""
    parts = [part for part in one.place if part not in other.place]
    mine = frozenset().union(*(one.words(part) for part in parts), file_words(one.chunk))
    theirs = _all_words(other) | file_words(other.chunk)
    return frozenset(word for word in words if match(word, mine) and not match(word, theirs))


def _all_words(statement: Statement) -> frozenset[str]:
    return statement.said | statement.above


def _place_name(statement: Statement, others: Sequence[Statement]) -> str:
    """Return what tells a statement's place from the others': its title, its section, else its file."""
    for part in statement.place:
        if all(part not in other.place for other in others):
            short = short_subject(part)
            taken = {short_subject(known) for other in others for known in other.place}
            return short if short and short not in taken else part
    return statement.chunk.name
