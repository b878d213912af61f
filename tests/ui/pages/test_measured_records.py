"""Runs, evaluations, forecasts and steps of a project, read and started as the pages do; a scripted model answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import EmptyError, NotFoundError, RefusedError
from agent.settings import Settings
from knowledge.files import write_record
from tests.domain_mix import manifest_of
from tests.ui.pages.scripted_project import ended_job, report_of, scripted_project, stand_in, write_losses
from tools.jobs.store import TERMINAL, JobStore
from tools.status import project_facts
from tools.workspace import Project, Workspace
from ui.pages import steps_view
from ui.pages.evaluation_records import Diagnoses, Evaluation, newest_first
from ui.pages.run_records import Runs, chosen, log_text, resident_gib
from ui.pages.steps import StepOptions, cannot, propose, start, wanted
from ui.web.desk import Desks


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return scripted_project(tmp_path_factory.mktemp("home"))


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    return scripted_project(tmp_path / "home")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", _env_file=None)


def test_the_evaluations_are_newest_first_and_named_exactly(project: Project) -> None:
    (name,) = newest_first(project)
    seen = Evaluation.read(project, name)
    assert seen.report == report_of(project)
    assert seen.decision("en").confidence == "measured"
    for other in (name[:-1], "../x", ""):
        with pytest.raises(NotFoundError):
            Evaluation.read(project, other)


def test_failures_come_with_item_and_answers(project: Project, settings: Settings) -> None:
    seen = Evaluation.read(project, newest_first(project)[0])
    diagnoses = Diagnoses()
    found = diagnoses.of(seen, settings)
    assert diagnoses.of(seen, settings) is found
    failures = seen.failures(found)
    assert len(failures) == found.failed > 0
    one, item, answer = failures[0]
    assert (one.id, item.id, answer.item) == (one.id,) * 3
    assert list(seen.answers[item.id]) == [
        arm for arm in ("base", "rag", "oracle", "tuned", "tuned+rag") if arm in seen.answers[item.id]
    ]
    assert seen.retrieved == {}  # handed over in memory here


def test_a_run_is_found_by_run_or_job_and_by_default_the_active_one(fresh: Project) -> None:
    runs = Runs()
    tune, evaluate = runs.jobs(fresh)
    assert chosen((tune, evaluate), None) == evaluate
    assert chosen((tune, evaluate), tune.run) == tune
    assert chosen((tune, evaluate), tune.id) == tune
    assert chosen((tune, evaluate), "nothing") is None
    assert chosen((), None) is None
    active = tune.model_copy(update={"state": "running"})
    assert chosen((active, evaluate), None) == active


def test_an_open_run_grows_with_its_events(fresh: Project) -> None:
    runs = Runs()
    with stand_in(fresh, "tune") as job:
        write_losses(fresh, job, steps=2, left=30)
        assert runs.jobs(fresh)[-1].state == "running"
        run = runs.opened(fresh, job, "en")
        assert list(run.course.losses) == [1, 2]
        assert run.memory_gib is not None
        assert run.result is None
        write_losses(fresh, job, steps=3)
        assert list(runs.opened(fresh, job, "en").course.losses) == [1, 2, 3]
    done = runs.opened(fresh, runs.jobs(fresh)[0], "en")
    assert done.result is not None
    assert done.result.reasons
    assert resident_gib(runs.jobs(fresh)[0]) is None


def test_the_result_of_a_finished_run_is_summed_up_in_words(fresh: Project) -> None:
    job = ended_job(fresh, "mix")
    write_record(fresh.runs / job.run / "result.json", manifest_of("m1", 40))
    assert "m1" in Runs().opened(fresh, job, "zh").summary
    (fresh.runs / job.run / "result.json").write_text("{}")
    assert "result.json" in Runs().opened(fresh, job, "en").summary


def test_a_log_is_cut_and_cleaned(fresh: Project) -> None:
    job = ended_job(fresh, "mix")
    assert log_text(fresh, job) == ""
    path = fresh.runs / job.run / "log.txt"
    path.write_bytes(b"begin\n" + b"x" * 30_000 + b"\n\x1b[31mred\x1b[0m\rover\xff\n")
    text = log_text(fresh, job)
    assert text.startswith("…\n")
    assert "begin" not in text
    assert text.endswith("red\nover\ufffd\n")


def test_a_step_that_the_policy_refuses_is_not_proposed(fresh: Project, settings: Settings) -> None:
    facts = project_facts(fresh)
    assert "accepted pairs" in cannot("mix", facts, "en")
    assert "读入文档" in cannot("validate", facts, "zh")
    assert cannot("evaluate", facts, "en") == ""
    with pytest.raises(RefusedError, match="mix"):
        wanted(fresh, settings, "tune", facts, StepOptions())
    busy = facts.model_copy(update={"running": "mix 1"})
    assert "is running" in cannot("evaluate", busy, "en")


def test_a_card_says_what_it_takes_and_starts_once(fresh: Project, settings: Settings, monkeypatch: Any) -> None:
    desks = Desks(settings)
    desk = desks.for_account("")
    request = wanted(fresh, settings, "evaluate", project_facts(fresh), StepOptions(limit=1))
    card = propose(fresh, settings, "evaluate", request, "en")
    assert "on the sealed items" in card.summary
    assert "a new report" in card.summary
    html = steps_view.card(card, "en")
    assert "<h3" in html
    assert "&quot;limit&quot;: 1" in html

    prepared: list[str] = []
    monkeypatch.setattr("ui.pages.steps._retrieval", lambda *_: lambda run: prepared.append(run.name))
    job = start(desk, fresh, card, "en")
    assert prepared == [job.run]
    again = start(desk, fresh, card, "en")
    assert again.id == job.id
    other = propose(fresh, settings, "evaluate", request, "en")
    assert other.key != card.key
    with pytest.raises(EmptyError):
        start(desk, Workspace(settings.home).create("elsewhere"), card, "en")
    stop(fresh, job.id)
    desks.close()


def stop(project: Project, job: str) -> None:
    from tools.jobs.runner import cancel

    if JobStore(project.jobs).get(job).state not in TERMINAL:
        cancel(project, job)


def test_documents_that_leave_the_machine_are_named(fresh: Project, settings: Settings, monkeypatch: Any) -> None:
    from tools.extraction.request import ExtractRequest

    monkeypatch.setenv("OPENAI_BASE_URL", "https://llm.example.com/v1")
    away = settings.model_copy(update={"extraction_model": "openai:big"})
    assert "llm.example.com" in propose(fresh, away, "extract", ExtractRequest(), "en").summary
    assert "example.com" not in propose(fresh, settings, "extract", ExtractRequest(), "en").summary
