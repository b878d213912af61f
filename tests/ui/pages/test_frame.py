"""The frame without a browser: which project a request means, when the rail is counted anew, how errors are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from agent.errors import InputError, NotFoundError
from agent.records.job import Job, JobEvent
from agent.settings import Settings
from knowledge.files import write_record
from tests.tools.jobs.sleeper import SLEEPER, until
from tools.jobs.events import EventLog
from tools.jobs.processes import end_processes
from tools.jobs.runner import cancel, submit
from tools.jobs.store import JobStore
from tools.status import read_profile
from tools.workspace import Project
from ui.pages import frame as frame_module
from ui.pages.frame import Frame, told
from ui.pages.running import TAIL_BYTES, running_job
from ui.web.desk import ACCOUNTS, Desks

NO_PROCESS = 2**22 + 1
"""Above the highest process id there is."""


def request(query: dict[str, str] | None = None, *, account: str = "", home: str = "", **cookies: str) -> Any:
    state = SimpleNamespace(account=account, home=home)
    return SimpleNamespace(query_params=query or {}, cookies=cookies, state=state)


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    made = Desks(Settings(home=tmp_path))
    yield made
    made.close()


@pytest.fixture
def frame(desks: Desks) -> Frame:
    return Frame("en", "runs", desks, SimpleNamespace())  # type: ignore[arg-type]


@pytest.fixture
def pumps(desks: Desks) -> Iterator[Project]:
    project = desks.for_account("").workspace.create("Pumps")
    yield project
    for job in JobStore(project.jobs).list():
        end_processes(job)


def test_without_projects_there_is_none(frame: Frame) -> None:
    assert frame.project(request()) is None
    assert frame.project(request({"project": "pumps"}, project="pumps")) is None
    with pytest.raises(NotFoundError, match="Choose a project"):
        frame.need(request())


@pytest.mark.parametrize(
    ("query", "cookies", "found"),
    [
        ({}, {}, None),
        ({"project": "valves"}, {}, "valves"),
        ({"project": "valves"}, {"project": "pumps"}, "valves"),
        ({}, {"project": "pumps"}, "pumps"),
        ({"project": ""}, {"project": "pumps"}, "pumps"),
        ({}, {"project": "gone"}, None),
        ({"project": "gone"}, {"project": "pumps"}, None),
        ({"project": "../pumps"}, {}, None),
        ({"project": "x" * 200}, {}, None),
        ({"project": "\n"}, {}, None),
    ],
)
def test_the_project_is_that_of_the_address_else_the_last_one(
    frame: Frame, desks: Desks, pumps: Project, query: dict[str, str], cookies: dict[str, str], found: str | None
) -> None:
    desks.for_account("").workspace.create("Valves")
    project = frame.project(request(query, **cookies))
    assert (project.id if project else None) == found


def test_the_only_project_needs_no_name(frame: Frame, pumps: Project) -> None:
    assert frame.need(request(project="gone")).id == "pumps"


def test_another_account_has_projects_of_its_own(frame: Frame, desks: Desks, pumps: Project, tmp_path: Path) -> None:
    assert frame.project(request({"project": "pumps"}, account="ben", home="b1")) is None
    desk = frame.desk(request(account="ben", home="b1"))
    assert desk.workspace.home == tmp_path / ACCOUNTS / "b1"


def test_a_request_without_an_account_reaches_nothing(frame: Frame, pumps: Project) -> None:
    with pytest.raises(AttributeError):
        frame.project(SimpleNamespace(query_params={}, cookies={}, state=SimpleNamespace()))  # type: ignore[arg-type]


def test_links_keep_language_project_and_what_else_is_asked_for(frame: Frame, pumps: Project) -> None:
    assert frame.link("runs", pumps, run="a b&c") == "/en/runs?project=pumps&run=a+b%26c"
    assert frame.link("assistant") == "/en/"
    assert frame.asked(request({"thread": "7", "run": ""}), "thread") == "7"
    assert frame.asked(request({"thread": "7", "run": ""}), "run") is None


def test_an_expected_error_becomes_a_message_without_markup() -> None:
    @told
    def fails(name: str) -> str:
        raise InputError("no such <b>thing</b>", where=name, mend="try `x`")

    @told
    def streams(name: str) -> Iterator[str]:
        yield "first"
        raise InputError("cut off", where=name)

    with pytest.raises(gr.Error) as caught:
        fails("<i>")
    assert caught.value.message == "no such &lt;b&gt;thing&lt;/b&gt;: &lt;i&gt; - try `x`"
    parts = streams("y")
    assert next(parts) == "first"
    with pytest.raises(gr.Error, match="cut off: y"):
        next(parts)
    assert fails.__name__ == "fails"


def test_an_unexpected_error_stays_what_it_is() -> None:
    @told
    def breaks() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()


@pytest.fixture
def start(pumps: Project, tmp_path: Path) -> Callable[..., Job]:
    def begin(**asked: Any) -> Job:
        return submit(pumps, Settings(home=tmp_path), "tune", asked, "tune", worker=SLEEPER)

    return begin


def test_a_running_job_is_shown_with_its_share_and_cancelled(
    frame: Frame, pumps: Project, start: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running_job(pumps) is None
    said: list[str] = []
    monkeypatch.setattr(gr, "Info", said.append)
    job = start(links=400, seconds=0.1)
    until(lambda: (now := running_job(pumps)) is not None and now.share)
    now = running_job(pumps)
    assert now is not None
    assert (now.id, now.kind, now.state) == (job.id, "tune", "running")
    assert 0 < (now.share or 0) < 1
    top, rail, button, facing, timer = frame._refresh(request())
    assert "<progress" in top
    assert facing == job.id
    assert "Tuning: running" in top
    assert "running: tune" in rail
    assert (button.visible, timer.active) == (True, True)
    frame._cancel_job(facing, request())
    assert said == ["The Tuning job was cancelled; what was finished is kept."]
    assert JobStore(pumps.jobs).get(job.id).state == "cancelled"
    top, rail, button, again, timer = frame._refresh(request())
    assert "<progress" not in top
    assert again == ""
    assert (button.visible, timer.active) == (False, False)
    with pytest.raises(gr.Error, match="ended meanwhile"):
        frame._cancel_job(facing, request())
    assert len(said) == 1


def test_an_old_page_cancels_no_other_job(frame: Frame, pumps: Project, start: Callable[..., Job]) -> None:
    first = start(links=400, seconds=0.1)
    facing = frame._refresh(request())[3]
    assert facing == first.id
    cancel(pumps, first.id)
    second = start(links=400, seconds=0.1)
    with pytest.raises(gr.Error, match="ended meanwhile"):
        frame._cancel_job(facing, request())
    assert JobStore(pumps.jobs).get(second.id).state in ("queued", "running")


def test_the_last_progress_of_this_attempt_counts(pumps: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.pages.running.reconcile", lambda project: ())
    run = pumps.new_run("tune")
    job = JobStore(pumps.jobs).create("tune", pumps.id, run.name, {})
    JobStore(pumps.jobs).claim(job.id, NO_PROCESS)
    (run / "events.jsonl").touch()
    log = EventLog(run / "events.jsonl")

    def tell(done: float, attempt: int = 1, **data: Any) -> None:
        log.append(JobEvent(at="t", kind="progress", message="m", done=done, total=10, attempt=attempt, data=data))

    tell(9, attempt=0)
    tell(2)
    assert _share(pumps) == 0.2
    tell(12)
    log.append(JobEvent(at="t", kind="metric", data={"seconds_left": 40}))
    with (run / "events.jsonl").open("a") as file:
        file.write('{"from": "a newer version"}\n{"kind": "progr')
    assert _share(pumps) == 1.0
    with (run / "events.jsonl").open("a") as file:
        file.write("\n" + "x" * TAIL_BYTES + "\n")
    log.append(JobEvent(at="t", kind="progress", done=5, total=10))
    assert _share(pumps) == 0.5


def _share(project: Project) -> float | None:
    job = running_job(project)
    return job.share if job else None


def test_the_road_is_counted_again_only_when_something_changed(
    frame: Frame, pumps: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    real = frame_module.stand

    def counting(project: Project, lang: Any) -> Any:
        counted.append(project.id)
        return real(project, lang)

    monkeypatch.setattr(frame_module, "stand", counting)
    for _ in range(5):
        frame._refresh(request())
    assert len(counted) == 1
    write_record(pumps.profile, read_profile(pumps).model_copy(update={"goal": "answer"}))
    assert "1 of" in frame._refresh(request())[1]
    assert len(counted) == 2


def test_the_top_bar_keeps_the_thread_when_the_language_changes(frame: Frame, pumps: Project) -> None:
    top = frame._refresh(request({"thread": "t1", "lang": "x"}))[0]
    assert 'href="/zh/runs?thread=t1&amp;lang=x&amp;project=pumps"' in top
