"""Which conversation a request is about: desk, project and thread, all from the page's address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import gradio as gr

from agent.errors import NotFoundError
from agent.records.conversation import Thread
from graph.admission import free_name
from graph.threads import new_thread
from tools.profiles import save_facts
from tools.workspace import Project
from ui.pages.assistant_turns import Key
from ui.pages.frame import Frame
from ui.web.desk import Desk

if TYPE_CHECKING:
    from graph.context import Context

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Scene:
    """One conversation of one account."""

    desk: Desk
    thread: str
    """Id of the conversation, which may not have begun."""
    known: Thread | None
    """What the list shows of it; `None` before its first turn."""
    project: Project | None
    """The conversation's project, else the page's."""
    listed: tuple[Thread, ...]
    """The conversations of the page, the newest first."""

    @property
    def key(self) -> Key:
        """What the turns under way are known by."""
        return self.desk.settings.home, self.thread

    @property
    def to_join(self) -> str | None:
        """Name of the project that the next turn takes the conversation into; `None` where it has one."""
        joined = self.known is not None and self.known.project is not None
        return None if joined or self.project is None else self.project.info.name


def scene(frame: Frame, request: gr.Request, *, leaving: str = "") -> Scene:
    """Return the conversation of a page's address; without one, the newest of the project, else a fresh one.

    Args:
        frame: The page's frame.
        request: Who asks, and for what.
        leaving: Id of a conversation that was deleted; the address still names it.
    """
    desk, project = frame.desk(request), frame.project(request)
    known = desk.assistant.threads()
    asked = frame.asked(request, "thread")
    asked = None if asked == leaving or not _is_id(asked) else asked
    found = next((one for one in known if one.id == asked), None)
    if asked is None:
        name = project.info.name if project is not None else None
        found = next((one for one in known if one.project == name), None)
    if found is not None and found.project is not None:
        try:
            project = desk.project(found.project)
        except NotFoundError:
            project = None
    return Scene(desk, found.id if found is not None else asked or new_thread(), found, project, _of(project, known))


def now(here: Scene) -> Scene:
    """Return the same conversation as it is after a turn, which may have begun it or taken it into a project."""
    known = here.desk.assistant.threads()
    found = next((one for one in known if one.id == here.thread), None)
    project = here.project
    if found is not None and found.project is not None and (project is None or project.info.name != found.project):
        try:
            project = here.desk.project(found.project)
        except NotFoundError:
            project = None
    return Scene(here.desk, here.thread, found, project, _of(project, known))


def with_project(here: Scene, frame: Frame) -> Scene:
    """Return the scene with a project; one is made where there is none, and takes what is known of the task.

    A conversation makes one project at most: asked again before the page knows it, it is given the same.
    """
    if here.project is not None:
        return here
    workspace, occasion = here.desk.workspace, f"conversation {here.thread}"
    try:
        project = workspace.made_for(occasion)
    except NotFoundError:
        # Of the context a name asks for the workspace alone, which the desk has too.
        name = free_name(cast("Context", here.desk))
        project = workspace.create(name, lang=frame.lang, occasion=occasion)
        facts = here.desk.assistant.profile(here.thread).model_dump(mode="json", exclude_none=True)
        if facts:
            save_facts(project, facts)
    return Scene(here.desk, here.thread, here.known, project, here.listed)


def _of(project: Project | None, known: Sequence[Thread]) -> tuple[Thread, ...]:
    """Return the conversations of a project, and those that have joined none; without a project, all."""
    return tuple(one for one in known if project is None or one.project in (None, project.info.name))


def _is_id(name: str | None) -> bool:
    """Return whether an address names a conversation that could be one."""
    return name is not None and _ID.fullmatch(name) is not None
