"""The composition root: what a command needs, made once and only when asked for."""

from __future__ import annotations

from functools import cached_property
from shlex import quote
from typing import TYPE_CHECKING, get_args

from agent.errors import EmptyError, InputError
from agent.records.base import Language
from agent.settings import Settings, load_settings
from tools.hardware_settings import use_settings
from tools.workspace import Project, Workspace
from ui.output import Output

if TYPE_CHECKING:
    from graph.assistant import Assistant
    from knowledge.embedding import Embedder
    from knowledge.retrieval import Retriever
    from knowledge.store import CorpusStore


class Runtime:
    """Settings, workspace and output of one command.

    Args:
        as_json: Print JSON.
        lang: Language asked for on the command line; `None` takes the setting's.
        settings: Settings to use; `None` reads the environment.

    Raises:
        InputError: The language is unknown, a setting is not valid, or the home is no folder.
    """

    def __init__(self, *, as_json: bool = False, lang: str | None = None, settings: Settings | None = None) -> None:
        known = settings if settings is not None else load_settings()
        # What a job or a record says of itself is said in the language of the command that asked for it.
        self.settings = known if lang is None else known.model_copy(update={"lang": _language(lang)})
        self.workspace = Workspace(self.settings.home)
        self.workspace.require_folder()
        use_settings(self.settings)
        self.output = Output(as_json, self.settings.lang)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder of the settings, loaded on first use."""
        from knowledge.embedding import load_embedder

        return load_embedder(self.settings)

    @cached_property
    def assistant(self) -> Assistant:
        """The assistant, with the conversations of the settings' home."""
        from graph.assistant import Assistant

        return Assistant(self.settings, retriever=self.retriever)

    def store(self, project: Project) -> CorpusStore:
        """Return the project's documents, texts and chunks."""
        from knowledge.store import CorpusStore

        return CorpusStore(project.root)

    def retriever(self, project: Project) -> Retriever:
        """Return the project's retriever.

        Raises:
            EmptyError: Nothing was ingested yet.
        """
        from knowledge.reranking import load_reranker
        from knowledge.retrieval import Retriever

        store = self.store(project)
        if not project.chunks.exists() or project.chunks.stat().st_size == 0:
            raise EmptyError(
                f"project {project.info.name} has no documents",
                mend=f"`domainsmith ingest PATH -p {quote(project.info.name)}`",
            )
        return Retriever.open(store, self.embedder, reranker=load_reranker(self.settings))


def _language(lang: str) -> Language:
    for known in get_args(Language):
        if lang == known:
            return known  # type: ignore[no-any-return]
    raise InputError("unknown language", where=lang, mend="--lang takes en or zh")
