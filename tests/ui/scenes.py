"""What the album shows: every page with a project that has everything, every page without, and the login.

A scene is opened once; the photographer then turns it from light to dark and from wide to narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.records.base import Language
from agent.records.corpus import Document
from agent.records.evaluation import Item
from graph.threads import new_thread
from knowledge.files import read_records
from tests.ui.pages.talking import CARD, answered, say, visit
from tests.ui.web.conftest import PASSWORD, Watched
from tools.workspace import Project
from ui.pages.sites import PAGES, address

if TYPE_CHECKING:
    from playwright.sync_api import Page

Act = Callable[["Page"], None]

SECONDS: Final = 180_000
"""Milliseconds that a model of 135M parameters on two cores may take for its answers."""
TALK: Final[dict[Language, tuple[str, str, str]]] = {
    "en": ("Where does the project stand?", "Ask both: {question}", "Train the model."),
    "zh": ("项目进展到哪一步了？", "两边都问：{question}", "开始微调。"),
}
"""What is said to the assistant: a question, a comparison, and a wish that needs a yes."""


@dataclass(frozen=True)
class Scene:
    """One page in one state."""

    name: str
    """Also the beginning of its files' names."""
    path: str
    """Address without the origin."""
    ready: str = "#ds-main h1"
    """Selector of what stands on the page once it is complete."""
    acts: tuple[Act, ...] = ()
    """What a person does before the picture is taken."""

    def open(self, watched: Watched) -> None:
        """Open the page and bring it into its state."""
        if self.path.startswith("/login"):
            watched.page.goto(watched.origin + self.path)
        elif self.name.startswith("assistant"):
            visit(watched, self.path)
        else:
            watched.visit(self.path)
        watched.page.wait_for_selector(self.ready, timeout=SECONDS)
        for act in self.acts:
            act(watched.page)


def full(project: Project, lang: Language) -> Iterator[Scene]:
    """Yield every page of a project that was led to its evaluation."""
    documents = [one for one in read_records(project.document_list, Document) if one.status in ("read", "unchanged")]
    items = [one for one in read_records(project.validation, Item) if one.kind == "knowledge" and one.answerable]
    spoken = next((one for one in items if one.language == lang), items[0])
    run = project.latest_run("tune")
    assert run is not None

    def at(path: str, **query: str) -> str:
        return address(lang, path, project=project.id, **query)  # type: ignore[arg-type]

    chart = ".js-plotly-plot .main-svg"
    # A conversation of its own: an earlier one may be in the other language.
    yield Scene("assistant", at("assistant", thread=new_thread()), acts=(talk(lang, spoken.question),))
    yield Scene("compare", at("compare"), "#compare-tally h2", (_ask,))
    yield Scene("compare-voted", at("compare"), "#compare-tally h2", (_ask, _vote))
    yield Scene("compare-error", at("compare"), "#compare-tally h2", (_ask_nothing,))
    yield Scene("documents", at("documents", document=documents[0].id), "#documents-passage .ds-text")
    yield Scene("pairs", at("pairs"), ".ds-pair")
    yield Scene("pairs-edit", at("pairs"), ".ds-pair", (lambda page: page.keyboard.press("e"),))
    yield Scene("runs", at("runs", run=run.name), chart)
    yield Scene("runs-card", at("runs"), "#runs-step-tune:not([disabled])", (_wish,))
    yield Scene("evaluation", at("evaluation"), f"#ds-main:has({chart}) #ds-items .ds-item")
    yield Scene("hardware", at("hardware"), "#measured-table table", (_probe,))
    yield Scene("guide", at("guide"), "#guide-standing ul")
    yield Scene("guide-article", at("guide", article="ladder"), "#guide-text")


def empty(lang: Language, project: str | None) -> Iterator[Scene]:
    """Yield every page of a project without anything, or without a project."""
    name = "new-project" if project else "no-project"
    for page in PAGES:
        yield Scene(f"{page}-{name}", address(lang, page, project=project))


def login(lang: Language) -> Scene:
    """Return the login after a wrong password."""
    return Scene("login", f"/login?lang={lang}", "form", (_fail,))


def enter(page: Page) -> None:
    """Fill the login with the account anna."""
    page.fill("input[name=name]", "anna")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#ds-rail .ds-pages")


def talk(lang: Language, question: str) -> Act:
    """Return a conversation that ends with a card."""

    def converse(page: Page) -> None:
        for number, text in enumerate(TALK[lang], start=1):
            say(page, text.format(question=question))
            answered(page, number, SECONDS / 1000)
        page.wait_for_selector(CARD, state="visible")

    return converse


def _ask(page: Page) -> None:
    page.click("#compare-next:not([disabled])")
    page.wait_for_selector("#compare-tie", state="visible", timeout=SECONDS)


def _ask_nothing(page: Page) -> None:
    page.click("#compare-ask")
    page.wait_for_selector(".toast-body")


def _vote(page: Page) -> None:
    page.click("#compare-better-1")
    page.wait_for_selector(".ds-outcome")
    page.wait_for_selector("#compare-tally table")


def _wish(page: Page) -> None:
    page.click("#runs-step-tune")
    page.wait_for_selector("#ds-card", state="visible")


def _probe(page: Page) -> None:
    page.click("#hardware-probe")
    page.wait_for_selector("#hardware-seen table", timeout=SECONDS)


def _fail(page: Page) -> None:
    page.fill("input[name=name]", "anna")
    page.fill("input[name=password]", "not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
