"""The server is killed around an approval and while a job runs: what waited waits, what ran is found, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tools.jobs.sleeper import until
from tests.ui.pages.talking import CARD, say, visit
from tests.ui.web.conftest import Server, Watched, expect
from tests.ui.web.killable import ASK, PROJECT, THREAD, Killable, kill, running
from tests.ui.web.paced import PACED
from tools.jobs import runner
from tools.jobs.events import EVENTS, EventTail
from tools.jobs.processes import end_processes, worker_lives

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WHOLE_CARD = "#assistant-card"
PAGE = f"/en/?project={PROJECT}&thread={THREAD}"
MADE = "pairs accepted"
"""Said when pairs were made."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Killable]:
    made = Killable.build(tmp_path / "home")
    yield made
    made.end()


def opened(context: BrowserContext, server: Server, path: str = PAGE) -> Watched:
    watched = Watched(context.new_page(), server.url)
    visit(watched, path)
    return watched


def proposed(page: Page) -> str:
    """Ask for a step that needs a yes; returns what the card says."""
    say(page, ASK)
    page.wait_for_selector(CARD)
    page.wait_for_selector(f"{WHOLE_CARD} .ds-approval")
    return page.locator(WHOLE_CARD).first.inner_text()


def wait_for_text(page: Page, text: str) -> None:
    expect(page.locator("#assistant-chat")).to_contain_text(text, use_inner_text=True)


def progress(page: Page, more_than: float = 0.0) -> float:
    """Wait until the bar of the page's job stands further than it did; returns where it stands."""
    bar = "document.querySelector('#ds-run-head progress, #assistant-job progress')"
    stands = page.wait_for_function(f"(least) => {bar}?.value > least && {bar}.value", arg=more_than)
    return float(stands.json_value())


def kill_before(page: Page, server: Server) -> None:
    """Kill the server before the eyes of a page that stays open."""
    page.evaluate("window.isStale = true")
    kill(server)


def back(page: Page) -> None:
    """Wait until a page that lost its server has found the next one by itself."""
    page.wait_for_function("!window.isStale && document.querySelector('#assistant-threads nav')")


def said_once(house: Killable, text: str) -> None:
    """Wait until nobody has anything more to report, and count who said it."""
    until(lambda: house.thread().job is None and _said(house, text))
    assert _said(house, text) == 1


def _said(house: Killable, text: str) -> int:
    return sum(text in one.text for one in house.history())


def test_an_approval_waits_on_as_it_was(house: Killable, context: BrowserContext) -> None:
    with house.up() as first:
        watched = opened(context, first)
        page = watched.page
        card = proposed(page)
        (before,) = house.approvals()
        kill(first)
        # A page that stays open would load itself anew once the server is there, maybe while it is opened.
        page.goto("about:blank")
    with house.up() as second:
        assert second.url == first.url
        visit(watched, PAGE)
        page.wait_for_selector(CARD)
        expect(page.locator(WHOLE_CARD).first).to_have_text(card, use_inner_text=True)
        assert house.approvals() == (before,)
        assert (house.jobs(), house.worked()) == ((), 0)
        page.click(CARD)
        page.wait_for_selector(CARD, state="detached")
        wait_for_text(page, f"Started: {before.title}")
        house.let_go()
        wait_for_text(page, MADE)
    assert [(job.kind, job.state) for job in house.jobs()] == [("extract", "done")]
    assert house.worked() == 1
    said_once(house, "Started: ")


def test_a_job_runs_through_a_killed_server_and_is_found_again(house: Killable, context: BrowserContext) -> None:
    with house.up() as first:
        page = opened(context, first).page
        proposed(page)
        page.click(CARD)
        wait_for_text(page, "Started: ")
        job = running(house)
        kill_before(page, first)
        assert worker_lives(job)
    with house.up() as second:
        runs = opened_runs(context, second, job.run)
        expect(runs.locator("#ds-run-head")).to_contain_text("running", use_inner_text=True)
        progress(runs, progress(runs))
        back(page)
        progress(page, progress(page))
        page.wait_for_selector(CARD, state="detached")
        house.let_go()
        wait_for_text(page, MADE)
        expect(runs.locator("#ds-run-head")).to_contain_text("done", use_inner_text=True)
    said_once(house, MADE)
    assert [(one.id, one.state, one.attempts) for one in house.jobs()] == [(job.id, "done", 1)]
    assert house.worked() == 1


def test_a_job_that_ends_while_no_server_runs_is_reported_without_a_page(
    house: Killable, context: BrowserContext
) -> None:
    with house.up() as first:
        page = opened(context, first).page
        proposed(page)
        page.click(CARD)
        wait_for_text(page, "Started: ")
        job = running(house)
        page.close()
        kill(first)
    house.let_go()
    until(lambda: house.jobs()[0].state == "done")
    with house.up():
        said_once(house, MADE)
    assert [(one.id, one.attempts) for one in house.jobs()] == [(job.id, 1)]


