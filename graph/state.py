"""What a conversation remembers between steps: plain values and ids of records, nothing that needs pickling."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Final, Literal, TypedDict

RECURSION_LIMIT: Final = 40
"""Steps of the graph in one turn; a turn with the most rounds of a chat model takes under thirty."""

SHOWN_MESSAGES: Final = 16
"""Messages of the conversation that a chat model is shown."""

IncomingKind = Literal["message", "proposal", "verdict", "job"]


class Incoming(TypedDict, total=False):
    """What starts or resumes a turn."""

    id: str
    """Unique; names the occasion of whatever the turn starts."""
    kind: IncomingKind
    text: str
    """Of a message; of a proposal, what a person did that it stands for."""
    lang: str
    project: str | None
    """Name of the project to work in; `None` keeps the thread's."""
    tool: str
    """Of a proposal."""
    arguments: dict[str, Any]
    approval: str
    """Id of the approval a verdict is about."""
    verdict: str
    """`approve` or `decline`."""
    job: str
    """Id of the job that has ended."""
    at: str
    """UTC, ISO 8601."""


class Step(TypedDict, total=False):
    """A tool call that was decided on."""

    tool: str
    arguments: dict[str, Any]
    """The exact request."""
    key: str
    """Names the occasion, so that a repeated node starts nothing twice."""
    title: str
    """What it does, in words."""
    covered: bool
    """Whether a person's yes to the step before it named it as well."""


class ConversationState(TypedDict, total=False):
    """State of one thread."""

    thread: str
    lang: str
    project: str | None
    """Name of the project; `None` until there is one."""
    profile: dict[str, Any]
    """What is known of the task while there is no project yet; afterwards the project keeps it."""
    skipped: list[str]
    """Profile fields that the person could not or would not answer."""
    messages: Annotated[list[dict[str, Any]], operator.add]
    """`ChatMessage` records, oldest first."""
    incoming: Incoming
    expecting: dict[str, Any] | None
    """What the last reply asked: a profile field, a choice of readings, or an offered step."""
    understanding: dict[str, Any] | None
    step: Step | None
    following: list[Step]
    """Steps still to do after the one at hand; each is admitted by itself when its turn comes."""
    pending: list[Step]
    """Steps that follow the one that waits for a yes."""
    outcome: dict[str, Any] | None
    """What to say instead of, or after, doing: `kind` and its values."""
    approval: dict[str, Any] | None
    """The open `Approval`."""
    waiting: dict[str, Any] | None
    """The job whose end the thread waits for: id, project, tool, title, and the steps that follow it."""
    watch: dict[str, Any] | None
    """The part of an evaluation that was diagnosed last: run, arm, items, topic."""
    steps: list[dict[str, Any]]
    """`ToolStep` records of this turn."""
    talk: list[dict[str, Any]]
    """What a chat model and the tools said to each other in this turn."""
    rounds: int
    """Tool calls of the chat model in this turn."""
    tainted: bool
    """Whether the chat model reads text of documents in this turn."""
    quoted_at: int | None
    """Place in `messages` of the last reply that holds text of documents."""
    opening: str
    """What the reply of this turn begins with, said before its last step."""
    opening_evidence: list[str]
    """Ids of the records behind it."""
    data: dict[str, Any]
    """The record behind the reply to a program's proposal."""
    fault: dict[str, Any] | None
    """The `Fault` of this turn's step."""
    turn: dict[str, Any] | None
    """The last `Turn`."""
