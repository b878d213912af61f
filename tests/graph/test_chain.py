"""What one yes lets run: the fix, the mix, the same items again; training asks for itself, and nothing runs unnamed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.records.conversation import Turn
from agent.records.diagnosis import Fix
from agent.records.job import Job
from graph.assistant import Assistant
from knowledge.files import write_records
from tests.graph.test_poisoned import _pair
from tests.graph.worlds import World
from tools.jobs.runner import cancel, wait
from tools.jobs.store import JobStore
from tools.workspace import Project

COMMANDS = {
    "extract": "domainsmith extract -p machines --wordings 4",
    "mix": "domainsmith mix -p machines --domain-share 0.5",
    "person": "domainsmith ingest -p machines PATH",
}


@pytest.fixture
def fixes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every diagnosis proposes the same fixes, in this order."""
    made = tuple(
        Fix(kind="data", action=f"do {name}", command=command, targets=(), why="all of them", article="paraphrases")
        for name, command in COMMANDS.items()
    )
    monkeypatch.setattr("tools.diagnosis.narrowing.fixes_for", lambda *_, **__: (made, False))


@pytest.fixture
def project(machines: World) -> Project:
    """A project with pairs that a person has accepted, which no extraction takes away."""
    project = machines.workspace.open("machines")
    pairs = [_pair(number, f"The pump of line {number} has {number + 4} bar.") for number in range(30)]
    write_records(project.pairs, [pair.model_copy(update={"reviewed": True}) for pair in pairs])
    return project


@pytest.fixture
def assistant(machines: World, project: Project, fixes: None) -> Assistant:
    assistant = machines.assistant()
    assistant.send("t", "why is it bad at torque?", "en", "machines")
    return assistant


def jobs_of(project: Project) -> list[Job]:
    return list(JobStore(project.jobs).list())[1:]


def ended(assistant: Assistant, project: Project) -> Turn:
    """Let the job of the thread end and report it."""
    wait(project, jobs_of(project)[-1].id)
    turn = assistant.follow("t")
    assert turn is not None
    return turn


def test_a_fix_names_all_that_follows_it(assistant: Assistant) -> None:
    turn = assistant.send("t", "Apply 1")
    assert turn.action == "extract"
    assert turn.approval is not None
    assert (turn.approval.tool, turn.approval.arguments["wordings"]) == ("make_pairs", 4)
    assert len(turn.approval.following) == 3
    assert turn.reply.startswith("do extract")
    assert "With the same yes, afterwards:" in turn.reply
    assert "training (asks for its own yes)" in turn.reply


def test_the_named_steps_run_one_after_another_and_training_asks(assistant: Assistant, project: Project) -> None:
    assistant.send("t", "Apply 1")
    assistant.send("t", "yes")
    # What is asked in between has steps of its own, and the named ones still follow.
    assistant.send("t", "status")
    assistant.send("t", "guide to ranks")
    after_pairs = ended(assistant, project)
    assert "pairs accepted" in after_pairs.reply
    assert any(name.endswith("-extract") for name in after_pairs.evidence)
    assert [job.kind for job in jobs_of(project)] == ["extract", "mix"]
    assert after_pairs.job == jobs_of(project)[1].id, after_pairs
    after_mix = ended(assistant, project)
    assert after_mix.approval is not None
    assert after_mix.approval.tool == "tune"
    assert after_mix.approval.following == ("the same items again",)
    assert [job.kind for job in jobs_of(project)] == ["extract", "mix"], "training waits"
    assistant.send("t", "no")
    assert assistant.follow("t") is None
    assert [job.kind for job in jobs_of(project)] == ["extract", "mix"]
    assert assistant.approvals() == ()


def test_a_no_to_the_fix_lets_nothing_follow(assistant: Assistant, project: Project) -> None:
    assistant.send("t", "Apply 1")
    assistant.send("t", "not now")
    assert jobs_of(project) == []
    assert assistant.follow("t") is None


def test_a_step_that_fails_ends_the_chain(assistant: Assistant, project: Project) -> None:
    assistant.send("t", "Apply 1")
    assistant.send("t", "yes")
    cancel(project, jobs_of(project)[0].id)
    turn = assistant.follow("t")
    assert turn is not None
    assert "cancelled" in turn.reply or "pairs accepted" in turn.reply
    if "cancelled" in turn.reply:
        assert [job.kind for job in jobs_of(project)] == ["extract"]
        assert turn.job is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("Apply 3", "needs you", id="work for a person"),
        pytest.param("Apply 4", "no fix number 4", id="no such fix"),
        pytest.param("应用第 9 条", "no fix number 9", id="in Chinese"),
    ],
)
def test_what_no_yes_can_apply_starts_nothing(assistant: Assistant, project: Project, text: str, says: str) -> None:
    turn = assistant.send("t", text)
    assert says in turn.reply
    assert turn.approval is None
    assert jobs_of(project) == []


@pytest.mark.parametrize("text", ["Apply 1", "do 1", "take number 1", "#1", "应用第一条", "请执行第1条", "只做第 1 个"])
def test_ways_to_name_a_fix(assistant: Assistant, text: str) -> None:
    turn = assistant.send("t", text)
    assert (turn.approval is not None) == (text != "#1")


def test_a_fix_of_another_conversation_is_not_applied(machines: World, fixes: None) -> None:
    assistant = machines.assistant()
    turn = assistant.send("other", "Apply 1", "en", "machines")
    assert turn.approval is None


def test_an_earlier_fix_does_not_colour_a_later_evaluation(
    assistant: Assistant, project: Project, jobs: Callable[[], list[str]]
) -> None:
    """A fix that was declined changed nothing, so nothing is reported as its doing."""
    assistant.send("t", "Apply 1")
    assistant.send("t", "no")
    approval = assistant.send("t", "measure it").approval
    assert approval is not None
    assistant.settle("t", approval.id, "approve")
    turn = ended(assistant, project)
    assert len(jobs()) == 1
    assert "Same " not in turn.reply
