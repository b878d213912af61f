"""The table of the documents, and what is said of them."""

from __future__ import annotations

import ast
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import knowledge.ingest
from agent.records.corpus import Document, IngestResult
from agent.records.job import Job
from knowledge.ingest.pdf import pictures_note, recognised_note
from tools.removal import Removal, Traces
from ui.i18n import phrases
from ui.pages import documents_view as view
from ui.pages import job_view
from ui.pages.running import RunningJob
from ui.reading_reasons import reason


def document(name: str, **fields: Any) -> Document:
    given = {
        "id": f"id-{name}",
        "name": name,
        "sha256": "s",
        "format": "pdf",
        "language": "en",
        "pages": 2,
        "characters": 12345,
        "chunks": 7,
        "status": "read",
    }
    return Document.model_validate({**given, **fields})


DOCUMENTS = [
    document("beta.pdf", title="Pump manual"),
    document("alpha.md", format="markdown", pages=None, language="zh", status="unchanged"),
    document("scan.pdf", status="failed", reason="no text in it (a scan?): run text recognition first", chunks=0),
    document("photo.png", format=None, status="skipped", reason="not a type that is read (pdf, md)", chunks=0),
]


def rendered(search: str = "", chosen: str | None = None, lang: Any = "en", documents: Any = DOCUMENTS) -> str:
    return view.table(documents, search, chosen, lambda one: f"/x?document={one}&a=b", lang)


def names(html: str) -> list[str]:
    return [unescape(name) for name in re.findall(r"data-ds-open>(.*?)</a>", html)]


def test_what_was_not_read_comes_first_then_names() -> None:
    assert names(rendered()) == ["scan.pdf", "photo.png", "alpha.md", "beta.pdf"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("PUMP", ["beta.pdf"]),
        ("pdf", ["scan.pdf", "photo.png", "beta.pdf"]),
        ("failed", ["scan.pdf"]),
        ("recognition scan", ["scan.pdf"]),
        ("markdown", ["alpha.md"]),
        ("pump markdown", []),
        ("  ", ["scan.pdf", "photo.png", "alpha.md", "beta.pdf"]),
    ],
)
def test_search(search: str, expected: list[str]) -> None:
    assert names(rendered(search)) == expected


def test_search_in_chinese_words() -> None:
    assert names(rendered("扫描件", lang="zh")) == ["scan.pdf"]
    assert names(rendered("已跳过", lang="zh")) == ["photo.png"]


def test_a_row_says_everything_in_words() -> None:
    html = rendered()
    assert "2 documents, 14 chunks, 24,690 characters; 2 not read" in html
    assert "✕</span> failed: no text in it (a scan?)" in html
    assert "✓</span> read, unchanged since" in html
    assert html.count("<tr") == 5
    assert "/x?document=id-beta.pdf&amp;a=b" in html
    assert 'aria-current="true"' not in html
    assert rendered(chosen="id-beta.pdf").count('aria-current="true"') == 1
    assert "No document matches." in rendered("nothing like it")


def test_a_long_table_is_cut_and_says_so() -> None:
    many = [document(f"d{number:05}.pdf") for number in range(view.MOST_ROWS + 1234)]
    html = rendered(documents=many)
    assert len(names(html)) == view.MOST_ROWS
    assert "1,234 more are not shown" in html


def test_names_and_titles_are_text() -> None:
    nasty = '<img src=x onerror="alert(1)">'
    one = document(nasty, title=nasty, status="failed", reason=nasty)
    html = rendered(nasty, documents=[one]) + view.removal(
        one, Traces(1, 1, 1, 1, ("20260101T000000Z-tune",)), True, "en"
    )
    result = IngestResult(
        documents=(one,), read=0, unchanged=0, skipped=0, failed=1, removed=0, chunks=0, seconds=1.0
    )  # fmt: skip
    html += view.ended(result, "en")
    assert "<img" not in html
    assert nasty in unescape(html)


