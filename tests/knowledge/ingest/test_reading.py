"""The reading process: limited, restarted, and never the end of the folder."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError, WorkFailedError
from knowledge.ingest import worker
from knowledge.ingest.folders import Opened
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.reading import Reading
from tests.campaigns.hostile_archives import zipped
from tests.fakes import RecordingReporter


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Ask the worker without its process, and leave this process's own limits as they were."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        return worker.answer(request, Opened(), lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def test_one_process_reads_many_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Alpha.", encoding="utf-8")
    (tmp_path / "b.md").write_text("# Beta", encoding="utf-8")
    with Reading(RecordingReporter()) as reading:
        assert reading.read(tmp_path / "a.txt", "text")[0].text == "Alpha."
        process = reading._process
        with pytest.raises(UnreadableError, match="damaged, or no PDF"):
            reading.read(tmp_path / "a.txt", "pdf")
        assert reading.read(tmp_path / "b.md", "markdown")[0].title == "Beta"
        assert reading._process is process
    assert process is not None
    assert process.poll() is not None


def _worker(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let readings start `code` in place of the worker."""

    def start(self: Reading) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    monkeypatch.setattr(Reading, "_start", start)


def test_a_reader_that_dies_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    _worker("import sys; sys.stdin.readline()", monkeypatch)
    with Reading(RecordingReporter()) as reading:
        for _ in range(2):
            with pytest.raises(UnreadableError, match="broke its reader"):
                reading.read(Path("x"), "text")


def test_a_reader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    _worker("import time; time.sleep(60)", monkeypatch)
    with Reading(RecordingReporter(), seconds=0.2) as reading, pytest.raises(UnreadableError, match="took longer"):
        reading.read(Path("x"), "text")


def test_a_reader_that_floods_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.reading.LARGEST_REPLY", 1000)
    _worker("import sys; sys.stdin.readline(); sys.stdout.write('x' * 100_000)", monkeypatch)
    with Reading(RecordingReporter()) as reading, pytest.raises(UnreadableError, match="too much text"):
        reading.read(Path("x"), "text")


def test_a_cancelled_reading_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    _worker("import time; time.sleep(60)", monkeypatch)
    reading = Reading(RecordingReporter(cancel_after=1))
    with pytest.raises(CancelledError):
        reading.read(Path("x"), "text")
    assert reading._process is None


