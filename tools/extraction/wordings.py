"""From a fact to its questions, and which of them are trained and which stay sealed.

Rules keep every wording grammatical and true to the source; a frame is left out wherever it would not fit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from agent.prompts import wordings
from agent.records.base import Language
from tools.extraction.fact import Fact
from tools.extraction.phrases import capitalised, is_number, is_plural, uncapitalised
from tools.extraction.similarity import NEAR_DUPLICATE, jaccard, normal

MIN_WORDINGS = 4
"""Wordings a fact needs in training; source: `policy.md`, data first (>= 4 helped a 135M model)."""
SEALED_WORDINGS = 2
"""Wordings of a fact kept for knowledge items; source: `evaluation.md`, validation set."""
_WHAT_IS: Final = re.compile(r"^What (?P<be>is|are|was|were) (?P<noun>(?:the|a|an|our|your) [^?,;]+)\?$", re.IGNORECASE)
_QUANTITY: Final = re.compile(r"^[\d.,]+\s*(?P<unit>[A-Za-z°%µ/ ]{0,24}|[\u4e00-\u9fff/]{0,6})$")
_STRANDED: Final = re.compile(
    r"\b(for|to|of|in|on|at|with|from|about|by|into|called|used|made|meant|like|doing|done|"
    r"\w{3,}ed)$",
    re.IGNORECASE,
)
_SUBJECT_QUESTION: Final = re.compile(
    r"^(?P<wh>Who|What|Which)(?!.*\b(?:is|are|was|were|do|does|did|can|could|will|would|should|must|may|has|have|had|shall)\b)"
    r"(?P<rest> [^?]+)\?$"
)
_PASSIVE: Final = re.compile(
    r"^(?P<wh>Where|When|How|Why|By whom) (?P<be>is|are|was|were) (?P<noun>[^?,;]+) "
    r"(?P<done>\w+ed|built|made|kept|held|found|sold|sent)\?$"
)
_ZH_WHAT: Final = re.compile(r"^(?P<noun>[^，。？?]{2,40}的[^，。？?的]{1,12})是(?:什么|多少|哪里|谁)[？?]?$")


def questions(fact: Fact) -> list[str]:
    """Return every wording of a fact, plainest first, without repeats.

    Args:
        fact: The fact; its own wordings are ignored.
    """
    match fact.form:
        case "attribute":
            found = _attribute(fact)
        case "definition":
            found = _definition(fact)
        case "question":
            found = question_wordings(fact.attribute, fact.language)
    unique: dict[str, str] = {}
    for question in found:
        unique.setdefault(normal(question), re.sub(r" {2,}", " ", question).strip())
    return list(unique.values())


def plainest(fact: Fact) -> int:
    """Return how many of a fact's first wordings are the natural ones, which are always trained."""
    return 1 + (fact.form == "attribute" and len(list(_measured(fact))) > 0)


