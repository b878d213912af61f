"""Replays a golden conversation of `tests/transcripts` and checks every turn: what was said, asked, started and kept.

    conversation = read_golden(path)
    replay(conversation, world, chat=False)

A turn is one of `user: TEXT`, `settle: approve|decline`, `follow: true`. What it expects stands beside it; under
`offline` and `chat` what only one of the two brains does. `model` is what the scripted chat model says in that turn.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agent.errors import NotFoundError
from agent.records.conversation import Turn
from agent.records.job import Job
from graph.assistant import Assistant
from graph.chat_model import ChatBrain
from tests.fakes import chat_call, chat_text, scripted_chat
from tests.graph.worlds import World
from tools.jobs.store import TERMINAL, JobStore

FOLDER = Path(__file__).parents[1] / "transcripts"
WAIT_SECONDS = 120.0
_TURN = {"user", "settle", "follow", "model", "offline", "chat"}
_EXPECTED = {
    "action", "says", "never", "question", "options", "approval", "jobs", "project", "profile", "articles", "answers",
    "evidence", "numbers",
}  # fmt: skip


@dataclass(frozen=True)
class Golden:
    """One conversation."""

    name: str
    lang: str | None
    world: str
    turns: Sequence[Mapping[str, Any]]
    never: Sequence[str] = field(default=())
    """What no reply of it may say."""


def read_golden(path: Path) -> Golden:
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    golden = Golden(**raw)
    for turn in golden.turns:
        unknown = set(turn) - _TURN - _EXPECTED
        unknown |= (set(turn.get("offline") or ()) | set(turn.get("chat") or ())) - _EXPECTED
        assert not unknown, f"{path.name}: {unknown}"
        assert sum(key in turn for key in ("user", "settle", "follow")) == 1, f"{path.name}: {turn}"
    return golden


def goldens() -> Iterator[Path]:
    return iter(sorted(FOLDER.glob("*.yaml")))


def replay(golden: Golden, world: World, *, chat: bool) -> list[Turn]:
    """Say the whole conversation and check it, turn by turn; returns the replies."""
    model = scripted_chat([_said(one, world) for turn in golden.turns for one in turn.get("model") or ()])
    assistant = world.assistant(ChatBrain(model, "scripted") if chat else None)
    replies: list[Turn] = []
    for number, turn in enumerate(golden.turns, start=1):
        before = _jobs(world, replies)
        reply = _take(assistant, turn, world, replies, golden.lang if number == 1 else None)
        replies.append(reply)
        expected = _expected(turn, "chat" if chat else "offline")
        where = f"{golden.name}, turn {number} ({'chat model' if chat else 'offline'}): {reply.reply}\n"
        _check(reply, expected, golden.never, world, assistant, where)
        started = len(_jobs(world, replies)) - len(before)
        assert started == 0 or "jobs" in expected, f"{where}\nstarted a job that nobody expects"
        assert assistant.history("golden")[-1].turn == reply
    if chat:
        said = sum(len(turn.get("model") or ()) for turn in golden.turns)
        assert len(model.heard) == said, f"{golden.name}: the model spoke {len(model.heard)} times of {said}"  # type: ignore[attr-defined]
    return replies


def _expected(turn: Mapping[str, Any], brain: str) -> dict[str, Any]:
    """Return what a turn expects of one brain; lists of words add up."""
    expected = dict(turn)
    for name, value in (turn.get(brain) or {}).items():
        more = name in ("says", "never", "numbers", "articles", "evidence", "options")
        expected[name] = [*expected.get(name, ()), *value] if more else value
    return expected


def _take(
    assistant: Assistant, turn: Mapping[str, Any], world: World, replies: Sequence[Turn], lang: str | None
) -> Turn:
    if "user" in turn:
        return assistant.send("golden", world.fill(turn["user"]), lang, world.project)  # type: ignore[arg-type]
    if "settle" in turn:
        open_one = replies[-1].approval
        assert open_one is not None, f"nothing waits: {replies[-1].reply}"
        return assistant.settle("golden", open_one.id, turn["settle"])
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        reply = assistant.follow("golden")
        if reply is not None:
            return reply
        assert assistant.waiting_job("golden") is not None, "no job is waited for"
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def _check(
    reply: Turn, expected: Mapping[str, Any], never: Sequence[str], world: World, assistant: Assistant, where: str
) -> None:
    _check_words(reply, expected, never, world, where)
    if "action" in expected:
        assert reply.action == expected["action"], f"{where}\nunderstood as {reply.action}"
    wanted = expected.get("approval")
    assert (reply.approval.tool if reply.approval else None) == wanted, f"{where}\napproval: {reply.approval}"
    for article in expected.get("articles", ()):
        assert article in reply.articles, f"{where}\ncites {reply.articles}"
    for part in expected.get("evidence", ()):
        assert any(part in one for one in reply.evidence), f"{where}\nevidence {reply.evidence}"
    if "answers" in expected:
        assert list(reply.answers) == expected["answers"], where
    if "project" in expected:
        assert reply.project == expected["project"], where
    if "profile" in expected:
        known = assistant.profile("golden").model_dump(mode="json", exclude_none=True)
        shown = {name: _plain(known.get(name)) for name in expected["profile"]}
        assert shown == expected["profile"], f"{where}\nknows {known}"
    jobs = _jobs(world, (reply,))
    if "jobs" in expected:
        assert [job.kind for job in jobs] == expected["jobs"], f"{where}\njobs {[job.kind for job in jobs]}"
    if "follow" in expected:
        assert all(job.state in TERMINAL for job in jobs), where


def _check_words(reply: Turn, expected: Mapping[str, Any], never: Sequence[str], world: World, where: str) -> None:
    text = reply.reply.casefold()
    for words in expected.get("says", ()):
        assert world.fill(words).casefold() in text, f"{where}\nlacks {words!r}"
    for words in (*never, *expected.get("never", ())):
        assert world.fill(words).casefold() not in text, f"{where}\nsays {words!r}"
    for pattern in expected.get("numbers", ()):
        assert re.search(pattern, reply.reply), f"{where}\nhas nothing like {pattern!r}"
    if "question" in expected:
        assert (reply.question is not None) == expected["question"], f"{where}\nquestion: {reply.question}"
    labels = [option.label for option in reply.options]
    assert set(expected.get("options", ())) <= set(labels), f"{where}\noffers {labels}"


def _jobs(world: World, replies: Sequence[Turn]) -> tuple[Job, ...]:
    name = replies[-1].project if replies else world.project
    if name is None:
        return ()
    try:
        return JobStore(world.workspace.open(name).jobs).list()
    except NotFoundError:
        return ()


def _plain(value: Any) -> Any:
    """Return a profile value without what was not said of it."""
    return {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value


def _said(one: Mapping[str, Any], world: World) -> Any:
    if "say" in one:
        return chat_text(world.fill(one["say"]))
    return chat_call(one["call"], world.filled(one.get("args") or {}), world.fill(one.get("text", "")))
