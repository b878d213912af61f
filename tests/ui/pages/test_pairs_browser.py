"""The page of the pairs in a real browser: making them, deciding by keyboard, filters; and pairs that attack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from agent.records.corpus import Document, DocumentText
from agent.records.pairs import Message, Pair
from knowledge.company.build import build_documents
from knowledge.files import write_record, write_records
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter
from tests.quiet_moment import in_a_quiet_moment
from tests.ui.pages.awaiting import JOB, becomes, expect, says
from tests.ui.pages.browsing import clean, presentable
from tests.ui.pages.pairs_project import PAIRS, build_pairs_project
from tests.ui.pages.payloads import PAYLOADS, active
from tests.ui.web.conftest import Server, Watched, browser, context, serving
from tools.pairs import load_pairs, save_pairs
from tools.workspace import Project, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["browser", "context"]

pytestmark = pytest.mark.slow

MANY = 10_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("pairs")
    for name in ("pumps", "filters", "hostile"):
        build_pairs_project(home, name)
    Workspace(home).create("bare")
    company = Workspace(home).create("company")
    folder = tmp_path_factory.mktemp("company")
    build_documents(folder)
    chosen = sorted(folder.glob("tarvo-*"))
    ingest(chosen, CorpusStore(company.root), HashEmbedder(), RecordingReporter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOMAINSMITH_EXTRACTION_MODEL", "rules")
        with serving(home) as running:
            yield running


@pytest.fixture
def watched(context: BrowserContext, server: Server) -> Watched:
    return Watched(context.new_page(), server.url)


def project_of(server: Server, name: str) -> Project:
    return Workspace(server.home).open(name)


def pair_of(server: Server, project: str, identifier: str) -> Pair:
    return next(pair for pair in load_pairs(project_of(server, project)) if pair.id == identifier)


def wait_for_pair(page: Page, identifier: str) -> None:
    page.wait_for_selector(f".ds-pair[data-pair='{identifier}']")


def wait_for_counter(page: Page, text: str) -> None:
    page.wait_for_selector(f".ds-counter:text-is('{text}')")


def open_panel(page: Page) -> str:
    return str(page.evaluate("document.body.dataset.dsPairs || ''"))


def rest(page: Page) -> None:
    """Wait until the answer to the last key is on the page: until then a key that decides is not taken."""
    page.wait_for_function("window.dsPairs?.isIdle()")


def turn_of(page: Page) -> str | None:
    return page.get_attribute("#pairs-counter [data-turn]", "data-turn")


def press(page: Page, key: str) -> None:
    """Press a key that the server answers, and wait for the answer."""
    rest(page)
    before = turn_of(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "(turn) => document.querySelector('#pairs-counter [data-turn]')?.dataset.turn !== turn", arg=before
    )
    rest(page)


def test_pairs_are_decided_by_keyboard_and_the_file_says_so(watched: Watched, server: Server) -> None:
    page = watched.page
    watched.visit("/en/pairs?project=pumps")
    wait_for_pair(page, "p2")  # what waits for review comes first
    wait_for_counter(page, "1 of 2")
    expect(page.locator("#pairs-source mark")).to_have_text("red", use_inner_text=True)
    says(page, ".ds-pair .ds-why", "documents contradict each other")
    original = project_of(server, "pumps").pairs.read_bytes()

    press(page, "a")
    wait_for_pair(page, "p3")
    accepted = pair_of(server, "pumps", "p2")
    assert (accepted.status, accepted.reviewed, accepted.reason) == ("accepted", True, "")

    page.keyboard.press("r")
    becomes(lambda: open_panel(page), "reject")
    why = page.locator("#pairs-why :is(input, textarea)")
    expect(why).to_be_focused()
    page.keyboard.type("just a joke: reject me")  # letters of the keys; the field has them, the page does not
    expect(why).to_have_value("just a joke: reject me")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ds-pair.ds-is-rejected")
    assert pair_of(server, "pumps", "p3").reason == "just a joke: reject me"
    page.wait_for_function("!document.body.dataset.dsPairs")

    press(page, "k")
    wait_for_pair(page, "p2")
    page.keyboard.press("e")
    becomes(lambda: open_panel(page), "edit")
    page.keyboard.press("Escape")
    becomes(lambda: open_panel(page), "")
    page.keyboard.press("e")
    becomes(lambda: open_panel(page), "edit")
    expect(page.locator("#pairs-edit-question textarea")).to_have_value("Which colour?")
    page.fill("#pairs-edit-answer textarea", "It is red.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ds-answer:text-is('It is red.')")
    edited = pair_of(server, "pumps", "p2")
    assert (edited.answer, edited.edited, edited.status) == ("It is red.", True, "accepted")
    page.wait_for_function("!document.body.dataset.dsPairs")

    for expected in ("p2", "p3", "p2"):
        press(page, "u")
        wait_for_pair(page, expected)
    assert project_of(server, "pumps").pairs.read_bytes() == original
    page.keyboard.press("u")
    page.wait_for_selector(".toast-body :text('nothing to undo')")
    clean(watched)


def test_what_is_accepted_is_what_was_seen_however_fast_the_keys_come(watched: Watched, server: Server) -> None:
    project = build_pairs_project(server.home, "hasty")
    page = watched.page
    watched.visit("/en/pairs?project=hasty&status=*")
    wait_for_pair(page, "p1")
    for _ in range(10):
        before = {pair.id: pair.reviewed for pair in load_pairs(project)}
        seen = page.evaluate(
            """() => { const press = (key) =>
                   document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
                 press("j"); press("j"); const seen = document.querySelector(".ds-pair").dataset.pair; press("a");
                 return seen; }"""
        )
        page.wait_for_function("dsPairs.isIdle()")
        watched.settle()
        changed = [pair.id for pair in load_pairs(project) if pair.reviewed and not before[pair.id]]
        assert changed in ([], [seen])
        for _ in range(4):
            page.keyboard.press("k")
        page.wait_for_function("dsPairs.isIdle()")
    wait_for_pair(page, "p1")
    press(page, "j")
    wait_for_pair(page, "p2")
    press(page, "a")
    wait_for_pair(page, "p3")
    assert [pair.id for pair in load_pairs(project) if pair.reviewed] == ["p2"]
    page.wait_for_function("document.querySelector('.ds-road')?.innerText.includes('3 pairs')")
    watched.settle()
    clean(watched)


def test_buttons_do_the_same_and_presets_reject_at_once(watched: Watched, server: Server) -> None:
    page = watched.page
    watched.visit("/zh/pairs?project=filters")
    wait_for_counter(page, "第 1 个，共 2 个")
    page.click("#pairs-next")
    wait_for_pair(page, "p3")
    page.click("#pairs-reject")
    page.click("button:text-is('答案有误')")
    page.wait_for_selector(".ds-pair.ds-is-rejected")
    assert pair_of(server, "filters", "p3").reason == "答案有误"
    says(page, "#pairs-beside .ds-reasons", "答案有误")
    page.click("#pairs-previous")
    wait_for_pair(page, "p2")
    page.click("#pairs-accept")
    wait_for_pair(page, "p3")
    page.click("#pairs-undo")
    wait_for_pair(page, "p2")
    page.wait_for_selector(".ds-pair.ds-is-pending")
    page.click("#pairs-undo")
    wait_for_pair(page, "p3")
    clean(watched)


def test_filters_of_the_address_of_the_map_and_of_the_fields(watched: Watched) -> None:
    page = watched.page
    watched.visit("/en/pairs?project=filters&status=rejected")
    wait_for_pair(page, "p4")
    says(page, ".ds-check-failed", "failed")
    page.click("#pairs-beside .ds-coverage tr:has-text('pump.md') td:has-text('1') >> nth=0")
    watched.settle()  # the map is drawn anew with what it filters
    page.click("#pairs-beside .ds-coverage tr:has-text('no document') th a")
    wait_for_pair(page, "p5")
    wait_for_counter(page, "1 of 1")
    expect(page).to_have_url(re.compile("document=-"))
    says(page, "#pairs-source", "was imported")
    watched.settle()  # the fields are filled with what the address asks for
    page.fill("#pairs-text :is(input, textarea)", "no such words")
    page.wait_for_selector("#pairs-card a[data-ds-walk]")
    page.keyboard.press("Tab")
    page.keyboard.press("e")  # nothing is shown, so nothing opens
    assert open_panel(page) == ""
    page.click("#pairs-card a[data-ds-walk]")
    wait_for_counter(page, "1 of 5")
    wait_for_pair(page, "p1")
    expect(page.locator("#pairs-source mark")).to_have_text("12 bar", use_inner_text=True)
    page.click("#pairs-source a")
    page.wait_for_selector("#documents-passage #ds-quote")
    expect(page.locator("#documents-passage mark").first).to_have_text("12 bar", use_inner_text=True)
    clean(watched)


def test_pairs_are_made_from_the_page_after_a_yes(watched: Watched, server: Server) -> None:
    page, project = watched.page, project_of(server, "company")
    watched.visit("/en/pairs?project=bare")
    says(page, "#pairs-empty", "Read documents first")
    expect(page.locator("#pairs-extract")).to_be_hidden()
    watched.visit("/en/pairs?project=company")
    says(page, "#pairs-empty", "Extract to see pairs.", "Estimated time: ")
    page.click("#pairs-extract")
    page.wait_for_selector("#pairs-approve", state="visible")
    says(page, "#pairs-approval", "20% of the documents held out")
    page.click("#pairs-decline")
    page.wait_for_selector("#pairs-approve", state="hidden")
    assert not project.pairs.exists()
    page.click("#pairs-extract")
    page.click("#pairs-approve")
    page.wait_for_selector(".ds-pair", timeout=JOB)
    made = load_pairs(project)
    says(page, "#pairs-job", f"{sum(pair.status == 'accepted' for pair in made):,} pairs accepted")
    expect(page.locator("#pairs-beside .ds-coverage tbody tr")).to_have_count(6)
    page.wait_for_selector("#pairs-extract:text-is('Make pairs again')")
    watched.settle()  # a look at the job that is still under way would go back to the first pair
    for _ in range(3):
        press(page, "j")
        page.wait_for_function(
            """() => { const box = document.querySelector("#pairs-source .ds-text")?.getBoundingClientRect();
                 const mark = document.querySelector("#pairs-source mark")?.getBoundingClientRect();
                 return box && mark && mark.top >= box.top - 1 && mark.top < box.bottom; }"""
        )
    clean(watched)


def test_a_key_press_is_quick_with_ten_thousand_pairs(watched: Watched, server: Server) -> None:
    project = build_pairs_project(server.home, "large")
    save_pairs(project, [PAIRS[number % 5].model_copy(update={"id": f"m{number}"}) for number in range(MANY)])
    page = watched.page
    watched.visit("/en/pairs?project=large&status=*")
    wait_for_pair(page, "m0")
    for number in range(1, 6):
        press(page, "j")
        wait_for_pair(page, f"m{number}")

    @in_a_quiet_moment
    def quick() -> None:
        took = page.evaluate(
            """async () => {
              const shown = () => document.querySelector(".ds-pair").dataset.pair;
              const took = [];
              for (let n = 0; n < 12; n += 1) {
                const before = shown(), began = performance.now();
                document.dispatchEvent(new KeyboardEvent("keydown", { key: n % 2 ? "a" : "j", bubbles: true }));
                while (shown() === before || !dsPairs.isIdle()) await new Promise((done) => setTimeout(done, 5));
                took.push(performance.now() - began);
              }
              return took.sort((a, b) => a - b);
            }"""
        )
        assert took[len(took) // 2] < 1000, took

    quick()
    clean(watched)


def test_hostile_pairs_stay_text(watched: Watched, server: Server) -> None:
    project = project_of(server, "hostile")
    body = {"name": PAYLOADS[0], "sha256": "s", "language": "en", "title": PAYLOADS[1]}
    text = "\n".join(PAYLOADS)
    write_record(
        project.texts / "nasty-1.json", DocumentText.model_validate({"document": "nasty-1", "text": text, **body})
    )
    counts = {"format": "markdown", "pages": None, "characters": len(text), "chunks": 1, "status": "read"}
    write_records(project.document_list, [Document.model_validate({"id": "nasty-1", **body, **counts})])
    pairs = []
    for number, payload in enumerate(PAYLOADS):
        spoken = (Message(role="user", content=payload), Message(role="assistant", content=payload))
        start = text.index(payload)
        fields = {
            "id": f"p{number}",
            "messages": spoken * 2,
            "document": "nasty-1" if number % 2 else payload,
            "quote": payload,
            "start": start,
            "end": start + len(payload),
            "status": "rejected" if number % 3 else "pending",
            "reason": payload,
            "checks": {payload: False, "length": True},
        }
        pairs.append(PAIRS[0].model_copy(update=fields))
    save_pairs(project, pairs)
    page = watched.page
    watched.visit("/en/pairs?project=hostile&status=*")
    for number in range(len(PAYLOADS)):
        wait_for_pair(page, f"p{number}")
        assert active(page) == []
        becomes(lambda: page.inner_text(".ds-answer").split(), PAYLOADS[number].split())
        press(page, "j")
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    page.click(".ds-filters input >> nth=1")
    page.wait_for_timeout(300)
    assert active(page) == []
    watched.visit(f"/zh/pairs?project=hostile&reason={PAYLOADS[0]}&document={PAYLOADS[1]}&text={PAYLOADS[2]}&pair=x")
    assert active(page) == []
    clean(watched)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("panel", ["edit", "reject"])
def test_everything_can_be_read_and_fits(panel: str, lang: str, watched: Watched) -> None:
    page = watched.page
    watched.visit(f"/{lang}/pairs?project=filters&status=rejected")
    page.wait_for_selector(".ds-check-failed")
    page.click(f"#pairs-{panel}")
    page.click("#pairs-extract")
    page.wait_for_selector("#pairs-approve", state="visible")
    presentable(watched)
    clean(watched)
