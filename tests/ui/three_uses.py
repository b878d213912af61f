"""The three uses in a real browser, from an empty home to the result, with the real built-in model.

    python -m tests.ui.three_uses --lang zh --documents all

A person sets a project up in conversation (documents, facts, plan, pairs, sealed items, evaluation), asks why it is bad
and has a fix applied and proved on the same items, trains after a yes, and asks all arms the same question side by
side. Nothing is prepared: what the walk needs, it does on the page. Prints what was said, and the seconds it took.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.records.base import Language
from agent.records.job import Job
from knowledge.company.build import build_documents
from tests.ui.pages.awaiting import expect, says
from tests.ui.pages.browsing import clean
from tests.ui.pages.talking import CARD, ROW, say, visit
from tests.ui.web.conftest import Server, Watched, chromium, serving
from tools.jobs.reconcile import reconcile
from tools.jobs.store import TERMINAL, JobStore
from tools.status import read_profile
from tools.workspace import Project, Workspace
from ui.i18n import phrase

if TYPE_CHECKING:
    from playwright.sync_api import Page

FEW: Final = ("tarvo-manual", "tarvo-spec", "tarvo-maintenance")
"""Documents of the short walk; the long one takes all that come with the product."""

SAYINGS: Final[dict[str, dict[Language, str]]] = {
    "begin": {
        "en": "We have pump manuals in {folder} and want a service assistant; answers must cite their source.",
        "zh": "我们的水泵手册在 {folder} ，想做一个售后助手，回答必须注明出处。",
    },
    "pace": {"en": "monthly", "zh": "每月"},
    "corrected": {"en": "no, yearly", "zh": "不对，是每年"},
    "place": {"en": "on premises, no GPU", "zh": "只能在内网，没有显卡"},
    "pairs": {"en": "Make training pairs with 4 wordings a fact", "zh": "生成问答对，每个事实 4 种问法"},
    "pairs_all": {"en": "Make training pairs", "zh": "生成问答对"},
    "seal": {"en": "yes", "zh": "好的"},
    "measure": {"en": "Measure base and rag, only domain knowledge", "zh": "只评测领域知识，base 和 rag"},
    "measure_all": {"en": "Run the evaluation", "zh": "运行评测"},
    "why": {"en": "Why are so many answers wrong?", "zh": "为什么这么多答案是错的？"},
    "mix": {"en": "Make the training mix", "zh": "生成训练配比"},
    "train": {"en": "train it with LoRA, 1 epoch", "zh": "用 LoRA 训练，1 轮"},
    "train_all": {"en": "train it", "zh": "开始训练"},
}
PATIENCE: Final = 900.0
"""Seconds that a job, or the answers of all arms, may take of the real model: on a slow machine many times as long."""
QUESTION: Final = "How long is the cable of the Tarvo Heron pump?"
"""What all arms are asked; the manual says 3.1 metres."""


@dataclass
class Walker:
    """A person at the page."""

    watched: Watched
    home: Path
    lang: Language
    aloud: bool = False
    """Whether every reply is printed."""

    @property
    def page(self) -> Page:
        """The browser's page."""
        return self.watched.page

    @property
    def project(self) -> Project:
        """The one project of the home."""
        (info,) = Workspace(self.home).projects()
        return Workspace(self.home).open(info.id)

    def tell(self, key: str, **gaps: object) -> str:
        """Say something and return everything that is answered."""
        return self.answer_to(SAYINGS[key][self.lang].format(**gaps))

    def answer_to(self, text: str) -> str:
        """Say words and return everything that is answered."""
        before = self.page.locator(ROW).count()
        say(self.page, text)
        return self._answered(before)

    def choose(self, part: str) -> str:
        """Take the offered answer whose label holds these words, and return everything that is answered."""
        before = self.page.locator(ROW).count()
        self.page.locator("#assistant-chat .option", has_text=part).first.click()
        return self._answered(before)

    def approve(self) -> str:
        """Say yes on the card and return what the card said."""
        self.page.wait_for_selector(CARD)
        self.page.wait_for_selector("#assistant-card .ds-approval")
        card = self.page.locator("#assistant-card").first.inner_text()
        self.page.click(CARD)
        self.page.wait_for_selector(CARD, state="detached")
        self._print(f"[yes] {card}")
        return card

    def step(self, key: str, kind: str) -> tuple[str, str]:
        """Ask for a step, say yes if it asks, and wait for its end; returns what its card and its report said."""
        done = len(self.jobs())
        self.tell(key)
        card = self.begun(done)
        job, said = self.report(done)
        assert job.kind == kind
        return card, said

    def begun(self, done: int) -> str:
        """Wait until another job has started, with a yes where one is asked for; returns what the card said.

        Args:
            done: How many jobs there were before.
        """
        card, deadline = "", time.monotonic() + PATIENCE
        while len(self.jobs()) == done:
            assert time.monotonic() < deadline, "nothing started"
            if self.page.locator(CARD).count():
                card = self.approve()
            self.page.wait_for_timeout(200)
        return card

    def report(self, done: int = 0) -> tuple[Job, str]:
        """Wait for the end of a job that has started; returns it, and what the conversation says of it.

        Args:
            done: How many jobs there were before it.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            reconcile(self.project)
            job = JobStore(self.project.jobs).list()[done]
            if job.state in TERMINAL:
                break
            assert time.monotonic() < deadline, f"{job.kind} still runs"
            self.page.wait_for_timeout(500)
        assert job.state == "done", job.error
        told = self.page.wait_for_function(
            "(run) => [...document.querySelectorAll('#assistant-chat .bot-row')].map((one) => one.innerText)"
            ".findLast((one) => one.includes(run))",
            arg=job.run,
        )
        said = str(told.json_value())
        self._print(said)
        return job, said

    def jobs(self) -> list[str]:
        """Return the kinds of all jobs so far."""
        return [job.kind for job in JobStore(self.project.jobs).list()]

    def _answered(self, before: int) -> str:
        # Looked at and read at once: a moment later the page may be drawn anew.
        answered = self.page.wait_for_function(
            """(before) => {
                 const rows = [...document.querySelectorAll("#assistant-chat .message-row")];
                 const mine = rows.map((row) => row.className.includes("user-row")).lastIndexOf(true);
                 return mine >= before && mine < rows.length - 1 && !document.querySelector(
                   "#assistant-chat [role=status], #assistant-chat .ds-steps-open"
                 ) && rows.slice(before).map((row) => row.innerText);
               }""",
            arg=before,
            timeout=PATIENCE * 1000,
        )
        rows: list[str] = answered.json_value()
        self._print("\n".join(rows))
        return "\n".join(rows[1:])

    def _print(self, text: str) -> None:
        if self.aloud:
            print(text + "\n--", flush=True)


def set_up(walker: Walker, folder: Path, *, thorough: bool) -> None:
    """Use 1: from an empty home to a project that is measured, asked one question at a time."""
    visit(walker.watched, f"/{walker.lang}/")
    says(walker.page, "#assistant-chat", phrase("assistant_empty", walker.lang))
    walker.tell("begin", folder=folder)
    job, said = walker.report()
    assert job.kind == "ingest"
    assert said.count("?" if walker.lang == "en" else "？") == 1, "one question at a time"
    walker.tell("pace")
    walker.tell("corrected")
    plan = walker.tell("place")
    profile = read_profile(walker.project)
    assert (profile.needs_citations, profile.knowledge_change, profile.privacy) == (True, "yearly", "on_premises")
    assert profile.hardware == ()
    for part in {"en": ("**", "Steps:", "Cost on this machine:"), "zh": ("步骤：", "在本机上的开销：")}[walker.lang]:
        assert part.strip("*") in plan
    walker.step("pairs_all" if thorough else "pairs", "extract")
    walker.step("seal", "validate")
    card, said = walker.step("measure_all" if thorough else "measure", "evaluate")
    assert "GiB" in card, "what costs memory says how much, and waits"
    assert "(0%–" in said, "every share has its interval"


def diagnose(walker: Walker) -> None:
    """Use 2: why it is bad, a fix after a yes, the same items again."""
    done = len(walker.jobs())
    first = walker.project.latest_run("evaluate")
    assert first is not None
    said = walker.tell("why")
    assert first.name in said, "the run that is spoken of is named"
    assert len(walker.jobs()) == done, "nothing starts before a yes"
    offered = walker.page.locator("#assistant-chat .option", has_text=re.compile("^\\s*(Apply|执行|应用|采用)"))
    expect(offered, said).not_to_have_count(0)
    walker.choose(offered.first.inner_text())
    while True:
        walker.begun(done)
        job, said = walker.report(done)
        if job.kind == "evaluate":
            break
        done += 1
    assert walker.project.latest_run("evaluate") != first
    changed = {"en": "Same ", "zh": "同样"}[walker.lang]
    assert changed in said, said
    assert "→" in said
    assert "95%" in said


def train(walker: Walker, *, thorough: bool) -> None:
    """Train, only after a yes that names method and memory."""
    walker.step("mix", "mix")
    card, said = walker.step("train_all" if thorough else "train", "tune")
    assert "LoRA" in card
    assert "GiB" in card
    assert "loss" in said.lower() or "损失" in said


def side_by_side(walker: Walker) -> None:
    """Use 3: the same question to every arm, in the conversation and on the page, with its source and a vote."""
    said = walker.answer_to({"en": f"Ask both: {QUESTION}", "zh": f"两个都问：{QUESTION}"}[walker.lang])
    assert "3.1 m" in said, said
    page = walker.page
    walker.watched.visit(f"/{walker.lang}/compare?project={walker.project.id}")
    page.fill("#compare-question textarea", QUESTION)
    page.click("#compare-ask")
    page.wait_for_selector("#compare-tie", state="visible", timeout=PATIENCE * 1000)
    says(page, "#compare-columns", "3.1 m")
    page.click("#compare-columns .ds-citation summary >> nth=0")
    expect(page.locator("#compare-columns .ds-citation[open]")).to_have_count(1)
    page.click("#compare-tie")
    page.wait_for_function("document.querySelector('#compare-tally')?.innerText.includes('1')")


def walk(
    server: Server, watched: Watched, documents: Path, lang: Language, *, thorough: bool, aloud: bool = False
) -> Walker:
    """Walk all three uses on an empty home."""
    walker = Walker(watched, server.home, lang, aloud)
    assert not any((server.home / "projects").glob("*")), "the home is not empty"
    set_up(walker, documents, thorough=thorough)
    diagnose(walker)
    train(walker, thorough=thorough)
    side_by_side(walker)
    clean(watched)
    return walker


def write_documents(folder: Path, *, every: bool) -> Path:
    """Write the manuals of the company that comes with the product."""
    for path in build_documents(folder):
        if not every and path.stem not in FEW:
            path.unlink()
    return folder


def main() -> int:
    """Walk, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument("--documents", choices=("few", "all"), default="all")
    options = parser.parse_args()
    thorough = options.documents == "all"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work, chromium() as browser:
        documents = write_documents(Path(work) / "documents", every=thorough)
        with serving(Path(work) / "home") as server:
            watched = Watched(browser.new_page(viewport={"width": 1280, "height": 900}), server.url)
            walker = walk(server, watched, documents, options.lang, thorough=thorough, aloud=True)
            kinds = walker.jobs()
    print(f"all three uses in {time.monotonic() - began:.0f} s; jobs: {', '.join(kinds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
