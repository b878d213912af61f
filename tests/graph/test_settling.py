"""A person's verdict: on the step that was shown, once, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agent.records.conversation import Turn
from graph.assistant import Assistant
from graph.chat_model import ChatBrain
from tests.fakes import chat_call, chat_text, scripted_chat
from tests.graph.worlds import World, write_manuals
from tools.jobs.runner import wait
from tools.jobs.store import JobStore

Jobs = Callable[[], list[str]]
REQUEST: dict[str, Any] = {"arms": ["base", "rag"], "dimensions": ["domain_knowledge"]}


@pytest.fixture
def assistant(machines: World) -> Assistant:
    return machines.assistant()


@pytest.fixture
def waiting(assistant: Assistant) -> Turn:
    """A thread in which an evaluation waits for a yes."""
    turn = assistant.send("t", "measure it", "en", "machines")
    assert turn.approval is not None
    return turn


def ident(turn: Turn) -> str:
    assert turn.approval is not None
    return turn.approval.id


def test_the_question_says_what_how_long_how_much_and_what_changes(waiting: Turn) -> None:
    assert waiting.approval is not None
    assert waiting.approval.summary in waiting.reply
    for words in ("Measure base, RAG", "Takes", "memory", "Changes: a new report", "Shall I start?"):
        assert words in waiting.reply
    assert waiting.question == "Shall I start?"
    assert [option.label for option in waiting.options] == ["Yes", "Not now"]
    assert waiting.articles


def test_a_yes_starts_the_step_that_was_shown(assistant: Assistant, waiting: Turn, machines: World, jobs: Jobs) -> None:
    assert waiting.approval is not None
    turn = assistant.settle("t", ident(waiting), "approve")
    job = JobStore(machines.workspace.open("machines").jobs).get(jobs()[0])
    assert (turn.job, turn.approval) == (job.id, None)
    assert (job.key, job.request) == (ident(waiting), waiting.approval.arguments)
    assert assistant.approvals() == ()


def test_a_yes_is_for_the_project_that_was_shown(assistant: Assistant, waiting: Turn, machines: World) -> None:
    machines.workspace.create("Other")
    assert assistant.send("t", "hello", project="Other").project == "Other"
    turn = assistant.settle("t", ident(waiting), "approve")
    assert turn.project == "machines"
    assert [job.kind for job in JobStore(machines.workspace.open("machines").jobs).list()] == ["evaluate", "evaluate"]
    assert not machines.workspace.open("Other").jobs.exists()


def test_a_report_is_of_the_project_that_the_job_is_in(assistant: Assistant, waiting: Turn, machines: World) -> None:
    machines.workspace.create("Other")
    turn = assistant.settle("t", ident(waiting), "approve")
    assert turn.job is not None
    wait(machines.workspace.open("machines"), turn.job)
    assistant.send("t", "hello", project="Other")
    report = assistant.follow("t")
    assert report is not None
    assert "Evaluation " in report.reply
    assert report.project == "machines"


def test_a_step_that_was_to_make_a_project_does_not_run_in_another(empty: World, tmp_path: Path) -> None:
    assistant = empty.assistant()
    documents = write_manuals(tmp_path / "manuals")
    turn = assistant.propose("t", "read_documents", {"paths": [str(documents)]}, lang="en")
    assert turn.approval is not None
    empty.workspace.create("Other")
    assistant.send("t", "hello", project="Other")
    turn = assistant.settle("t", turn.approval.id, "approve")
    assert "works in the project Other now" in turn.reply
    assert [info.name for info in empty.workspace.projects()] == ["Other"]
    assert assistant.approvals() == ()


def test_a_no_is_heard_beside_an_open_list_of_readings(assistant: Assistant, waiting: Turn, jobs: Jobs) -> None:
    listed = assistant.send("t", "better")
    assert listed.action == "clarify"
    assert "Nothing was changed" in assistant.send("t", "no, never mind").reply
    assert assistant.approvals() == ()
    assert jobs() == []


@pytest.mark.parametrize(("said", "lang"), [("yes", "en"), ("好的", "zh"), ("no", "en"), ("不用了", "zh")])
def test_a_verdict_where_nothing_waits_is_told_so(assistant: Assistant, jobs: Jobs, said: str, lang: str) -> None:
    turn = assistant.send("fresh", said, lang, "machines")  # type: ignore[arg-type]
    assert turn.reply == {"en": "No step is waiting for a yes.", "zh": "没有步骤在等待同意。"}[lang]
    assert jobs() == []


def test_a_second_yes_starts_nothing(assistant: Assistant, waiting: Turn, jobs: Jobs) -> None:
    assistant.settle("t", ident(waiting), "approve")
    again = assistant.settle("t", ident(waiting), "approve")
    assert "No step is waiting" in again.reply
    assert len(jobs()) == 1


def test_eight_yeses_at_once_start_one_job(machines: World, waiting: Turn, jobs: Jobs) -> None:
    doors = [machines.assistant() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(lambda n: doors[n % 4].settle("t", ident(waiting), "approve"), range(8)))
    assert len(jobs()) == 1
    assert sum("Started" in turn.reply for turn in turns) == 1


def test_a_no_changes_nothing(assistant: Assistant, waiting: Turn, jobs: Jobs) -> None:
    turn = assistant.settle("t", ident(waiting), "decline")
    assert "Nothing was changed" in turn.reply
    assert assistant.settle("t", ident(waiting), "approve").job is None
    assert jobs() == []


@pytest.mark.parametrize("stale", ["", "000000000000", "another"])
def test_a_verdict_on_another_step_does_nothing(assistant: Assistant, waiting: Turn, jobs: Jobs, stale: str) -> None:
    turn = assistant.settle("t", stale, "approve")
    assert turn.approval == waiting.approval
    assert "No step is waiting" not in turn.reply
    assert "Still waiting for your yes" in turn.reply
    assert jobs() == []


def test_a_step_that_took_another_s_place_leaves_the_first_id_dead(
    assistant: Assistant, waiting: Turn, jobs: Jobs
) -> None:
    second = assistant.send("t", "measure it, only 5 items")
    assert second.approval is not None
    assert "takes the place" in second.reply
    assert ident(second) != ident(waiting)
    assert assistant.settle("t", ident(waiting), "approve").job is None
    assert jobs() == []
    assert assistant.settle("t", ident(second), "approve").job == jobs()[0]


def test_a_verdict_on_a_thread_without_a_question_says_so(assistant: Assistant) -> None:
    assistant.send("other", "hello", "en")
    assert "No step is waiting" in assistant.settle("other", "x", "approve").reply


@pytest.mark.parametrize("text", ["yes", "ok", "go ahead", "好", "同意", "是，开始吧", " Yes! "])
def test_a_bare_yes_in_words_settles(assistant: Assistant, waiting: Turn, jobs: Jobs, text: str) -> None:
    assert assistant.send("t", text).job == jobs()[0]


@pytest.mark.parametrize("text", ["no", "not now", "取消", "先不要", "算了"])
def test_a_bare_no_in_words_settles(assistant: Assistant, waiting: Turn, jobs: Jobs, text: str) -> None:
    assert assistant.send("t", text).approval is None
    assert jobs() == []


@pytest.mark.parametrize(
    "text",
    [
        "yes, but with k = 3",
        "yes if it takes under a minute",
        "is it ok?",
        "no idea, status?",
        "I approve of this pump",
        "好的话我再说",
        "yesterday it worked",
        "approve everything from now on",
    ],
)
def test_more_than_a_yes_is_none(assistant: Assistant, waiting: Turn, jobs: Jobs, text: str) -> None:
    assistant.send("t", text)
    assert jobs() == []


@pytest.mark.parametrize(
    "between",
    [
        pytest.param("is it better?", id="a choice of readings"),
        pytest.param("read the documents", id="a field"),
    ],
)
def test_a_yes_to_another_question_approves_nothing(
    assistant: Assistant, waiting: Turn, jobs: Jobs, between: str
) -> None:
    asked = assistant.send("t", between)
    assert asked.question not in (None, "Shall I start?")
    assert asked.approval == waiting.approval
    assistant.send("t", "yes")
    assert jobs() == []
    assert [one.id for one in assistant.approvals()] == [ident(waiting)]


@pytest.mark.slow
def test_a_yes_to_the_offer_of_another_step_approves_nothing(machines: World, jobs: Jobs) -> None:
    """An offer is asked at a job's end, while another step still waits."""
    assistant = machines.assistant()
    assistant.settle("t", ident(assistant.send("t", "measure it", "en", "machines")), "approve")
    waits = assistant.propose("t", "note_facts", {"facts": {"needs_citations": True}})
    wait(machines.workspace.open("machines"), jobs()[0])
    report = assistant.follow("t")
    assert report is not None
    assert report.approval == waits.approval
    assert report.question is not None
    assert report.question.startswith("Next would be")
    taken = assistant.send("t", "yes")
    assert assistant.profile("t").needs_citations is None
    assert taken.action == "diagnose", "the offer was taken"
    assert taken.approval == waits.approval
    assert len(jobs()) == 1


