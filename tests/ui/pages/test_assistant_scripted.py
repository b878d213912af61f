"""The page of the assistant in a browser, with turns that wait, texts that attack and answers side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.records.conversation import Approval, ChatMessage, Option, Part, Turn
from agent.records.job import Job
from graph.assistant import Assistant
from tests.tiny_model import build_tiny_model
from tests.tiny_project import PASSAGES, tiny_settings
from tests.tools.jobs.sleeper import until
from tests.ui.pages.awaiting import becomes, expect, says
from tests.ui.pages.browsing import clean
from tests.ui.pages.payloads import PAYLOADS, active
from tests.ui.pages.talking import BOX, CARD, ROW, answered, options, replies, say, unfold, visit
from tests.ui.web.conftest import Watched, browser, context
from tools.jobs.processes import end_processes
from tools.jobs.store import JobStore
from tools.workspace import Project

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

__all__ = ["browser", "context"]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

WIDTHS = (360, 768, 1280, 1920)
WEB = Path(__file__).parents[1] / "web"
HOSTILE = "<img src=x onerror=window.hacked=1>"
AT = "2026-11-22T10:00:00+00:00"


@dataclass
class Place:
    """A server whose assistant can be held up and made to have said anything."""

    url: str
    project: Project
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    said: dict[str, tuple[ChatMessage, ...]] = field(default_factory=dict)
    """What a conversation is made to hold, by its id."""


class Gated(Assistant):
    """The assistant, with a gate before every message."""

    place: Place

    def stream(self, thread: str, text: str, *rest: Any) -> Iterator[Part]:
        self.place.asked.append(text)
        assert self.place.gate.wait(300)
        yield from super().stream(thread, text, *rest)

    def history(self, thread: str) -> tuple[ChatMessage, ...]:
        return self.place.said.get(thread) or super().history(thread)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    from tests.ui.pages.served import build_compared, served
    from ui.web.desk import Desks

    home = tmp_path_factory.mktemp("talk")
    settings = tiny_settings(home, build_tiny_model(home / "tiny")).model_copy(update={"extraction_model": "rules"})
    project = build_compared(settings, "Pumps")
    desks = Desks(settings)
    desk = desks.for_account("")
    assistant = Gated(desk.settings, retriever=desk.retriever, answerers=desks.answerers)
    desk.__dict__["assistant"] = assistant
    with served(desks) as url:
        assistant.place = Place(url, project)
        assistant.place.gate.set()
        yield assistant.place
    for job in JobStore(project.jobs).list() if project.jobs.exists() else ():
        end_processes(job)


@pytest.fixture
def watched(context: BrowserContext, place: Place) -> Watched:
    place.gate.set()
    place.asked.clear()
    return Watched(context.new_page(), place.url)


def test_a_second_message_waits_its_turn_and_no_page_is_needed(watched: Watched, place: Place) -> None:
    page = watched.page
    visit(watched, "/en/?project=pumps&thread=queue")
    place.gate.clear()
    say(page, "What can you do?")
    page.wait_for_selector("#assistant-chat [role=status]")
    expect(page.locator(BOX)).to_have_value("")
    say(page, "Which model fits on one A800?")
    page.wait_for_function(
        "document.querySelector('#assistant-chat')?.innerText.includes('waits for the answer before it')"
    )
    expect(page.locator(BOX)).to_have_value("")
    page.fill(BOX, "still typing")
    becomes(lambda: place.asked, ["What can you do?"])
    page.reload()
    page.wait_for_function(
        "document.querySelector('#assistant-chat')?.innerText.includes('waits for the answer before it')"
    )
    asked = ["What can you do?", "Which model fits on one A800?"]
    becomes(page.locator("#assistant-chat .user-row").all_inner_texts, asked)
    page.goto("about:blank")
    place.gate.set()
    visit(watched, "/zh/?project=pumps&thread=queue")  # the other language's page follows as well
    answered(page, 2)
    assert place.asked == asked
    said_by = f"[...document.querySelectorAll('{ROW}')].slice(0, 4).map((row) => row.matches('.user-row'))"
    becomes(lambda: page.evaluate(said_by), [True, False, True, False])
    clean(watched)


def test_what_is_typed_meanwhile_stays(watched: Watched, place: Place) -> None:
    page = watched.page
    visit(watched, "/en/?project=pumps&thread=typing")
    place.gate.clear()
    say(page, "What can you do?")
    page.wait_for_selector("#assistant-chat [role=status]")
    expect(page.locator(BOX)).to_have_value("")
    page.fill(BOX, "half a thou")
    place.gate.set()
    answered(page, 1)
    watched.settle()
    page.wait_for_timeout(500)
    assert page.input_value(BOX) == "half a thou"
    clean(watched)


def test_what_is_typed_before_the_server_has_the_message_stays(watched: Watched) -> None:
    page = watched.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visit(watched, "/en/?project=pumps&thread=quick")
    page.route("**/queue/join*", hold)
    say(page, "What can you do?")
    # A look at the page lets the requests that it makes be held.
    until(lambda: page.evaluate("true") and any("What can you do?" in str(one.request.post_data) for one in held))
    page.fill(BOX, "half a thou")
    for one in held:
        one.continue_()
    page.unroute("**/queue/join*", hold)
    assert "half a thou" not in answered(page, 1)
    watched.settle()
    expect(page.locator(BOX)).to_have_value("half a thou")
    expect(page.locator("#assistant-chat .user-row")).to_have_text(["What can you do?"])
    clean(watched)


def test_a_message_that_could_not_be_sent_comes_back(watched: Watched) -> None:
    page = watched.page
    visit(watched, "/en/?project=pumps&thread=long")
    say(page, "x" * 20_001)
    page.wait_for_selector(".toast-body.error, .toast-wrap")
    becomes(lambda: len(page.input_value(BOX)), 20_001)
    assert page.locator(ROW).count() == 0


def test_answers_stand_side_by_side(watched: Watched) -> None:
    page = watched.page
    visit(watched, "/en/?project=pumps&thread=compare")
    say(page, "Ask both: What is the rated pressure of the pump?")
    answered(page, 1)
    expect(page.locator("#assistant-chat .ds-column").nth(1)).to_be_visible()
    assert "**" not in replies(page)[-1]
    tops = "[...document.querySelectorAll('.ds-column')].slice(0, 2).map((one) => one.getBoundingClientRect().y)"
    becomes(lambda: len(set(page.evaluate(tops))), 1)
    clean(watched)


def test_a_citation_shows_its_passage_and_opens_the_document(watched: Watched, place: Place) -> None:
    page, length = watched.page, len(PASSAGES[0][2])
    citation = {"chunk": f"pump.md:0-{length}", "document": "pump.md", "page": 3, "quote": "12 bar"}
    answers = {"rag": {"text": "12 bar", "citations": [citation], "seconds": 1.0}}
    turn = Turn(thread="cited", action="compare", reply="**rag** (1.0 s): 12 bar", answers=answers, project="Pumps")
    place.said["cited"] = (ChatMessage(role="assistant", text=turn.reply, at=AT, turn=turn),)
    visit(watched, "/en/?project=pumps&thread=cited")
    page.click("#assistant-chat .ds-citation summary")
    expect(page.locator("#assistant-chat .ds-citation mark")).to_have_text("12 bar", use_inner_text=True)
    at = PASSAGES[0][2].index("12 bar")
    page.click("#assistant-chat .ds-citation a")
    page.wait_for_url(f"**/en/documents?project=pumps&document=pump.md&chunk=*&start={at}&end={at + 6}")


def approval(**values: Any) -> Approval:
    whole = {
        "id": "a1", "thread": "hostile", "action": "extract", "tool": "make_pairs", "arguments": {"path": HOSTILE},
        "project": "Pumps", "title": HOSTILE, "summary": f"{HOSTILE}. Takes 1 s. {HOSTILE}", "reasons": (HOSTILE,),
        "articles": (HOSTILE,), "following": (HOSTILE,), "created": AT,
    }  # fmt: skip
    return Approval.model_validate({**whole, **values})


def hostile_history() -> tuple[ChatMessage, ...]:
    """A conversation in which every text attacks, of people, models, documents and tools."""
    citation = {"chunk": f"{HOSTILE}:0-4", "document": HOSTILE, "page": 1, "quote": HOSTILE}
    answer = {"text": HOSTILE, "citations": [citation], "seconds": 1.0}
    messages: list[ChatMessage] = []
    for payload in (HOSTILE, *PAYLOADS):
        step = {"tool": payload, "title": payload, "state": "failed", "seconds": 1.0, "detail": payload}
        turn = Turn.model_validate(
            {
                "thread": "hostile", "action": "compare", "steps": [step, step], "evidence": [payload],
                "articles": [payload], "answers": {"rag": answer, "base": {**answer, "text": payload}},
                "reply": f"{payload}\n\n- **{payload}**\n\n```\n{payload}\n```\n\n`{payload}` | {payload}",
            }
        )  # fmt: skip
        messages.append(ChatMessage(role="user", text=payload, at=AT))
        messages.append(ChatMessage(role="assistant", text=turn.reply, at=AT, turn=turn))
    last = Turn(
        thread="hostile", action="extract", reply=HOSTILE, approval=approval(),
        options=(Option(label=HOSTILE, message="x"),),
    )  # fmt: skip
    return (*messages, ChatMessage(role="assistant", text=HOSTILE, at=AT, turn=last))


def test_a_conversation_full_of_scripts_stays_inert(watched: Watched, place: Place) -> None:
    page = watched.page
    place.said["hostile"] = hostile_history()
    for lang in ("en", "zh"):
        visit(watched, f"/{lang}/?project=pumps&thread=hostile")
        page.wait_for_selector(CARD)
        becomes(lambda: options(page), [HOSTILE])
        # Everything is there, as text.
        becomes(page.locator("#assistant-chat .user-row").last.inner_text, PAYLOADS[-1])
        for summary in page.locator("#assistant-chat summary").all()[:40]:
            summary.click()
        page.hover("#assistant-card")
        says(page, "#assistant-card h3", HOSTILE)
        assert active(page) == []
        links = page.evaluate(
            "[...document.querySelectorAll('#assistant-chat a')].map((one) => one.getAttribute('href'))"
        )
        assert all(link.startswith(f"/{lang}/") for link in links)
    clean(watched)


def test_messages_full_of_scripts_stay_inert(watched: Watched) -> None:
    page = watched.page
    visit(watched, "/en/?project=pumps&thread=typed")
    for number, payload in enumerate((*PAYLOADS[::7], "\n".join(PAYLOADS)), start=1):
        say(page, payload)
        answered(page, number)
        shown = page.locator("#assistant-chat .user-row").last
        becomes(lambda shown=shown: "".join(shown.inner_text().split()), "".join(payload.split()))  # type: ignore[misc]
    unfold(watched)
    assert active(page) == []
    clean(watched)


def test_two_pages_say_yes_to_one_step_and_it_starts_once(
    watched: Watched, place: Place, context: BrowserContext
) -> None:
    page, other = watched.page, context.new_page()
    visit(watched, "/en/?project=pumps&thread=twice")
    say(page, "Run the evaluation")
    page.wait_for_selector(CARD)
    other.goto(f"{place.url}/zh/?project=pumps&thread=twice")
    other.wait_for_selector(CARD)
    page.click(CARD)
    other.click(CARD)
    page.wait_for_selector(CARD, state="detached")
    other.wait_for_selector(CARD, state="detached")
    page.wait_for_selector("#assistant-job:has(progress):has-text('It goes on if this page is closed')")
    jobs: tuple[Job, ...] = tuple(JobStore(place.project.jobs).list())
    assert [job.kind for job in jobs] == ["evaluate"]
    for job in jobs:
        end_processes(job)


def test_it_fits_every_width_and_theme_with_a_card_and_a_conversation(watched: Watched, place: Place) -> None:
    page = watched.page
    contrast = (WEB / "contrast.js").read_text(encoding="utf-8")
    turn = Turn(
        thread="wide", action="extract", reply="Noted.\n\n| a | b |\n|---|---|\n| one | two |\n\n- x\n\n> y",
        evidence=("20261122T195821Z-ingest", "knowledge_change"), articles=("consent", "ladder"),
        options=(Option(label="monthly", message="x"), Option(label="a much longer answer to choose", message="y")),
        approval=approval(title="Make training pairs", summary="Make training pairs. Takes 1 s; memory 1 GiB."),
    )  # fmt: skip
    step = {"tool": "status", "title": "Look at " + "x" * 80, "state": "failed", "seconds": 1.2, "detail": "no"}
    answers = {arm: {"text": "18 months " * 9, "citations": [], "seconds": 1.0} for arm in ("base", "rag", "tuned")}
    turns = (Turn.model_validate({**turn.model_dump(), "steps": [step], "answers": answers}), turn)
    place.said["wide"] = (
        ChatMessage(role="user", text="w" * 200, at=AT),
        *(ChatMessage(role="assistant", text=one.reply, at=AT, turn=one) for one in turns),
    )
    for lang, theme in (("en", "light"), ("zh", "dark")):
        page.goto(place.url)
        page.evaluate(f"localStorage.setItem('ds-theme', '{theme}')")
        visit(watched, f"/{lang}/?project=pumps&thread=wide")
        page.wait_for_selector(CARD)
        page.click("#assistant-edit")
        page.wait_for_selector("#assistant-save")
        assert watched.wrong(contrast, "#ds-main") == [], theme
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)
            assert watched.overflow() <= 0, f"{width} px wide"
            page.locator(CARD).scroll_into_view_if_needed()
            expect(page.locator(CARD)).to_be_visible()
    unnamed = watched.wrong(
        """() => [...document.querySelectorAll('#ds-main :is(a[href], button, input:not([type=hidden]), textarea)')]
             .filter((one) => one.checkVisibility() && !(one.innerText?.trim() || one.ariaLabel || one.title ||
                              one.placeholder || one.labels?.length)).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []
    clean(watched)
