"""Every page in a real browser, in both languages and both themes, from a telephone's width to a wide screen.

What must hold on every page stands in `Watched.clean`: no complaint of the console, no request to another machine, no
answer with an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.records.base import Language
from agent.settings import Settings
from tests.tools.jobs.sleeper import SLEEPER, until
from tests.ui.web.conftest import PASSWORD, Server, Watched, expect, serving
from tools.jobs.processes import end_processes
from tools.jobs.runner import submit
from tools.jobs.store import JobStore
from tools.workspace import Workspace
from ui.i18n import phrase
from ui.pages.sites import LANGUAGES, PAGES, PageName
from ui.web.accounts import Accounts
from ui.web.database import Database

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WIDTHS = (360, 768, 1280, 1920)
CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")

NAMELESS = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')]
    .filter((one) => one.checkVisibility())
    .filter((one) => !(one.innerText?.trim() || one.ariaLabel || one.title || one.placeholder || one.labels?.length
                       || one.querySelector('[aria-label], img[alt], title')))
    .map((one) => one.outerHTML.slice(0, 160))"""
"""Things to click or fill in that a screen reader could not name."""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_in_every_width_and_theme(watched: Watched, page: PageName, lang: Language) -> None:
    watched.visit(f"/{lang}/{PAGES[page]}?project=pumps")
    title = phrase(f"page_{page}", lang)
    expect(watched.page).to_have_title(f"{title} – domainsmith")
    expect(watched.page.locator("h1")).to_have_text([title], use_inner_text=True)
    expect(watched.page.locator("html")).to_have_attribute("lang", re.compile(f"^{lang}"))
    for theme in ("light", "dark"):
        choose(watched, theme)
        assert watched.wrong(CONTRAST, "#ds-top, #ds-rail, #ds-main") == [], theme
        for width in WIDTHS:
            watched.page.set_viewport_size({"width": width, "height": 900})
            watched.page.wait_for_timeout(100)
            assert watched.overflow() <= 0, f"{width} px wide"
    assert watched.wrong(NAMELESS) == []
    watched.clean()


def choose(watched: Watched, theme: str) -> None:
    """Press the button of the theme until it is this one."""
    for _ in range(3):
        now = watched.page.evaluate("document.documentElement.dataset.dsTheme")
        if now == theme:
            break
        watched.page.click(".ds-theme")
        watched.page.wait_for_function("(now) => document.documentElement.dataset.dsTheme !== now", arg=now)
    dressed(watched, theme)
    expect(watched.page.locator("html")).to_have_css("color-scheme", theme)
    watched.page.wait_for_timeout(300)
    # A colour on its way from one theme to the other belongs to neither.
    watched.page.wait_for_function(
        "document.getAnimations().every((one) => !(one instanceof CSSTransition) || one.playState !== 'running')"
    )


def dressed(watched: Watched, theme: str) -> None:
    """Wait until the page wears a theme."""
    watched.page.wait_for_function(
        "(dark) => document.body.classList.contains('dark') === dark",
        arg=theme == "dark",
    )


def test_a_theme_is_kept_from_page_to_page_and_follows_the_system_until_one_is_chosen(watched: Watched) -> None:
    watched.page.emulate_media(color_scheme="dark")
    watched.visit("/en/guide")
    dressed(watched, "dark")
    watched.page.emulate_media(color_scheme="light")
    dressed(watched, "light")
    choose(watched, "dark")
    watched.visit("/zh/guide")
    dressed(watched, "dark")
    expect(watched.page.locator(".ds-theme")).to_have_text("主题：深色", use_inner_text=True)
    watched.clean()


