"""Scanned pages are read where the extra `ocr` is there and somebody asked for it, and are marked as such."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from agent.errors import InputError
from knowledge.ingest.kept import KeptReadings
from knowledge.ingest.parsed import Parsed, UnreadableError
from knowledge.ingest.pdf import pictures_note, read_pdf, waits_for_recognition
from knowledge.ingest.pdf_page import Piece, View
from knowledge.ingest.reading import Reading
from knowledge.ingest.recognition import Recognised, is_installed, pieces_of, require
from knowledge.ingest.run import ingest
from knowledge.store import CorpusStore
from tests.fakes import HashEmbedder, RecordingReporter

REPORTS = sorted((Path(__file__).resolve().parents[4] / "shared" / "data" / "ntsb").glob("*.pdf"))
needs_extra = pytest.mark.skipif(
    not is_installed(), reason='text recognition is not installed: pip install -e ".[ocr]" to run this'
)
ENGLISH = (
    "Care of the Tarvo Wren pump",
    "The Tarvo Wren pump delivers 17 litres per hour at 2.4 bar.",
    "Its filter is changed every 500 hours by trained staff.",
    "Order the filter under number TW-4471.",
)
CHINESE = (
    "水泵保养说明",
    "该水泵每小时输送17升，压力为2.4巴。",
    "滤芯每500小时由受训人员更换一次。",
    "订货号为TW-4471。",
)


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont:
    if text.isascii():
        return ImageFont.load_default(size)
    found = sorted(Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc"))
    if not found:
        pytest.skip("no Chinese font to draw the scan with: apt install fonts-noto-cjk")
    return ImageFont.truetype(str(found[0]), size)


def drawn(lines: tuple[str, ...]) -> Image.Image:
    """Return a page as a scanner sees it: 150 dots an inch, grey paper."""
    page = Image.new("L", (1240, 1754), 235)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((140, 200 + 70 * number), line, fill=30, font=font_for(line, 44 if number == 0 else 30))
    return page


def scan(*pages: tuple[str, ...] | str) -> bytes:
    """Return a PDF: a tuple of lines is a picture of them, a text stands as text."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    for page in pages:
        if isinstance(page, str):
            canvas.drawString(60, 600, page)
        else:
            canvas.drawImage(ImageReader(drawn(page)), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def read(path: Path, *, recognise: bool = True) -> Parsed:
    with Reading(RecordingReporter(), recognise=recognise) as reading:
        (parsed,) = reading.read(path, "pdf")
    return parsed


@needs_extra
@pytest.mark.slow
@pytest.mark.parametrize("lines", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_a_scan_is_read_in_the_confined_process(tmp_path: Path, lines: tuple[str, ...]) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(scan("This page is text and stays as it is.", lines))
    parsed = read(path)
    told = re.sub(r"\s", "", parsed.text)
    for line in lines:
        assert re.sub(r"\s", "", line) in told
    assert parsed.text.startswith("This page is text and stays as it is.")
    assert [(page, start < end) for page, start, end in parsed.pages] == [(1, True), (2, True)]
    assert parsed.recognised == 1
    assert parsed.confidence is not None
    assert parsed.confidence > 0.9
    assert parsed.note == (
        f"text recognised from pictures on pages (2), mean confidence {parsed.confidence:.0%}: check figures"
    )
    assert sum(line.startswith("#") for line in parsed.text.split("\n")) <= 1, "lines of one size are no headings"


@needs_extra
@pytest.mark.slow
def test_a_scan_is_read_again_once_it_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "mixed.pdf").write_bytes(scan("This page is text and stays as it is.", ENGLISH, ()))
    (folder / "scan.pdf").write_bytes(scan(ENGLISH[:2]))
    store = CorpusStore(tmp_path / "project")

    def again(*, recognise: bool) -> tuple[int, int, int]:
        done = ingest([folder], store, HashEmbedder(8), RecordingReporter(), recognise=recognise)
        return done.read, done.unchanged, done.failed

    assert again(recognise=False) == (1, 0, 1)
    mixed, failed = store.documents()
    assert waits_for_recognition(mixed.note)
    assert "ingest --ocr" in failed.reason
    assert again(recognise=True) == (2, 0, 0)
    assert [(one.recognised, (one.confidence or 0) > 0.9) for one in store.documents()] == [(1, True), (1, True)]
    assert store.documents()[0].note.endswith("no text was recognised on pages that are pictures (3)")
    assert any("TW-4471" in chunk.text for chunk in store.chunks())
    # What was recognised stays, whether it is asked for again or not.
    assert again(recognise=True) == again(recognise=False) == (0, 2, 0)


@needs_extra
@pytest.mark.slow
def test_a_picture_without_text_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "blank.pdf"
    path.write_bytes(scan((), ()))
    with pytest.raises(UnreadableError, match="none was recognised"):
        read(path)
    with pytest.raises(UnreadableError, match="ingest --ocr"):
        read(path, recognise=False)


@pytest.mark.parametrize(
    ("note", "waits"),
    [
        (pictures_note((2, 3)), True),
        (pictures_note((2,)), True),
        ("2 pages are pictures without text (2, 3): run text recognition to read them", True),
        (pictures_note((2,), looked=True), False),
        ("", False),
    ],
)
def test_notes_of_older_projects_wait_for_recognition_too(note: str, waits: bool) -> None:
    assert waits_for_recognition(note) is waits


def test_recognised_pages_stand_among_the_others_and_weigh_by_their_text() -> None:
    sure = iter(((ENGLISH[1], 0.9), (ENGLISH[1] * 3, 0.5), ("", 0.0)))

    def recognise(_: object, view: View) -> Recognised:
        text, confidence = next(sure)
        if not text:
            return Recognised()
        return Recognised((Piece(text, 50, view.width - 50, 100, 112, 110, bold=False),), confidence)

    heard: list[str] = []
    parsed = read_pdf(scan((), "Some words that are no picture.", (), ()), heard.append, recognise)
    assert parsed.text.index(ENGLISH[1]) < parsed.text.index("Some words")
    assert (parsed.recognised, parsed.confidence) == (2, 0.6)
    assert parsed.note == (
        "text recognised from pictures on pages (1, 3), mean confidence 60%: check figures; "
        "no text was recognised on pages that are pictures (4)"
    )
    assert heard.count(ENGLISH[1]) == 1
    assert not waits_for_recognition(parsed.note)
    assert read_pdf(scan("No picture at all, but words.")).confidence is None


def test_heights_that_differ_a_little_are_one() -> None:
    def box(top: float, height: float) -> list[tuple[float, float]]:
        return [(10, top), (90, top), (90, top + height), (10, top + height)]

    pieces = pieces_of([("a", box(0, 10)), ("b", box(20, 11)), ("c", box(40, 12)), ("Title", box(60, 20))])
    assert [round(piece.height, 3) for piece in pieces] == [11.5, 11.5, 11.5, 20]
    assert [piece.text for piece in pieces] == ["a", "b", "c", "Title"]
    assert all(piece.top < piece.baseline < piece.bottom for piece in pieces)
    assert pieces_of([]) == ()


def test_without_the_extra_the_mend_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.ingest.recognition.is_installed", lambda: False)
    with pytest.raises(InputError, match="not installed") as caught:
        require()
    assert '-e ".[ocr]"' in caught.value.mend
    with pytest.raises(InputError, match="not installed"):
        ingest([tmp_path], CorpusStore(tmp_path), HashEmbedder(8), RecordingReporter(), recognise=True)


def test_what_was_kept_without_recognition_is_not_taken_for_it(tmp_path: Path) -> None:
    KeptReadings(tmp_path).keep("ab", "pdf", UnreadableError("a scan"))
    assert KeptReadings(tmp_path, recognise=True).find("ab", "pdf") is None
    KeptReadings(tmp_path, recognise=True).keep("ab", "pdf", [Parsed("", "text", recognised=1, confidence=0.9)])
    (kept,) = KeptReadings(tmp_path, recognise=True).find("ab", "pdf") or ()
    assert (kept.text, kept.recognised, kept.confidence) == ("text", 1, 0.9)


def words_of(text: str) -> Counter[str]:
    return Counter(re.findall(r"[a-z]{3,}|\d[\d.,]*\d|\d", text.lower()))


@needs_extra
@pytest.mark.slow
@pytest.mark.skipif(not REPORTS, reason="the accident reports of ../shared/data are not here")
def test_real_pages_as_pictures_give_their_words_and_figures(tmp_path: Path) -> None:
    import pypdfium2 as pdfium

    for report in REPORTS[:2]:
        document = pdfium.PdfDocument(report)
        pages = list(range(min(2, len(document))))
        text = "\n".join(document[number].get_textpage().get_text_range() for number in pages)
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=A4)
        for number in pages:
            canvas.drawImage(ImageReader(document[number].render(scale=150 / 72).to_pil().convert("L")), 0, 0, *A4)
            canvas.showPage()
        canvas.save()
        document.close()
        path = tmp_path / "scan.pdf"
        path.write_bytes(buffer.getvalue())
        parsed = read(path)
        wanted, found = words_of(text), words_of(parsed.text)
        recall = (wanted & found).total() / wanted.total()
        print(f"{report.name}: {recall:.3f} of {wanted.total()} words and numbers, confidence {parsed.confidence}")
        assert recall >= 0.95
