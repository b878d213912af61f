"""What names and texts may not do to a terminal."""

from __future__ import annotations

import io
import json

import pytest

from agent.records.corpus import Chunk, Document, IngestResult, Retrieved
from ui import render
from ui.output import Output, complain
from ui.progress import TerminalReporter
from ui.visible import in_line, in_text

EVIL = "a\x1b[31mRED\x1b[2J\nb.txt"
SHOWN = r"a\x1b[31mRED\x1b[2J\nb.txt"


@pytest.mark.parametrize(
    ("text", "line", "several"),
    [
        ("manual 手册.pdf", "manual 手册.pdf", "manual 手册.pdf"),
        (EVIL, SHOWN, "a\\x1b[31mRED\\x1b[2J\nb.txt"),
        ("a\tb\nc", r"a\tb\nc", "a\tb\nc"),
        ("a\r\nb", r"a\r\nb", "a\nb"),
        ("a\rb\x9b2J", r"a\rb\x9b2J", r"a\rb\x9b2J"),
        ("exe.\u202efdp", r"exe.\u202efdp", r"exe.\u202efdp"),
        ("one\u2028two", r"one\u2028two", "one\u2028two"),
    ],
)
def test_what_steers_a_terminal_is_spelled_out(text: str, line: str, several: str) -> None:
    assert in_line(text) == line
    assert in_text(text) == several


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_shows_names_as_they_are_written(terminal: bool) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    with TerminalReporter("ingest", stream) as reporter:
        reporter.progress(1, 1, "files", EVIL)
        reporter.note(EVIL)
    written = stream.getvalue().replace("\r\x1b[K", "")
    assert "\x1b" not in written
    assert SHOWN in written


def test_tables_lists_and_complaints_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False, lang="en")
    document = Document(
        id="a-1", name=EVIL, sha256="", format="text", language="en", pages=None, characters=1, chunks=1,
        status="failed", reason="empty",
    )  # fmt: skip
    read = IngestResult(
        documents=(document,), read=0, unchanged=0, skipped=0, failed=1, removed=0, chunks=0, seconds=0.1
    )
    chunk = Chunk(
        id="a-1:0-1", document="a-1", name=EVIL, title="", headings=(), page=None, start=0, end=1, text="x\x1b[2Jy",
        language="en",
    )  # fmt: skip
    for text in (
        render.ingest(read, output),
        render.documents([document], output),
        render.retrieved([Retrieved(chunk=chunk, score=1.0)], output, 0.5),
    ):
        assert SHOWN in text
        output.emit({}, text)
    complain(f"domainsmith: no such document: {EVIL}")
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert len(said.err.splitlines()) == 1


def test_json_keeps_every_character(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True, lang="en").emit({"name": EVIL}, "")
    assert json.loads(capsys.readouterr().out)["name"] == EVIL
