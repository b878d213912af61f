"""E-mails: headers, words, attachments; sound and broken."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest

from knowledge.ingest.mail import Mail
from knowledge.ingest.parsed import UnreadableError

HEAD = b"From: Mara <mara@example.com>\r\nSubject: Pump\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"


def mail(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {"From": "Mara <mara@example.com>", "Subject": "Pump", **headers}.items():
        message[name] = value
    return message


def test_headers_and_words() -> None:
    message = mail(To="works@example.com", Cc="ilse@example.com", Date="Mon, 01 Jan 2024 10:00:00 +0000")
    message.set_content("The pump drips.\n\n> What does it do?\n>> It drips.\n")
    parsed = Mail(bytes(message)).parsed()
    assert parsed.title == "Pump"
    assert parsed.text == (
        "# Pump\n\nFrom: Mara <mara@example.com>\nTo: works@example.com\nCc: ilse@example.com\n"
        "Date: Mon, 01 Jan 2024 10:00:00 +0000\n\nThe pump drips.\n\n> What does it do?\n>> It drips."
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + "水泵漏水，请查。".encode("gb18030"),
            "水泵漏水，请查。",
        ),
        (b"Content-Type: text/plain; charset=big5\r\n\r\n" + "幫浦漏水。".encode("big5"), "幫浦漏水。"),
        (b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + "Grüße, Café".encode(), "Grüße, Café"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + "Grüße, Café".encode(), "Grüße, Café"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe", "Grüße"),
        (b"Content-Type: text/plain; charset=no-such\r\n\r\nplain", "plain"),
        (b"Content-Type: text/plain; format=flowed\r\n\r\nOne \r\nline. \r\n> quoted\r\n", "One line. \n> quoted"),
        (b"Content-Type: text/html\r\n\r\n<p>One <b>two</b></p><ul><li>x</li></ul>", "One two\n\n- x"),
        (b"Content-Type: text/html\r\n\r\n<img src=x>", ""),
        (b"Content-Transfer-Encoding: base64\r\n\r\nd29yZHM=", "words"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db", "a=b"),
    ],
)
def test_bodies(body: bytes, words: str) -> None:
    text = Mail(HEAD + body).parsed().text
    assert text.partition("+0000")[2].strip() == words
    assert "\ufffd" not in text


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (b"=?utf-8?b?5rC05rO1?= ok", "水泵 ok"),
        (b"=?gb2312?b?" + base64.b64encode("水泵".encode("gb2312")) + b"?=", "水泵"),
        ("水泵漏水怎么办".encode(), "水泵漏水怎么办"),
        (b"folded\r\n over lines", "folded over lines"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        (b"\xff\xfe\xff", ""),
    ],
)
def test_subjects(subject: bytes, shown: str) -> None:
    parsed = Mail(b"From: a@example.com\r\nSubject: " + subject + b"\r\n\r\nwords\r\n").parsed()
    assert parsed.title == shown


def test_of_two_forms_the_plainer_is_taken_unless_there_is_a_table() -> None:
    message = mail()
    message.set_content("Plain words.")
    message.add_alternative("<p>Rich words.</p>", subtype="html")
    assert Mail(bytes(message)).parsed().text.endswith("Plain words.")
    message = mail()
    message.set_content("Plain words.")
    table = "<table><tr><th>Part</th><th>Price</th></tr><tr><td>Seal</td><td>12</td></tr></table>"
    message.add_alternative(table, subtype="html")
    assert Mail(bytes(message)).parsed().text.endswith("| Part | Price |\n|---|---|\n| Seal | 12 |")
    message = mail()
    message.set_content("")
    message.add_alternative("<p>Rich words.</p>", subtype="html")
    assert Mail(bytes(message)).parsed().text.endswith("Rich words.")


def test_what_is_attached_within_the_form_that_was_not_chosen_is_a_member() -> None:
    rich = EmailMessage()
    rich.set_content("<p>Rich words.</p>", subtype="html")
    rich.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="plan.pdf")
    message = mail()
    message.set_content("Plain words.")
    message.make_alternative()
    message.attach(rich)
    opened = Mail(bytes(message))
    assert [member.name for member in opened.members()] == ["plan.pdf"]
    assert "Rich words" not in opened.parsed().text


def test_attachments_are_members_with_safe_names() -> None:
    inner = mail(Subject="Inner / note")
    inner.set_content("Forwarded words.")
    message = mail()
    message.set_content("See attached.")
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="../../t.csv")
    message.add_attachment(b"a,b\n3,4\n", maintype="text", subtype="csv", filename="t.csv")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="no suffix")
    message.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="run.exe")
    message.add_attachment(b"x", maintype="application", subtype="pgp-signature", filename="sign.asc")
    message.add_attachment(b"x", maintype="image", subtype="png", disposition="inline", cid="<logo>")
    message.add_attachment(inner)
    opened = Mail(bytes(message))
    members = {member.name: member for member in opened.members()}
    assert {name: member.format for name, member in members.items()} == {
        "t.csv": "csv", "t-2.csv": "csv", "no suffix.pdf": "pdf", "run.exe": None, "Inner note.eml": "email",
    }  # fmt: skip
    assert members["run.exe"].refused.startswith("not a type that is read")
    assert opened.content(members["t-2.csv"].key) == b"a,b\n3,4\n"
    assert "Forwarded words." in Mail(opened.content(members["Inner note.eml"].key)).parsed().text
    assert "Attachments: t.csv, t-2.csv, no suffix.pdf, run.exe, Inner note.eml" in opened.parsed().text


def test_a_line_of_a_mailbox_is_passed_over() -> None:
    assert Mail(b"From mara Mon Jan 1\n" + HEAD + b"\r\nwords").parsed().text.endswith("words")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"just words", "no e-mail"),
        (b"\r\n\r\n", "no e-mail"),
        (HEAD + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx", "encrypted"),
        (HEAD + b"Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x--", "encrypted"),
    ],
)
def test_what_is_no_readable_mail_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        Mail(content)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    message = mail()
    message.set_content("x")
    for _ in range(3):
        message.add_attachment(b"12345", maintype="text", subtype="csv", filename="a.csv")
    monkeypatch.setattr("knowledge.ingest.mail.LARGEST_MEMBER", 4)
    opened = Mail(bytes(message))
    with pytest.raises(UnreadableError, match="unpacks to a part larger"):
        opened.content(opened.members()[0].key)
    monkeypatch.setattr("knowledge.ingest.mail.MOST_FILES", 2)
    with pytest.raises(UnreadableError, match="more than 2 files"):
        Mail(bytes(message))
