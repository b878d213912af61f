"""A reading that was killed goes on where it stood and ends as one that was not: by the hash of every file it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import CancelledError
from knowledge.ingest.kept import KeptReadings
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.campaigns.readings import folder_of, kill_until, written
from tests.fakes import HashEmbedder, RecordingReporter


@pytest.mark.slow
def test_killed_again_and_again_it_ends_the_same(tmp_path: Path) -> None:
    tally = kill_until(12, tmp_path, seed=5)
    assert (tally.kills, tally.faults) == (12, [])


@pytest.mark.slow
def test_what_was_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path / "in", 6)
    store = CorpusStore(tmp_path / "project")
    ingest([folder], CorpusStore(tmp_path / "whole"), HashEmbedder(8), RecordingReporter())

    def stop(*_: object) -> None:
        raise CancelledError("cancelled")

    monkeypatch.setattr(CorpusStore, "save", stop)
    with pytest.raises(CancelledError):
        ingest([folder], store, HashEmbedder(8), RecordingReporter())
    monkeypatch.undo()
    assert len(list(store.reading_folder.iterdir())) == 8

    def fail(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("knowledge.ingest.reading.Reading.read", fail)
    ingest([folder], store, HashEmbedder(8), RecordingReporter())
    assert written(store.root) == written(tmp_path / "whole")
    assert not list(store.reading_folder.iterdir())


def test_a_text_of_a_killed_reading_is_not_taken_for_the_one_in_the_list(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("The first version.")
    store = CorpusStore(tmp_path / "project")
    ingest([folder], store, HashEmbedder(8), RecordingReporter())
    before = (store.root / "documents.jsonl").read_bytes()
    (folder / "a.txt").write_text("The second version.")
    ingest([folder], store, HashEmbedder(8), RecordingReporter())
    # As if killed between the text and the list, and the file put back.
    (store.root / "documents.jsonl").write_bytes(before)
    (folder / "a.txt").write_text("The first version.")
    assert ingest([folder], store, HashEmbedder(8), RecordingReporter()).read == 1
    assert [chunk.text for chunk in store.chunks()] == ["The first version."]


def test_kept_readings(tmp_path: Path) -> None:
    kept = KeptReadings(tmp_path / "reading")
    assert kept.find("a", "text") is None
    read = [Parsed(title="t", text="水", pages=((1, 0, 1),), note="n"), Parsed(title="", text="", refused="bad")]
    kept.keep("a", "text", read)
    assert kept.find("a", "text") == read
    assert kept.find("a", "pdf") is None
    kept.keep("b", "pdf", UnreadableError("damaged"))
    with pytest.raises(UnreadableError, match="damaged"):
        kept.find("b", "pdf")
    (path,) = tmp_path.glob("reading/a-*")
    path.write_text(json.dumps({**json.loads(path.read_text()), "readers": 0}))
    assert kept.find("a", "text") is None
    path.write_bytes(b"{")
    assert kept.find("a", "text") is None
