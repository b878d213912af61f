"""The domain part: which accepted pairs there are, where their lines stand, and in which order they would give way."""

from __future__ import annotations

import hashlib
import heapq
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from pydantic import ValidationError

from agent.errors import InputError
from agent.records.base import Language
from agent.records.pairs import Pair, PairKind
from tools.conversations import Turn
from tools.extraction.wordings import MIN_WORDINGS
from tools.mixing.leakage import Leak
from tools.mixing.strata import interleaved
from tools.workspace import Project


class Place(NamedTuple):
    """Where a pair's line stands in `pairs.jsonl`, and what choosing needs to know of it."""

    id: str
    fact: str
    kind: PairKind
    document: str
    language: Language
    offset: int
    length: int


class Wording(Protocol):
    """What thinning needs to know of a pair."""

    @property
    def id(self) -> str:
        """Pair id."""

    @property
    def fact(self) -> str:
        """Pairs that word the same fact share it."""

    @property
    def kind(self) -> PairKind:
        """Kind of the pair."""

    @property
    def document(self) -> str:
        """Document id."""

    @property
    def language(self) -> Language:
        """Language of the pair."""


W = TypeVar("W", bound=Wording)


@dataclass
class Domain:
    """The accepted pairs of a project."""

    training: list[Place] = field(default_factory=list)
    held: list[Place] = field(default_factory=list)
    """Pairs kept for the validation loss."""
    accepted: bool = False
    """Whether any pair for training was accepted at all."""
    leaks: list[Leak] = field(default_factory=list)
    leaking: Counter[str] = field(default_factory=Counter)
    dropped_personal: list[str] = field(default_factory=list)
    """Ids of pairs left out for personal data."""


def pair_lines(project: Project) -> Iterator[tuple[Pair, int, int]]:
    """Yield the pairs of a project with offset and length of their lines; one pair is held at a time.

    Raises:
        InputError: A line is no pair; names it.
    """
    if not project.pairs.exists():
        return
    offset = 0
    with project.pairs.open("rb", buffering=1 << 20) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield Pair.model_validate_json(line), offset, len(line)
                except ValidationError as error:
                    where = f"{project.pairs.name}, line {number}"
                    raise InputError("this is no pair", where=where, mend="correct or remove that record") from error
            offset += len(line)


def turns_of_pair(pair: Pair) -> list[Turn]:
    """Return the turns of a pair, without a system line."""
    return [(message.role, message.content) for message in pair.messages if message.role != "system"]


def place_of(pair: Pair, offset: int, length: int) -> Place:
    """Return what choosing needs to know of a pair; documents and facts repeat, so each is held once."""
    return Place(pair.id, sys.intern(pair.fact), pair.kind, sys.intern(pair.document), pair.language, offset, length)


def giving_way(pairs: Sequence[Wording], seed: int) -> list[int]:
    """Return the numbers of the pairs in the order in which they are left out where there are too many.

    First the fact with most wordings loses one, readings before others, down to four a fact; then whole facts go, so
    that every document, kind and language keeps one as long as it can.
    """
    groups: dict[str, list[int]] = {}
    drawn = [draw(seed, pair.id) for pair in pairs]
    for number in sorted(range(len(pairs)), key=drawn.__getitem__):
        groups.setdefault(pairs[number].fact or pairs[number].id, []).append(number)
    left: dict[str, list[int]] = {}
    for fact, members in groups.items():
        left[fact] = sorted(members, key=lambda n: (pairs[n].kind not in ("reading", "unanswerable"), drawn[n]))
    order: list[int] = []
    longest = [(-len(members), -int(draw(seed, fact), 16), fact) for fact, members in left.items()]
    heapq.heapify(longest)
    while longest and -longest[0][0] > MIN_WORDINGS:
        size, key, fact = heapq.heappop(longest)
        order.append(left[fact].pop(0))
        heapq.heappush(longest, (size + 1, key, fact))
    facts = list(left)
    kinds = [(p.document, p.kind, p.language) for p in (pairs[left[fact][-1]] for fact in facts)]
    numbered = {group: number for number, group in enumerate(dict.fromkeys(kinds))}
    keys = np.array([int(draw(seed, f"fact:{fact}")[:15], 16) for fact in facts], dtype=np.uint64)
    for number in reversed(interleaved(np.array([numbered[kind] for kind in kinds], dtype=np.int32), keys)):
        order += left[facts[number]]
    return order


def thin(pairs: Sequence[W], limit: int, seed: int) -> list[W]:
    """Leave out pairs down to `limit`, in the order of `giving_way`; the order of the others is kept."""
    gone = set(giving_way(pairs, seed)[: max(0, len(pairs) - limit)])
    return [pair for number, pair in enumerate(pairs) if number not in gone]


def draw(seed: int, key: str) -> str:
    """Return a seeded random number for a key, in hex, the same on every machine."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def documents_of(places: Iterable[Place]) -> tuple[str, ...]:
    """Return the ids of the documents behind pairs, sorted."""
    return tuple(sorted({place.document for place in places if place.document}))
