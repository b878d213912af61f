"""The page of the assistant against a server as people start it: interview, approval, restart, files, conversations."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.records.base import Language
from tests.tools.jobs.sleeper import until
from tests.ui.pages.awaiting import JOB, becomes, expect, says
from tests.ui.pages.browsing import clean
from tests.ui.pages.talking import (
    BOX,
    CARD,
    ROW,
    answered,
    build_read,
    drawn,
    options,
    replies,
    say,
    unfold,
    visit,
)
from tests.ui.web.conftest import Server, Watched, browser, context, serving
from tests.ui.web.killable import kept_port
from tools.jobs.processes import end_processes
from tools.jobs.reconcile import reconcile
from tools.jobs.store import JobStore
from tools.status import read_profile
from tools.workspace import Project, Workspace
from ui.i18n import phrase

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["browser", "context"]

pytestmark = pytest.mark.slow

PROJECTS = ("Interview en", "Interview zh", "Edited", "Many")


@pytest.fixture(scope="module", autouse=True)
def rules_only() -> Iterator[None]:
    """Let jobs read structure only; no model is loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("assistant")
    for name in PROJECTS:
        Workspace(home).create(name)
    build_read(home, "Pumps")
    with serving(home) as running:
        yield running


@pytest.fixture
def watched(context: BrowserContext, server: Server) -> Watched:
    return Watched(context.new_page(), server.url)


def project_of(home: Path, name: str) -> Project:
    return Workspace(home).open(name)