def choose(
    candidates: Sequence[str], wanted: int, seed: int, key: str, *, plain: int = 1
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose trained and sealed wordings so that no trained one is a near-duplicate of a sealed one.

    The plainest wording is trained. Which others are sealed depends on seed and fact, so over many facts every frame is
    trained and every frame is tested.

    Args:
        candidates: All wordings, plainest first.
        wanted: Wordings to train.
        seed: Seed of the draw.
        key: Id of the fact.
        plain: How many of the first candidates are always trained.

    Returns:
        Trained and sealed wordings. Fewer than `wanted` are trained if the others resemble a sealed one.
    """
    if not candidates:
        return (), ()
    first, rest = list(candidates[:plain]), _shuffled(candidates[plain:], seed, key)
    best: tuple[list[str], tuple[str, ...]] = (first, ())
    for count in range(min(SEALED_WORDINGS, len(rest)), -1, -1):
        for sealed in combinations(rest, count):
            trained = [
                q
                for q in [*first, *rest]
                if q not in sealed and all(jaccard(q, other) < NEAR_DUPLICATE for other in sealed)
            ]
            if len(trained) > len(best[0]) or not best[1]:
                best = (trained, sealed)
            if len(trained) >= wanted and set(first) <= set(trained):
                return tuple(trained[:wanted]), sealed
        if len(best[0]) >= min(MIN_WORDINGS, wanted) and best[1]:
            break
    return tuple(best[0][:wanted]), best[1]


def question_wordings(question: str, language: Language) -> Iterator[str]:
    """Yield wordings of a full question: framed, as a noun phrase, or indirect where that is sure to be grammatical."""
    if language == "zh":
        full = question if question.endswith(("？", "?")) else f"{question}？"
        yield full
        if match := _ZH_WHAT.match(full):
            yield from (frame.format(n=match["noun"]) for frame in wordings.KNOWN_QUESTION["zh"])
        yield from (frame.format(q=full, k=full) for frame in wordings.QUESTION["zh"][1:])
        return
    small = uncapitalised(question)
    yield question
    noun = _WHAT_IS.match(question)
    if noun and not _STRANDED.search(noun["noun"]):
        yield from (frame.format(n=noun["noun"]) for frame in wordings.KNOWN_QUESTION["en"])
    if indirect := _indirect(question):
        yield from (frame.format(i=indirect) for frame in wordings.INDIRECT_QUESTION)
    yield from (frame.format(q=question, k=small) for frame in wordings.QUESTION["en"][1:])


def about(subject: str, question: str, language: Language) -> str:
    """Give a question that names nothing its subject."""
    return wordings.ABOUT[language].format(s=subject, q=question.rstrip("? ") if language == "en" else question)


def _indirect(question: str) -> str:
    if match := _SUBJECT_QUESTION.match(question):
        return f"{match['wh'].lower()}{match['rest']}"
    if match := _PASSIVE.match(question):
        return f"{match['wh'].lower()} {match['noun']} {match['be']} {match['done']}"
    return ""


def _shuffled(items: Sequence[str], seed: int, key: str) -> list[str]:
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}:{key}:{item}".encode()).hexdigest())


def _attribute(fact: Fact) -> Iterator[str]:
    frames = wordings.ATTRIBUTE[fact.language]
    quantity = any(character.isdigit() for character in fact.answer)
    values = {
        "a": fact.attribute,
        "e": fact.entity,
        "p": f"{fact.relation} {fact.entity}",
        "be": "are" if is_plural(fact.attribute) else "is",
        "v": "多少" if quantity else "什么",
    }
    # `in report X` stands as it is; `For report X` reads on.
    yield capitalised(frames[0].format(**values))
    yield from (capitalised(frame) for frame in _measured(fact))
    yield from (capitalised(frame) for frame in _meant(fact, values))
    yield from (capitalised(frame.format(**values)) for frame in frames[1:])


def _meant(fact: Fact, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the questions that say by other words what the attribute is: a deed that is timed, a code, a name, a unit.

    Frames around one and the same phrase teach a small model the phrase; other words for the fact teach the fact.
    """
    if fact.relation == "in":
        return
    language, attribute = fact.language, fact.attribute
    for head, frames in wordings.DEED[language]:
        deed = attribute[: -len(head)].strip() if attribute.endswith(head) else ""
        if deed and _QUANTITY.match(fact.answer):
            yield from (frame.format(e=fact.entity, d=deed) for frame in frames)
    quantity = _QUANTITY.match(fact.answer)
    if head_noun := re.search(wordings.ORDER_HEADS[language], attribute, re.IGNORECASE):
        yield from (frame.format(h=head_noun.group(), e=fact.entity) for frame in wordings.ORDER[language])
    elif not quantity and not is_plural(attribute):
        yield from (frame.format(**values) for frame in wordings.NAMED[language])
    if language == "en" and quantity and quantity["unit"]:
        yield from (frame.format(u=quantity["unit"], **values) for frame in wordings.UNIT)


def _measured(fact: Fact) -> Iterator[str]:
    """Yield the question that the attribute's unit calls for, as `How long is the cable of the pump?`."""
    if is_number(fact.answer) and fact.language == "en" and is_plural(fact.attribute) and "/" not in fact.attribute:
        if fact.relation != "in":
            yield wordings.COUNT["en"][0].format(a=fact.attribute, e=fact.entity)
        return
    if not any(character.isdigit() for character in fact.answer) or fact.relation == "in":
        return
    for head, frames in wordings.MEASURE[fact.language]:
        if fact.language == "zh":
            if not fact.attribute.endswith(head):
                continue
            part = fact.attribute[: -len(head)]
            owner = f"{fact.entity}的{part}" if part else fact.entity
            whole = not part
        else:
            if fact.attribute != head and not fact.attribute.endswith(f" {head}"):
                continue
            part = fact.attribute[: -len(head)].strip()
            owner = f"the {part} of {fact.entity}" if part else fact.entity
            whole = not part or part in {"net", "total", "list", "unit", "dry", "overall"}
        for frame in frames:
            if "{of}" in frame:
                if part not in {"net", "total", "overall", "max", "maximum", "min", "minimum"}:
                    yield frame.format(of=owner)
            elif whole:
                yield frame.format(e=fact.entity)
        return


def _definition(fact: Fact) -> Iterator[str]:
    first, *rest = wordings.DEFINITION[fact.language]
    signs = wordings.SIGN[fact.language] if re.search(wordings.SIGN_TERMS[fact.language], fact.entity, re.I) else ()
    for frame in (first, *signs, *rest):
        yield capitalised(frame.format(t=fact.entity, c=fact.context))
