"""The second pass: the chosen examples, read again by place, cleaned as asked and written in their seeded order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.records.mixture import PersonalChoice, PersonalReport
from agent.records.pairs import Pair
from tools.cleaning.personal import Found, find_personal, mask
from tools.conversations import Turn
from tools.extraction.similarity import words
from tools.mixing.domain import Place, turns_of_pair
from tools.mixing.example import Origin, example_line
from tools.mixing.parts import read_turns
from tools.mixing.pool import Pool, Rows
from tools.mixing.portions import Portions

_IDS_KEPT: Final = 100

Counted = Callable[[str], int]


@dataclass
class PersonalLog:
    """What personal data was found in which examples."""

    choice: PersonalChoice
    names: bool
    people: bool = False
    by_kind: Counter[str] = field(default_factory=Counter)
    examples: int = 0
    ids: list[str] = field(default_factory=list)
    trusted: bool = False
    """Whether the general examples are known to hold nobody's data, as the built-in ones do."""

    def cleaned(self, identifier: str, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Note the personal data of an example and return its turns as they may be trained on."""
        found = [self._found(content) for _, content in turns]
        if not any(found):
            return turns
        self._note(identifier, [one.kind for finds in found for one in finds])
        if self.choice != "mask":
            return turns
        return [(role, mask(content, finds)) for (role, content), finds in zip(turns, found, strict=True)]

    def forbids(self, identifier: str, turns: Sequence[Turn]) -> bool:
        """Note the personal data of an example; return whether there is any."""
        found = [one.kind for _, content in turns for one in self._found(content)]
        if found:
            self._note(identifier, found)
        return bool(found)

    def report(self) -> PersonalReport:
        """Return what the manifest says."""
        by_kind = dict(sorted(self.by_kind.items()))
        return PersonalReport(
            choice=self.choice, by_kind=by_kind, examples=self.examples, ids=tuple(self.ids), people=self.people
        )

    def _found(self, content: str) -> list[Found]:
        return find_personal(content, with_names=self.names, with_people=self.people)

    def _note(self, identifier: str, kinds: Sequence[str]) -> None:
        self.by_kind.update(kinds)
        self.examples += 1
        if len(self.ids) < _IDS_KEPT:
            self.ids.append(identifier)


@dataclass
class Written:
    """What went into a file, counted while it was written."""

    tokens: Counter[Origin] = field(default_factory=Counter)
    examples: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)


def training_lines(
    order: Sequence[int],
    portions: Portions,
    places: Sequence[Place],
    pool: Pool,
    pairs: Rows,
    general: Rows,
    log: PersonalLog,
    count: Counted | None,
    written: Written,
) -> Iterator[bytes]:
    """Yield the lines of `train.jsonl`.

    Args:
        order: Numbers of the examples in their order; those below the number of domain examples are domain examples.
        portions: What was chosen.
        places: The domain pairs.
        pool: The general rows.
        pairs: `pairs.jsonl`.
        general: The file of the general rows.
        log: Cleans each example.
        count: Tokens of a text; `None` where words are counted.
        written: Counts what is written.
    """
    domain, added, copies = portions.domain.tolist(), portions.general.tolist(), portions.copies.tolist()
    for number in order:
        if number < len(domain):
            place = places[domain[number]]
            turns: Sequence[Turn] = turns_of_pair(Pair.model_validate_json(pairs.line(place.offset, place.length)))
            yield _line(place.id, "domain", turns, log, count, written)
        else:
            row, copy = added[number - len(domain)], copies[number - len(domain)]
            turns = read_turns(general.line(int(pool.offsets[row]), int(pool.lengths[row])))
            identifier = pool.id(row) if copy == 1 else f"{pool.id(row)}#{copy}"
            yield _line(identifier, "general", turns, log, count, written, int(pool.sizes[row]))


def held_lines(
    places: Sequence[Place], pairs: Rows, log: PersonalLog, count: Counted | None, written: Written
) -> Iterator[bytes]:
    """Yield the lines of `validation.jsonl`."""
    for place in places:
        turns = turns_of_pair(Pair.model_validate_json(pairs.line(place.offset, place.length)))
        yield _line(place.id, "domain", turns, log, count, written)


def text_of(turns: Sequence[Turn]) -> str:
    """Return all turns of an example as one text."""
    return "\n".join(content for _, content in turns)


def words_of(text: str) -> int:
    """Return how many words a text has; every Chinese character counts as one."""
    return len(words(text))


def _line(
    identifier: str,
    origin: Origin,
    turns: Sequence[Turn],
    log: PersonalLog,
    count: Counted | None,
    written: Written,
    size: int | None = None,
) -> bytes:
    cleaned = turns if log.trusted and origin == "general" else log.cleaned(identifier, turns)
    line = example_line(identifier, origin, cleaned)
    if count is not None:
        written.tokens[origin] += count(text_of(cleaned))
    else:
        written.tokens[origin] += words_of(text_of(cleaned)) if size is None or cleaned is not turns else size
    written.examples += 1
    written.digest.update(line)
    return line
