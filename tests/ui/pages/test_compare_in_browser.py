"""Compare, hardware and guide in a real browser, with the tiny random model behind them."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from agent.progress import Reporter
from agent.records.pairs import Message
from agent.records.vote import Vote
from tests.tiny_model import build_tiny_model
from tests.tiny_project import build_tiny_project, tiny_settings
from tests.tools.jobs.sleeper import until
from tests.ui.pages.awaiting import becomes, expect, says
from tests.ui.web.conftest import Watched, browser, context  # noqa: F401
from tools.answerers import Answerers
from tools.generated import Generated
from tools.votes import load_votes, standing
from tools.workspace import Project

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

PAGES = {
    "compare": "#compare-tally h2",
    "hardware": "#hardware-devices table",
    "guide": "#guide-standing ul",
    "guide?article=ladder": "#guide-standing ul",
}
"""Address of a page to what stands on it once it is complete."""
WIDTHS = (360, 768, 1280, 1920)


@dataclass
class Place:
    url: str
    project: Project
    answerers: Answerers


class Scripted:
    """A model that writes word by word, and waits between words while told to."""

    positions = None

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.closed = 0

    def prompt(self, conversation: Sequence[Message]) -> str:
        return "".join(message.content for message in conversation)

    def count(self, text: str) -> int:
        return len(text.split())

    def stream(
        self, conversation: Sequence[Message], limit: Any, reporter: Reporter, *, adapter: Any, stop: Any
    ) -> Iterator[str | Generated]:
        words = ("It ", "is ", "<12> ", "bar.")
        try:
            for word in words:
                while not self.gate.wait(0.05):
                    reporter.check()
                reporter.check()
                yield word
            yield Generated(text="".join(words), tokens=4, seconds=0.5, seconds_to_first_token=0.1, truncated=False)
        finally:
            self.closed += 1


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    from tests.ui.pages.served import build_compared, served
    from ui.web.desk import Desks

    home = tmp_path_factory.mktemp("home")
    settings = tiny_settings(home, build_tiny_model(home / "tiny"))
    project = build_compared(settings, "Pumps")
    build_tiny_project(settings, "Empty", documents=False)
    desks = Desks(settings)
    with served(desks) as url:
        yield Place(url, project, desks.answerers)


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Watched:  # noqa: F811
    place.project.root.joinpath("votes.jsonl").unlink(missing_ok=True)
    return Watched(context.new_page(), place.url)


@pytest.fixture
def scripted(place: Place, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    model = Scripted()
    monkeypatch.setattr(place.answerers, "_model", lambda settings, adapter: model)
    return model


def ask(page: Watched, question: str, wait: str = "#compare-tie") -> None:
    page.page.fill("#compare-question textarea", question)
    page.page.click("#compare-ask")
    page.page.wait_for_selector(wait, state="visible")


def votes(place: Place) -> tuple[Vote, ...]:
    return standing(load_votes(place.project))


def test_a_blind_vote_on_a_sealed_question(page: Watched, place: Place) -> None:
    page.visit("/en/compare?project=pumps")
    page.page.check("#compare-blind input")
    page.page.click("#compare-next")
    page.page.wait_for_selector("#compare-tie", state="visible")
    columns = page.page.locator("#compare-columns").first
    becomes(lambda: columns.inner_text().count("Answer "), 4)
    before = columns.inner_html()
    for told in ("RAG", "tuned", "base", "12 bar</", "weights", " s in all"):
        assert told not in before
    assert "Reference" not in page.page.inner_text("#ds-main")
    page.page.click("#compare-better-2")
    page.page.wait_for_selector(".ds-outcome")
    says(page.page, "#compare-outcome", "Reference answer:")
    says(page.page, "#compare-columns", "RAG")
    (vote,) = votes(place)
    assert (vote.blind, vote.winner, vote.item in {"i0", "i1"}) == (True, vote.arms[2], True)
    page.page.wait_for_selector("#compare-tally table")
    becomes(lambda: page.page.inner_text("#compare-tally").count("not enough votes to tell"), 3)

    page.page.click("#compare-undo")
    page.page.wait_for_selector("#compare-undo", state="hidden")
    assert votes(place) == ()
    page.page.click("#compare-tie")
    page.page.wait_for_selector("#compare-tie", state="hidden")
    (again,) = votes(place)
    assert (again.blind, again.verdict, again.comparison) == (False, "tie", vote.comparison)

    first = page.page.input_value("#compare-question textarea")
    page.page.click("#compare-next")
    page.page.wait_for_selector("#compare-tie", state="visible")
    expect(page.page.locator("#compare-question textarea")).not_to_have_value(first)
    page.clean()


def test_answers_stream_with_sources_and_the_votes_go_out(page: Watched, place: Place, scripted: Scripted) -> None:
    page.visit("/en/compare?project=pumps")
    page.page.uncheck("#compare-arms input >> nth=2")
    page.page.uncheck("#compare-arms input >> nth=3")
    scripted.gate.clear()
    ask(page, "What is the rated pressure of the pump?", wait="#compare-stop")
    page.page.wait_for_selector(".ds-column.ds-reading")
    scripted.gate.set()
    page.page.wait_for_selector("#compare-tie", state="visible")
    becomes(lambda: page.page.inner_text("#compare-columns").count("It is <12> bar."), 2)
    says(page.page, "#compare-columns", "first token after 0.10 s · 0.50 s in all · 4 tokens")
    page.page.click(".ds-citation summary")
    marked = re.compile("^The rated pressure of the pump is 12 bar[.]")
    expect(page.page.locator(".ds-citation mark").first).to_have_text(marked, use_inner_text=True)
    opened = re.compile("^" + re.escape("/en/documents?project=pumps&document=pump.md&chunk=pump.md"))
    expect(page.page.locator(".ds-citation a").first).to_have_attribute("href", opened)

    page.page.focus("#compare-better-1")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector(".ds-outcome")
    page.page.wait_for_selector("#compare-tally a")
    for name in ("votes.csv", "votes.jsonl"):
        answer = page.page.request.get(f"{place.url}/download/{name}?project=pumps")
        assert answer.ok
        assert "attachment" in answer.headers["content-disposition"]
        assert "It is <12> bar." in answer.text()
    assert page.page.request.get(f"{place.url}/download/votes.csv?project=none").status == 404
    text = page.page.request.get(f"{place.url}/download/votes.csv?project=pumps").text()
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["winner"], row["order"], row["blind"]) == ("rag", "base | rag", "False")
    page.clean()


def test_stop_and_leaving_let_the_model_go(page: Watched, place: Place, scripted: Scripted) -> None:
    page.visit("/zh/compare?project=pumps")
    scripted.gate.clear()
    ask(page, "泵的额定压力是多少？", wait="#compare-stop")
    page.page.wait_for_selector(".ds-column.ds-reading")
    page.page.click("#compare-stop")
    page.page.wait_for_selector(".ds-column.ds-stopped")
    expect(page.page.locator("#compare-tie")).to_be_hidden()
    until(lambda: scripted.closed == 1)
    page.settle()  # Gradio takes no question while one is being taken back

    ask(page, "滤芯多久换一次？", wait="#compare-stop")
    page.page.wait_for_selector(".ds-column.ds-reading")
    page.page.close()
    until(lambda: scripted.closed == 2)
    until(lambda: place.answerers.waiting == 0)
    assert votes(place) == ()


def test_what_cannot_be_asked_is_told(page: Watched) -> None:
    page.visit("/en/compare?project=pumps")
    page.page.click("#compare-ask")
    page.page.get_by_text("the question is empty").wait_for()
    page.settle()
    page.page.fill("#compare-question textarea", "What?")
    for place_ in (1, 2, 3):
        page.page.uncheck(f"#compare-arms input >> nth={place_}")
    page.page.click("#compare-ask")
    page.page.get_by_text("a comparison needs two columns or more").wait_for()
    page.visit("/en/compare?project=empty")
    says(page.page, "#ds-main", "Ingest documents to compare base and RAG")
    expect(page.page.locator("#compare-ask")).to_be_hidden()


def test_hardware(page: Watched) -> None:
    page.visit("/en/hardware")
    page.page.wait_for_selector("#hardware-fits tbody tr")
    expect(page.page.locator("#hardware-fits tbody tr")).to_have_count(9)
    page.page.get_by_label("How many").fill("8")
    page.page.get_by_label("How many").press("Tab")
    page.page.get_by_text("8 × this machine").first.wait_for()
    page.page.get_by_label("Device", exact=True).click()
    page.page.get_by_role("option", name="Huawei Ascend 910A").click()
    page.page.wait_for_function("document.querySelector('#hardware-fits')?.innerText.includes('✗ refused')")
    page.page.get_by_label("Tokens of an example").fill("2048")
    page.page.get_by_label("Tokens of an example").press("Tab")
    page.page.get_by_text("of 2048 tokens").first.wait_for()
    says(page.page, "#hardware-parts", "Activations and logits")
    page.page.click("#hardware-probe")
    page.page.wait_for_selector("#hardware-seen table")
    says(page.page, "#hardware-seen", "torch")
    page.clean()


def test_guide(page: Watched) -> None:
    page.visit("/zh/guide?project=pumps")
    page.page.fill("#guide-question input, #guide-question textarea", "领域数据的比例")
    page.page.click("#guide-find")
    page.page.wait_for_selector(".ds-guide-found a")
    says(page.page, "#guide-standing", "没有 Q-LoRA 的运行")
    page.settle()
    page.clean()
    page.page.click(".ds-guide-found a >> nth=0")
    page.page.wait_for_selector("#guide-title")
    says(page.page, "#guide-sources", "来源")
    becomes(lambda: len(page.page.inner_text("#guide-text")) > 100, True)
    page.visit("/en/guide?project=pumps&article=%3Cb%3Enone")
    page.page.get_by_text("The guide has no article “<b>none”.").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_width_and_theme(context: BrowserContext, place: Place, lang: str, width: int) -> None:  # noqa: F811
    for name, last in PAGES.items():
        # A page of its own for each: leaving one while its first events come is an error to the console.
        page = Watched(context.new_page(), place.url)
        page.page.set_viewport_size({"width": width, "height": 900})
        page.page.emulate_media(color_scheme="dark" if lang == "zh" else "light")
        page.visit(f"/{lang}/{name}{'&' if '?' in name else '?'}project=pumps")
        page.page.wait_for_selector(last)
        assert page.overflow() == 0, name
        page.clean()
        page.page.close()
