"""Hostile text, web, table and mail files, generated: each entry is a file name and what makes its bytes."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator

from tests.campaigns.hostile_archives import LAUGHS, Case, outer_entity

HEAD = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Hello\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"


def _nested_mail(depth: int) -> bytes:
    mail = HEAD + b"\r\nThe innermost words.\r\n"
    for level in range(depth):
        mark = b"b%d" % level
        mail = (
            HEAD
            + b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\nContent-Type: message/rfc822\r\n\r\n"
            % (mark, mark)
            + mail
            + b"\r\n--%s--\r\n" % mark
        )
    return mail


def _nested_multipart(depth: int) -> bytes:
    body = b"Content-Type: text/plain\r\n\r\ninner\r\n"
    for level in range(depth):
        mark = b"m%d" % level
        body = (
            b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (mark, mark) + body + b"--%s--\r\n" % mark
        )
    return HEAD + body


def _many_parts(count: int) -> bytes:
    part = b"--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nwords\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part * count + b"--x--\r\n"


def _attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    return (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n"
        + f'--x\r\nContent-Type: {kind}; name="{name}"\r\n'.encode()
        + f'Content-Disposition: attachment; filename="{name}"\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(content)
        + b"--x--\r\n"
    )


def mails() -> Iterator[Case]:
    """Yield e-mails."""
    yield "mail-nested-messages.eml", lambda: _nested_mail(200)
    yield "mail-nested-parts.eml", lambda: _nested_multipart(3_000)
    yield "mail-many-parts.eml", lambda: _many_parts(50_000)
    yield (
        "mail-bad-headers.eml",
        lambda: (
            b"From: =?utf-8?q?"
            + b"=FF" * 5000
            + b"?=\r\nTo: "
            + b"a@b, " * 200_000
            + b"\r\nSubject: =?x-none?b?!!!!?=\r\n"
            b"Content-Type: text/plain; charset=\"no-such\"; name*=utf-99''%zz\r\n\r\nThe words of it.\r\n"
        ),
    )
    yield "mail-header-of-marks.eml", lambda: b"Subject: " + b"=?" * 500_000 + b"\r\nFrom: a@b\r\n\r\nwords\r\n"
    yield "mail-comments.eml", lambda: b"From: " + b"(" * 300_000 + b"\r\n\r\nwords\r\n"
    yield "mail-no-boundary.eml", lambda: HEAD + b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nlost\r\n"
    yield (
        "mail-odd-boundary.eml",
        lambda: (
            HEAD + b'Content-Type: multipart/mixed; boundary="' + b"(.*)+" * 1000 + b'"\r\n\r\n' + b"--\r\n" * 200_000
        ),
    )
    yield (
        "mail-bad-base64.eml",
        lambda: HEAD + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"!@#$" * 100_000,
    )
    yield "mail-crooked-names.eml", lambda: _attached("../../../up.txt", b"A text from a crooked path.")
    yield "mail-with-bomb.eml", lambda: _attached("a.zip", _small_bomb(), "application/zip")
    yield "mail-html-bomb.eml", lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 500_000
    yield "mail-long-line.eml", lambda: HEAD + b"\r\n" + b"a" * 20_000_000
    yield (
        "mail-uuencode.eml",
        lambda: HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n" + b"\xff" * 100_000,
    )
    yield "mail-empty.eml", lambda: b"\r\n\r\n"
    yield "mail-not-one.eml", lambda: b"just words\n" * 100


def _small_bomb() -> bytes:
    from tests.campaigns.hostile_archives import bomb

    return bomb("a.txt", 200 * 2**20)


def _html_table(rows: int, columns: int) -> bytes:
    return b"<table>" + (b"<tr>" + b"<td>x</td>" * columns + b"</tr>") * rows + b"</table>"


def _spans(rows: int) -> bytes:
    return b"<table>" + b"<tr><td rowspan=65000 colspan=1000>x</td></tr>" * rows + b"</table>"


def _nested_lists(depth: int) -> bytes:
    return b"<ul><li>x" * depth + b"</li></ul>" * depth


def webs(secret: str, address: str) -> Iterator[Case]:
    """Yield web pages."""
    outer = outer_entity(secret, address).encode()
    yield "html-deep.html", lambda: b"<div>" * 1_000_000 + b"deep"
    yield "html-deep-inline.html", lambda: b"<b><i>" * 200_000 + b"deep"
    yield "html-deep-lists.html", lambda: _nested_lists(5_000)
    yield "html-wide-lists.html", lambda: b"<ul>" + b"<li>a<ul><li>b</li></ul></li>" * 20_000 + b"</ul>"
    yield "html-spans.html", lambda: _spans(5_000)
    yield "html-big-table.html", lambda: _html_table(2_000, 500)
    yield "html-nested-tables.html", lambda: b"<table><tr><td>" * 3_000 + b"x"
    yield "html-entities-outer.xhtml", lambda: outer + b"<html><body><p>&f;&n; words</p></body></html>"
    yield "html-entities-laughs.xhtml", lambda: LAUGHS.encode() + b"<html><body><p>&j; words</p></body></html>"
    yield "html-attributes.html", lambda: b"<p " + b"".join(b"a%d=1 " % i for i in range(300_000)) + b">words</p>"
    yield "html-huge-attribute.html", lambda: b'<p title="' + b"x" * 20_000_000 + b'">words</p>'
    yield "html-comments.html", lambda: b"<!--" * 1_000_000 + b"words"
    yield "html-open-tags.html", lambda: b"<" * 2_000_000 + b"words"
    yield "html-half-characters.html", lambda: b"<p>words &#xD800;&#xDFFF; &#0; &#x110000; end</p>"
    yield "html-odd-charset.html", lambda: b'<meta charset="idna"><p>' + b"a." * 500_000 + b"</p>"
    picture = f'<p>words</p><svg><image href="file://{secret}"/><script>1</script>'.encode()
    yield "html-svg.html", lambda: picture + b"<foreignObject>" + b"<g>" * 5_000 + b"</svg>"
    yield "svg-entities.svg", lambda: outer + b'<svg xmlns="http://www.w3.org/2000/svg"><text>&f;&n;</text></svg>'
    yield "svg-as-html.html", lambda: outer + b'<svg xmlns="http://www.w3.org/2000/svg"><text>&f;&n;</text></svg>'


def _noise(size: int) -> bytes:
    return random.Random(3).randbytes(size)


def texts() -> Iterator[Case]:
    """Yield text, Markdown, tables and JSON."""
    yield "text-nul-flood.txt", lambda: b"\0" * 50_000_000
    yield "text-nuls-within.txt", lambda: b"words" + b"\0" * 10_000_000 + b"words"
    yield "text-noise.txt", lambda: _noise(20_000_000)
    yield "text-one-line.txt", lambda: b"word " * 1_900_000
    yield "text-no-blank.txt", lambda: b"a" * 9_900_000
    yield "text-no-blank-chinese.txt", lambda: b"\xe6\xb0\xb4" * 3_000_000
    yield "text-too-long.txt", lambda: b"words and more\n" * 2_000_000
    yield "text-newlines.txt", lambda: b"x" + b"\n" * 10_000_000 + b"y"
    yield "text-controls.txt", lambda: bytes(range(1, 9)) * 1_000_000
    yield "text-half-characters.txt", lambda: b"words \xed\xa0\x80 words"
    yield "text-bom-only.txt", lambda: b"\xff\xfe"
    yield "text-odd-utf16.txt", lambda: b"\xff\xfe" + "words".encode("utf-16-le") + b"\0"
    yield "text-marks.txt", lambda: b"e" + b"\xcc\x81" * 1_000_000
    yield "markdown-headings.md", lambda: b"# \t" * 1_000_000 + b"\n" + b"#" * 5_000_000
    yield "markdown-blanks.md", lambda: b"#" + b" " * 5_000_000 + b"x" + b"#" * 100_000 + b"y"
    yield "markdown-many-headings.md", lambda: b"".join(b"%s h\n" % (b"#" * (1 + i % 6)) for i in range(60_000))
    yield "markdown-fences.md", lambda: b"```\n" * 1_000_000
    yield "markdown-pipes.md", lambda: b"|" * 5_000_000
    yield "markdown-rules.md", lambda: b"| a | b |\n|" + b"-" * 2_000_000 + b"x|\n" + b"|:-" * 500_000
    yield "markdown-dashes.md", lambda: b"- " * 2_000_000
    yield "csv-huge-cell.csv", lambda: b'a,b\n"' + b"x" * 5_000_000 + b'",1\n'
    yield "csv-open-quote.csv", lambda: b'a,b\n"' + b"x,\n" * 1_000_000
    yield "csv-million-columns.csv", lambda: b"," * 3_000_000
    yield "csv-quotes.csv", lambda: b'"' * 3_000_000
    yield "csv-million-rows.csv", lambda: b"a,b\n" * 1_500_000
    yield "json-deep.json", lambda: b"[" * 1_000_000
    yield "json-number.json", lambda: b'{"data": ' + b"9" * 2_000_000 + b"}"
    yield "json-other-shape.json", lambda: json.dumps({"data": [{"paragraphs": [{"context": 1}]}]}).encode()
    yield (
        "json-many-articles.json",
        lambda: json.dumps({"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": []}]}] * 100_000}).encode(),
    )


def wrong_types(good: dict[str, bytes]) -> Iterator[Case]:
    """Yield files under the suffix of another type, each type under each suffix.

    Args:
        good: A sound file by suffix.
    """
    for suffix, content in good.items():
        for other, wrong in good.items():
            if other != suffix:
                yield f"wrong-{other}-as-{suffix}.{suffix}", lambda wrong=wrong: wrong
        yield f"empty-{suffix}.{suffix}", lambda: b""
        yield f"noise-{suffix}.{suffix}", lambda: _noise(20_000)
        yield f"start-only-{suffix}.{suffix}", lambda content=content: content[: max(4, len(content) // 3)]
