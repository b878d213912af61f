"""Runs and evaluation in a real browser, over a project that was really tuned and measured with the tiny model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from agent.settings import Settings
from tests.ui.pages.awaiting import expect, says
from tests.ui.pages.held_training import GO, HELD
from tests.ui.pages.measured_project import PROJECT, build_home
from tests.ui.web.conftest import PATIENCE, Watched, browser, context  # noqa: F401
from tools.jobs import runner
from tools.jobs.runner import wait
from tools.jobs.store import JobStore
from tools.workspace import Project, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default"), pytest.mark.timeout(1800)]

WIDTHS = (360, 768, 1280, 1920)


@dataclass
class Place:
    url: str
    project: Project

    @property
    def jobs(self) -> JobStore:
        return JobStore(self.project.jobs)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    from tests.ui.pages.served import served
    from ui.web.desk import Desks

    work = tmp_path_factory.mktemp("measured")
    environment = build_home(work / "home", work)
    names = {name.removeprefix("DOMAINSMITH_").lower(): value for name, value in environment.items()}
    settings = Settings(**names, threads=1, _env_file=None)  # type: ignore[arg-type]
    workspace = Workspace(settings.home)
    workspace.create("Empty")
    with served(Desks(settings)) as url:
        yield Place(url, workspace.open(PROJECT))


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Watched:  # noqa: F811
    return Watched(context.new_page(), place.url)


def visit(page: Watched, path: str, content: str = "#ds-main h2") -> None:
    """Open a page and wait for what it is about."""
    page.page.goto(page.origin + path)
    page.page.wait_for_selector("#ds-rail .ds-pages")
    page.page.wait_for_selector(content)


def run_of(place: Place, kind: str) -> str:
    return next(job.run for job in reversed(place.jobs.list()) if job.kind == kind)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("path", ["runs", "evaluation"])
def test_both_pages_fit_every_width_in_both_languages(lang: str, path: str, page: Watched, place: Place) -> None:
    run = f"&run={run_of(place, 'tune')}" if path == "runs" else ""
    page.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    visit(page, f"/{lang}/{path}?project={PROJECT}{run}", ".js-plotly-plot .main-svg")
    if path == "evaluation":
        page.page.wait_for_selector(".ds-fix")
    for width in WIDTHS:
        page.page.set_viewport_size({"width": width, "height": 900})
        page.page.wait_for_timeout(500)
        assert page.overflow() == 0
    page.clean()


@pytest.mark.parametrize("path", ["runs", "evaluation"])
def test_dark_charts_are_written_in_the_ink_of_the_page(path: str, context: BrowserContext, place: Place) -> None:  # noqa: F811
    opened = context.new_page()
    opened.emulate_media(color_scheme="dark")
    page = Watched(opened, place.url)
    visit(page, f"/en/{path}?project={PROJECT}" + (f"&run={run_of(place, 'tune')}" if path == "runs" else ""))
    opened.wait_for_selector(".js-plotly-plot .main-svg text")
    ink = "getComputedStyle(document.querySelector('.js-plotly-plot .main-svg text')).fill"
    opened.wait_for_function(f"{ink}.match(/\\d+/g).slice(0, 3).every((part) => part > 200)")
    page.clean()


@pytest.mark.parametrize(
    ("path", "told"),
    [("/en/runs", "No run yet"), ("/zh/evaluation", "先建立验证集才能评测")],
    ids=["runs", "evaluation"],
)
def test_an_empty_project_says_what_to_do(path: str, told: str, page: Watched) -> None:
    visit(page, f"{path}?project=empty", f"text={told}")
    page.clean()


BEGINS = {"png": b"\x89PNG", "csv": b"\xef\xbb\xbf", "html": b"<!doctype html>", "md": b"# Evaluation"}
"""How a download of each kind begins."""


@pytest.mark.parametrize(("path", "count"), [("runs", 2), ("evaluation", 7)])
def test_charts_are_downloaded_as_png_and_csv(path: str, count: int, page: Watched, place: Place) -> None:
    run = f"&run={run_of(place, 'tune')}" if path == "runs" else ""
    visit(page, f"/en/{path}?project={PROJECT}{run}", ".ds-downloads a >> nth=0")
    page.page.wait_for_function(f"document.querySelectorAll('.ds-downloads a').length === {count}")
    for link in page.page.locator(".ds-downloads a").all():
        address = str(link.get_attribute("href"))
        answer = page.page.request.get(place.url + address, timeout=PATIENCE)
        assert answer.status == 200
        suffix = address.partition("?")[0].rsplit(".", 1)[-1]
        assert answer.body().startswith(BEGINS[suffix])
    page.clean()


def test_a_card_is_declined_and_nothing_starts(page: Watched, place: Place) -> None:
    before = len(place.jobs.list())
    visit(page, f"/en/runs?project={PROJECT}")
    page.page.click("#runs-step-tune:not([disabled])")
    page.page.wait_for_selector("#ds-card >> text=training is costly and always needs a yes")
    says(page.page, "#ds-card", "GiB")
    page.page.click("#runs-decline")
    page.page.wait_for_selector("#ds-card", state="hidden")
    assert len(place.jobs.list()) == before
    page.clean()


def test_training_is_approved_followed_cancelled_and_resumed(
    page: Watched, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for begin in (runner.submit, runner.resume):
        monkeypatch.setattr(begin, "__kwdefaults__", {**(begin.__kwdefaults__ or {}), "worker": HELD})
    before = len(place.jobs.list())
    visit(page, f"/en/runs?project={PROJECT}")
    page.page.click("text=Settings of the steps")
    page.page.fill("#runs-epochs input", "20")
    page.page.click("#runs-step-tune:not([disabled])")
    page.page.wait_for_selector("#ds-card", state="visible")
    page.page.click("#runs-approve")
    page.page.wait_for_selector("text=Started: Tune.")
    page.page.wait_for_selector("#ds-run-head >> text=/about \\d/")
    page.page.wait_for_selector(".ds-finding >> text=/after \\d+ steps/")
    page.page.wait_for_selector(".js-plotly-plot .main-svg")
    says(page.page, "#ds-run-head", "tokens/s", "GiB")
    expect(page.page.locator("#runs-step-evaluate")).to_be_disabled()

    page.page.click("#runs-cancel")
    page.page.wait_for_selector("#ds-run-head >> text=cancelled")
    page.page.wait_for_selector("#runs-cancel", state="hidden")
    (job,) = place.jobs.list()[before:]
    assert job.state == "cancelled"
    page.page.wait_for_selector("#runs-resume", state="visible")
    page.page.click("#runs-resume")
    page.page.wait_for_selector("#ds-card >> text=Resume: Tuning")
    says(page.page, "#ds-card", "steps done before it stopped")
    assert place.jobs.get(job.id).state == "cancelled"  # nothing goes on before the yes
    page.page.click("#runs-approve")
    page.page.wait_for_selector("text=The run goes on where it stopped.")
    page.page.wait_for_selector("#ds-run-head >> text=running")
    (place.project.root / GO).touch()
    assert wait(place.project, job.id).state == "done"
    page.page.wait_for_selector("#ds-run-head >> text=done")
    page.page.wait_for_selector("#ds-run-head >> text=attempt 2")
    page.page.wait_for_selector("text=Why this method and these settings")
    expect(page.page.locator(".ds-runs tbody tr")).to_have_count(before + 1)
    page.clean()


def test_an_evaluation_is_started_from_the_page(page: Watched, place: Place) -> None:
    before = len(place.jobs.list())
    visit(page, f"/zh/runs?project={PROJECT}")
    page.page.click("text=各步骤的设置")
    page.page.fill("#runs-limit input", "2")
    page.page.click("#runs-step-evaluate:not([disabled])")
    page.page.wait_for_selector("#ds-card >> text=在封存题目上测量")
    page.page.click("#runs-approve")
    page.page.wait_for_selector("text=已开始：评测。")
    (job,) = place.jobs.list()[before:]
    assert wait(place.project, job.id).state == "done"
    page.page.wait_for_selector("text=打开评测")
    page.page.click("text=打开评测")
    page.page.wait_for_selector("#ds-evaluation-run")
    expect(page.page).to_have_url(re.compile(re.escape(job.run)))
    page.clean()


def test_a_failed_item_opens_everything_about_it(page: Watched, place: Place) -> None:
    visit(page, f"/en/evaluation?project={PROJECT}")
    page.page.wait_for_selector("#ds-items .ds-item")
    page.page.click("#ds-items .ds-item >> nth=0")
    parts = ("Accepted answer", "Answers of every arm", "tuned + RAG", "Evidence:", "item")
    says(page.page, "#ds-items .ds-item", *parts)
    link = page.page.locator("#ds-items a[href*='/documents?']").first.get_attribute("href") or ""
    assert re.search(rf"/en/documents\?project={PROJECT}&document=[^&]+&start=\d+&end=\d+", link)
    labels = page.page.locator("#ds-causes label")
    expect(labels.nth(1)).to_have_text(re.compile(r"\(\d+\)"))
    label = labels.nth(1).inner_text()
    labels.nth(1).click()
    count = int(re.search(r"\((\d+)\)", label)[1])  # type: ignore[index]
    page.page.wait_for_selector(f"text=/^{min(count, 20)} of {count} items$/")
    page.clean()


def test_more_items_are_shown_on_demand(page: Watched, place: Place) -> None:
    visit(page, f"/en/evaluation?project={PROJECT}&run=lost")
    page.page.wait_for_selector("text=There is no evaluation lost")
    page.page.wait_for_selector("#ds-items .ds-item")
    page.settle()
    first = next(job.run for job in place.jobs.list() if job.kind == "evaluate")
    visit(page, f"/en/evaluation?project={PROJECT}&run={first}")
    items = page.page.locator("#ds-items .ds-item")
    told = page.page.locator("#ds-items").get_by_text(re.compile(r"^\d+ of \d+ items$"))
    shown, every = (int(part) for part in re.findall(r"\d+", told.inner_text()))
    assert shown < every, "there is nothing more to show"
    expect(items).to_have_count(shown)
    page.page.click("#ds-more")
    expect(items).to_have_count(min(2 * shown, every))
    page.clean()


def test_a_fix_asks_before_it_starts_its_job(page: Watched, place: Place) -> None:
    before = len(place.jobs.list())
    first = next(job.run for job in place.jobs.list() if job.kind == "evaluate")
    visit(page, f"/en/evaluation?project={PROJECT}&run={first}")
    apply = page.page.locator("[id^=ds-apply-]:has-text('Apply')").first
    apply.click()
    page.page.wait_for_selector("#ds-card", state="visible")
    says(page.page, "#ds-card", "Takes")
    page.page.click("#runs-decline")
    page.page.wait_for_selector("#ds-card", state="hidden")
    assert len(place.jobs.list()) == before
    apply.click()
    page.page.click("#runs-approve")
    page.page.wait_for_selector("text=/Started: /")
    (job,) = place.jobs.list()[before:]
    assert wait(place.project, job.id).state == "done"
    page.clean()


def test_keyboard_reaches_the_steps_and_the_items(page: Watched) -> None:
    visit(page, f"/en/evaluation?project={PROJECT}")
    summary = page.page.locator("#ds-items .ds-item > summary").first
    summary.wait_for()
    summary.focus()
    page.page.keyboard.press("Enter")
    expect(page.page.locator("#ds-items .ds-item").first).to_have_attribute("open", "")
    page.clean()