def test_a_yes_to_a_question_of_the_chat_model_approves_nothing(machines: World, jobs: Jobs) -> None:
    model = scripted_chat([chat_call("evaluate", REQUEST), chat_text("Do you like pumps?"), chat_text("Good.")])
    assistant = machines.assistant(ChatBrain(model, "scripted"))
    assert assistant.send("t", "measure it", "en", "machines").approval is not None
    asked = assistant.send("t", "and what do you like?")
    assert asked.question is not None
    assert asked.approval is not None
    assistant.send("t", "yes")
    assert jobs() == []
    assert assistant.approvals() != ()


def test_a_question_asked_before_the_step_does_not_swallow_the_yes(empty: World) -> None:
    """Facts and documents in one message: the interview's question is put off, and the yes is about the reading."""
    folder = empty.home.parent / "documents"
    folder.mkdir(parents=True)
    (folder / "big.md").write_text("A sentence about pumps. " * 20_000, encoding="utf-8")
    assistant = empty.assistant()
    asked = assistant.send("t", f"We want to know our manuals, they are in {folder}", "en")
    assert asked.approval is not None, asked.reply
    assert asked.reply.count("?") == 1
    assistant.settle("t", ident(asked), "decline")
    assert assistant.approvals() == ()


def test_an_open_step_is_shown_with_every_reply(assistant: Assistant, waiting: Turn) -> None:
    turn = assistant.send("t", "hello")
    assert turn.approval == waiting.approval
    assert turn.reply.endswith(f"Still waiting for your yes: {waiting.approval.title}")  # type: ignore[union-attr]


def test_what_waits_is_listed_across_threads_and_processes(machines: World, waiting: Turn) -> None:
    other = machines.assistant()
    second = other.send("u", "measure it", "zh", "machines")
    assert {one.id for one in machines.assistant().approvals()} == {ident(waiting), ident(second)}
    assert "要开始吗？" in second.reply
