"""Several files side by side: in order, each once, and stopped at once when somebody cancels."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent.errors import CancelledError
from knowledge.ingest import ahead
from knowledge.ingest.ahead import Ahead, processes_for
from knowledge.ingest.kept import KeptReadings
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.reading import Reading
from knowledge.ingest.sources import collect
from tests.fakes import RecordingReporter


def folder_of(place: Path, count: int) -> Path:
    place.mkdir()
    for number in range(count):
        (place / f"{number:03d}.txt").write_text(f"Text {number}.")
    return place


def test_files_come_back_in_their_order_however_long_each_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: Reading, path: Path, __: object) -> list[Parsed]:
        time.sleep(0.03 if int(path.stem) % 2 else 0.0)
        if path.stem == "005":
            raise UnreadableError("damaged")
        return [Parsed(title="", text=path.read_text())]

    monkeypatch.setattr(Reading, "read", read)
    files, _ = collect([folder_of(tmp_path / "in", 12)])
    said: list[str] = []
    with Ahead(RecordingReporter(), KeptReadings(tmp_path / "kept"), processes=2) as readings:
        for turn in readings.turns(files, lambda _: True):
            try:
                said.append(readings.read(turn)[0].text)
            except UnreadableError as error:
                said.append(str(error))
    assert said == [f"Text {number}." if number != 5 else "damaged" for number in range(12)]
    assert len(list((tmp_path / "kept").iterdir())) == 12


def test_what_is_not_needed_is_read_only_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def read(_: Reading, path: Path, __: object) -> list[Parsed]:
        asked.append(path.stem)
        return [Parsed(title="", text="words")]

    monkeypatch.setattr(Reading, "read", read)
    files, _ = collect([folder_of(tmp_path / "in", 4)])
    with Ahead(RecordingReporter(), KeptReadings(tmp_path / "kept")) as readings:
        turns = list(readings.turns(files, lambda _: False))
        assert asked == []
        assert readings.read(turns[2])[0].text == "words"
    assert asked == ["002"]


def test_a_cancelled_reading_stops_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(reading: Reading, *_: object) -> list[Parsed]:
        while True:
            reading._reporter.check()
            time.sleep(0.01)

    monkeypatch.setattr(Reading, "read", read)
    files, _ = collect([folder_of(tmp_path / "in", 2)])
    with Ahead(RecordingReporter(cancel_after=3), KeptReadings(tmp_path / "kept")) as readings:
        first = next(iter(readings.turns(files[:1], lambda _: True)))
        with pytest.raises(CancelledError):
            readings.read(first)
    assert not (tmp_path / "kept").exists()


def test_a_second_process_starts_where_it_is_worth_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "PROCESSES", 2)
    few, _ = collect([folder_of(tmp_path / "few", 3)])
    many, _ = collect([folder_of(tmp_path / "many", 9)])
    assert (processes_for(few), processes_for(many)) == (1, 2)
    (tmp_path / "few" / "large.txt").write_bytes(b"words " * 500_000)
    few, _ = collect([tmp_path / "few"])
    assert processes_for(few) == 2
    (tmp_path / "few" / "large.txt").unlink()
    assert processes_for(few) == 1, "what went away since is told when it is read"
