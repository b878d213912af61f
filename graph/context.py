"""What the nodes are given: settings, the workspace, the index, models; made by an entry point, never global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.records.base import Language
from agent.records.conversation import ToolStep
from agent.records.profile import Profile
from agent.settings import Settings
from graph.state import ConversationState
from graph.understanding.brain import Brain
from graph.understanding.slots import paths_in
from knowledge.ingest.language import language_of
from tools.calling import OpenRetriever
from tools.status import read_profile
from tools.workspace import Project, Workspace

if TYPE_CHECKING:
    from graph.chat_model import ChatBrain
    from tools.answerers import Answerers


def utc_now() -> str:
    """Return the present moment, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Context:
    """Dependencies of the nodes."""

    settings: Settings
    workspace: Workspace
    open_retriever: OpenRetriever
    answerers: Answerers
    brain: Brain
    """Understands without a chat model, and stands in for one that fails."""
    chat: ChatBrain | None = None
    """The chat model, where one is configured."""
    clock: Callable[[], str] = utc_now
    tell: Callable[[ToolStep], None] = field(default=lambda _step: None)
    """Hears of every tool step as it runs."""

    def project(self, state: ConversationState) -> Project | None:
        """Return the thread's project; `None` if it has none yet.

        Raises:
            NotFoundError: The project is gone.
        """
        name = state.get("project")
        return self.workspace.open(name) if name else None

    def profile(self, state: ConversationState) -> Profile:
        """Return what is known of the task."""
        project = self.project(state)
        return read_profile(project) if project is not None else Profile.model_validate(state.get("profile") or {})

    def for_language(self, lang: Language) -> Settings:
        """Return the settings with the conversation's language."""
        return self.settings.model_copy(update={"lang": lang})


def spoken_language(text: str) -> Language:
    """Return the language of a message; the names of files in it are of none."""
    spoken = text
    for path in paths_in(text):
        spoken = spoken.replace(path, " ")
    return language_of(spoken if spoken.strip() else text)


def language(state: ConversationState) -> Language:
    """Return the language the thread speaks."""
    return "zh" if state.get("lang") == "zh" else "en"
