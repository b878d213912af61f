"""From a fact to its questions, and which of them are trained and which stay sealed.

Rules keep every wording grammatical and true to the source; a frame is left out wherever it would not fit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import combinations, cycle
from typing import Final

from agent.prompts import wordings
from tools.extraction.fact import Fact
from tools.extraction.phrases import capitalised, is_number, is_plural
from tools.extraction.rephrasing import question_wordings, rephrasings
from tools.extraction.similarity import NEAR_DUPLICATE, jaccard, normal
from tools.extraction.variants import NO_VARIANTS, Variants, other_words

MIN_WORDINGS = 4
"""Wordings a fact needs in training; source: `policy.md`, data first (>= 4 helped a 135M model)."""
HURRIED = 5
"""One in so many trained wordings is written without capitals and closing mark."""
SEALED_WORDINGS = 2
"""Wordings of a fact kept for knowledge items; source: `evaluation.md`, validation set."""
_QUALIFIERS: Final = frozenset((
    "net", "gross", "total", "list", "unit", "dry", "overall", "rated", "nominal", "typical", "max", "maximum", "min",
    "minimum",
))  # fmt: skip
"""Words before a head noun that qualify it and name no part."""
_QUANTITY: Final = re.compile(r"^[\d.,]+\s*(?P<unit>[A-Za-z°%µ/ ]{0,24}|[\u4e00-\u9fff/]{0,6})$")


def questions(fact: Fact, variants: Variants = NO_VARIANTS) -> list[str]:
    """Return every wording of a fact, plainest first, without repeats.

    Args:
        fact: The fact; its own wordings are ignored.
        variants: Other names that the corpus leaves unambiguous.
    """
    match fact.form:
        case "attribute":
            found = _attribute(fact, variants)
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
    if fact.form == "question":
        return 1 + min(2, rephrasings(fact.attribute, fact.language))
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


def hurried(trained: Sequence[str], seed: int, key: str, *, plain: int = 1) -> tuple[str, ...]:
    """Write one in five of the wordings as people type in a hurry: small letters, no mark at the end.

    Args:
        trained: Wordings to train; the first `plain` ones stay as they are.
        seed: Seed of the draw.
        key: Id of the fact.
        plain: How many stay.
    """
    drawn = set(_shuffled(trained[plain:], seed, f"{key}:hurried")[: len(trained) // HURRIED])
    return tuple(question.rstrip("?.？。").lower() if question in drawn else question for question in trained)


def _shuffled(items: Sequence[str], seed: int, key: str) -> list[str]:
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}:{key}:{item}".encode()).hexdigest())


def _attribute(fact: Fact, variants: Variants) -> Iterator[str]:
    """Yield the plain wording, then what the attribute is by other words, then frames around its own."""
    frames = wordings.ATTRIBUTE[fact.language]
    names = variants.names(fact.entity) if fact.language == "en" else (fact.entity,)
    yield capitalised(frames[0].format(**_values(fact, fact.entity, fact.attribute)))
    yield from (capitalised(frame) for frame in _measured(fact))
    if _says_its_owner(fact):
        for attribute in (fact.attribute, *variants.attributes(fact)):
            values = _values(fact, fact.entity, attribute)
            yield from (capitalised(frame.format(**values)) for frame in wordings.OWNERLESS)
        yield from (capitalised(frame.format(**_values(fact, fact.entity, fact.attribute))) for frame in frames[1:4])
        return
    if fact.number:
        values = _values(fact, names[-1], fact.attribute) | {"n": fact.number}
        yield from (capitalised(frame.format(**values)) for frame in wordings.NUMBERED[fact.language])
    for number, other in enumerate(variants.attributes(fact)):
        values = _values(fact, names[number % len(names)], other)
        yield from (capitalised(frame.format(**values)) for frame in wordings.OTHER_ATTRIBUTE[fact.language])
        yield from (capitalised(frame) for frame in _measured(fact.model_copy(update={"attribute": other})))
    yield from (capitalised(frame) for frame in _meant(fact, names))
    for number, frame in enumerate(frames[1:]):
        # Names take turns, so that no frame belongs to one of them.
        name = names[number % len(names)]
        yield capitalised(frame.format(**_values(fact, name, fact.attribute)))


def _values(fact: Fact, name: str, attribute: str) -> dict[str, str]:
    plural = is_plural(attribute)
    return {
        "a": attribute,
        "e": name,
        "s": f"{name}'" if name.endswith("s") else f"{name}'s",
        "p": f"{fact.relation} {name}",
        "be": "are" if plural else "is",
        "v": "多少" if any(character.isdigit() for character in fact.answer) else "什么",
    }


def _says_its_owner(fact: Fact) -> bool:
    """Whether an English attribute carries the very code of its entity, as `T-09 password` of `bulletin T-09`."""
    codes = {word for word in fact.attribute.split() if any(character.isdigit() for character in word)}
    return fact.language == "en" and bool(codes & set(fact.entity.split()))


def _meant(fact: Fact, names: Sequence[str]) -> Iterator[str]:
    """Yield the questions that say by other words what the attribute is: a deed that is timed, a code, a name, a unit.

    Frames around one and the same phrase teach a small model the phrase; other words for the fact teach the fact.
    """
    if fact.relation == "in":
        return
    language, attribute = fact.language, fact.attribute
    turns = cycle(names)
    for head, frames in wordings.DEED[language]:
        deed = attribute[: -len(head)].strip() if attribute.endswith(head) else ""
        if deed and _QUANTITY.match(fact.answer):
            deeds = (deed, *other_words(deed, language))
            for one in deeds:
                yield from (frame.format(e=next(turns), d=one) for frame in frames)
            break
    quantity = _QUANTITY.match(fact.answer)
    if head_noun := re.search(wordings.ORDER_HEADS[language], attribute, re.IGNORECASE):
        yield from (frame.format(h=head_noun.group(), e=next(turns)) for frame in wordings.ORDER[language])
    elif not quantity and not is_plural(attribute):
        yield from (frame.format(**_values(fact, next(turns), attribute)) for frame in wordings.NAMED[language])
    if language == "en" and quantity and quantity["unit"]:
        unit = quantity["unit"]
        yield from (frame.format(u=unit, **_values(fact, next(turns), attribute)) for frame in wordings.UNIT)
        yield from _by_head(fact, wordings.UNIT_MEASURE, next(turns), u=unit)


def _measured(fact: Fact) -> Iterator[str]:
    """Yield the question that the attribute's unit calls for, as `How long is the cable of the pump?`."""
    if is_number(fact.answer) and fact.language == "en" and is_plural(fact.attribute) and "/" not in fact.attribute:
        if fact.relation != "in":
            yield wordings.COUNT["en"][0].format(a=fact.attribute, e=fact.entity)
        return
    if not any(character.isdigit() for character in fact.answer) or fact.relation == "in":
        return
    yield from _by_head(fact, wordings.MEASURE[fact.language], fact.entity)


