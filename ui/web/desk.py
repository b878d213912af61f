"""What one account can reach: its home, its projects, its open indexes, its assistant; nothing of anybody else.

Isolation is by construction: an account has a home of its own, a desk is made from that home, and a page or a route
gets the desk of the request's account and nothing more. The cache (materialised models, vectors by hash) is shared: it
holds no text of anybody.

    desks = Desks(load_settings())
    desks.for_account("").project("pumps")
"""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from agent.errors import EmptyError
from agent.settings import Settings
from knowledge.store import CorpusStore
from tools.workspace import Project, Workspace

if TYPE_CHECKING:
    from graph.assistant import Assistant
    from knowledge.embedding import Embedder
    from knowledge.reranking import Reranker
    from knowledge.retrieval import Retriever
    from tools.answerers import Answerers

ACCOUNTS = "accounts"
"""Folder of the homes of accounts, inside the server's home."""


class Shelf:
    """Open retrievers by project folder; one is opened again when the chunks behind it have changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        """Held for moments only: nobody waits for the index of somebody else."""
        self._opening: dict[Path, threading.Lock] = {}
        """Held while the project's index is opened, which may embed all of its chunks."""
        self._open: dict[Path, tuple[tuple[int, int], Retriever]] = {}
        self._loading = threading.Lock()

    @property
    def embedder(self) -> Embedder:
        """The embedder of the settings, loaded on first use and shared by all accounts."""
        with self._loading:
            return self._embedder

    @cached_property
    def _embedder(self) -> Embedder:
        from knowledge.embedding import load_embedder

        return load_embedder(self._settings)

    @property
    def reranker(self) -> Reranker | None:
        """The cross-encoder of the settings, if any, loaded on first use and shared by all accounts."""
        with self._loading:
            return self._reranker

    @cached_property
    def _reranker(self) -> Reranker | None:
        from knowledge.reranking import load_reranker

        return load_reranker(self._settings)

    def retriever(self, project: Project) -> Retriever:
        """Return the project's retriever; the server is the one process that opens its index.

        Raises:
            EmptyError: Nothing was ingested yet.
        """
        from knowledge.retrieval import Retriever

        if not project.chunks.exists() or project.chunks.stat().st_size == 0:
            raise EmptyError(
                f"project {project.info.name} has no documents",
                mend=f"`domainsmith ingest PATH -p {quote(project.info.name)}`",
            )
        with self._lock:
            opening = self._opening.setdefault(project.root, threading.Lock())
        with opening:
            stat = project.chunks.stat()
            state = (stat.st_mtime_ns, stat.st_size)
            with self._lock:
                held = self._open.get(project.root)
            if held is not None and held[0] == state:
                return held[1]
            # The one before may be searching for somebody just now; it goes when the last search is done.
            opened = Retriever.open(CorpusStore(project.root), self.embedder, reranker=self.reranker)
            with self._lock:
                self._open[project.root] = (state, opened)
            return opened

    def close(self) -> None:
        """Let go of every index."""
        with self._lock:
            opening = dict(self._opening)
        for root, lock in opening.items():
            with lock, self._lock:
                held = self._open.pop(root, None)
            if held is not None:
                held[1].close()


class Desk:
    """Everything one account can reach."""

    def __init__(self, account: str, settings: Settings, shelf: Shelf, answerers: Answerers) -> None:
        """Take an account's settings.

        Args:
            account: Name of the account; empty without login.
            settings: Settings whose `home` is this account's.
            shelf: Open indexes, shared.
            answerers: Loaded models, shared.
        """
        self.account = account
        self.settings = settings
        self.workspace = Workspace(settings.home)
        self._shelf = shelf
        self._answerers = answerers

    def project(self, name: str | None) -> Project:
        """Open a project of this account.

        Raises:
            NotFoundError: There is none of this name here, whoever else may have one.
        """
        return self.workspace.open(name)

    def retriever(self, project: Project) -> Retriever:
        """Return the open retriever of a project.

        Raises:
            EmptyError: Nothing was ingested yet.
        """
        return self._shelf.retriever(project)

    @cached_property
    def assistant(self) -> Assistant:
        """The assistant of this account, with its own conversations."""
        from graph.assistant import Assistant

        return Assistant(self.settings, retriever=self.retriever, answerers=self._answerers)


class Desks:
    """The desks of a server, made on first use."""

    def __init__(self, settings: Settings) -> None:
        from tools.answerers import Answerers

        # What an account's own home takes the place of must go on to be the server's.
        shared = {"cache": settings.cache_folder, "machine_home": settings.machine_folder}
        self._settings = settings.model_copy(update=shared)
        self.answerers = Answerers()
        """Loaded models, shared by every page and door: two would not fit where one does."""
        self._shelf = Shelf(self._settings)
        self._lock = threading.Lock()
        self._desks: dict[tuple[str, str], Desk] = {}

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self._settings

    def for_account(self, account: str, home: str = "") -> Desk:
        """Return the desk of an account.

        Args:
            account: Name of the account; empty without login.
            home: Folder name of its home inside `accounts/`; empty for the server's own home.
        """
        with self._lock:
            key = (account, home)  # a name may be given again, to somebody with another home
            if key not in self._desks:
                folder = self._settings.home / ACCOUNTS / home if home else self._settings.home
                settings = self._settings.model_copy(update={"home": folder})
                self._desks[key] = Desk(account, settings, self._shelf, self.answerers)
            return self._desks[key]

    def close(self) -> None:
        """Let go of every index."""
        self._shelf.close()
