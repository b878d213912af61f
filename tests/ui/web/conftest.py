"""A server as people start it, a browser that watches for what must not happen, and accounts that hash quickly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import urlsplit

import pytest

from agent.settings import Settings
from tools.workspace import Workspace
from ui.web import accounts
from ui.web.accounts import Accounts
from ui.web.database import Database

if TYPE_CHECKING:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        Response,
    )
    from playwright.sync_api._generated import LocatorAssertions, PageAssertions

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "correct horse battery"
START_SECONDS = 540
LEFT = ("error: AbortError: BodyStreamBuffer was aborted", "error: Unexpected error Connection errored out.")
"""What Gradio says of its own stream when a page is left."""
PATIENCE = 120_000
"""Milliseconds that a browser waits for what must come."""
BREATH = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(true), 100)))"
"""A tenth of a second in which the page itself has come to its turn: what it had on its list is done by then."""
IDLE = 80
"""Tenths of a second after which a stream of Gradio on which nothing happens counts as left over."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    """Without a slash at the end."""
    home: Path
    process: subprocess.Popen[str]
    said: list[str]
    """Lines of its stderr so far."""


@contextmanager
def serving(home: Path, *options: str, program: str = "ui.start") -> Iterator[Server]:
    """Run `domainsmith serve` on a free port until the block ends.

    Args:
        home: Home of the server.
        options: Further options of the command.
        program: Module whose `main` is the command line.
    """
    environment = {**os.environ, "DOMAINSMITH_HOME": str(home), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    home.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {program} import main; main()", "serve", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
    )
    said: list[str] = []
    reader = threading.Thread(target=_listen, args=(process, said), daemon=True)
    reader.start()
    try:
        yield Server(_address(process, said), home, process, said)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(60)


def _listen(process: subprocess.Popen[str], said: list[str]) -> None:
    """Keep what the server says; its pipe is closed here, because nobody else may while it is being read."""
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            said.append(line.rstrip("\n"))


def _address(process: subprocess.Popen[str], said: list[str]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in tuple(said):
            found = re.search(r"serves at (http://\S+)/ ", line)
            if found:
                return found[1]
        time.sleep(0.1)
    raise AssertionError("the server did not start:\n" + "\n".join(said))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without login, with the project Pumps."""
    home = tmp_path_factory.mktemp("server")
    Workspace(home).create("Pumps")
    with serving(home) as running:
        yield running


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at a thousandth of the cost."""
    monkeypatch.setattr(accounts, "COST", 16)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.of(tmp_path / "home")


@pytest.fixture
def people(database: Database, quick_hashes: None) -> Accounts:
    """Accounts anna, who has the server's own home, and ben."""
    known = Accounts(database)
    known.add("anna", PASSWORD)
    known.add("ben", PASSWORD)
    return known


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


@dataclass
class Watched:
    """A browser page and everything it did that it must not do."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    """What its console complained about, and scripts that failed."""
    outside: list[str] = field(default_factory=list)
    """Requests to other machines."""
    failed: list[str] = field(default_factory=list)
    """Answers with an error."""

    streams: set[str] = field(default_factory=set)
    """Events of Gradio that are not answered yet."""

    def __post_init__(self) -> None:
        # Seconds to wait say nothing about the pages: a machine that does other work as well takes many times as long.
        self.page.set_default_timeout(PATIENCE)
        self.page.on("requestfinished", lambda request: self.streams.discard(request.url))
        self.page.on("requestfailed", lambda request: self.streams.discard(request.url))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def visit(self, path: str) -> None:
        """Open a page of the application and wait until frame and content stand."""
        self.page.goto(self.origin + path)
        self.page.wait_for_selector("#ds-rail .ds-pages")
        self.settle()

    def settle(self, seconds: float = PATIENCE / 1000) -> None:
        """Wait until no event of Gradio is pending; whoever leaves a page before gets a complaint of its console.

        Of two events of a page that opens, Gradio may open a stream for the second after its answer has come already,
        and that stream stays open for good: one that has long been the only sign of life is not waited for.
        """
        deadline, quiet, idle = time.monotonic() + seconds, 0, 0
        while quiet < 3 and idle < IDLE:
            assert time.monotonic() < deadline, f"still open: {self.streams}"
            before = set(self.streams)
            self.page.wait_for_function(BREATH)
            quiet = 0 if self.streams else quiet + 1
            idle = idle + 1 if self.streams == before else 0

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window, once what is drawn anew has its place."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return self.at_last(lambda: int(self.page.evaluate(wider)), lambda found: found <= 0)

    def wrong(self, script: str, where: str | None = None) -> list[str]:
        """Return what a script finds wrong with the page, once what is drawn anew has its place, colour and name."""
        return self.at_last(lambda: list(self.page.evaluate(script, where)), lambda found: not found)

    def at_last(self, look: Callable[[], T], good: Callable[[T], bool], seconds: float = PATIENCE / 1000) -> T:
        """Return what a look at the page finds; what is not good may be on its way, and is looked at again."""
        deadline = time.monotonic() + seconds
        while not good(found := look()) and time.monotonic() < deadline:
            self.page.wait_for_function(BREATH)
        return found

    def clean(self) -> None:
        """Fail if anything happened that must not."""
        self.errors[:] = [error for error in self.errors if not error.startswith(LEFT)]
        assert (self.errors, self.outside, self.failed) == ([], [], [])

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if "/gradio_api/queue/" in request.url:
            self.streams.add(request.url)
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.outside.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")


@overload
def expect(shown: Page, message: str | None = None) -> PageAssertions: ...


@overload
def expect(shown: Locator, message: str | None = None) -> LocatorAssertions: ...


def expect(shown: Any, message: str | None = None) -> Any:
    """Return Playwright's assertions, which wait for what they claim; without Playwright a test is never here."""
    from playwright.sync_api import expect as playwright_expect

    return playwright_expect(shown, message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of a module; ended with it, since its event loop would be in the way of others."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt install chromium")
    with chromium() as started:
        yield started


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run headless Chromium of the system until the block ends."""
    from playwright.sync_api import expect as playwright_expect
    from playwright.sync_api import sync_playwright

    playwright_expect.set_options(timeout=PATIENCE)
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox", "--disable-gpu", *quiet]
        )
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile of the browser."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 900})
    fresh.set_default_timeout(PATIENCE)
    yield fresh
    fresh.close()


@pytest.fixture
def watched(context: BrowserContext, server: Server) -> Watched:
    """A page of the server without login."""
    return Watched(context.new_page(), server.url)