def test_the_keyboard_reaches_everything_and_the_content_first(watched: Watched) -> None:
    watched.visit("/en/guide?project=pumps")
    watched.page.wait_for_selector("#guide-standing ul")
    reached = []
    watched.page.keyboard.press("Tab")
    skip = watched.page.locator(".ds-skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    for _ in range(25):
        watched.page.keyboard.press("Tab")
        reached.append(
            watched.page.evaluate("(document.activeElement.getAttribute('href') || document.activeElement.className)")
        )
    assert "/zh/guide?project=pumps" in reached
    assert "ds-theme" in reached
    assert {f"/en/{path}?project=pumps" for path in PAGES.values()} <= set(reached)
    watched.page.focus(".ds-skip")
    watched.page.keyboard.press("Enter")
    expect(watched.page.locator("#ds-main")).to_be_focused()
    assert watched.page.url.endswith("/en/guide?project=pumps")
    watched.clean()


def test_a_project_is_made_and_chosen_without_losing_the_page(watched: Watched, server: Server) -> None:
    watched.visit("/en/runs?project=pumps")
    watched.page.click(".ds-projects summary")
    watched.page.fill(".ds-projects input[name=name]", "Ventile <b>")
    watched.page.click(".ds-projects button")
    watched.page.wait_for_url("**/en/?project=ventile-b-*")
    watched.page.wait_for_selector(".ds-road")
    watched.settle()
    expect(watched.page.locator(".ds-name")).to_have_text("Ventile <b>", use_inner_text=True)
    watched.visit("/en/runs")
    expect(watched.page.locator(".ds-name")).to_have_text("Ventile <b>", use_inner_text=True)
    watched.page.click(".ds-projects summary")
    watched.page.click(".ds-projects a:text('Pumps')")
    watched.page.wait_for_url("**/en/runs?project=pumps")
    expect(watched.page.locator(".ds-name")).to_have_text("Pumps", use_inner_text=True)
    watched.settle()
    watched.page.click(".ds-lang")
    watched.page.wait_for_url("**/zh/runs?project=pumps")
    watched.settle()
    watched.clean()


def test_a_running_job_is_followed_and_cancelled_from_the_top_bar(watched: Watched, server: Server) -> None:
    project = Workspace(server.home).create("Jobs")
    job = submit(project, Settings(home=server.home), "tune", {"links": 6000, "seconds": 0.1}, "tune", worker=SLEEPER)
    try:
        watched.visit("/en/guide?project=jobs")
        watched.page.wait_for_selector(".ds-job progress[value]")
        first = float(watched.page.get_attribute(".ds-job progress", "value") or 0)
        watched.page.wait_for_function(f"document.querySelector('.ds-job progress')?.value > {first}")
        expect(watched.page.locator(".ds-job")).to_contain_text("Tuning: running", use_inner_text=True)
        for width in WIDTHS:
            watched.page.set_viewport_size({"width": width, "height": 900})
            assert watched.overflow() <= 0, f"{width} px wide"
        watched.page.click("#ds-cancel")
        watched.page.wait_for_selector(".ds-job progress", state="detached")
        until(lambda: JobStore(project.jobs).get(job.id).state == "cancelled")
        watched.page.wait_for_selector("#ds-cancel", state="hidden")
        watched.clean()
    finally:
        end_processes(JobStore(project.jobs).get(job.id))


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Server]:
    """A server with login and the account anna."""
    Accounts(Database.of(tmp_path)).add("anna", PASSWORD)
    with serving(tmp_path, "--login") as running:
        yield running


@pytest.mark.parametrize("lang", LANGUAGES)
def test_login_and_logout_in_a_browser(context: BrowserContext, locked: Server, lang: str) -> None:
    watched = Watched(context.new_page(), locked.url)
    watched.page.goto(f"{locked.url}/{lang}/runs?thread=7")
    watched.page.wait_for_url(re.compile(r"/login\?next="))
    for width in WIDTHS:
        watched.page.set_viewport_size({"width": width, "height": 900})
        assert watched.overflow() <= 0, f"{width} px wide"
    assert watched.wrong(CONTRAST, "body") == []
    assert watched.wrong(NAMELESS) == []
    watched.page.fill("input[name=name]", "anna")
    watched.page.fill("input[name=password]", "wrong")
    watched.page.keyboard.press("Enter")
    watched.page.wait_for_selector("[role=alert]")
    watched.page.fill("input[name=name]", "anna")
    watched.page.fill("input[name=password]", PASSWORD)
    watched.page.keyboard.press("Enter")
    watched.page.wait_for_url(f"**/{lang}/runs?thread=7")
    watched.page.wait_for_selector("#ds-rail .ds-pages")
    # What the page still asks for when its session ends is refused.
    watched.settle()
    expect(watched.page.locator(".ds-account")).to_have_text("anna", use_inner_text=True)
    watched.page.click(".ds-bar form button")
    watched.page.wait_for_url("**/login")
    watched.page.goto(f"{locked.url}/{lang}/")
    watched.page.wait_for_url(re.compile(r"/login\?next="))
    assert watched.failed == [f"401 {locked.url}/login"]
    assert watched.outside == []
