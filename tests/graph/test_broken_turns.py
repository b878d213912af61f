"""Turns that fail: the person is told, the thread goes on, and what waited still waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from agent.errors import DomainsmithError, NotFoundError
from agent.records.conversation import ToolStep
from graph.assistant import Assistant
from graph.nodes import act as act_node
from tests.graph.conftest import READER
from tests.graph.worlds import World
from tools.jobs.runner import wait
from tools.jobs.store import JobStore


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Makes whatever is done at once fail as told."""

    def fail(error: Exception) -> None:
        def perform(*_: object) -> None:
            raise error

        monkeypatch.setattr(act_node, "perform_at_once", perform)

    return fail


def test_a_refusal_of_the_product_is_a_reply(machines: World, broken: Callable[[Exception], None]) -> None:
    broken(NotFoundError("no such run", where="x"))
    turn = machines.assistant().send("t", "status", "en", "machines")
    assert "no such run" in turn.reply
    assert [step.state for step in turn.steps] == ["failed"]


def test_any_other_error_ends_the_turn_and_no_other(
    machines: World, broken: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = machines.assistant()
    broken(OSError("the disk has gone"))
    with pytest.raises(OSError, match="the disk has gone"):
        assistant.send("t", "status", "en", "machines")
    history = assistant.history("t")
    assert [one.role for one in history] == ["user", "assistant"]
    assert "the disk has gone" in history[1].text
    monkeypatch.undo()
    assert "**machines**" in assistant.send("t", "status").reply
    assert len(assistant.history("t")) == 4


def test_an_approval_survives_a_turn_that_fails(machines: World, broken: Callable[[Exception], None]) -> None:
    assistant = machines.assistant()
    waiting = assistant.send("t", "measure it", "en", "machines").approval
    assert waiting is not None
    broken(RuntimeError("out of order"))
    with pytest.raises(RuntimeError):
        assistant.send("t", "status")
    assert assistant.approvals() == (waiting,)
    assert machines.assistant().settle("t", waiting.id, "approve").job is not None


def test_a_project_that_is_gone_stops_no_thread(machines: World) -> None:
    assistant = machines.assistant()
    assistant.send("t", "status", "en", "machines")
    shutil.rmtree(machines.home / "projects" / "machines")
    for text in ("status", "hello", "what do the pairs say", "yes"):
        with pytest.raises(DomainsmithError, match="no such project"):
            assistant.send("t", text)
    machines.workspace.create("other")
    assert assistant.send("t", "status", project="other").project == "other"
    assert assistant.send("t", "hello").action == "smalltalk"


def test_a_project_that_is_gone_while_its_job_was_waited_for(machines: World, jobs: Callable[[], list[str]]) -> None:
    assistant = machines.assistant()
    approval = assistant.send("t", "measure it", "en", "machines").approval
    assert approval is not None
    assistant.settle("t", approval.id, "approve")
    wait(machines.workspace.open("machines"), jobs()[0])
    shutil.rmtree(machines.home / "projects" / "machines")
    assert assistant.waiting_job("t") is None
    assert assistant.follow("t") is None
    machines.workspace.create("other")
    assert assistant.send("t", "hello", project="other").action == "smalltalk"


@pytest.fixture
def measured(machines: World, jobs: Callable[[], list[str]]) -> Assistant:
    """A thread whose evaluation has ended and is not reported yet."""
    assistant = machines.assistant()
    approval = assistant.send("t", "measure it", "en", "machines").approval
    assert approval is not None
    assistant.settle("t", approval.id, "approve")
    wait(machines.workspace.open("machines"), jobs()[0])
    return assistant


def test_a_report_that_cannot_be_written_is_told_once(
    measured: Assistant, machines: World, jobs: Callable[[], list[str]]
) -> None:
    project = machines.workspace.open("machines")
    job = JobStore(project.jobs).get(jobs()[0])
    (project.runs / job.run / "result.json").unlink()
    turn = measured.follow("t")
    assert turn is not None
    assert "cannot be reported: no such file: result.json" in turn.reply
    assert (turn.job, turn.evidence) == (None, (job.id,))
    assert str(machines.home) not in measured.history("t")[-1].text
    before = len(measured.history("t"))
    assert [measured.follow("t"), machines.assistant().follow("t"), measured.waiting_job("t")] == [None] * 3
    assert len(measured.history("t")) == before
    assert [one.job for one in measured.threads()] == [None]
    assert "**machines**" in measured.send("t", "status").reply


def test_a_step_that_waits_survives_a_report_that_cannot_be_written(
    measured: Assistant, machines: World, jobs: Callable[[], list[str]]
) -> None:
    project = machines.workspace.open("machines")
    waiting = measured.send("t", "measure it").approval
    assert waiting is not None
    (project.runs / JobStore(project.jobs).get(jobs()[0]).run / "result.json").unlink()
    turn = measured.follow("t")
    assert turn is not None
    assert "cannot be reported" in turn.reply
    assert measured.approvals() == (waiting,)
    assert measured.settle("t", waiting.id, "approve").job == jobs()[1]


def test_a_report_is_written_while_another_process_holds_the_project(measured: Assistant, machines: World) -> None:
    kept = machines.workspace.open("machines").decision
    with machines.workspace.open("machines").owned("somebody else"):
        turn = measured.follow("t")
        assert not kept.exists()
    assert turn is not None
    assert "Verdict" in turn.reply
    assert "decide" in measured.send("t", "decide").action
    assert kept.exists()


def test_a_listener_that_leaves_early_does_not_end_the_work(machines: World) -> None:
    """A page that is closed in the middle of a reply: the next call finishes that turn first."""
    assistant = machines.assistant()
    parts = assistant.stream("t", "status", "en", "machines")
    first = next(parts)
    assert isinstance(first, ToolStep)
    parts.close()  # type: ignore[attr-defined]
    assistant.send("t", "hello")
    history = assistant.history("t")
    assert [one.role for one in history] == ["user", "assistant", "user", "assistant"]
    assert "**machines**" in history[1].text


def test_recovery_finishes_what_was_left_and_lists_it(machines: World) -> None:
    assistant = machines.assistant()
    parts = assistant.stream("t", "measure it", "en", "machines")
    # The thread dies before its first entry in the list.
    for _ in parts:
        break
    parts.close()  # type: ignore[attr-defined]
    (machines.home / "threads" / "t" / "thread.json").unlink(missing_ok=True)
    other = machines.assistant()
    other.recover()
    assert [one.id for one in other.threads()] == ["t"]
    assert [one.tool for one in other.approvals()] == ["evaluate"]
    assert other.recover() == ()


def test_a_proposal_of_an_unknown_tool_begins_no_turn(machines: World) -> None:
    assistant = machines.assistant()
    with pytest.raises(NotFoundError, match="no such tool"):
        assistant.propose("t", "shell", {"command": "ls"})
    assert assistant.history("t") == ()


def test_a_project_that_does_not_exist_begins_no_turn(machines: World) -> None:
    assistant = machines.assistant()
    with pytest.raises(NotFoundError, match="no such project"):
        assistant.send("t", "status", "en", "nowhere")
    assert assistant.history("t") == ()


def test_a_job_that_another_holds_up_is_told_and_asked_for_again(machines: World) -> None:
    project = machines.workspace.open("machines")
    assistant = Assistant(machines.settings, retriever=machines.shelf, brain=machines.assistant()._context.brain)
    approval = assistant.send("t", "measure it", "en", "machines").approval
    assert approval is not None
    with project.owned("somebody else"):
        turn = assistant.settle("t", approval.id, "approve")
    assert "held by another process" in turn.reply
    assert len(JobStore(project.jobs).list()) == 1
    again = assistant.send("t", "measure it").approval
    assert again is not None
    assert again.id != approval.id
    assert assistant.settle("t", again.id, "approve").job is not None


def test_the_reader_of_these_tests_knows_its_words() -> None:
    assert READER.read("status")[0].action == "status"
