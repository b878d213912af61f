"""Hostile PDF files, generated: each entry is a file name and what makes its bytes."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable, Iterator

from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas

from tests.campaigns.hostile_archives import Case


def pdf(objects: list[bytes], root: int = 1) -> bytes:
    """Return a PDF of numbered objects, the first being number 1."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start)
    return bytes(out)


def stream(data: bytes, extra: bytes = b"", *, packed: bool = True) -> bytes:
    body = zlib.compress(data, 9) if packed else data
    kind = b"/Filter /FlateDecode " if packed else b""
    return b"<< %s%s /Length %d >>\nstream\n" % (kind, extra, len(body)) + body + b"\nendstream"


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def one_page(content: bytes, extra: bytes = b"", resources: bytes = b"", more: list[bytes] | None = None) -> bytes:
    """Return a PDF of one page; further objects are numbered from 6."""
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> %s >> %s >>" % (resources, extra),
        content,
        FONT,
        *(more or []),
    ])  # fmt: skip


def text(words: bytes, x: int = 50, y: int = 700) -> bytes:
    return b"BT /F1 10 Tf %d %d Td (%s) Tj ET\n" % (x, y, words)


def many_pages(count: int, words: Callable[[int], bytes]) -> bytes:
    """Return a PDF of many pages, each with a text of its own."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % count,
        FONT,
    ]
    for number in range(count):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number)
        )
        objects.append(stream(text(words(number)), packed=False))
    return pdf(objects)


def _lines_of_words(number: int) -> bytes:
    chance = random.Random(number)
    words = [b"".join(chance.choice((b"ka", b"lo", b"mi", b"ter", b"run")) for _ in range(3)) for _ in range(300)]
    return b" ".join(words)


def _form_bomb() -> bytes:
    """Return a page whose forms each use the next one ten times."""
    levels = 9
    more = []
    for level in range(levels):
        following = b"/XObject << /X %d 0 R >>" % (7 + level) if level + 1 < levels else b""
        body = b"/X Do\n" * 10 if level + 1 < levels else text(b"boom")
        more.append(
            stream(
                body,
                b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> %s >>"
                % following,
            )
        )
    return one_page(stream(b"/X Do\n" * 10), resources=b"/XObject << /X 6 0 R >>", more=more)


def _form_loop() -> bytes:
    form = stream(
        b"/X Do\n" + text(b"loop"),
        b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X 6 0 R >> >>",
    )
    return one_page(stream(b"/X Do\n"), resources=b"/XObject << /X 6 0 R >>", more=[form])


def _paths(count: int) -> bytes:
    chance = random.Random(1)
    lines = [
        b"%d %d m %d %d l S\n" % tuple(chance.randrange(600) for _ in range(4)) for _ in range(count)
    ]  # fmt: skip
    return one_page(stream(text(b"Drawing") + b"".join(lines)))


def _rules(count: int) -> bytes:
    lines = [b"%d %d 500 0.5 re f\n" % (20 + i % 7, i % 780) for i in range(count)]
    return one_page(stream(text(b"Ruled") + b"".join(lines)))


def _grid(rows: int, columns: int) -> bytes:
    body = [text(b"Grid")]
    body += [b"20 %.2f m 590 %.2f l S\n" % (20 + 750 * i / rows, 20 + 750 * i / rows) for i in range(rows + 1)]
    body += [b"%.2f 20 m %.2f 770 l S\n" % (20 + 570 * i / columns, 20 + 570 * i / columns) for i in range(columns + 1)]
    return one_page(stream(b"".join(body)))


def _characters(count: int) -> bytes:
    return one_page(stream(b"".join(text(b"abcdefghij" * 20, 5, i % 780) for i in range(count // 200))))


def _scattered(count: int) -> bytes:
    chance = random.Random(2)
    return one_page(
        stream(b"".join(text(b"w%d" % i, chance.randrange(600), chance.randrange(780)) for i in range(count)))
    )


def _page_tree_loop() -> bytes:
    return pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >>"])


def _deep_page_tree(depth: int) -> bytes:
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (3 + i) for i in range(depth)]
    objects.append(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 9 9] >>" % (1 + depth))
    return pdf(objects)


def _deep_array() -> bytes:
    return one_page(stream(text(b"deep")), extra=b"/X " + b"[" * 200_000 + b"]" * 200_000)


def _nested_dictionaries() -> bytes:
    return one_page(stream(text(b"deep")), extra=b"/X " + b"<</A " * 100_000 + b"1" + b">>" * 100_000)


def _filters() -> bytes:
    data = text(b"onion")
    for _ in range(200):
        data = zlib.compress(data)
    names = b"/FlateDecode " * 200
    return one_page(b"<< /Filter [%s] /Length %d >>\nstream\n" % (names, len(data)) + data + b"\nendstream")


def _huge_stream(size: int) -> bytes:
    return one_page(stream(b" " * size + text(b"After much white.")))


def _picture(width: int, height: int) -> bytes:
    data = zlib.compress(b"\xff" * (16 * 2**20), 9)
    picture = (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n" % (width, height, len(data)) + data + b"\nendstream"
    )
    return one_page(stream(b"q 612 0 0 792 0 0 cm /I Do Q"), resources=b"/XObject << /I 6 0 R >>", more=[picture])


def _locked(strength: int) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=pdfencrypt.StandardEncryption("open me", strength=strength))
    canvas.drawString(50, 700, "A locked text.")
    canvas.save()
    return buffer.getvalue()


def _object_stream_bomb() -> bytes:
    inner = b"10 0 " + b" " * (200 * 2**20)
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>",
        stream(inner, b"/Type /ObjStm /N 100000 /First 5"),
    ])  # fmt: skip


def _sound() -> bytes:
    return one_page(stream(text(b"A sound page of a sound file.")))


def pages() -> Iterator[Case]:
    """Yield the cases."""
    yield "pdf-10000-pages.pdf", lambda: many_pages(10_000, lambda number: b"Page %d of a long file." % number)
    yield "pdf-4900-pages-alike.pdf", lambda: many_pages(4_900, lambda number: b"Page %d of a long file." % number)
    yield "pdf-shared-page.pdf", _shared_page
    yield "pdf-huge-stream.pdf", lambda: _huge_stream(900 * 2**20)
    yield "pdf-form-bomb.pdf", _form_bomb
    yield "pdf-form-loop.pdf", _form_loop
    yield "pdf-paths.pdf", lambda: _paths(300_000)
    yield "pdf-rules.pdf", lambda: _rules(100_000)
    yield "pdf-rules-just-below.pdf", lambda: _rules(3_900)
    yield "pdf-grid.pdf", lambda: _grid(1_900, 1_900)
    yield "pdf-million-characters.pdf", lambda: _characters(1_000_000)
    yield "pdf-scattered-words.pdf", lambda: _scattered(60_000)
    yield "pdf-page-tree-loop.pdf", _page_tree_loop
    yield "pdf-page-tree-deep.pdf", lambda: _deep_page_tree(20_000)
    yield "pdf-deep-array.pdf", _deep_array
    yield "pdf-deep-dictionaries.pdf", _nested_dictionaries
    yield "pdf-filters.pdf", _filters
    yield "pdf-huge-box.pdf", lambda: one_page(stream(text(b"Far")), extra=b"/MediaBox [0 0 1e30 1e30] /UserUnit 1e20")
    yield "pdf-no-box.pdf", lambda: one_page(stream(text(b"Nowhere")), extra=b"/MediaBox [0 0 0 0]")
    yield "pdf-huge-picture.pdf", lambda: _picture(60_000, 60_000)
    yield "pdf-object-stream.pdf", _object_stream_bomb
    yield "pdf-locked-40.pdf", lambda: _locked(40)
    yield "pdf-locked-128.pdf", lambda: _locked(128)
    yield "pdf-truncated.pdf", lambda: _sound()[: len(_sound()) // 2]
    yield "pdf-no-end.pdf", lambda: _sound()[:-60]
    yield "pdf-damaged.pdf", lambda: _sound().replace(b"endstream", b"endstr\xff\xff\xff")
    yield "pdf-header-only.pdf", lambda: b"%PDF-1.7\n"
    yield "pdf-script.pdf", lambda: pdf([
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (while\\(1\\){}) >> >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
    ])  # fmt: skip


def _shared_page() -> bytes:
    kids = b"4 0 R " * 4_000
    return pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [" + kids + b"] /Count 4000 >>", FONT,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        b"/Resources << /Font << /F1 3 0 R >> >> >>",
        stream(b"".join(text(b"The same words again and again. " * 3, 20, 700 - 10 * i) for i in range(60))),
    ])  # fmt: skip