def test_a_reader_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.BytesIO):
        def write(self, _: object) -> int:
            raise BrokenPipeError

    def start(self: Reading) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = Gone()
        return process

    monkeypatch.setattr(Reading, "_start", start)
    with Reading(RecordingReporter()) as reading, pytest.raises(WorkFailedError, match="does not start"):
        reading.read(Path("x"), "text")


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (MemoryError(), "memory"),
        (RecursionError(), "nested"),
        (ValueError("boom"), r"damaged \(ValueError\)"),
        (PermissionError(13, "Permission denied"), "cannot be opened: Permission denied"),
        (UnreadableError("my reason"), "my reason"),
    ],
)
def test_whatever_a_parser_raises_is_a_refusal(
    raised: Exception, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(worker, "read", fail)
    (tmp_path / "x").write_text("x")
    assert re.search(reason, answer({"path": str(tmp_path / "x"), "format": "text"})["refused"])


def test_too_large_files_and_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.txt"
    path.write_text("0123456789")
    request = {"path": str(path), "format": "text"}
    monkeypatch.setattr(worker, "LARGEST_TEXT", 5)
    assert "more than 5 characters" in answer(request)["refused"]
    monkeypatch.setattr(worker, "LARGEST_FILE", 5)
    assert "larger than" in answer(request)["refused"]
    assert "No such file" in answer({"path": str(tmp_path / "gone"), "format": "text"})["refused"]


def test_requests_are_answered_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty.html").write_text("")
    requests = [
        {"path": str(tmp_path / "x.csv"), "format": "csv"},
        {"path": str(tmp_path / "empty.html"), "format": "html"},
    ]
    replies = io.BytesIO()
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        worker.serve(io.BytesIO("".join(json.dumps(r) + "\n" for r in requests).encode()), replies)
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    first, second = [json.loads(line) for line in replies.getvalue().splitlines()]
    assert first["documents"][0]["text"].startswith("| a | b |")
    assert second == {"refused": "empty"}


def test_new_text_earns_time_and_old_text_none() -> None:
    told: list[int] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        earn = worker.Earnings(told.append)
        for number in range(10):
            earn(f"page {number} of a file that says the same on each")
        assert told == []
        earn("a" * 3000)
        earn("b" * 3000)
        earn("b" * 3000)
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    assert [round(one, -3) for one in told] == [3000, 6000]


class Clock:
    """The clock of the readings, which goes only when the test lets it; the machine may be as slow as it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("knowledge.ingest.reading.time", self)

    def monotonic(self) -> float:
        return self.now


def test_a_reader_that_gives_text_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, read = Clock(monkeypatch), os.read

    def timed(descriptor: int, size: int) -> bytes:
        part = read(descriptor, size)
        clock.now += 0.4 * part.count(b"\n")
        return part

    monkeypatch.setattr("knowledge.ingest.reading.os.read", timed)
    _worker(
        "import sys, time, json; sys.stdin.readline()\n"
        "for n in range(1, 6):\n"
        "    print(json.dumps({'earned': n * 10_000}), flush=True); time.sleep(0.2)\n"
        "print(json.dumps({'documents': [], 'members': []}), flush=True)",
        monkeypatch,
    )
    with Reading(RecordingReporter(), seconds=0.5) as reading:
        assert reading.read(Path("x"), "text") == []
    assert clock.now == pytest.approx(2.4)


def test_halves_of_characters_never_leave_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "read", lambda *_: [Parsed(title="a\ud800", text="b\udfffc水")])
    (tmp_path / "x").write_text("x")
    (document,) = answer({"path": str(tmp_path / "x"), "format": "text"})["documents"]
    assert (document["title"], document["text"]) == ("a ", "b c水")


def test_an_archive_is_read_member_by_member(tmp_path: Path) -> None:
    inner = zipped([("b.txt", "Beta."), ("deep.zip", zipped([("c.txt", "Gamma.")]))])
    (tmp_path / "a.zip").write_bytes(
        zipped([("x/a.md", "# Alpha"), ("bad.pdf", b"%PDF-1.7"), ("run.exe", b"MZ"), ("inner.zip", inner)])
    )
    with Reading(RecordingReporter()) as reading:
        read = {one.part: one for one in reading.read(tmp_path / "a.zip", "zip")}
    assert {name: one.text for name, one in read.items() if one.text} == {
        "x/a.md": "# Alpha",
        "inner.zip/b.txt": "Beta.",
    }
    assert read["x/a.md"].format == "markdown"
    assert len(read["x/a.md"].sha256) == 64
    assert read["bad.pdf"].refused == "damaged, or no PDF"
    assert read["inner.zip/deep.zip"].refused == "an archive within archives: unpack it first"
    assert (read["run.exe"].skipped, read["bad.pdf"].skipped) == (True, False)


def test_a_member_that_breaks_its_reader_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(zipped([("a.txt", "Alpha."), ("b.txt", "Beta."), ("c.txt", "Gamma.")]))
    code = (
        "import sys, json\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        "    if not request.get('member'):\n"
        "        fields = [{'key': k, 'name': k + '.txt', 'format': 'text', 'refused': ''} for k in 'abc']\n"
        "        print(json.dumps({'documents': [], 'members': fields}), flush=True)\n"
        "    elif request['member'][0] == 'b':\n"
        "        import time; time.sleep(60)\n"
        "    else:\n"
        "        one = {'title': '', 'text': request['member'][0], 'pages': []}\n"
        "        print(json.dumps({'documents': [one], 'members': []}), flush=True)\n"
    )
    _worker(code, monkeypatch)
    clock, ask = Clock(monkeypatch), Reading._ask
    asked: list[str] = []

    def noted(reading: Reading, request: dict[str, Any], deadline: Any) -> dict[str, Any]:
        asked.append(request.get("member", [""])[0])
        return ask(reading, request, deadline)

    class Passing(RecordingReporter):
        """Lets time pass while the member that hangs is read."""

        def check(self) -> None:
            clock.now += 0.5 * (asked[-1] == "b")

    monkeypatch.setattr(Reading, "_ask", noted)
    with Reading(Passing(), seconds=3) as reading:
        read = reading.read(tmp_path / "a.zip", "zip")
    assert asked == ["", "a", "b", "c"]
    assert 1.5 <= clock.now <= 2.0, "half of what is left"
    assert [(one.part, one.text) for one in read] == [("a.txt", "a"), ("b.txt", ""), ("c.txt", "c")]
    assert "took longer" in read[1].refused


def test_an_archive_of_nothing_readable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped([("a.pdf", b"%PDF-1.7"), ("b.exe", b"MZ")]))
    with Reading(RecordingReporter()) as reading, pytest.raises(UnreadableError, match="damaged, or no PDF"):
        reading.read(tmp_path / "a.zip", "zip")
