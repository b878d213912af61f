"""The assistant: one call a turn, whoever asks - a terminal, a page, a program.

    assistant = Assistant(load_settings(), retriever=open_retriever)
    turn = assistant.send(new_thread(), "We have 2,000 manuals and want a service assistant.")
    turn = assistant.settle(turn.thread, turn.approval.id, "approve")     # the yes of a person
    turn = assistant.follow(turn.thread)                                  # None while the job runs

Every turn is kept before it is answered. A process that dies in the middle of one leaves a thread that goes on where it
stopped: the next call, or `recover` at the start of a service, finishes that turn first, and nothing is started twice.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

from langgraph.types import Command
from pydantic import TypeAdapter

from agent.errors import InputError, NotFoundError
from agent.records.base import Language
from agent.records.conversation import Approval, ChatMessage, Part, TextPiece, Thread, ToolStep, Turn, Verdict
from agent.records.job import Job
from agent.records.profile import Profile
from agent.settings import Settings
from graph.broken_turns import Graph, finish, give_up
from graph.build import build_conversation
from graph.chat_model import ChatBrain, load_chat
from graph.checkpoints import key_of, open_checkpoints
from graph.context import Context, spoken_language, utc_now
from graph.following import ended
from graph.state import RECURSION_LIMIT, ConversationState, Incoming
from graph.threads import Threads, title_of
from graph.understanding.brain import Brain
from tools.answerers import Answerers
from tools.calling import OpenRetriever
from tools.catalog import find_tool
from tools.jobs.store import JobStore
from tools.workspace import Workspace

THREADS: Final = "threads"
"""Folder of the conversations in a home."""
_PART: Final[TypeAdapter[ToolStep | TextPiece]] = TypeAdapter(ToolStep | TextPiece)
"""What a node may write while it runs."""
_log = logging.getLogger(__name__)


class Assistant:
    """Conversations of one home."""

    def __init__(
        self,
        settings: Settings,
        *,
        retriever: OpenRetriever,
        answerers: Answerers | None = None,
        brain: Brain | None = None,
        chat: ChatBrain | None = None,
        clock: Callable[[], str] = utc_now,
    ) -> None:
        """Take what the conversations may reach.

        Args:
            settings: Settings; `home` is whose conversations and projects these are.
            retriever: Opens a project's index, in the process that owns it.
            answerers: Loaded models, shared with other doors.
            brain: The offline assistant; one that ships by default.
            chat: The chat model; by default what `settings.chat_model` names.
            clock: Tells the time, UTC, ISO 8601.
        """
        self._settings = settings
        self._threads = Threads(settings.home / THREADS)
        self._context = Context(
            settings=settings,
            workspace=Workspace(settings.home),
            open_retriever=retriever,
            answerers=answerers or Answerers(),
            brain=brain or Brain(),
            chat=chat if chat is not None else load_chat(settings),
            clock=clock,
        )

    @cached_property
    def _graph(self) -> Graph:
        return build_conversation(self._context, None)

    def send(self, thread: str, text: str, lang: Language | None = None, project: str | None = None) -> Turn:
        """Say something and return the reply.

        Args:
            thread: Id of the conversation; an unknown one begins it.
            text: What is said.
            lang: Language of the reply; `None` keeps the thread's, and the first message chooses it.
            project: Name of the project to work in; `None` keeps the thread's.

        Raises:
            NotFoundError: There is no such project.
            BusyError: The thread is still answering.
        """
        return _last(self.stream(thread, text, lang, project))

    def stream(
        self, thread: str, text: str, lang: Language | None = None, project: str | None = None
    ) -> Iterator[Part]:
        """Say something; yield the steps as they run and a chat model's words as they come, then the reply."""
        known = self._threads.known(thread)
        incoming = Incoming(id=secrets.token_hex(8), kind="message", text=text, at=self._context.clock())
        if lang is not None or known is None:
            incoming["lang"] = lang or spoken_language(text)
        return self._turn(thread, incoming, project)

    def settle(self, thread: str, approval: str, verdict: Verdict) -> Turn:
        """Give a person's yes or no to the step that waits; on another approval's id nothing happens."""
        return _last(self.stream_verdict(thread, approval, verdict))

    def stream_verdict(self, thread: str, approval: str, verdict: Verdict) -> Iterator[Part]:
        """Give a verdict; yield the steps as they run, then the reply."""
        incoming = Incoming(
            id=secrets.token_hex(8), kind="verdict", approval=approval, verdict=verdict, at=self._context.clock()
        )
        return self._turn(thread, incoming, None)

    def propose(
        self,
        thread: str,
        tool: str,
        arguments: dict[str, Any],
        lang: Language | None = None,
        project: str | None = None,
        said: str = "",
    ) -> Turn:
        """Ask for a tool as a program does; whatever changes something waits for a person's yes.

        Args:
            thread: Id of the conversation; an unknown one begins it.
            tool: Name of the tool.
            arguments: Its arguments.
            lang: Language of the reply; `None` takes that of the settings, for a person that of the thread.
            project: Name of the project to work in; `None` keeps the thread's.
            said: What a person did that this stands for, e.g. that files were dropped; kept as their message, and the
                call counts as theirs. Never anything that a program or a model may fill.

        Raises:
            BusyError: The thread is still answering.
            NotFoundError: There is no such tool or project.
        """
        find_tool(tool)  # before the turn begins: one that cannot be finished would hold its thread for good
        incoming = Incoming(
            id=secrets.token_hex(8), kind="proposal", tool=tool, arguments=arguments, at=self._context.clock()
        )
        if said:
            incoming["text"] = said
        if lang is not None or not said or self._threads.known(thread) is None:
            incoming["lang"] = lang or self._settings.lang
        return _last(self._turn(thread, incoming, project))

    def follow(self, thread: str) -> Turn | None:
        """Report the end of the job that a thread waits for; `None` while it runs, or if there is none.

        A report that cannot be written is a reply that says so, once.
        """
        job = self.waiting_job(thread)
        if job is None:
            return None
        waiting = self._state(thread).get("waiting") or {}
        if waiting.get("job") != job.id or ended(self._context.workspace.open(waiting["project"]), job.id) is None:
            return None
        incoming = Incoming(id=secrets.token_hex(8), kind="job", job=job.id, at=self._context.clock())
        turns = [part for part in self._turn(thread, incoming, None) if isinstance(part, Turn)]
        return turns[-1] if turns else None

    def waiting_job(self, thread: str) -> Job | None:
        """Return the job whose end a thread waits for."""
        waiting = self._state(thread).get("waiting")
        if not waiting:
            return None
        try:
            project = self._context.workspace.open(waiting["project"])
            return JobStore(project.jobs).get(waiting["job"])
        except NotFoundError:
            return None

    def approvals(self) -> tuple[Approval, ...]:
        """Return every step that waits for a yes, of all threads."""
        waiting = (self._state(one.id).get("approval") for one in self._threads.list() if one.waiting)
        return tuple(Approval.model_validate(one) for one in waiting if one)

    def threads(self) -> tuple[Thread, ...]:
        """Return all conversations, the newest first."""
        return self._threads.list()

    def delete(self, thread: str) -> None:
        """Delete a conversation for good.

        Raises:
            NotFoundError: There is none.
        """
        self._threads.delete(thread, self._forget)

    def history(self, thread: str) -> tuple[ChatMessage, ...]:
        """Return the messages of a conversation, oldest first."""
        return tuple(ChatMessage.model_validate(one) for one in self._state(thread).get("messages", ()))

    def profile(self, thread: str) -> Profile:
        """Return what is known of the task in a conversation."""
        return self._context.profile(self._state(thread))

    def recover(self) -> tuple[str, ...]:
        """Finish turns that a process left in the middle; returns their threads. Nothing is started twice."""
        unfinished = []
        self._threads.purge()
        for name in self._threads.ids():
            try:
                if self._recovered(name):
                    unfinished.append(name)
            except Exception:
                # One conversation whose file is damaged must not keep the others unfinished.
                _log.exception("conversation %s", name)
        return tuple(unfinished)

    def _recovered(self, thread: str) -> bool:
        """Finish the turn of a thread that was left in the middle, and its entry in the list; true if there was one."""
        with self._threads.held(thread), self._open(thread) as (graph, config):
            finished = finish(graph, config, self._context)
            values = graph.get_state(config).values
            try:
                listed = self._threads.known(thread)
            except InputError:
                listed = None  # damaged; it is written anew
            # A process may also have died between a turn and its entry in the list.
            late = listed is None or listed.waiting != (values.get("approval") is not None)
            if values.get("turn") and (finished or late):
                self._note(thread, graph, config)
            return finished

    def _turn(self, thread: str, incoming: Incoming, project: str | None) -> Iterator[Part]:
        if project is not None:
            incoming["project"] = self._context.workspace.open(project).info.name
        with self._threads.held(thread), self._open(thread) as (graph, config):
            finish(graph, config, self._context)
            snapshot = graph.get_state(config)
            if incoming["kind"] == "job" and (snapshot.values.get("waiting") or {}).get("job") != incoming["job"]:
                return  # another process has reported it meanwhile
            waiting = bool(snapshot.interrupts)
            start: Any = Command(resume=incoming) if waiting else {"thread": thread, "incoming": incoming}
            try:
                for mode, part in graph.stream(start, config, stream_mode=["custom", "updates"], durability="sync"):
                    if mode == "custom":
                        yield _PART.validate_python(part)
            except Exception as error:
                give_up(graph, config, self._context, error)
                if incoming["kind"] != "job":
                    raise
                # Nobody asked for this turn, so nobody is there to catch it; its reply tells.
                _log.exception("conversation %s: job %s cannot be reported", thread, incoming["job"])
            yield self._note(thread, graph, config)

    def _note(self, thread: str, graph: Graph, config: Any) -> Turn:
        values = graph.get_state(config).values
        turn = Turn.model_validate(values["turn"])
        messages = values.get("messages", ())
        first = next((one["text"] for one in messages if one["role"] == "user"), turn.reply)
        self._threads.note(
            Thread(
                id=thread,
                title=title_of(first),
                project=values.get("project"),
                updated=self._context.clock(),
                waiting=values.get("approval") is not None,
                job=(values.get("waiting") or {}).get("job"),
            )
        )
        return turn

    def _state(self, thread: str) -> ConversationState:
        if self._threads.known(thread) is None and not self._threads.path(thread).exists():
            return ConversationState(thread=thread)
        try:
            with self._open(thread, make=False) as (graph, config):
                values = graph.get_state(config).values
        except NotFoundError:  # deleted meanwhile, or not yet begun
            values = {}
        return ConversationState(**values) if values else ConversationState(thread=thread)  # type: ignore[typeddict-item]

    def _forget(self, thread: str) -> None:
        """Delete what is kept of a thread outside its folder."""
        with self._open(thread) as (graph, config):
            graph.checkpointer.delete_thread(config["configurable"]["thread_id"])

    def _open(self, thread: str, *, make: bool = True) -> Any:
        return _Opened(self._graph, self._settings.conversations, self._threads, thread, make=make)


class _Opened:
    """The graph with a thread's checkpoints, for the time of a `with`."""

    def __init__(self, graph: Graph, where: str, threads: Threads, thread: str, *, make: bool) -> None:
        self._graph = graph
        self._where = where
        self._folder = threads.path(thread)
        self._opening = open_checkpoints(where, self._folder, make=make)

    def __enter__(self) -> tuple[Graph, Any]:
        key = key_of(self._where, self._folder)  # first: what is open by now would stay open if this failed
        config = {"configurable": {"thread_id": key}, "recursion_limit": RECURSION_LIMIT}
        saver = self._opening.__enter__()
        return self._graph.copy(update={"checkpointer": saver}), config

    def __exit__(self, *error: Any) -> None:
        self._opening.__exit__(*error)


def _last(parts: Iterator[Part]) -> Turn:
    turn: Turn | None = None
    for part in parts:
        if isinstance(part, Turn):
            turn = part
    assert turn is not None
    return turn