ANSWERS: dict[Language, tuple[str, ...]] = {
    "en": ("monthly", "on premises", "no GPU", "200", "facts", "80%", "yes"),
    "zh": ("每月", "内网", "没有显卡", "200 条", "掌握事实", "80%", "是"),
}
PLAN: dict[Language, str] = {"en": "The plan, from", "zh": "方案是"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_interview_goes_from_an_example_to_the_plan(watched: Watched, server: Server, lang: Language) -> None:
    page, name = watched.page, f"Interview {lang}"
    project = project_of(server.home, name)
    visit(watched, f"/{lang}/?project={project.id}")
    says(page, "#assistant-chat", phrase("assistant_empty", lang))
    page.wait_for_url(re.compile(r"thread=[0-9a-f]{12}"))
    thread = re.search("thread=([0-9a-f]+)", page.url)
    page.click("#assistant-chat .example >> nth=0")
    said = answered(page, 1)
    expect(page.locator("#assistant-chat .option")).not_to_have_count(0)
    for number in range(2, 12):
        if PLAN[lang] in said:
            break
        # The first click on an answer has to be through for the server too: until then Gradio takes no second one.
        watched.settle()
        offered = options(page)
        fitting = next((one for one in ANSWERS[lang] if one in offered), None)
        if fitting is not None:
            page.click(f"#assistant-chat .option:text-is('{fitting}')")
        else:
            say(page, ANSWERS[lang][2])
        said = answered(page, number)
    assert PLAN[lang] in said
    known = read_profile(project)
    assert known.needs_citations is True
    assert known.documents is not None
    assert known.documents.count == 2000
    words = {"en": ("2,000", "monthly", "retrieval (RAG)", "Read documents"), "zh": ("2,000", "每月", "检索")}
    says(page, ".ds-beside", *words[lang])
    before = replies(page)
    page.reload()
    answered(page, len(before))
    becomes(lambda: replies(page), before)
    assert thread is not None
    expect(page).to_have_url(re.compile(f"thread={thread[1]}"))
    clean(watched)


@pytest.fixture
def port() -> Iterator[str]:
    """A port that nobody else is given while no server is there."""
    with kept_port() as place:
        yield str(place.getsockname()[1])


def test_a_costly_step_waits_through_reload_and_restart_and_starts_once(
    tmp_path: Path, context: BrowserContext, port: str
) -> None:
    project = build_read(tmp_path, "Pumps")
    with serving(tmp_path, "--port", port) as first:
        watched = Watched(context.new_page(), first.url)
        page = watched.page
        visit(watched, "/en/?project=pumps")
        say(page, "Make training pairs")
        page.wait_for_selector(CARD)
        shown = page.locator("#assistant-card").first
        parts = ("Needs your yes", "Make training pairs from", "Takes", "memory", "Changes:", "Project: Pumps")
        says(page, "#assistant-card", *parts)
        card = shown.inner_text()
        answered(page, 1)
        assert options(page) == []
        page.click("#assistant-change")
        expect(page.locator(BOX)).to_be_focused()
        says(page, "#assistant-hint", "Until then this waits")
        page.reload()
        page.wait_for_selector(CARD)
        becomes(lambda: shown.inner_text()[:60], card[:60])
        drawn(page)
        address = page.url
        # Left open, the page would find the next server by itself, and load anew while it is being told to.
        page.goto("about:blank")
        assert JobStore(project.jobs).list() == () if project.jobs.exists() else True
        first.process.kill()
        first.process.wait()
    with serving(tmp_path, "--port", port) as second:
        assert second.url == first.url
        page.goto(address)
        page.wait_for_selector(CARD)
        page.dblclick(CARD)
        page.wait_for_selector(CARD, state="detached")
        page.wait_for_function(
            "document.querySelector('#assistant-chat')?.innerText.includes('pairs accepted')",
            timeout=JOB,
        )
        # Whoever comes late with the same yes starts nothing.
        jobs = JobStore(project.jobs).list()
        assert [(job.kind, job.state) for job in jobs] == [("extract", "done")]
        becomes(lambda: len([said for said in replies(page) if "Started:" in said]), 1)
        watched.settle()
        run = page.locator(f"#assistant-chat a:text-is('{jobs[0].run}')").first
        run.click()
        page.wait_for_url(f"**/en/runs?project=pumps&run={jobs[0].run}")
        assert not watched.outside


def test_a_yes_on_a_page_that_outlived_the_server_starts_the_step_once(
    tmp_path: Path, context: BrowserContext, port: str
) -> None:
    project = build_read(tmp_path, "Pumps")
    try:
        with serving(tmp_path, "--port", port) as first:
            watched = Watched(context.new_page(), first.url)
            page = watched.page
            visit(watched, "/zh/?project=pumps")
            say(page, "生成训练样本")
            page.wait_for_selector(CARD)
            page.evaluate("window.isStale = true")
            first.process.kill()
            first.process.wait()
        with serving(tmp_path, "--port", port):
            page.click(CARD)
            # The page may find the new server by itself and load anew just then, and take the click away with it.
            page.wait_for_function(
                """(card) => {
                     if (document.querySelector("#assistant-chat")?.innerText.includes("已开始")) return true;
                     const anew = !window.isStale && document.querySelector("#assistant-threads nav");
                     const yes = anew && !window.isPressed && document.querySelector(card);
                     if (yes) { window.isPressed = true; yes.click(); }
                     return false;
                   }""",
                arg=CARD,
            )
            page.wait_for_selector(CARD, state="detached")
            reconcile(project)
            assert len(JobStore(project.jobs).list()) == 1
    finally:
        for job in JobStore(project.jobs).list() if project.jobs.exists() else ():
            end_processes(job)


def test_a_step_that_is_declined_changes_nothing(watched: Watched, server: Server) -> None:
    page, project = watched.page, project_of(server.home, "Pumps")
    visit(watched, "/en/?project=pumps&thread=declined")
    say(page, "Make training pairs")
    page.wait_for_selector(CARD)
    page.click("#assistant-decline")
    assert "Not started. Nothing was changed." in answered(page, 2)
    page.wait_for_selector(CARD, state="detached")
    assert not project.jobs.exists() or not JobStore(project.jobs).list()
    clean(watched)


def test_files_dropped_without_a_project_make_one_and_are_read(tmp_path: Path, context: BrowserContext) -> None:
    file = tmp_path / "the manual.md"
    file.write_text("# Pump\n\nThe pump has 12 bar.\n", encoding="utf-8")
    home = tmp_path / "home"
    with serving(home) as server:
        watched = Watched(context.new_page(), server.url)
        page = watched.page
        visit(watched, "/en/")
        page.set_input_files("#assistant-box input[type=file]", str(file))
        page.wait_for_selector("#assistant-box .thumbnail-item, #assistant-box .file")
        say(page, "We want an assistant that answers service questions.")
        page.wait_for_url(re.compile("project=assistant"))
        page.wait_for_function(
            "document.querySelector('#assistant-chat')?.innerText.includes('1 documents read')",
            timeout=JOB,
        )
        says(page, "#assistant-chat", "Read these files: the manual.md")
        expect(page.locator(".ds-name")).to_have_text("assistant", use_inner_text=True)
        page.wait_for_function("document.querySelector('.ds-road')?.innerText.includes('1 document')")
        clean(watched)
    project = project_of(home, "assistant")
    assert [job.state for job in JobStore(project.jobs).list()] == ["done"]
    assert read_profile(project).goal is not None


def test_conversations_are_begun_opened_and_deleted_in_place(watched: Watched, server: Server) -> None:
    page = watched.page
    visit(watched, "/en/?project=many&thread=one")
    say(page, "What can you do?")
    answered(page, 1)
    watched.settle()
    page.click(".ds-new")
    page.wait_for_selector("#assistant-chat .example")
    assert "thread=one" not in page.url
    # What answers for the conversation that was left comes late, and takes nobody back to it.
    page.evaluate("window.dsAssistant.at('/en/?project=many&thread=one')")
    page.wait_for_timeout(300)
    assert "thread=one" not in page.url
    watched.settle()
    say(page, "Which model can we tune on one A800?")
    answered(page, 1)
    expect(page.locator(".ds-threads li")).to_have_count(2)
    unfold(watched)
    say(page, "What can you do?")
    answered(page, 2)
    watched.settle()
    # An unfolded list does not fold when it is drawn again.
    expect(page.locator(".ds-threads details[open]")).to_have_count(1)
    expect(page.locator(".ds-threads li")).to_have_count(2)
    page.click(".ds-threads a:text-is('What can you do?')")
    page.wait_for_function(f"document.querySelector('{ROW}')?.innerText.includes('What can you do?')")
    expect(page).to_have_url(re.compile("thread=one"))
    page.go_back()
    page.wait_for_function(f"document.querySelector('{ROW}')?.innerText.includes('A800')")
    page.go_forward()
    page.wait_for_function(f"document.querySelector('{ROW}')?.innerText.includes('What can you do?')")
    watched.settle()  # a conversation that is drawn once more takes the question away
    page.click("#assistant-delete")
    page.wait_for_selector("#assistant-delete-yes")
    says(page, "#assistant-confirm", "Delete “What can you do?” for good?")
    page.click("#assistant-delete-no")
    page.wait_for_selector("#assistant-delete-yes", state="detached")
    page.click("#assistant-delete")
    page.click("#assistant-delete-yes")
    page.wait_for_function(f"document.querySelector('{ROW}')?.innerText.includes('A800')")
    page.wait_for_function("!location.search.includes('thread=one')")
    until(lambda: not (server.home / "threads" / "one").exists())
    clean(watched)


def test_the_profile_is_corrected_in_place(watched: Watched, server: Server) -> None:
    page, project = watched.page, project_of(server.home, "Edited")
    visit(watched, "/en/?project=edited")
    say(page, "We have 2,000 PDF manuals and want a service assistant.")
    answered(page, 1)
    page.wait_for_function("document.querySelector('#assistant-profile')?.innerText.includes('2,000')")
    page.click("#assistant-edit")
    page.wait_for_selector("#assistant-save")
    count = page.locator("#assistant-form label:has-text('documents') input")
    expect(count).to_have_value("2000")  # the form is filled once it is open
    count.fill("1500")
    cited = page.locator("#assistant-form input[aria-label='must cite sources']")
    cited.click()
    page.wait_for_selector("#assistant-form [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(cited).to_have_value("yes")
    page.click("#assistant-save")
    page.wait_for_function("document.querySelector('#assistant-profile')?.innerText.includes('1,500')")
    page.wait_for_selector("#assistant-save", state="detached")
    known = read_profile(project)
    assert known.documents is not None
    assert known.documents.count == 1500
    assert known.needs_citations is True
    assert known.goal == "a service assistant"  # noted in the conversation, and not touched
    clean(watched)


def test_composing_and_keyboard(watched: Watched) -> None:
    page = watched.page
    visit(watched, "/zh/?project=many&thread=keys")
    page.fill("#assistant-box textarea", "ni hao")
    page.evaluate(
        """() => document.querySelector("#assistant-box textarea").dispatchEvent(
             new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    time.sleep(0.7)
    assert page.input_value("#assistant-box textarea") == "ni hao"
    assert page.locator(ROW).count() == 0
    page.fill("#assistant-box textarea", "改进一下")
    page.press("#assistant-box textarea", "Shift+Enter")
    assert page.locator(ROW).count() == 0
    page.fill("#assistant-box textarea", "")
    page.focus("#assistant-chat .example >> nth=0")
    page.keyboard.press("Enter")
    answered(page, 1)
    watched.settle()  # what is drawn anew loses the focus
    page.focus("#assistant-chat .option >> nth=0")
    page.keyboard.press("Enter")
    answered(page, 2)
    watched.settle()
    page.focus("#assistant-chat .ds-steps summary >> nth=0")
    page.keyboard.press("Enter")
    expect(page.locator("#assistant-chat .ds-steps[open]")).to_have_count(1)
    names = "textarea, .upload-button, .submit-button"
    named = f"[...document.querySelectorAll('#assistant-box :is({names})')].map((one) => one.ariaLabel)"
    becomes(lambda: set(page.evaluate(named)), {"消息", "添加文档", "发送"})
    clean(watched)


def test_what_was_typed_and_not_sent_outlives_a_reload(watched: Watched) -> None:
    page = watched.page
    visit(watched, "/en/?project=many&thread=draft")
    page.fill("#assistant-box textarea", "We have 300 wiring")
    page.reload()
    drawn(page)
    expect(page.locator(BOX)).to_have_value("We have 300 wiring")
    page.press("#assistant-box textarea", "End")
    page.type("#assistant-box textarea", " diagrams")
    page.press("#assistant-box textarea", "Enter")
    answered(page, 1)
    says(page, "#assistant-chat", "We have 300 wiring diagrams")
    page.reload()
    drawn(page)
    page.wait_for_selector(ROW)
    page.wait_for_timeout(500)
    assert page.input_value("#assistant-box textarea") == ""
    clean(watched)
