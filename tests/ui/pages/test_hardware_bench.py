"""Measuring this machine from the page: offered where it may be, asked before, told while it runs and when it ends."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_args

import gradio as gr
import pytest

from agent.errors import RefusedError
from agent.records.base import Language
from agent.records.job import JobKind
from agent.settings import Settings
from knowledge.files import write_record
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.compared import here, result
from tests.ui.pages.awaiting import says as shows
from tests.ui.pages.browsing import clean, presentable
from tests.ui.pages.held_training import HELD
from tests.ui.pages.scripted_project import ended_job, stand_in
from tests.ui.pages.served import served
from tests.ui.web.conftest import Watched, browser, context
from tools.benchmark.saved import save, saved
from tools.jobs import runner
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace
from ui.i18n import phrase, phrases
from ui.pages import runs_view, steps_view
from ui.pages.frame import Frame
from ui.pages.hardware_bench import QUICK, WHOLE
from ui.pages.hardware_measured import _Measured
from ui.pages.resumption import propose_resumption
from ui.pages.run_records import Runs
from ui.pages.steps import REQUESTS, start
from ui.web.desk import Desks

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["browser", "context"]

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def project(home: Path) -> Project:
    return Workspace(home).create("Pumps")


def test_every_kind_of_job_can_be_proposed_and_has_a_name() -> None:
    kinds = set(get_args(JobKind))
    assert set(REQUESTS) == kinds
    for lang in get_args(Language):
        assert {f"frame_kind_{kind}" for kind in kinds} <= phrases(lang).keys()


def part(home: Path, lang: Language = "en") -> _Measured:
    """Return the part of the page outside of a browser; a loop of its own, since Blocks leave theirs open."""

    async def build() -> _Measured:
        with gr.Blocks() as blocks:
            return _Measured(Frame(lang, "hardware", Desks(Settings(home=home, _env_file=None)), blocks))

    return asyncio.run(build())


def asks(account: str = "", own: str = "", **query: str) -> Any:
    return SimpleNamespace(query_params=query, cookies={}, state=SimpleNamespace(account=account, home=own))


@pytest.mark.parametrize(("lang", "says"), [("en", "choose a project from the list"), ("zh", "选择或新建一个项目")])
def test_without_a_project_the_page_says_what_to_do(home: Path, lang: Language, says: str) -> None:
    page = part(home, lang)._measuring
    offer, said, *_ = page._shown(asks())
    assert not offer.visible
    assert says in said
    with pytest.raises(RefusedError, match=says):
        page._proposal(asks(), WHOLE)


@pytest.mark.usefixtures("project")
def test_it_is_offered_to_the_account_that_the_server_belongs_to(home: Path) -> None:
    page = part(home)._measuring
    for request in (asks(), asks("first")):
        offer, said, *_ = page._shown(request)
        assert offer.visible
        assert said == ""
    Workspace(home / "accounts" / "b").create("Own")
    offer, said, *_ = page._shown(asks("ben", "b"))
    assert not offer.visible
    assert "stands here for everybody" in said
    with pytest.raises(RefusedError, match="belongs to"):
        page._proposal(asks("ben", "b"), QUICK)


@pytest.mark.parametrize(
    ("lang", "extent", "says"),
    [
        ("en", WHOLE, ("with an adapter, merged and in 4 bit", "Takes", "GiB", "for all projects")),
        ("zh", QUICK, ("快速测量这台机器", "用时", "GiB", "所有项目可见")),
    ],
)
def test_the_card_says_what_how_long_how_much_memory_and_what_changes(
    home: Path, project: Project, lang: Language, extent: str, says: tuple[str, ...]
) -> None:
    card = part(home, lang)._measuring._proposal(asks(), extent)
    assert (card.kind, card.project, card.request["quick"]) == ("bench", project.id, extent == QUICK)
    html = steps_view.card(card, lang)
    assert [text for text in says if text not in html] == []
    assert phrase("runs_step_bench", lang) in html
    assert card.reasons, "it always asks for a yes"
    with stand_in(project, "mix"), pytest.raises(RefusedError, match=phrase("runs_busy", lang)):
        part(home, lang)._measuring._proposal(asks(), extent)


def test_a_yes_starts_what_the_card_said_once(home: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.jobs.runner.subprocess.Popen", Sleeping)
    desks = Desks(Settings(home=home, _env_file=None))
    card = part(home, "zh")._measuring._proposal(asks(), QUICK)
    jobs = {start(desks.for_account(""), project, card, "zh").id for _ in range(2)}
    (job,) = JobStore(project.jobs).list()
    assert jobs == {job.id}
    assert (job.kind, job.request["quick"]) == ("bench", True)
    kept = json.loads((project.runs / job.run / "settings.json").read_text(encoding="utf-8"))
    assert (kept["lang"], kept["machine_home"]) == ("zh", str(home))
    assert "测量这台机器" in steps_view.started(job, card, "zh")


class Sleeping:
    """A process that is started and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.pid = 2**22 + 1

    def wait(self) -> int:
        return 0


