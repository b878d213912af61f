"""A conversation with the assistant: what was understood, what needs a yes, what was done, what was replied."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from agent.errors import DomainsmithError
from agent.records.base import Language, Record
from agent.records.decision import Action

Verdict = Literal["approve", "decline"]
"""What a person says to an approval."""


class Reading(Record):
    """One way to understand a message."""

    action: Action
    score: float
    """How well the message fits, between 0 and 1; comparable only between readings of one message."""


class Understanding(Record):
    """What a message asks for."""

    action: Action
    slots: dict[str, Any] = Field(default_factory=dict)
    """What the message says beside the action: paths, shares, devices, ranks, questions; plain values."""
    readings: tuple[Reading, ...] = ()
    """The likeliest readings, best first."""
    language: Language = "en"
    tool: str = ""
    """Name of the tool to call, where a chat model or a program proposed the call itself."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Arguments of that call."""
    said: str = ""
    """What the chat model said beside, or instead of, the call."""


class Option(Record):
    """One answer to a question, shown as a button."""

    label: str
    """What the button says."""
    message: str
    """What clicking it says in the conversation."""


class ToolStep(Record):
    """One thing the assistant did during a turn."""

    tool: str
    title: str
    """What was done, in the conversation's language."""
    state: Literal["running", "done", "failed", "refused"]
    seconds: float | None = None
    detail: str = ""
    """More, folded away: the arguments, an error."""


class TextPiece(Record):
    """A piece of a reply while a chat model writes it; the `Turn` that follows holds the whole."""

    text: str
    fresh: bool = False
    """Whether a text begins with it: what was shown of an earlier one in this turn is to be thrown away."""


class Approval(Record):
    """A step that waits for a person's yes."""

    id: str
    thread: str
    action: Action
    tool: str
    """Name of the tool that would run."""
    arguments: dict[str, Any]
    """The exact request that would run; nothing else is done on a yes."""
    project: str
    """Name of the project; empty where there is none."""
    makes_project: bool = False
    """Whether the step makes that project, which is not there yet."""
    title: str
    """What it does, in a few words."""
    summary: str
    """What, how long, how much memory, what changes; in the conversation's language."""
    reasons: tuple[str, ...] = ()
    """Why it needs a yes."""
    articles: tuple[str, ...] = ()
    following: tuple[str, ...] = ()
    """What the same yes lets run afterwards, in order, each as a sentence with its own time."""
    created: str
    """UTC, ISO 8601."""


class Fault(Record):
    """Why a step was refused or failed."""

    what: str
    where: str = ""
    """The file, key, document or setting concerned."""
    mend: str = ""
    """What can be done about it."""

    @classmethod
    def of(cls, error: DomainsmithError) -> Fault:
        """Return an error as a record."""
        return cls(what=error.what, where=error.where, mend=error.mend)


class Turn(Record):
    """One reply of the assistant; `chat --json` prints it."""

    thread: str
    action: Action
    reply: str
    """Markdown."""
    question: str | None = None
    """The one question the reply ends with, if any; part of `reply` as well."""
    options: tuple[Option, ...] = ()
    approval: Approval | None = None
    evidence: tuple[str, ...] = ()
    """Ids of the records behind the figures: runs, jobs, items, documents, profile fields."""
    articles: tuple[str, ...] = ()
    """Guide articles behind the recommendations."""
    steps: tuple[ToolStep, ...] = ()
    project: str | None = None
    """Name of the project the thread works in, once there is one."""
    job: str | None = None
    """Id of a job this turn started or is waiting for."""
    answers: dict[str, Any] = Field(default_factory=dict)
    """Side-by-side answers by arm, where the turn compared; the shape of `ask --json`."""
    data: dict[str, Any] = Field(default_factory=dict)
    """The record behind the reply, where a program asked for it (`Assistant.propose`); empty otherwise."""
    fault: Fault | None = None
    """Why the step of this turn was refused or failed; part of `reply` as well."""


Part: TypeAlias = ToolStep | TextPiece | Turn
"""What a conversation yields while it answers; the turn comes last."""


class ChatMessage(Record):
    """One message of a thread as a page shows it."""

    role: Literal["user", "assistant"]
    text: str
    at: str
    """UTC, ISO 8601."""
    turn: Turn | None = None
    """The whole turn behind a message of the assistant."""


class Thread(Record):
    """One conversation in a list."""

    id: str
    title: str
    """The beginning of its first message."""
    project: str | None = None
    updated: str
    """UTC, ISO 8601."""
    waiting: bool = False
    """Whether an approval waits in it."""
    job: str | None = None
    """Id of the job whose end it waits for."""