def test_the_removal_says_what_goes_and_what_stays() -> None:
    asked = view.removal(DOCUMENTS[0], Traces(pairs=12, reviewed=3, items=4, mixes=1, learners=()), False, "en")
    assert "7 chunks" in asked
    assert "12 pairs (3 of them reviewed)" in asked
    assert "4 sealed questions about it, 1 mixes" in asked
    assert "Trained on it" not in asked
    learnt = view.removal(DOCUMENTS[0], Traces(0, 0, 0, 0, ("20260101T000000Z-tune",)), False, "en")
    assert "Trained on it" in learnt
    assert "20260101T000000Z-tune" in learnt
    assert "Your own file stays" in asked
    plain = view.removal(DOCUMENTS[0], Traces(0, 0, 0, 0, ()), True, "zh")
    assert "上传的文件也会一并删除" in plain
    assert "学过它" not in plain


def test_what_a_removal_did_is_told_with_the_adapters_that_learnt() -> None:
    done = Removal(12, 4, ("mix-a",), ("20260101T000000Z-tune",), "beta.pdf")
    told = view.removed(done, 2, "en")
    assert "12 pairs, 4 sealed questions, 1 mixes and 2 conversations" in told
    assert "20260101T000000Z-tune" in told
    assert "12 个问答对" in view.removed(done, 2, "zh")
    assert "same text" not in told
    twins = Removal(12, 4, (), (), "beta.pdf", ("beta <copy>.pdf",))
    assert "beta &lt;copy&gt;.pdf" in view.removed(twins, 2, "en")
    asked = view.removal(DOCUMENTS[0], Traces(0, 0, 0, 0, (), ("beta-copy.pdf",)), True, "zh")
    assert "内容相同的文件没有移除，如需移除请逐一处理：beta-copy.pdf" in asked


def test_a_finished_reading_names_every_file_that_was_not_read() -> None:
    result = IngestResult(
        documents=tuple(DOCUMENTS), read=1, unchanged=1, skipped=1, failed=1, removed=2, chunks=14, seconds=3.21
    )
    html = view.ended(result, "en")
    assert "Read 1, unchanged 1, skipped 1, failed 1, removed 2; 14 chunks in the index; 3.2 s." in html
    assert html.count("<li>") == 2