def test_server_and_worker_killed_together_leave_a_job_to_resume(house: Killable, context: BrowserContext) -> None:
    with house.up() as first:
        page = opened(context, first).page
        proposed(page)
        page.click(CARD)
        wait_for_text(page, "Started: ")
        job = running(house)
        kill_before(page, first)
        assert end_processes(job)
    with house.up() as second:
        back(page)
        wait_for_text(page, f"domainsmith jobs resume {job.id}")
        expect(page.locator(CARD)).to_have_count(0)
        assert house.approvals() == ()
        runs = opened_runs(context, second, job.run)
        head = runs.locator("#ds-run-head")
        expect(head).to_contain_text("interrupted", use_inner_text=True)
        expect(head).to_contain_text(f"domainsmith jobs resume {job.id}", use_inner_text=True)
        said_once(house, f"domainsmith jobs resume {job.id}")
        assert [(one.id, one.state) for one in house.jobs()] == [(job.id, "interrupted")]
        assert house.worked() == 1
        house.let_go()
        runs.click("#runs-resume")
        runs.click("#runs-approve")
        until(lambda: house.jobs()[0].state == "done")
    assert [(one.id, one.attempts) for one in house.jobs()] == [(job.id, 2)]


def test_a_kill_right_after_the_yes_leaves_the_question_or_one_job(tmp_path: Path, context: BrowserContext) -> None:
    delays = (0, 80, 500)
    house = Killable.build(tmp_path / "home", *(f"after{delay}" for delay in delays))
    page, killed, faults = context.new_page(), None, []
    try:
        for delay in (*delays, None):
            with house.up() as server:
                if killed is not None:
                    faults += [f"{killed} ms: {one}" for one in after_the_yes(house, page, f"after{killed}")]
                if delay is not None:
                    visit(Watched(page, server.url), f"/en/?project=after{delay}&thread=after{delay}")
                    proposed(page)
                    page.evaluate(
                        "() => { window.isStale = true; document.querySelector('#assistant-approve').click(); }"
                    )
                    page.wait_for_timeout(delay)
                    kill(server)
            killed = delay
        for delay in delays:
            name = f"after{delay}"
            until(lambda name=name: [job.state for job in house.jobs(name)] == ["done"])  # type: ignore[misc]
            assert house.worked(name) == 1, f"{delay} ms"
    finally:
        house.end()
    assert faults == []


def after_the_yes(house: Killable, page: Page, name: str) -> list[str]:
    """Say yes again where it is still asked for, and let the job work; returns what is lost or doubled."""
    back(page)
    page.wait_for_function(
        f"document.querySelector('{CARD}')"
        " || document.querySelector('#assistant-chat')?.innerText.includes('Started: ')"
    )
    # What was answered and not yet done is done at the start of the next server, beside the page.
    until(lambda: left_over(house, name) != (0, 0))
    faults = []
    jobs, waits = left_over(house, name)
    if jobs + waits > 1:
        faults.append(f"{jobs} jobs and {waits} approvals")
    # A card that was drawn before that stands until it is pressed, and may be gone by now.
    page.evaluate(f"document.querySelector('{CARD}')?.click()")
    page.wait_for_selector(CARD, state="detached")
    wait_for_text(page, "Started: ")
    expect(page.locator("#assistant-chat .bot-row", has_text=re.compile("Started: "))).to_have_count(1)
    if left_over(house, name) != (1, 0):
        faults.append("{} jobs and {} approvals after the yes".format(*left_over(house, name)))
    house.let_go(name)
    return faults


def left_over(house: Killable, name: str) -> tuple[int, int]:
    """Return how many jobs and open questions of a conversation there are."""
    return len(house.jobs(name)), sum(one.thread == name for one in house.approvals())


def test_yes_from_two_tabs_and_a_terminal_at_once_is_one_yes(
    house: Killable, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.submit, "__kwdefaults__", {**(runner.submit.__kwdefaults__ or {}), "worker": PACED})
    with house.up() as server:
        page = opened(context, server).page
        proposed(page)
        other = opened(context, server).page
        other.wait_for_selector(CARD)
        (approval,) = house.approvals()
        terminal = house.assistant()
        with ThreadPoolExecutor(1) as pool:
            settled = pool.submit(terminal.settle, THREAD, approval.id, "approve")
            for tab in (page, other):
                # Where the terminal's yes has already taken the card away, there is nothing left to click.
                tab.evaluate("""() => { const yes = document.querySelector('#assistant-approve');
                                        yes?.click(); yes?.click(); }""")
            settled.result(600)
        for tab in (page, other):
            tab.wait_for_selector(CARD, state="detached")
        job = running(house)
        house.let_go()
        for tab in (page, other):
            wait_for_text(tab, MADE)
    said_once(house, "Started: ")
    assert [(one.id, one.state) for one in house.jobs()] == [(job.id, "done")]
    assert house.worked() == 1
    events = EventTail(house.project().runs / job.run / EVENTS).read()
    assert {event.attempt for event in events} == {1}


def opened_runs(context: BrowserContext, server: Server, run: str) -> Page:
    """Open the page of a run in a tab of its own."""
    page = context.new_page()
    page.goto(f"{server.url}/en/runs?project={PROJECT}&run={run}")
    page.wait_for_selector("#ds-run-head h2")
    return page