def test_the_end_shows_the_new_result_and_what_it_came_to(home: Path, project: Project) -> None:
    page = part(home)
    job = ended_job(project, "bench", {"quick": True})
    made = result(seconds=150.0, warnings=("hot",))
    write_record(project.runs / job.run / "result.json", made)
    kept = save(home, made)
    said, *_ = page._measuring._panel._updates(page._measuring._panel._look(asks(), is_fresh=True))
    for text in ("Chip One, measured in 2 min.", "Of 8 things", "5 run natively", "120 tokens/s (batch 4)", "LoRA"):
        assert text in said
    table, chosen = page._lists(asks(), None)
    assert kept.name in table
    assert kept.stem in [value for _, value in chosen.choices]
    assert "value" not in chosen.constructor_args, "what was chosen to compare stays"
    shown = runs_view.outcome(Runs().opened(project, job, "zh"), "zh")
    assert "最快训练速度 128 tokens/s" in shown
    assert "/zh/hardware?project=pumps" in shown


@pytest.mark.parametrize(
    ("state", "says"),
    [("cancelled", "marked as incomplete"), ("interrupted", "Begin it anew"), ("failed", "Measuring failed")],
)
def test_another_end_is_told_with_the_way_to_the_run(home: Path, project: Project, state: Any, says: str) -> None:
    job = ended_job(project, "bench", {}, state, "no such model")
    said = part(home)._measuring._shown(asks())[2]
    assert says in said
    assert f"run={job.run}" in said
    assert ("no such model" in said) is (state != "cancelled")


@pytest.mark.parametrize(("lang", "says"), [("en", "It begins anew"), ("zh", "将从头开始")])
def test_one_that_broke_off_is_begun_anew(home: Path, project: Project, lang: Language, says: str) -> None:
    save(home, here(seconds=100.0))
    job = ended_job(project, "bench", {"quick": True}, "interrupted")
    course = Runs().course(project, job)
    card = propose_resumption(project, Settings(home=home, _env_file=None), job, course, lang)
    assert (card.kind, card.resumes) == ("bench", job.id)
    assert says in card.summary
    assert phrase("runs_begins_anew", lang) in steps_view.started(job, card, lang)


@pytest.mark.slow
def test_a_benchmark_is_begun_followed_and_cancelled_on_the_page(
    context: BrowserContext,
    home: Path,
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit = {**(runner.submit.__kwdefaults__ or {}), "worker": HELD}
    monkeypatch.setattr(runner.submit, "__kwdefaults__", submit)
    model = build_tiny_model(tmp_path / "tiny")
    with served(Desks(Settings(home=home, base_model=str(model), threads=1, _env_file=None))) as url:
        watched = Watched(context.new_page(), url)
        page = watched.page
        watched.visit("/en/hardware")
        page.wait_for_selector("#measured-start")
        page.wait_for_selector("#measured-table table")
        page.click("#measured-extent label:has-text('quick')")
        page.click("#measured-start")
        page.wait_for_selector("#runs-approve", state="visible")
        shows(page, "#ds-card", "Measure this machine quickly")
        presentable(watched)
        page.click("#runs-approve")
        page.wait_for_selector("#measured-job progress[value]:not([value='0.000'])")
        page.click("#measured-cancel")
        page.wait_for_selector("#measured-saved >> text=incomplete: cancelled after")
        shows(page, "#measured-job", "marked as incomplete")
        shows(page, "#measured-saved", datetime.now(UTC).strftime("%Y"))
        presentable(watched)
        clean(watched)
        page.close()
    ((_, kept),) = saved(home)
    assert kept.place == "local"
    assert JobStore(project.jobs).list()[0].state == "cancelled"
