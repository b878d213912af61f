"""Reading folders into the corpus: incremental, complete, and stopped by no single file."""

from __future__ import annotations

import json
import shutil
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from agent.errors import CancelledError, EmptyError, InputError
from agent.records.corpus import Document, IngestResult
from knowledge.ingest.ahead import Ahead, Turn
from knowledge.ingest.run import ingest
from knowledge.ingest.sources import collect, document_id
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from tests.campaigns.hostile_archives import zipped
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import write_folder
from tests.knowledge.ingest.test_pdf import scanned
from ui.reading_reasons import reason


class Bench:
    """A folder of files and a corpus."""

    def __init__(self, root: Path) -> None:
        self.folder = write_folder(root / "in")
        self.store = CorpusStore(root / "project")
        self.embedder = HashEmbedder()
        self.reporter = RecordingReporter()

    def ingest(self, *paths: Path) -> IngestResult:
        return ingest(list(paths) or [self.folder], self.store, self.embedder, self.reporter)

    def statuses(self) -> dict[str, str]:
        return {document.name: document.status for document in self.store.documents()}

    def named(self, name: str) -> Document:
        return next(document for document in self.store.documents() if document.name == name)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _counts(result: IngestResult) -> tuple[int, int, int, int, int]:
    return result.read, result.unchanged, result.skipped, result.failed, result.removed


def test_a_folder_is_read_once(bench: Bench) -> None:
    first = bench.ingest()
    embedded = len(bench.embedder.embedded)
    second = bench.ingest()
    assert _counts(first) == (3, 0, 0, 0, 0)
    assert _counts(second) == (0, 3, 0, 0, 0)
    assert first.chunks == second.chunks == embedded == len(bench.embedder.embedded)
    assert [d.language for d in first.documents] == ["en", "en", "zh"]
    assert bench.named("manual.md").title == "Tarvo pump manual"
    assert bench.named("notes.txt").title == "notes"
    assert ("files", "notes.txt") in [(unit, message) for _, _, unit, message in bench.reporter.progressed]


def test_a_changed_file_replaces_its_chunks(bench: Bench) -> None:
    bench.ingest()
    identifier = bench.named("notes.txt").id
    (bench.folder / "notes.txt").write_text("The word is now gibraltar.", encoding="utf-8")
    result = bench.ingest()
    assert _counts(result) == (1, 2, 0, 0, 0)
    assert bench.named("notes.txt").id == identifier
    own = [chunk.text for chunk in bench.store.chunks() if chunk.name == "notes.txt"]
    assert own == ["The word is now gibraltar."]
    with Retriever.open(bench.store, bench.embedder) as retriever:
        assert all("zanzibar" not in hit.chunk.text for hit in retriever.search("zanzibar", 50))


def test_a_vanished_file_leaves_when_its_folder_is_read_again(bench: Bench) -> None:
    bench.ingest()
    (bench.folder / "notes.txt").unlink()
    assert bench.ingest(bench.folder / "manual.md").removed == 0
    assert "notes.txt" in bench.statuses()
    assert bench.ingest().removed == 1
    assert "notes.txt" not in bench.statuses()
    assert not any("notes" in path.name for path in bench.store.root.rglob("*"))


def test_bad_files_stop_nothing(bench: Bench) -> None:
    (bench.folder / "a.pdf").write_bytes(b"%PDF-1.7 broken")
    (bench.folder / "b.docx").write_bytes(b"PK\x03\x04 broken")
    (bench.folder / "c.txt").write_bytes(b"")
    (bench.folder / "d.exe").write_bytes(b"MZ")
    (bench.folder / ".hidden.txt").write_text("hidden")
    (bench.folder / ".git").mkdir()
    (bench.folder / ".git" / "x.txt").write_text("hidden")
    (bench.folder / "~$manual.docx").write_text("lock")
    result = bench.ingest()
    assert _counts(result) == (3, 0, 1, 3, 0)
    reasons = {d.name: d.reason for d in result.documents if d.reason}
    assert set(reasons) == {"a.pdf", "b.docx", "c.txt", "d.exe"}
    assert "damaged" in reasons["a.pdf"]
    assert reasons["c.txt"] == "empty"
    assert all("\n" not in reason for reason in reasons.values())
    assert {d.name for d in bench.store.readable()} == {"manual.md", "notes.txt", "手册.md"}


