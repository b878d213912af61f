"""The pages of runs and evaluations, filled without a browser: what reaches which component."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.errors import InputError, NotFoundError, RefusedError
from agent.progress import Silent
from agent.records.base import Language
from agent.settings import Settings
from tests.ui.pages.scripted_project import ended_job, scripted_project, stand_in, write_losses
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace
from ui.web.desk import Desks

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("home")
    Workspace(home).create("Empty")
    return scripted_project(home)


@pytest.fixture(scope="module")
def desks(project: Project) -> Desks:
    return Desks(Settings(home=project.root.parents[1], _env_file=None))


def asks(**query: str) -> Any:
    return SimpleNamespace(query_params=query, cookies={}, state=SimpleNamespace(account="", home=""))


def page(name: str, desks: Desks, lang: Language = "en") -> Any:
    import importlib

    import gradio as gr

    from ui.pages.frame import Frame

    async def build() -> Any:
        with gr.Blocks() as blocks:
            frame = Frame(lang, name, desks, blocks)  # type: ignore[arg-type]
            return importlib.import_module(f"ui.pages.{name}")._Page(frame)

    return asyncio.run(build())  # outside of a loop, Blocks makes loops that nobody closes


def runs_page(desks: Desks, drawn: dict[str, int], lang: Language = "en", **query: str) -> tuple[dict[str, Any], Any]:
    made = page("runs", desks, lang)
    return filled(made, drawn, **query)


def filled(made: Any, drawn: dict[str, int], **query: str) -> tuple[dict[str, Any], Any]:
    values = made._fill(asks(**query), drawn, "")
    named = dict(zip([*made._parts, "timer", "drawn"], values, strict=True))
    return {name: value for name, value in named.items() if not skipped(value)}, named["drawn"]


def skipped(value: Any) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update" and len(value) == 1


def test_without_a_project_the_page_says_so(desks: Desks, tmp_path: Path) -> None:
    shown, _ = runs_page(Desks(Settings(home=tmp_path, _env_file=None)), {})
    assert "Choose a project" in shown["list"]
    assert shown["timer"].active is False


def test_a_project_without_runs_says_what_is_next(desks: Desks) -> None:
    shown, _ = runs_page(desks, {}, project="empty")
    assert "No run yet" in shown["list"]
    assert "describe the task" in shown["next"]
    assert shown["step_tune"].interactive is False


def test_a_finished_run_is_shown_and_the_timer_rests(desks: Desks, project: Project) -> None:
    tune, _ = JobStore(project.jobs).list()
    shown, drawn = runs_page(desks, {}, "zh", project="machines", run=tune.run)
    assert "训练损失由 3.00 变为 0.28" in shown["finding"]
    assert shown["plot"].visible is True
    assert "loss.png" in shown["files"]
    assert "rank 16" in shown["reasons"]
    assert shown["cancel"].visible is False
    assert shown["timer"].active is False
    assert drawn["list"]


def test_what_has_not_changed_is_not_sent_again(desks: Desks, project: Project) -> None:
    made = page("runs", desks)
    first, drawn = filled(made, {}, project="machines")
    again, _ = filled(made, drawn, project="machines")
    assert {"list", "head", "request", "next"} <= set(first)
    assert set(again) <= {"timer", "drawn", "cancel", "resume"}


def test_a_run_that_is_not_there_is_said(desks: Desks) -> None:
    shown, _ = runs_page(desks, {}, project="machines", run="nothing")
    assert "no such run" in shown["head"]


def test_cancel_and_resume_act_on_the_run_that_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("tools.jobs.runner.cancel", lambda _, job: asked.append(job))
    project = scripted_project(tmp_path)
    made = page("runs", Desks(Settings(home=tmp_path, _env_file=None)))
    with stand_in(project, "mix") as first:
        shown, _ = filled(made, {}, project="machines")
        assert shown["facing"] == first.id
        JobStore(project.jobs).end(first.id, first.lease, "done")
        with stand_in(project, "tune") as second:  # started elsewhere while the page lay open
            with pytest.raises(InputError, match=r"ended meanwhile \(done\)"):
                made._cancel(asks(project="machines"), first.id)
            with pytest.raises(InputError, match="cannot be resumed any more; its state is now: done"):
                made._resumption(asks(project="machines"), first.id)
            for lost in ("", first.id[:4], "gone"):
                with pytest.raises(NotFoundError, match="no such run"):
                    made._cancel(asks(project="machines"), lost)
            assert asked == []
            shown, _ = filled(made, {}, project="machines")
            assert shown["facing"] == second.id
            made._cancel(asks(project="machines"), second.id)
            assert asked == [second.id]


def test_resuming_waits_for_a_yes_and_goes_on_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[str] = []

    def resume(project: Project, job: str) -> Any:
        resumed.append(job)
        return JobStore(project.jobs).requeue(job)

    monkeypatch.setattr("tools.jobs.runner.resume", resume)
    monkeypatch.setattr("ui.pages.resumption.cannot", lambda *_: "")
    project = scripted_project(tmp_path)
    made = page("runs", Desks(Settings(home=tmp_path, _env_file=None)))
    job = ended_job(project, "tune", {"method": "auto", "base_model": "builtin", "mix": "m"}, "cancelled")
    write_losses(project, job, steps=2, left=3600)
    proposal = made._resumption(asks(project="machines"), job.id)
    column, html, waiting, _ = made._card.show(proposal)
    assert column.visible is True
    assert "Resume: Tuning" in html
    assert "2 / 6 steps done before it stopped" in html
    assert "Takes 45 min to 90 min" in html
    assert "GiB" in html
    assert "a new run folder" not in html
    assert "training is costly and always needs a yes" in html
    assert resumed == []  # nothing goes on before the yes

    *updates, run = made._card._begin(waiting, asks(project="machines"), Silent())
    assert updates[0].visible is False
    assert "goes on where it stopped" in updates[3]
    assert (run, resumed) == (job.run, [job.id])
    made._card._begin(waiting, asks(project="machines"), Silent())  # a second click on the same card
    assert resumed == [job.id]
    again = JobStore(project.jobs).get(job.id)
    JobStore(project.jobs).end(job.id, again.lease, "cancelled")
    with pytest.raises(InputError, match="cannot be resumed any more"):
        made._card._begin(waiting, asks(project="machines"), Silent())
    assert resumed == [job.id]


def test_resuming_is_refused_like_starting(tmp_path: Path) -> None:
    project = scripted_project(tmp_path)
    made = page("runs", Desks(Settings(home=tmp_path, _env_file=None)))
    tune = ended_job(project, "tune", {"method": "auto", "base_model": "builtin", "mix": "m"}, "failed")
    with pytest.raises(RefusedError, match="mix"):  # there is none any more
        made._resumption(asks(project="machines"), tune.id)
    old = ended_job(project, "evaluate", {"asked": "by another version"}, "interrupted")
    with pytest.raises(InputError, match=r"another version .* start a new run"):
        made._resumption(asks(project="machines"), old.id)
    with stand_in(project, "validate"), pytest.raises(RefusedError, match="is running"):
        made._resumption(asks(project="machines"), tune.id)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_card_that_was_lost_says_so_and_goes(desks: Desks, lang: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("gradio.Warning", told.append)
    column, html, waiting, started, run = page("runs", desks, lang)._card._begin(None, asks(), Silent())
    assert told == ["The card is gone; ask for it again." if lang == "en" else "确认卡片已失效，请重新打开。"]
    assert (column.visible, html, waiting, started, skipped(run)) == (False, "", None, "", True)


def test_a_running_run_is_live_and_can_be_cancelled(tmp_path: Path) -> None:
    project = scripted_project(tmp_path)
    desks = Desks(Settings(home=tmp_path, _env_file=None))
    made = page("runs", desks)
    with stand_in(project, "tune") as job:
        write_losses(project, job, steps=2, left=9e9)
        shown, drawn = filled(made, {}, project="machines")
        assert shown["timer"].active is True
        assert shown["cancel"].visible is True
        assert shown["step_evaluate"].interactive is False
        assert "2 / 6 steps (33%)" in shown["head"]
        assert "about" in shown["head"]
        write_losses(project, job, steps=3)
        later, _ = filled(made, drawn, project="machines")
        assert "3.00 → 0.50 after 3 steps" in later["finding"]
        assert "plot" in later
        assert "request" not in later


def measured(made: Any, picked: str | None = None, **query: str) -> dict[str, Any]:
    values = made._measured(asks(**query), picked)
    return dict(zip(["run", *made._text, *(f"plot {name}" for name in made._plot)], values, strict=True))


def test_an_evaluation_fills_verdict_charts_and_tables(desks: Desks, project: Project) -> None:
    made = page("evaluation", desks)
    shown = measured(made, project="machines")
    assert "The evidence is not sufficient yet." in shown["verdict"]
    assert "RAG answers 100% of domain questions, base 0% (n = 16)" in shown["radar_finding"]
    assert shown["plot radar"].visible is True
    assert "2 of 19 differences stand" in shown["differences_finding"]
    assert "decided" in shown["comparisons"]
    assert shown["iterations"] == ""  # one round has nothing to be compared with
    name = shown["run"].value
    failed, cause, items, more, count, head, *rows = made._failures(asks(project="machines"), name)
    assert "10 failed" in failed
    assert cause.visible is True
    assert items.count('<details class="ds-item">') == 10
    assert more.visible is False
    assert count == 20
    assert "Fixes, data first" in head
    texts = [row for row in rows if row.visible and "ds-fix" in str(row.value)]
    assert len(texts) == 2


def test_items_are_narrowed_to_a_cause(desks: Desks, project: Project) -> None:
    made = page("evaluation", desks)
    name = measured(made, project="machines")["run"].value
    seen, diagnosis = made._opened(asks(project="machines"), name)
    commonest = diagnosis.causes[0]
    shown = commonest.count - 1
    items, more, _ = made._listed(seen, diagnosis, commonest.cause, shown)
    assert shown > 1
    assert items.count('<details class="ds-item">') == shown
    assert f"{shown} of {commonest.count} items" in items
    assert more.visible is True


@pytest.mark.parametrize(
    ("query", "says"), [({}, "Choose a project"), ({"project": "empty"}, "Build a validation set")]
)
def test_an_empty_evaluation_page_says_what_to_do(query: dict[str, str], says: str, desks: Desks) -> None:
    made = page("evaluation", desks)
    shown = measured(made, **query)
    assert says in shown["verdict"]
    assert shown["run"].visible is False
    assert made._failures(asks(**query), None)[0] == ""


def test_a_lost_evaluation_leads_to_the_newest(desks: Desks) -> None:
    made = page("evaluation", desks)
    shown = measured(made, project="machines", run="20200101T000000Z-evaluate")
    assert "There is no evaluation 20200101T000000Z-evaluate" in shown["verdict"]


def test_passages_are_looked_up_without_starting_anything(
    desks: Desks, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.records.diagnosis import Fix
    from tests.ui.pages.test_failures_view import hit

    made = page("evaluation", desks)
    name = measured(made, project="machines")["run"].value
    seen, _ = made._opened(asks(project="machines"), name)
    fix = Fix(
        kind="retrieval",
        action="mend retrieval",
        command="domainsmith retrieve -p machines -k 10 --questions validation.jsonl",
        targets=("ekko-pressure-0", "silent", "gone", "ekko-torque-0"),
        why="",
        article="chunking",
    )
    asked: list[tuple[str, int]] = []

    class Finder:
        def search(self, question: str, k: int) -> list[Any]:
            asked.append((question, k))
            return [hit(text="The rated pressure of the Ekko is 8.5 bar.")]

    monkeypatch.setattr("ui.web.desk.Desk.retriever", lambda *_: Finder())
    told: list[Any] = []
    html = made._fixes._look_up(asks(project="machines"), seen, fix, 10, lambda done, desc: told.append(done))
    assert [k for _, k in asked] == [10, 10]  # what has no answer is not looked for
    assert told == [(0, 2), (1, 2)]
    assert "found for 1 of 2 questions" in html
