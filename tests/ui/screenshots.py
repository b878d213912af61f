"""Photographs every page in both languages, both themes and two widths, and tells what is wrong with any of them.

    make screenshots ARGS="--home ~/.domainsmith"

Without a home it makes one with an English and a Chinese project, measured with the tiny random model. A given home is
copied first: a conversation and votes are added to what is photographed. Exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.records.base import Language
from tests.ui.album_home import PROJECTS, build_album_home
from tests.ui.faults import Fault, faults, unfolded
from tests.ui.pages.browsing import OF_GRADIO
from tests.ui.pages.measured_project import setting
from tests.ui.scenes import Scene, empty, enter, full, login
from tests.ui.web.conftest import CHROMIUM, PASSWORD, Watched, chromium, serving
from tools.workspace import Project, Workspace
from ui.pages.sites import LANGUAGES
from ui.web.accounts import Accounts
from ui.web.database import Database

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

THEMES: Final = ("light", "dark")
WIDTHS: Final = (1280, 390)
NEW: Final = "new"
"""Name and id of a project without anything."""
SETTLING: Final = 30.0
"""Seconds in which what is drawn anew, e.g. a chart for another width, finds its place."""
SHOWN: Final = 3
"""Pictures named of those that show a fault."""


@dataclass
class Album:
    """Pictures in a folder, and what is wrong with them."""

    folder: Path
    widths: tuple[int, ...] = WIDTHS
    pictures: list[Path] = field(default_factory=list)
    found: dict[Fault, list[str]] = field(default_factory=dict)
    """Fault to the pictures that show it."""

    def show(self, context: BrowserContext, url: str, scene: Scene, lang: Language) -> None:
        """Take a scene in every theme and width; one that is never reached is a fault as well."""
        from playwright.sync_api import Error

        watched = Watched(context.new_page(), url)
        try:
            self._show(watched, scene, lang)
        except (Error, AssertionError) as error:
            self._note(f"{scene.name}.{lang}", [Fault("not reached", str(error)[:300], scene.path)])
        self._note(f"{scene.name}.{lang}", _events(watched, scene))
        watched.page.close()

    def _show(self, watched: Watched, scene: Scene, lang: Language) -> None:
        watched.page.set_viewport_size({"width": self.widths[0], "height": 900})
        scene.open(watched)
        for theme in THEMES:
            watched.page.emulate_media(color_scheme=theme)
            for width in self.widths:
                watched.page.set_viewport_size({"width": width, "height": 900})
                # Charts are drawn anew for a width.
                watched.page.wait_for_timeout(400)
                name = f"{scene.name}.{lang}.{theme}.{width}"
                found = self._settled(watched, lambda: faults(watched.page, lang))
                self.pictures.append(self.folder / f"{name}.png")
                watched.page.screenshot(path=self.pictures[-1], full_page=True)
                self._note(name, found)
        for width in self.widths:
            watched.page.set_viewport_size({"width": width, "height": 900})
            found = self._settled(watched, lambda: unfolded(watched.page, lang))
            self._note(f"{scene.name}.{lang}.unfolded.{width}", found)

    @staticmethod
    def _settled(watched: Watched, look: Callable[[], list[Fault]]) -> list[Fault]:
        return watched.at_last(look, lambda found: not found, SETTLING)

    def _note(self, name: str, found: list[Fault]) -> None:
        for fault in found:
            self.found.setdefault(fault, []).append(name)

    def report(self) -> str:
        """Return what is wrong, each fault once, and the count of pictures."""
        lines = []
        for fault, names in self.found.items():
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            lines.append(f"{fault}\n    {', '.join(names[:SHOWN])}{more}")
        lines.append(f"{len(self.pictures)} pictures in {self.folder}, {len(self.found)} faults")
        return "\n".join(lines)


def _events(watched: Watched, scene: Scene) -> list[Fault]:
    """Return what the console complained about, errors of the server and requests to other machines."""
    errors = [one for one in watched.errors if not one.startswith(OF_GRADIO)]
    failed = watched.failed
    if scene.name == "login":  # a wrong password is one
        failed = [one for one in failed if not one.startswith("401 ")]
        errors = [one for one in errors if "401" not in one]
    told = (("console", errors), ("server", failed), ("outside", watched.outside))
    return [Fault(kind, one.replace(watched.origin, ""), "") for kind, ones in told for one in ones]


def photograph(browser: Browser, album: Album, home: Path, projects: dict[Language, Project]) -> None:
    """Take every scene of a home, then the login and the empty pages of a home of their own."""
    with serving(home) as server, _context(browser) as context:
        for lang, project in projects.items():
            for scene in full(project, lang):
                album.show(context, server.url, scene, lang)
    with tempfile.TemporaryDirectory(prefix="domainsmith-empty-") as folder:
        Accounts(Database.of(Path(folder))).add("anna", PASSWORD)
        with serving(Path(folder), "--login") as server:
            photograph_empty(browser, album, server.url, Path(folder))


def photograph_empty(browser: Browser, album: Album, url: str, home: Path) -> None:
    """Take the login, then every page before and after the first project is made."""
    with _context(browser) as context:
        for lang in LANGUAGES:
            album.show(context, url, login(lang), lang)
        page = context.new_page()
        page.goto(f"{url}/login")
        enter(page)
        page.close()
        for project in (None, NEW):
            if project:
                Workspace(home).create(project)
            for lang in LANGUAGES:
                for scene in empty(lang, project):
                    album.show(context, url, scene, lang)


@contextmanager
def _context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures; returns 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.ui.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder of the pictures")
    parser.add_argument("--home", type=Path, help="home to photograph; a project of it has all steps behind it")
    parser.add_argument("--project", help="project of the home; its only one by default")
    given = parser.parse_args(arguments)
    if not CHROMIUM.exists():
        parser.error(f"there is no {CHROMIUM}: apt install chromium fonts-noto-cjk")
    album = Album(given.out.resolve())
    album.folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for earlier in album.folder.glob(f"*.{theme}.*.png"):
            earlier.unlink()
    with tempfile.TemporaryDirectory(prefix="domainsmith-album-") as folder:
        home = Path(folder) / "home"
        if given.home is None:
            environment = build_album_home(home, Path(folder))
            projects = {lang: Workspace(home).open(name) for lang, (name, _) in PROJECTS.items()}
        else:
            shutil.copytree(given.home, home, ignore=lambda at, _: ["cache"] if Path(at) == given.home else [])
            # Models that were materialised there are used, not made again.
            environment = {"DOMAINSMITH_CACHE": str((given.home / "cache").resolve())}
            project = Workspace(home).open(given.project)
            if project.latest_run("tune") is None or project.latest_run("evaluate") is None:
                parser.error(f"project {project.info.name} is not tuned and evaluated yet")
            projects = dict.fromkeys(LANGUAGES, project)
        with setting(environment), chromium() as browser:
            photograph(browser, album, home, projects)
    print(album.report())
    return 1 if album.found else 0


if __name__ == "__main__":
    sys.exit(main())
