"""The page of the documents in a real browser: drop, table, passage, removal; and documents that attack."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.records.corpus import Document
from knowledge.company.build import build_documents
from knowledge.files import read_records
from tests.ui.pages.awaiting import JOB, becomes, expect, says
from tests.ui.pages.browsing import clean, presentable
from tests.ui.pages.payloads import PAYLOADS, active
from tests.ui.web.conftest import Server, Watched, browser, context, serving
from tools.removal import chunks_of
from tools.workspace import Project, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["browser", "context"]

pytestmark = pytest.mark.slow

TAKEN = ("tarvo-spec.pdf", "tarvo-faq.docx", "tarvo-bulletin.md", "yanhe-faq-zh.html")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled company's documents."""
    folder = tmp_path_factory.mktemp("company")
    build_documents(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("documents")
    for name in ("company", "hostile", "dropped", "cancelled"):
        Workspace(home).create(name)
    with serving(home) as running:
        yield running


@pytest.fixture
def watched(context: BrowserContext, server: Server) -> Watched:
    return Watched(context.new_page(), server.url)


def project_of(server: Server, name: str) -> Project:
    return Workspace(server.home).open(name)


def documents(project: Project) -> dict[str, Document]:
    return {one.name: one for one in read_records(project.document_list, Document)}


def wait_for_rows(page: Page, count: int) -> None:
    page.wait_for_function(
        "(n) => document.querySelectorAll('.ds-documents tbody a[data-ds-open]').length === n",
        arg=count,
        timeout=JOB,
    )


def marked(page: Page) -> str:
    page.wait_for_selector("#ds-quote")
    return "".join("".join(page.locator("#documents-passage mark").all_inner_texts()).split())


def in_view(page: Page, selector: str) -> bool:
    return bool(
        page.evaluate(
            """(s) => { const one = document.querySelector(s).getBoundingClientRect();
                 const box = document.querySelector('#documents-passage .ds-text').getBoundingClientRect();
                 return one.top >= box.top - 1 && one.bottom <= Math.min(box.bottom, innerHeight) + 1; }""",
            selector,
        )
    )


def test_from_an_empty_project_to_a_marked_quote_and_back(watched: Watched, server: Server, files: Path) -> None:
    page, project = watched.page, project_of(server, "company")
    watched.visit("/en/documents?project=company")
    says(page, "#documents-table", "Drop files here, or give a folder path.")

    broken = files / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    page.set_input_files("#documents-drop input[type=file]", [*(files / name for name in TAKEN), broken])
    page.wait_for_selector("#documents-job progress")
    wait_for_rows(page, 5)
    says(page, "#documents-table", "4 documents", "failed: damaged")
    assert set(documents(project)) == {*TAKEN, "broken.pdf"}
    page.wait_for_selector("#documents-job .ds-ended-done")
    says(page, "#documents-job", "Read 4")
    watched.settle()  # a look at the job that is still under way would draw the table anew, and whole

    page.click("a[data-ds-open]:text-is('tarvo-spec.pdf')")
    page.wait_for_selector("#documents-passage .ds-chunk")
    spec = documents(project)["tarvo-spec.pdf"]
    chunks = chunks_of(project, spec.id)
    assert len(chunks) == spec.chunks
    assert spec.pages is not None
    expect(page.locator("#documents-passage .ds-chunk")).to_have_count(len(chunks))
    expect(page.locator("#documents-passage .ds-pagebreak")).to_have_count(spec.pages)
    expect(page).to_have_url(re.compile(re.escape(f"document={spec.id}")))
    current = page.locator(".ds-documents tr[aria-current=true]")
    expect(current).to_have_text(re.compile(r"^tarvo-spec\.pdf"), use_inner_text=True)

    page.fill("#documents-search :is(input, textarea)", "yanhe")
    wait_for_rows(page, 1)
    page.fill("#documents-search :is(input, textarea)", "")
    wait_for_rows(page, 5)

    last = chunks[-1]
    quote = last.text[5:45]
    start = last.start + 5
    place = f"document={spec.id}&chunk={last.id}&start={start}&end={start + 40}"
    watched.visit(f"/zh/documents?project=company&{place}")
    becomes(lambda: marked(page), "".join(quote.split()))
    becomes(lambda: in_view(page, "#ds-quote"), True)
    expect(page.locator(".ds-opened")).to_have_count(1)
    says(page, "#documents-table", "失败：文件已损坏")

    page.click("#documents-remove")
    page.wait_for_selector("#documents-remove-yes", state="visible")
    says(page, "#documents-confirm", "要从项目中移除“tarvo-spec.pdf”吗？")
    page.click("#documents-remove-no")
    page.wait_for_selector("#documents-remove-yes", state="hidden")
    assert "tarvo-spec.pdf" in documents(project)
    page.click("#documents-remove")
    page.click("#documents-remove-yes")
    wait_for_rows(page, 4)
    page.wait_for_function("!location.search.includes('document=')")
    says(page, "#documents-passage", "选择一份文档")
    # The list of jobs and the runs keep what they were asked for, the names of the files among it.
    kept = [one for one in project.root.rglob("*") if one.is_file() and "runs" not in one.parts]
    left = b"\n".join(one.read_bytes() for one in kept if one.name != "jobs.sqlite")
    assert quote.encode() not in left
    assert b"tarvo-spec" not in left
    clean(watched)


def test_a_dropped_file_and_a_folder_path_are_read(watched: Watched, server: Server, tmp_path: Path) -> None:
    page, project = watched.page, project_of(server, "dropped")
    watched.visit("/en/documents?project=dropped")
    content = base64.b64encode(b"# Notes\n\nThe lid of the vessel is red.\n").decode()
    transfer = page.evaluate_handle(
        """(content) => { const all = new DataTransfer();
             all.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], "my notes (1).md"));
             return all; }""",
        content,
    )
    page.dispatch_event("#documents-drop button", "drop", {"dataTransfer": transfer})
    wait_for_rows(page, 1)
    watched.settle()
    folder = tmp_path / "manuals"
    folder.mkdir()
    (folder / "pump.md").write_text("# Pump\n\nThe pump weighs 4 kilograms.\n", encoding="utf-8")
    page.fill("#documents-folder :is(input, textarea)", "manuals")
    page.click("#documents-read")
    page.wait_for_selector(".toast-body :text('whole path')")
    page.fill("#documents-folder :is(input, textarea)", str(folder))
    page.click("#documents-read")
    wait_for_rows(page, 2)
    assert "pump.md" in documents(project)
    (name,) = set(documents(project)) - {"pump.md"}
    assert name.startswith("my notes")
    clean(watched)


def test_a_reading_can_be_cancelled(watched: Watched, server: Server, tmp_path: Path) -> None:
    page = watched.page
    for number in range(400):
        (tmp_path / f"{number}.md").write_text(
            f"# Part {number}\n\nThe part weighs {number} grams.\n", encoding="utf-8"
        )
    watched.visit("/en/documents?project=cancelled")
    page.fill("#documents-folder :is(input, textarea)", str(tmp_path))
    page.press("#documents-folder :is(input, textarea)", "Enter")
    page.wait_for_selector("#documents-job progress")
    page.click("#documents-cancel")
    page.wait_for_selector("#documents-job .ds-ended-cancelled")
    says(page, "#documents-job", "Reading was cancelled.")
    expect(page.locator("#documents-cancel")).to_be_hidden()
    watched.settle()
    clean(watched)
    watched.visit("/zh/documents?project=cancelled")
    page.wait_for_selector("#documents-job :text('读取已取消')")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_can_be_read_and_fits(lang: str, watched: Watched, server: Server) -> None:
    page, project = watched.page, project_of(server, "company")
    bulletin = documents(project)["tarvo-bulletin.md"].id
    watched.visit(f"/{lang}/documents?project=company&document={bulletin}&start=20&end=60")
    page.wait_for_selector("#documents-passage mark")
    page.click("#documents-remove")
    page.wait_for_selector("#documents-remove-yes", state="visible")
    presentable(watched)
    clean(watched)


def test_on_a_telephone_a_chosen_text_comes_into_view(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    watched.visit("/zh/documents?project=company")
    page.click("a[data-ds-open]:text-is('tarvo-faq.docx')")
    page.wait_for_selector("#documents-passage .ds-chunk")
    top = "document.getElementById('documents-passage').getBoundingClientRect().top"
    becomes(lambda: 0 <= page.evaluate(top) < 740, True)
    clean(watched)


def payloads_in(page: Page) -> int:
    """Return how many of the payloads the text of the document shows."""
    shown = "".join(page.inner_text("#documents-passage .ds-text").split())
    return sum("".join(payload.split()) in shown for payload in PAYLOADS)


def test_hostile_documents_stay_text(watched: Watched, server: Server, tmp_path: Path) -> None:
    page, project = watched.page, project_of(server, "hostile")
    folder = tmp_path / "<img src=x onerror=window.hacked=1>"
    folder.mkdir()
    lines = "\n\n".join(f"{number}. {payload}" for number, payload in enumerate(PAYLOADS))
    title = f"# {PAYLOADS[0]} {PAYLOADS[-9]}"
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| x | {payload.replace('|', '')} |" for payload in PAYLOADS[:20])
    (folder / "<svg onload=window.hacked=1>.md").write_text(f"{title}\n\n{lines}\n\n## {PAYLOADS[3]}\n\n{table}\n")
    (folder / "{{7*7}}${window.hacked=1}.txt").write_text(lines)
    (folder / "<script>window.hacked=1<#script>.pdf").write_bytes(b"%PDF nonsense <script>")
    watched.visit("/en/documents?project=hostile")
    page.fill("#documents-folder :is(input, textarea)", str(folder))
    page.click("#documents-read")
    wait_for_rows(page, 3)
    assert active(page) == []
    for name, document in documents(project).items():
        for lang in ("en", "zh"):
            watched.visit(f"/{lang}/documents?project=hostile&document={document.id}&start=10&end=5000")
            page.wait_for_selector("#documents-passage h2")
            assert active(page) == []
        if document.status == "read":
            becomes(lambda: payloads_in(page) > 0.9 * len(PAYLOADS), True)
        page.click("#documents-remove")
        page.wait_for_selector("#documents-remove-yes", state="visible")
        page.wait_for_function(
            "(name) => document.querySelector('#documents-confirm')?.innerText.replaceAll(' ', '').includes(name)",
            arg=name.replace(" ", ""),
        )
        assert active(page) == []
    page.fill("#documents-search :is(input, textarea)", PAYLOADS[0])
    page.wait_for_timeout(800)
    assert active(page) == []
    watched.visit(f"/en/documents?project=hostile&document={PAYLOADS[0]}&chunk={json.dumps(PAYLOADS[1])}&start=x")
    assert active(page) == []
    clean(watched)