def test_a_file_that_turned_bad_takes_its_old_text_with_it(bench: Bench) -> None:
    bench.ingest()
    (bench.folder / "notes.txt").write_bytes(b"\x00\x01\x02\x03")
    result = bench.ingest()
    assert (result.unchanged, result.failed) == (2, 1)
    assert all(chunk.name != "notes.txt" for chunk in bench.store.chunks())
    (bench.folder / "notes.txt").write_text("Good again.", encoding="utf-8")
    assert bench.ingest().read == 1


def test_the_same_content_is_read_once(bench: Bench) -> None:
    shutil.copy(bench.folder / "notes.txt", bench.folder / "z-copy.txt")
    result = bench.ingest()
    assert (result.read, result.skipped) == (3, 1)
    assert bench.named("z-copy.txt").reason == "same content as notes.txt"
    (bench.folder / "notes.txt").unlink()
    assert bench.ingest().read == 1
    assert bench.statuses()["z-copy.txt"] == "read"


def test_a_moved_folder_is_known_again(bench: Bench, tmp_path: Path) -> None:
    before = {d.name: d.id for d in bench.ingest().documents}
    moved = bench.folder.rename(tmp_path / "elsewhere")
    result = bench.ingest(moved)
    assert _counts(result) == (0, 3, 0, 0, 0)
    assert {d.name: d.id for d in bench.store.documents()} == before


