"""The three uses on a project whose every station was real: a trained small model, real evaluations, real workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.records.conversation import Turn
from agent.records.evaluation import ARMS
from agent.settings import Settings
from graph.assistant import Assistant
from tests.graph.worlds import World, copied, open_shelf
from tests.ui.pages.measured_project import NAME, build_home
from tools.diagnosis.change import paired_change
from tools.evaluation.wording import arm_name
from tools.jobs.processes import end_processes
from tools.jobs.runner import wait
from tools.jobs.store import JobStore
from tools.workspace import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    work = tmp_path_factory.mktemp("measured")
    return work / "home", build_home(work / "home", work / "work")


@pytest.fixture
def world(built: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[World]:
    home, environment = built
    settings = Settings(
        home=copied(home, tmp_path / "home"),
        base_model=environment["DOMAINSMITH_BASE_MODEL"],
        extraction_model="rules",
        threads=2,
        _env_file=None,
    )
    world = World(settings.home, settings, project=NAME, shelf=open_shelf)
    yield world
    for job in JobStore(world.workspace.open(NAME).jobs).list():
        end_processes(job)


@pytest.fixture
def project(world: World) -> Project:
    return world.workspace.open(NAME)


def ended(assistant: Assistant, project: Project, turn: Turn) -> Turn:
    """Follow the job that a turn started to its report."""
    assert turn.job is not None, turn.reply
    wait(project, turn.job)
    report = assistant.follow("t")
    assert report is not None
    return report


def test_a_fix_goes_from_diagnosis_to_the_same_items_again(world: World, project: Project) -> None:
    assistant = world.assistant()
    before = project.latest_run("evaluate")
    assert before is not None
    turn = assistant.send("t", "Why are so many answers wrong?", "en", NAME)
    assert turn.action == "diagnose"
    assert before.name in turn.reply
    applicable = [option.message for option in turn.options if option.message.startswith("Apply")]
    assert applicable, turn.reply
    turn = assistant.send("t", applicable[-1])
    assert turn.approval is not None
    assert turn.approval.tool == "evaluate", "the gate that held the passages back is no fault of the weights"
    named = turn.approval.following
    yeses = 0
    while True:
        if turn.approval is not None:
            assert JobStore(project.jobs).active() is None, "nothing runs before the yes"
            turn = assistant.settle("t", turn.approval.id, "approve")
            yeses += 1
        elif turn.job is not None:
            turn = ended(assistant, project, turn)
        else:
            break
    after = project.latest_run("evaluate")
    assert after is not None
    assert after != before
    assert named == (), "the evaluation itself was approved"
    assert yeses == 1 + sum("asks for its own yes" in step for step in named)
    assert turn.reply.count("?") <= 1
    assert turn.reply.startswith("Same ")
    named = turn.reply.split(", ", 1)[1].split(":", 1)[0]
    arm = next(one for one in ARMS if arm_name(one, "en") == named)
    asked = int(turn.reply.split(" ")[1])
    change = paired_change(before, after, arm)
    assert asked <= change.n
    assert f"{change.before} → {change.after}" in turn.reply
    assert "95% interval" in turn.reply
    assert {change.before, change.after} <= set(turn.evidence)


def test_training_waits_for_a_yes_and_reports_what_it_did(world: World, project: Project) -> None:
    assistant = world.assistant()
    refused = assistant.send("t", "Just do full fine-tuning of 14B on our one A800.", "en", NAME)
    assert "120–240 GiB" in refused.reply
    assert refused.approval is None
    before = len(JobStore(project.jobs).list())
    asked = assistant.send("t", "train it with LoRA, rank 4, 1 epoch")
    assert asked.approval is not None
    assert asked.approval.arguments["overrides"] == {"epochs": 1.0, "rank": 4}
    assert len(JobStore(project.jobs).list()) == before
    report = ended(assistant, project, assistant.send("t", "yes"))
    job = JobStore(project.jobs).list()[-1]
    assert (job.kind, job.state, job.key) == ("tune", "done", asked.approval.id)
    assert job.run in report.reply
    assert "whether it helps, the evaluation says" in report.reply
    assert report.question is not None


def test_all_arms_answer_side_by_side(world: World) -> None:
    turn = world.assistant().send("t", "Ask both: what is the rated pressure of the Tarvo T2?", "en", NAME)
    assert turn.action == "compare"
    assert list(turn.answers) == ["base", "rag", "tuned", "tuned+rag"]
    for arm, answer in turn.answers.items():
        assert f"**{arm_name(arm, 'en')}** ({answer['seconds']:.1f} s)" in turn.reply
