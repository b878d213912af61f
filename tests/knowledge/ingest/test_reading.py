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

import pytest

from agent.errors import CancelledError, WorkFailedError
from knowledge.ingest import worker
from knowledge.ingest.parsed import UnreadableError
from knowledge.ingest.reading import Reading
from tests.fakes import RecordingReporter

ROOT = Path(__file__).resolve().parents[3]


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
    assert re.search(reason, worker.answer({"path": str(tmp_path / "x"), "format": "text"})["refused"])


def test_too_large_files_and_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.txt"
    path.write_text("0123456789")
    request = {"path": str(path), "format": "text"}
    monkeypatch.setattr(worker, "LARGEST_TEXT", 5)
    assert "more than 5 characters" in worker.answer(request)["refused"]
    monkeypatch.setattr(worker, "LARGEST_FILE", 5)
    assert "larger than" in worker.answer(request)["refused"]
    assert "No such file" in worker.answer({"path": str(tmp_path / "gone"), "format": "text"})["refused"]


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


def test_the_limits_hold(tmp_path: Path) -> None:
    code = (
        "import sys, knowledge.ingest.worker as worker\n"
        "worker.limit()\n"
        "try:\n    open(sys.argv[1], 'wb', 0).write(b'x'); sys.exit(3)\nexcept OSError:\n    pass\n"
        "try:\n    bytearray(3 * 2**30); sys.exit(4)\nexcept MemoryError:\n    sys.exit(0)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "never")]
    assert subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode == 0
