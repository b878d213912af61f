"""The spot-check in a real browser: an item is judged, the next one comes, and the press can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings import Settings
from tests.tools.evaluation.scripted import knowledge_items, project_in, skill_items
from tests.ui.pages.awaiting import says
from tests.ui.pages.served import served
from tests.ui.pages.test_check_panel import seal
from tests.ui.web.conftest import Watched, browser, context  # noqa: F401
from tools.validation.check import set_check, verdicts
from tools.workspace import Project
from ui.web.desk import Desks

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = project_in(tmp_path, [*knowledge_items(), *skill_items()], tuned=False)
    seal(made)
    return made


@pytest.fixture
def url(project: Project) -> Iterator[str]:
    with served(Desks(Settings(home=project.root.parents[1], _env_file=None))) as address:
        yield address


def test_items_are_judged_by_buttons(context, project: Project, url: str) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    watched = Watched(context.new_page(), url)
    page = watched.page
    watched.visit("/en/evaluation?project=machines")
    page.wait_for_selector("#ds-check-item:has-text('3 of 3 wait')")
    first, second, _ = set_check(project).sample
    page.click("#ds-check-right")
    page.wait_for_selector("#ds-check-item:has-text('2 of 3 wait')")
    page.fill("#ds-check-why input, #ds-check-why textarea", "The unit is missing.")
    page.click("#ds-check-wrong")
    page.wait_for_selector("#ds-check:has-text('1 of 2 reviewed items were wrong: 50.0%')")
    says(page, "#ds-check", "The unit is missing.")
    assert [(one.item, one.verdict) for one in verdicts(project)] == [(first, "right"), (second, "wrong")]
    for width in (360, 1920, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert watched.overflow() == 0
    page.click("#ds-check-undo")
    page.wait_for_selector("#ds-check:has-text('0 of 1 reviewed items were wrong')")
    assert [one.item for one in verdicts(project)] == [first]
    watched.settle()
    watched.visit("/zh/evaluation?project=machines")
    page.wait_for_selector("#ds-check:has-text('抽查1题，其中0题有误')")
    page.click("#ds-check-skip")
    page.wait_for_selector("#ds-check-item:has-text('还有 2 题待查看')")
    watched.settle()
    watched.clean()
