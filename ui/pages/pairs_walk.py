"""Where a person is in the pairs: the filters, the list they gave, the place in it, and what can be undone.

The list stays as the filters found it while pairs are accepted and rejected, so that the next pair is the next one, the
counter counts down, and K goes back to what was just decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from agent.records.pairs import Pair, PairKind, PairStatus
from tools.pairs import select

ALL: Final = "*"
"""The choice of a filter that lets everything through; a document's id is never this."""
UNDOS: Final = 50
"""Changes that can be undone."""


@dataclass(frozen=True)
class Filters:
    """What a shown pair must be."""

    status: str = ALL
    reason: str = ALL
    kind: str = ALL
    document: str = ALL
    """Document id; empty for imported pairs."""
    text: str = ""

    def found(self, pairs: Mapping[str, Pair]) -> tuple[str, ...]:
        """Return the ids of the pairs that pass, in their order."""
        statuses: dict[str, PairStatus] = {name: name for name in get_args(PairStatus)}
        kinds: dict[str, PairKind] = {name: name for name in get_args(PairKind)}
        unknown = self.status not in (ALL, *statuses) or self.kind not in (ALL, *kinds)
        if unknown:
            return ()
        chosen = select(
            pairs.values(),
            status=statuses.get(self.status),
            kind=kinds.get(self.kind),
            document=None if self.document == ALL else self.document,
            reason=None if self.reason == ALL else self.reason,
            containing=self.text.strip(),
        )
        return tuple(pair.id for pair in chosen)


@dataclass(frozen=True)
class Change:
    """One decision of a person, with what it takes to undo it."""

    before: Pair
    after: Pair


@dataclass(frozen=True)
class Walk:
    """A list of pairs and a place in it."""

    project: str = ""
    """Id of the project the list is of."""
    filters: Filters = Filters()
    """What gave the list."""
    ids: tuple[str, ...] = ()
    at: int = 0
    undo: tuple[Change, ...] = ()
    turn: int = 0
    """Answers given so far; the browser sends the next key when it has seen this one's."""

    @property
    def current(self) -> str:
        """Id of the pair that is shown; empty if the list is."""
        return self.ids[self.at] if self.ids else ""

    def moved(self, by: Literal[1, -1]) -> Walk:
        """Go on or back by one, not past the ends."""
        return replace(self, at=max(0, min(len(self.ids) - 1, self.at + by)))

    def over(self, filters: Filters, pairs: Mapping[str, Pair], wanted: str = "") -> Walk:
        """Take the list that filters give; go to a wanted pair, or stay on the present one, if it is in it."""
        ids, keep = filters.found(pairs), wanted or self.current
        return replace(self, filters=filters, ids=ids, at=ids.index(keep) if keep in ids else 0)

    def noting(self, change: Change) -> Walk:
        """Remember a change for undoing."""
        return replace(self, undo=(*self.undo, change)[-UNDOS:])

    def facing(self, identifier: str) -> Walk:
        """Go to a pair, which joins the list if it is not in it."""
        if not identifier:
            return self
        ids = self.ids if identifier in self.ids else (*self.ids[: self.at], identifier, *self.ids[self.at :])
        return replace(self, ids=ids, at=ids.index(identifier))

    def undone(self) -> Walk:
        """Forget the last change and go to its pair."""
        return replace(self.facing(self.undo[-1].before.id), undo=self.undo[:-1])
