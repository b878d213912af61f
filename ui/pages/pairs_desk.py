"""What the page of the pairs does with a request: find the pairs, decide on one, undo, show. No Gradio in the results.

Every function takes the walk of the browser's session and gives back the next one, so that the handlers of the page
only hand values to components.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from agent.errors import BusyError, DomainsmithError, EmptyError
from agent.records.base import Language
from agent.records.pairs import Pair, PairKind, PairStatus
from tools.pairs import accept, edit, reject, restore
from tools.workspace import Project
from ui.i18n import phrase
from ui.pages import pairs_view
from ui.pages.documents_view import number
from ui.pages.pairs_coverage import coverage_map, reasons
from ui.pages.pairs_deck import Deck
from ui.pages.pairs_reasons import label
from ui.pages.pairs_walk import ALL, Filters, Walk
from ui.pages.sites import address

Choice = tuple[str, str]
"""What a filter shows, and what it stands for."""


@dataclass(frozen=True)
class Shown:
    """One pair on the page."""

    id: str
    """Empty if there is none."""
    counter: str
    card: str
    source: str
    question: str
    """For the fields of the edit, ready before anybody presses E."""
    answer: str


@dataclass(frozen=True)
class PairsDesk:
    """The pairs of one project in one language."""

    project: Project
    deck: Deck
    lang: Language

    def begin(self, filters: Filters | None, wanted: str = "") -> Walk:
        """Return the list a page opens with.

        Args:
            filters: What the address asks for; `None` begins with what waits for review, if anything does.
            wanted: Id of the pair to open.
        """
        pairs = self.deck.pairs
        if filters is None:
            waiting = Filters(status="pending")
            filters = waiting if not wanted and waiting.found(pairs) else Filters()
        return self.find(filters, Walk(self.project.id), wanted)

    def find(self, filters: Filters, walk: Walk, wanted: str = "") -> Walk:
        """Return the walk over what the filters let through; it stays on its pair if that is among it."""
        mine = walk if walk.project == self.project.id else Walk(self.project.id)
        return mine.over(filters, self.deck.pairs, wanted)

    def accept(self, walk: Walk) -> Walk:
        """Accept the shown pair and go on to the next."""
        return self._decide(walk, lambda project, one: accept(project, [one])[0]).moved(1)

    def reject(self, walk: Walk, why: str) -> Walk:
        """Reject the shown pair and go on to the next."""
        return self._decide(walk, lambda project, one: reject(project, [one], why)[0]).moved(1)

    def edit(self, walk: Walk, question: str, answer: str) -> Walk:
        """Change the shown pair, and stay on it to see it."""
        return self._decide(walk, lambda project, one: edit(project, one, question=question, answer=answer))

    def undo(self, walk: Walk) -> tuple[Walk, Pair]:
        """Take the last change back and go to its pair.

        Raises:
            EmptyError: There is nothing to undo.
        """
        if not walk.undo or walk.project != self.project.id:
            raise EmptyError(phrase("pairs_nothing_to_undo", self.lang))
        last = walk.undo[-1]
        with _in_words(self.lang):
            change = self.deck.decide(last.before.id, lambda project: restore(project, last.before, last.after))
        return walk.undone(), change.after

    def _decide(self, walk: Walk, act: Callable[[Project, str], Pair]) -> Walk:
        if walk.project != self.project.id or not walk.current:
            raise EmptyError(phrase("pairs_nothing_shown", self.lang))
        with _in_words(self.lang):
            return walk.noting(self.deck.decide(walk.current, lambda project: act(project, walk.current)))

    def shown(self, walk: Walk) -> Shown:
        """Return the pair of a walk's place."""
        pair = self.deck.pairs.get(walk.current)
        if pair is None:
            turned = pairs_view.counter(0, 0, walk.turn, self.lang)
            return Shown("", turned, pairs_view.nothing(self.lang, self._link(status=ALL)), "", "", "")
        opened = address(
            self.lang,
            "documents",
            project=self.project.id,
            document=pair.document,
            start=str(pair.start),
            end=str(pair.end),
        )
        return Shown(
            id=pair.id,
            counter=pairs_view.counter(walk.at, len(walk.ids), walk.turn, self.lang),
            card=pairs_view.card(pair, self.lang),
            source=pairs_view.source(pair, self.deck.text(pair.document), opened, self.lang),
            question=pair.question,
            answer=pair.answer,
        )

    def beside(self) -> str:
        """Return the coverage map and the reasons."""
        counted = self.deck.counted
        names = {identifier: document.name for identifier, document in self.deck.documents.items()}
        drawn = coverage_map(counted, names, self.deck.held_out, self._link, self.lang)
        return drawn + reasons(counted, self._link, self.lang)

    def statuses(self) -> list[Choice]:
        """Return the choices of the filter by status."""
        return self._choices([(phrase(f"pairs_status_{name}", self.lang), name) for name in get_args(PairStatus)])

    def kinds(self) -> list[Choice]:
        """Return the choices of the filter by kind: the kinds there are."""
        there = {pair.kind for pair in self.deck.pairs.values()}
        named = [(phrase(f"pairs_kind_{name}", self.lang), name) for name in get_args(PairKind) if name in there]
        return self._choices(named)

    def reasons(self) -> list[Choice]:
        """Return the choices of the filter by reason, the most frequent first."""
        counted = self.deck.counted.reasons
        totals: dict[str, int] = {}
        for (_, kind), count in counted.most_common():
            totals[kind] = totals.get(kind, 0) + count
        return self._choices([(f"{label(kind, self.lang)} ({number(n)})", kind) for kind, n in totals.items() if kind])

    def documents(self) -> list[Choice]:
        """Return the choices of the filter by document."""
        names = {identifier: document.name for identifier, document in self.deck.documents.items()}
        there = {pair.document for pair in self.deck.pairs.values()}
        for identifier in there - names.keys():
            names[identifier] = identifier or phrase("pairs_imported", self.lang)
        return self._choices(sorted(((name, key) for key, name in names.items()), key=lambda one: one[0].casefold()))

    def _choices(self, named: list[Choice]) -> list[Choice]:
        return [(phrase("pairs_all", self.lang), ALL), *named]

    def _link(self, **filters: str) -> str:
        named = {name: value or "-" for name, value in filters.items()}
        return address(self.lang, "pairs", project=self.project.id, **named)


class _in_words:  # noqa: N801 - reads as a clause where it is used
    """Says in the page's language that a job holds the project; other errors pass."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BusyError):
            raise DomainsmithError(phrase("pairs_busy", self._lang, what=error.where)) from error