def test_two_folders_may_hold_files_of_one_name(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("Quite another note.", encoding="utf-8")
    bench.ingest()
    bench.ingest(other)
    notes = [d for d in bench.store.documents() if d.name == "notes.txt"]
    assert len({d.id for d in notes}) == 2


def _squad(*articles: tuple[str, str]) -> str:
    return json.dumps({"data": [{"title": t, "paragraphs": [{"context": c, "qas": []}]} for t, c in articles]})


def test_a_squad_file_is_many_documents(bench: Bench) -> None:
    path = bench.folder / "set.json"
    path.write_text(_squad(("A", "Alpha text."), ("B", "Beta text.")))
    assert bench.ingest(path).read == 2
    assert set(bench.statuses()) == {"set.json#A", "set.json#B"}
    path.write_text(_squad(("A", "Alpha text."), ("C", "Gamma text.")))
    result = bench.ingest(path)
    assert (result.read, result.unchanged) == (1, 1)
    assert set(bench.statuses()) == {"set.json#A", "set.json#C"}
    path.write_text("{}")
    with pytest.raises(InputError, match="another shape"):
        bench.ingest(path)


@pytest.mark.parametrize("paths", [["missing"], ["in/missing.txt"], []])
def test_a_path_that_is_not_there_is_an_input_error(bench: Bench, tmp_path: Path, paths: list[str]) -> None:
    with pytest.raises(InputError):
        ingest([tmp_path / path for path in paths], bench.store, bench.embedder, bench.reporter)


def test_a_folder_without_readable_files_is_said_to_be_empty(bench: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "x.exe").write_text("x")
    with pytest.raises(EmptyError, match="no readable file") as caught:
        bench.ingest(empty)
    assert caught.value.exit_code == 2


def test_if_nothing_can_be_read_the_first_reason_is_told(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 broken")
    (tmp_path / "b.txt").write_bytes(b"")
    with pytest.raises(InputError, match=r"no file could be read: damaged, or no PDF \(and 1 more\): a.pdf"):
        bench.ingest(tmp_path / "a.pdf", tmp_path / "b.txt")
    assert bench.store.documents() == ()


def test_a_huge_or_locked_file_is_refused_unread(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.ahead.LARGEST_FILE", 100)
    result = bench.ingest()
    assert {d.name for d in result.documents if "larger than" in d.reason} == {"manual.md", "手册.md"}

    original = Path.open

    def deny(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.parent == bench.folder:
            raise PermissionError(13, "Permission denied")
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(InputError, match=r"larger than|Permission denied"):
        bench.ingest()


def test_a_zipped_folder_is_its_files(bench: Bench) -> None:
    path = bench.folder / "all.zip"
    same = (bench.folder / "notes.txt").read_bytes()
    path.write_bytes(zipped([("x/a.md", "# Alpha\n\nOne."), ("b.txt", "Beta."), ("bad.pdf", b"%PDF"), ("n.txt", same)]))
    result = bench.ingest()
    assert _counts(result) == (5, 0, 1, 1, 0)
    document = bench.named("all.zip#x/a.md")
    assert (document.title, document.format, document.siblings) == ("Alpha", "markdown", 4)
    assert bench.named("notes.txt").reason == "same content as all.zip#n.txt"
    assert bench.named("all.zip#bad.pdf").reason == "damaged, or no PDF"
    bench.reporter = RecordingReporter()
    assert _counts(bench.ingest()) == (0, 5, 1, 1, 0)
    path.write_bytes(zipped([("x/a.md", "# Alpha\n\nOne."), ("b.txt", "Beta, changed.")]))
    # The note has no twin any more.
    assert _counts(bench.ingest()) == (2, 3, 0, 0, 0)
    path.unlink()
    assert bench.ingest().removed == 2


def test_the_same_archive_is_read_once(bench: Bench) -> None:
    content = zipped([("a.md", "# Alpha")])
    (bench.folder / "all.zip").write_bytes(content)
    (bench.folder / "copy.zip").write_bytes(content)
    assert _counts(bench.ingest()) == (4, 0, 1, 0, 0)
    assert bench.named("copy.zip").reason == "same content as all.zip"
    assert _counts(bench.ingest()) == (0, 4, 1, 0, 0)
    assert bench.named("all.zip#a.md").origin.endswith("all.zip#a.md")


def test_an_unchanged_archive_is_not_opened_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.folder / "all.zip").write_bytes(zipped([("a.md", "# Alpha"), ("b.txt", "Beta.")]))
    bench.ingest()

    def fail(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("knowledge.ingest.reading.Reading.read", fail)
    assert _counts(bench.ingest()) == (0, 5, 0, 0, 0)


def test_a_mail_and_its_attachments_are_documents(bench: Bench) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Pump order", "mara@example.com"
    mail.set_content("The order is attached.")
    mail.add_attachment(b"Part,Price\nSeal,12.5\n", maintype="text", subtype="csv", filename="../order.csv")
    (bench.folder / "order.eml").write_bytes(bytes(mail))
    assert bench.ingest().read == 5
    assert bench.named("order.eml").title == "Pump order"
    assert bench.named("order.eml#order.csv").format == "csv"
    assert bench.ingest().unchanged == 5


def test_a_file_with_the_sign_of_parts_in_its_name(bench: Bench) -> None:
    (bench.folder / "c#.txt").write_text("Sharp words.", encoding="utf-8")
    (bench.folder / "c").mkdir()
    assert bench.ingest().read == 4
    assert _counts(bench.ingest()) == (0, 4, 0, 0, 0)
    (bench.folder / "c#.txt").unlink()
    assert bench.ingest().removed == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such name")
def test_a_name_that_is_no_text_is_told(bench: Bench) -> None:
    (bench.folder / "a\udc80b.txt").write_text("Words under an odd name.", encoding="utf-8")
    assert _counts(bench.ingest()) == (3, 0, 0, 1, 0)
    assert bench.named("a\\udc80b.txt").reason == "its name is in no known encoding: rename the file"
    assert bench.ingest().unchanged == 3


def test_scanned_pages_are_named(bench: Bench) -> None:
    (bench.folder / "scan.pdf").write_bytes(scanned([True, False, True]))
    bench.ingest()
    assert (
        bench.named("scan.pdf").note
        == "2 pages are pictures without text (1, 3): `ingest --ocr` reads them (extra ocr)"
    )


def test_a_file_that_changes_under_the_reading_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Ahead.read

    def read(self: Ahead, turn: Turn) -> Any:
        found = original(self, turn)
        if turn.file.name == "notes.txt":
            turn.file.path.write_text("Other words.", encoding="utf-8")
        return found

    monkeypatch.setattr(Ahead, "read", read)
    bench.ingest()
    assert bench.named("notes.txt").reason == "changed while it was read: read it again"


def test_a_cancelled_reading_leaves_the_corpus_as_it_was(bench: Bench) -> None:
    bench.ingest()
    before = bench.store.documents()
    (bench.folder / "new.txt").write_text("New.")
    bench.reporter.cancel_after = bench.reporter.checks + 2
    with pytest.raises(CancelledError):
        bench.ingest()
    assert bench.store.documents() == before


def test_an_interrupted_indexing_is_completed_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise CancelledError("cancelled")

    monkeypatch.setattr(bench.embedder, "embed_passages", stop)
    with pytest.raises(CancelledError):
        bench.ingest()
    monkeypatch.undo()
    with Retriever.open(bench.store, bench.embedder) as retriever:
        assert "zanzibar" in retriever.search("zanzibar", 1)[0].chunk.text


def test_chunk_sizes_can_be_set(bench: Bench) -> None:
    ingest([bench.folder], bench.store, bench.embedder, bench.reporter, sizes={"en": 60, "zh": 30})
    assert max(len(chunk.text) for chunk in bench.store.chunks()) <= 60


def test_files_are_collected_in_order_and_once(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    files, folders = collect([tmp_path, tmp_path / "b.txt"])
    assert [file.name for file in files] == ["b.txt", "a/c.txt", "a/z.md"]
    assert folders == [tmp_path.resolve()]


def test_a_link_inside_a_folder_does_not_bring_in_what_lies_outside(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "private"
    outside.mkdir()
    (outside / "secret.txt").write_text("The secret is 4711.")
    before = bench.statuses() | {document.name: "read" for document in bench.ingest().documents}
    some = next(path for path in sorted(bench.folder.rglob("*")) if path.is_file())
    (bench.folder / "out.txt").symlink_to(outside / "secret.txt")
    (bench.folder / "way-out").symlink_to(outside)
    (bench.folder / "within.txt").symlink_to(some)
    (bench.folder / "round.txt").symlink_to("round.txt")
    (bench.folder / "gone.txt").symlink_to("nothing.txt")
    result = bench.ingest()
    statuses = {document.name: document.status for document in result.documents}
    links = ("out.txt", "way-out", "within.txt")
    assert statuses == {**dict.fromkeys(before, "unchanged"), **dict.fromkeys(links, "skipped")}
    for name in ("out.txt", "way-out"):
        assert bench.named(name).reason.startswith("a link that leads out of the folder")
        assert reason(bench.named(name).reason, "zh").startswith("链接指向文件夹之外")
    assert bench.named("within.txt").reason.startswith("same content as")
    stored = b"".join(path.read_bytes() for path in bench.store.root.rglob("*") if path.is_file())
    assert b"4711" not in stored
    (tmp_path / "given").symlink_to(outside)
    assert {one.name: one.status for one in bench.ingest(tmp_path / "given").documents} == {"secret.txt": "read"}


def test_a_file_that_became_a_link_leading_out_is_forgotten(bench: Bench, tmp_path: Path) -> None:
    bench.ingest()
    (tmp_path / "secret.txt").write_text("The secret is 4711.")
    some = next(path for path in sorted(bench.folder.rglob("*")) if path.is_file())
    some.unlink()
    some.symlink_to(tmp_path / "secret.txt")
    assert _counts(bench.ingest()) == (0, 2, 1, 0, 0)
    assert len(list(bench.store.texts())) == 2


@pytest.mark.parametrize(
    "name", ["a.txt", "../../etc/passwd", "a/b c.md", "手册.md", "x" * 300, "a\nb", "\udce4.txt", ".."]
)
def test_ids_are_safe_file_names(name: str) -> None:
    identifier = document_id(name)
    assert identifier == document_id(name)
    assert identifier != document_id(name, "salt")
    assert identifier.isascii()
    assert len(identifier) < 60
    assert all(character.isalnum() or character == "-" for character in identifier)
