"""The pairs of a project in memory, so that a key press costs a look-up and not a reading of ten thousand lines.

The file stays the truth: it is read again whenever anybody has changed it, and a decision is written to it, through
the same functions as the command line's, before the page shows it.

    deck = decks.of(project)
    change = deck.decide(identifier, lambda project: accept(project, [identifier])[0])
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from agent.errors import BusyError, NotFoundError
from agent.records.corpus import Document, DocumentSplit, DocumentText
from agent.records.pairs import Pair
from knowledge.files import read_record
from knowledge.store import CorpusStore
from tools.pairs import load_pairs
from tools.workspace import Project
from ui.pages.pairs_coverage import Coverage
from ui.pages.pairs_walk import Change

MOST_DECKS: Final = 4
"""Projects kept in memory; ten thousand pairs take about 60 MB."""
MOST_TEXTS: Final = 8
TRIES: Final = 20
"""Attempts to hold the project: another page may be writing its own decision for some milliseconds."""
PAUSE_SECONDS: Final = 0.02

State = tuple[int, int, int] | None


class Deck:
    """The pairs of one project; safe to use from several threads."""

    def __init__(self, project: Project) -> None:
        """Read nothing yet."""
        self._project = project
        self._lock = threading.RLock()
        self._seen: dict[Path, State] = {}
        self._pairs: dict[str, Pair] = {}
        self._counted: Coverage | None = None
        self._documents: dict[str, Document] = {}
        self._held_out: frozenset[str] = frozenset()
        self._texts: OrderedDict[str, tuple[State, DocumentText]] = OrderedDict()

    @property
    def pairs(self) -> Mapping[str, Pair]:
        """All pairs by id, in the order of the file."""
        with self._lock:
            if self._is_new(self._project.pairs):
                self._pairs = {pair.id: pair for pair in load_pairs(self._project)}
                self._counted = None
            return self._pairs

    @property
    def counted(self) -> Coverage:
        """What the pairs cover; counted again after a change only."""
        with self._lock:
            pairs = self.pairs
            if self._counted is None:
                self._counted = Coverage.of(pairs.values())
            return self._counted

    @property
    def documents(self) -> Mapping[str, Document]:
        """The readable documents by id."""
        with self._lock:
            if self._is_new(self._project.document_list):
                self._documents = {document.id: document for document in CorpusStore(self._project.root).readable()}
            return self._documents

    @property
    def held_out(self) -> frozenset[str]:
        """Ids of the documents that no pair may come from."""
        with self._lock:
            path = self._project.split
            if self._is_new(path):
                self._held_out = frozenset(read_record(path, DocumentSplit).held_out) if path.exists() else frozenset()
            return self._held_out

    def text(self, document: str) -> DocumentText | None:
        """Return a document's text; `None` if the project has none of that id."""
        if document not in self.documents:
            return None
        state = _state(self._project.texts / f"{document}.json")
        with self._lock:
            held = self._texts.get(document)
            if held is None or held[0] != state:
                try:
                    held = (state, CorpusStore(self._project.root).stored_text(document))
                except NotFoundError:
                    return None
                self._texts[document] = held
            self._texts.move_to_end(document)
            while len(self._texts) > MOST_TEXTS:
                self._texts.popitem(last=False)
            return held[1]

    def decide(self, identifier: str, act: Callable[[Project], Pair]) -> Change:
        """Change one pair on disk and then in memory.

        Args:
            identifier: The pair's id.
            act: Changes it on disk and returns it as it is then.

        Raises:
            NotFoundError: There is no such pair.
            BusyError: A job or another person's page holds the project.
        """
        with self._lock, _held(self._project):
            before = self.pairs.get(identifier)
            if before is None:
                raise NotFoundError("no such pair", where=identifier)
            after = act(self._project)
            self._pairs[identifier] = after
            self._counted = None
            self._seen[self._project.pairs] = _state(self._project.pairs)
            return Change(before, after)

    def _is_new(self, path: Path) -> bool:
        state = _state(path)
        if path in self._seen and self._seen[path] == state:
            return False
        # Noted before the reading: a change during it is seen at the next look.
        self._seen[path] = state
        return True


class Decks:
    """The decks of the projects looked at last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decks: OrderedDict[Path, Deck] = OrderedDict()

    def of(self, project: Project) -> Deck:
        """Return the deck of a project."""
        with self._lock:
            deck = self._decks.setdefault(project.root, Deck(project))
            self._decks.move_to_end(project.root)
            while len(self._decks) > MOST_DECKS:
                self._decks.popitem(last=False)
            return deck


def _state(path: Path) -> State:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


@contextmanager
def _held(project: Project) -> Iterator[None]:
    with ExitStack() as stack:
        for attempt in range(TRIES):
            try:
                stack.enter_context(project.owned("review"))
            except BusyError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                break
        yield