def _by_head(fact: Fact, table: Sequence[tuple[str, Sequence[str]]], name: str, **values: str) -> Iterator[str]:
    """Yield the questions that a table has for the head noun of an attribute."""
    english = fact.language == "en"
    for head, frames in table:
        part = fact.attribute.removesuffix(head).strip()
        if fact.attribute != (f"{part} {head}".strip() if english else f"{part}{head}"):
            continue
        owner = (f"the {part} of {name}" if english else f"{name}的{part}") if part else name
        whole = not part or part in _QUALIFIERS
        for frame in frames:
            if "{of}" in frame:
                if part not in _QUALIFIERS:
                    yield frame.format(of=owner, **values)
            elif whole:
                yield frame.format(e=name, **values)
        return


def _definition(fact: Fact) -> Iterator[str]:
    first, *rest = wordings.DEFINITION[fact.language]
    terms = _terms(fact)
    owner = re.sub(r"^ (?:for|in) (?:the )?", "", fact.context) if fact.language == "en" else ""
    sign = re.search(wordings.SIGN_TERMS[fact.language], fact.entity, re.IGNORECASE) is not None
    # A title such as `Tarn pump faults` is no device that anybody stands before.
    device = owner if sign and not is_plural(owner) else ""
    yield capitalised(first.format(t=terms[0], c=fact.context))
    turns = cycle(terms)
    # A sign is seen on a device; elsewhere a term is used for or in its subject.
    contexts = cycle([fact.context, f" on the {device}"] if device else [fact.context])
    if device:
        yield from (capitalised(frame.format(t=next(turns), o=device)) for frame in wordings.SHOWN_BY)
    for frame in (*(wordings.SIGN[fact.language] if sign else ()), *rest) * min(2, len(terms)):
        yield capitalised(frame.format(t=next(turns), c=next(contexts)))


def _terms(fact: Fact) -> tuple[str, ...]:
    """Return a defined term and how else it is said: its bare code, in small letters, with an everyday word."""
    term = fact.entity
    found = [term, *other_words(term, fact.language)]
    if fact.language == "en":
        code = term.rpartition(" ")[2]
        if any(character.isdigit() for character in code):
            found.append(code)
        elif term.startswith("the "):
            # A capital that only opens a line in the source is no name to the people who ask.
            found += [one.lower() for one in found]
    return tuple(dict.fromkeys(found))