def reasons_in_the_code() -> list[str]:
    """Every reason that the reading can write, with placeholders filled in."""
    found = []
    for path in sorted(Path(knowledge.ingest.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id == "UnreadableError" and node.args:
                found += spelled(node.args[0])
    return found


def spelled(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            parts = [part.value if isinstance(part, ast.Constant) else "7" for part in values]
            return ["".join(map(str, parts))]
        case ast.IfExp(body=body, orelse=other):
            return spelled(body) + spelled(other)
    return []


def test_every_reason_of_the_reading_is_said_in_chinese() -> None:
    known = reasons_in_the_code()
    assert len(known) > 20
    more = ["not a type that is read (pdf, docx)", "same content as a.pdf", "cannot be opened: Permission denied"]
    assert [text for text in [*known, *more] if reason(text, "zh") == text] == []
    assert reason("same content as a.pdf", "zh") == "与 a.pdf 内容相同"
    assert reason("not a type that is read (pdf, docx)", "zh") == "不支持的文件类型（可读取：pdf, docx）"
    assert reason("damaged, or no PDF", "zh") == "文件已损坏，或不是 PDF"
    assert reason("damaged, or no office file", "zh") == "文件已损坏，或不是 Office 文件"
    told = "2 cells hold formulas without a value: open the file in a spreadsheet program"
    assert reason(told, "zh").startswith("2 个单元格的公式没有保存结果")
    assert [reason(text, "en") for text in known] == known
    assert reason("something a parser said", "zh") == "something a parser said"


@pytest.mark.parametrize(
    ("note", "chinese"),
    [
        (pictures_note([1, 3, 4]), "以下页是没有文本的图片（1, 3–4）：安装 ocr 扩展后用 ingest --ocr 读取"),
        (pictures_note([2]), "以下页是没有文本的图片（2）：安装 ocr 扩展后用 ingest --ocr 读取"),
        (recognised_note([2, 3], 0.974), "第 2–3 页的文字由图片识别而来，平均置信度 97%：请核对数字"),
        (
            f"{recognised_note([2], 0.9)}; {pictures_note([5], looked=True)}",
            "第 2 页的文字由图片识别而来，平均置信度 90%：请核对数字；以下图片页未识别出文字（5）",
        ),
        ("1 of its 4 chapters could not be read", "有 1 个章节未能读取"),
    ],
)
def test_what_is_missing_of_a_document_that_was_read_is_said(note: str, chinese: str) -> None:
    document = DOCUMENTS[0].model_copy(update={"status": "read", "reason": "", "note": note})
    assert view.status(document, "en").endswith(f": {note}")
    assert view.status(document, "zh").endswith(f"：{chinese}")


def job(state: str, **fields: Any) -> Job:
    given = {"id": "j1", "kind": "ingest", "project": "p", "run": "r", "state": state, "created": "2026-01-01T00:00:00"}
    return Job.model_validate({**given, **fields})


def test_a_job_says_how_far_it_is_and_how_it_ended() -> None:
    running = RunningJob("j1", "ingest", "running", "r", 0.42, "embedding", 75.0)
    html = job_view.progress(running, "en")
    assert 'value="0.420"' in html
    assert "42% · about 75 s left · computing vectors for the index" in html
    nasty = RunningJob("j1", "ingest", "queued", "r", None, "<b>.pdf", None)
    assert "&lt;b&gt;.pdf" in job_view.progress(nasty, "zh")
    assert "value=" not in job_view.progress(nasty, "zh")
    failed = job_view.trouble(job("failed", error="<b>boom"), "documents", "/en/runs?a=1&b=2", "en")
    assert failed.index("still there") < failed.index("<details>") < failed.index("&lt;b&gt;boom")
    assert "<details>" not in job_view.trouble(job("cancelled", error="x"), "documents", "/", "en")
    assert "Resume it" in job_view.trouble(job("interrupted"), "documents", "/", "en")


@pytest.mark.parametrize("area", ["documents", "measured", "pairs"])
def test_both_languages_have_the_same_phrases_with_the_same_blanks(area: str) -> None:
    folder = Path(view.__file__).parents[1] / "i18n"
    en, zh = (json.loads((folder / f"{area}.{lang}.json").read_text(encoding="utf-8")) for lang in ("en", "zh"))
    blanks = {key: set(re.findall(r"{\w+}", text)) for key, text in en.items()}
    assert blanks == {key: set(re.findall(r"{\w+}", text)) for key, text in zh.items()}
    assert all(key.startswith(f"{area}_") for key in en)


@pytest.mark.parametrize("area", ["documents", "pairs"])
def test_every_phrase_is_used_and_every_used_one_exists(area: str) -> None:
    pages = Path(view.__file__).parent
    sources = (*pages.glob("*.py"), pages.parent / "reading_reasons.py")
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    known = {key for key in phrases("en") if key.startswith(f"{area}_")}
    literal = set(re.findall(rf"""["']({area}_[a-z_]+)["']""", code))
    stems = {stem for stem in re.findall(r'f["\']([a-z_]+_)\{', code) if stem.startswith(f"{area}_")}
    # Bare `area_{name}` says nothing of the name; those names stand as words of their own in the code.
    stems = (stems - {f"{area}_"}) | {f"{area}_ended_"}
    literal |= {f"{area}_{word}" for word in re.findall(r'"([a-z_]+)"', code) if f"{area}_{word}" in known}
    assert literal - known == set()
    unused = {key for key in known - literal if not any(key.startswith(stem) for stem in stems)}
    assert unused == set()
