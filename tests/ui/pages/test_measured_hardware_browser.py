"""The measured part of the hardware page in a real browser: empty, with a result from elsewhere, compared and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.records.benchmark import Machine
from agent.settings import Settings
from tests.tools.benchmark.compared import result
from tests.ui.pages.awaiting import says
from tests.ui.pages.browsing import clean, presentable
from tests.ui.pages.served import served
from tests.ui.web.conftest import Watched, browser, context  # noqa: F401
from tools.benchmark.saved import save, saved
from ui.web.desk import Desks

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

TABLE = "#measured-table table"
BARS = "#measured-bars .main-svg"
RADAR = "#measured-devices .main-svg"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def page(context: BrowserContext, home: Path) -> Iterator[Watched]:  # noqa: F811
    with served(Desks(Settings(home=home, threads=1, _env_file=None))) as url:
        opened = context.new_page()
        yield Watched(opened, url)
        opened.close()


@pytest.mark.parametrize(("lang", "told"), [("en", "Nothing has been measured yet"), ("zh", "还没有实测结果")])
def test_without_a_benchmark_the_command_is_told_and_devices_are_compared(page: Watched, lang: str, told: str) -> None:
    page.visit(f"/{lang}/hardware")
    page.page.wait_for_selector(TABLE)
    page.page.wait_for_selector(BARS)
    page.page.wait_for_selector(RADAR)
    says(page.page, "#measured-saved", told, "domainsmith bench")
    says(page.page, TABLE, "Moore Threads S4000")
    presentable(page)
    clean(page)


def test_a_result_from_elsewhere_is_taken_over_and_compared(page: Watched, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "came.json"
    file.write_text(result("Far Chip", device=Machine(name="Far Chip", backend="npu", gib=32.0)).model_dump_json())
    page.visit("/en/hardware")
    page.page.wait_for_selector(TABLE)
    page.page.set_input_files("#measured-upload input[type=file]", str(file))
    page.page.wait_for_selector("#measured-saved >> text=Far Chip")
    page.page.wait_for_selector(f"{TABLE} >> text=Far Chip")
    ((_, kept),) = saved(home)
    assert kept.place == "script"
    says(page.page, "#measured-saved", "script, elsewhere")
    presentable(page)
    clean(page)


def test_a_file_that_is_no_result_says_what_is_wrong(page: Watched, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "came.json"
    file.write_text('{"format": "other"}')
    page.visit("/en/hardware")
    page.page.wait_for_selector(TABLE)
    page.page.set_input_files("#measured-upload input[type=file]", str(file))
    page.page.wait_for_selector(".toast-body")
    says(page.page, ".toast-body", "this is no benchmark", "came.json")
    assert saved(home) == ()


def test_another_figure_another_size_and_the_files(page: Watched, home: Path) -> None:
    save(home, result(complete=False, stopped="cancelled", warnings=("noisy",)))
    page.visit("/en/hardware")
    page.page.wait_for_selector(f"{TABLE} >> text=Chip One")
    says(page.page, "#measured-saved", "incomplete: cancelled")
    page.page.fill("#measured-size input", "14")
    page.page.keyboard.press("Tab")
    page.page.wait_for_selector(f"{TABLE} >> text=Decoding 14B in 16 bit, batch 1")
    # The answer to the last change of the size draws the list of figures anew.
    page.settle()
    page.page.click("#measured-row input")
    page.page.click("[role=option]:has-text('Memory bandwidth')")
    page.page.wait_for_selector("text=/Memory bandwidth .* leads with 1935/")
    page.settle()
    for kind, begins in (("Markdown", b"# Devices compared"), ("JSON", b"{")):
        with page.page.expect_download() as coming:
            page.page.click(f"#measured-files a:has-text('{kind}')")
        content = Path(coming.value.path()).read_bytes()
        assert content.startswith(begins)
        assert b"14B" in content
    with page.page.expect_download() as coming:
        page.page.click("#measured-script a")
    assert b"argparse" in Path(coming.value.path()).read_bytes()
    clean(page)
