"""Charts as files over HTTP: in the reader's language, for the account of the request only."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.errors import BusyError, DomainsmithError, RefusedError, WorkFailedError
from agent.settings import Settings
from tests.ui.pages.scripted_project import scripted_project, write_losses
from tools.jobs.store import JobStore
from tools.workspace import Project
from ui.pages.evaluation_records import Diagnoses, Evaluation, newest_first
from ui.web.chart_downloads import NAMES, chart_routes
from ui.web.desk import ACCOUNTS, Desks

pytestmark = pytest.mark.filterwarnings("default")


class As:
    """Puts an account into every request, as the gate does."""

    def __init__(self, app: Any, account: str = "", home: str = "") -> None:
        self.app, self.account, self.home = app, account, home

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {}).update(account=self.account, home=self.home)
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return scripted_project(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def settings(project: Project) -> Settings:
    return Settings(home=project.root.parents[1], _env_file=None)


def client(settings: Settings, account: str = "", home: str = "") -> TestClient:
    app = FastAPI()
    app.include_router(chart_routes(Desks(settings)))
    return TestClient(As(app, account, home))


@pytest.fixture(scope="module")
def runs(project: Project) -> dict[str, str]:
    return {job.kind: job.run for job in JobStore(project.jobs).list()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_file_comes_as_an_attachment(
    name: str, lang: str, project: Project, settings: Settings, runs: dict[str, str]
) -> None:
    if name == "failed.csv":
        Diagnoses().of(Evaluation.read(project, newest_first(project)[0]), settings)
    run = runs["tune" if name.startswith("loss") else "evaluate"]
    answer = client(settings).get(f"/download/charts/{run}/{name}", params={"project": "machines", "lang": lang})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="machines-{run}-{name}"'
    assert answer.headers["cache-control"] == "no-store"
    if name.endswith(".png"):
        assert answer.content.startswith(b"\x89PNG")
        assert answer.headers["content-type"] == "image/png"
    elif name.startswith("report."):
        text = answer.content.decode("utf-8")
        assert {"en": "What answering takes", "zh": "作答的代价"}[lang] in text
        assert ("<!doctype html>" in text) == name.endswith(".html")
        assert answer.headers["content-type"].startswith("text/html" if name.endswith(".html") else "text/markdown")
    else:
        text = answer.content.decode("utf-8-sig")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert len(list(csv.DictReader(io.StringIO(text)))) >= 6


@pytest.mark.parametrize(
    ("run", "name", "query"),
    [
        ("{evaluate}", "radar.gif", {"project": "machines"}),
        ("{evaluate}", "radar.png", {"project": "machines", "lang": "fr"}),
        ("{evaluate}", "radar.png", {"project": "others"}),
        ("{tune}", "radar.png", {"project": "machines"}),
        ("{evaluate}", "loss.png", {"project": "machines"}),
        ("nothing", "loss.csv", {"project": "machines"}),
        ("..%2F..", "scores.csv", {"project": "machines"}),
    ],
)
def test_what_is_not_there_is_not_found(
    run: str, name: str, query: dict[str, str], settings: Settings, runs: dict[str, str]
) -> None:
    path = f"/download/charts/{run.format(**runs)}/{name}"
    assert client(settings).get(path, params=query).status_code == 404


def test_a_failure_says_what_is_wrong(settings: Settings, runs: dict[str, str], tmp_path: Path) -> None:
    def asked(run: str, name: str, home: Path = settings.home) -> tuple[int, str]:
        opened = settings.model_copy(update={"home": home})
        answer = client(opened).get(f"/download/charts/{run}/{name}", params={"project": "machines"})
        return answer.status_code, answer.text

    assert asked("nothing", "loss.csv") == (404, "no such run: nothing\n")
    assert asked(runs["evaluate"], "loss.png") == (404, f"this run has no losses: {runs['evaluate']}\n")
    code, text = asked(runs["evaluate"], "radar.gif")
    assert (code, "radar.png" in text) == (404, True)

    damaged = scripted_project(tmp_path)
    run = next(job.run for job in JobStore(damaged.jobs).list() if job.kind == "evaluate")
    (damaged.runs / run / "eval" / "report.json").write_text("{}")
    code, text = asked(run, "radar.png", tmp_path)
    assert (code, "report.json" in text) == (400, True)
    damaged.jobs.write_bytes(b"no list of jobs" * 400)
    code, text = asked(run, "loss.csv", tmp_path)
    assert (code, "the job list is damaged" in text) == (400, True)


@pytest.mark.parametrize(("error", "code"), [(WorkFailedError, 500), (BusyError, 400), (RefusedError, 400)])
def test_what_fails_here_is_told_from_what_was_asked_wrongly(
    error: type[DomainsmithError], code: int, settings: Settings, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error("it broke", mend="try again")

    monkeypatch.setattr("ui.web.chart_downloads.Runs.jobs", fails)
    answer = client(settings).get(f"/download/charts/{runs['tune']}/loss.csv", params={"project": "machines"})
    assert (answer.status_code, answer.text) == (code, "it broke - try again\n")


def test_another_account_finds_nothing(settings: Settings, runs: dict[str, str], tmp_path: Path) -> None:
    (settings.home / ACCOUNTS / "ben").mkdir(parents=True, exist_ok=True)
    path = f"/download/charts/{runs['evaluate']}/scores.csv"
    assert client(settings, "ben", "ben").get(path, params={"project": "machines"}).status_code == 404
    assert client(settings, "anna").get(path, params={"project": "machines"}).status_code == 200


def test_a_running_run_has_the_losses_so_far(tmp_path: Path) -> None:
    from tests.ui.pages.scripted_project import stand_in

    project = scripted_project(tmp_path)
    with stand_in(project, "tune") as job:
        write_losses(project, job, steps=3)
        path = f"/download/charts/{job.run}/loss.csv"
        answer = client(Settings(home=tmp_path, _env_file=None)).get(path, params={"project": project.id})
    assert len(answer.text.splitlines()) == 4
