"""E-mails (.eml): who wrote what to whom and when, the words of the message, and the files attached to it.

Quoted replies stay, since they are often the only place where the question stands; their lines keep the `>` they came
with. Attachments are members: they are read by the readers of their own kinds.
"""

from __future__ import annotations

import email
import email.header
import email.policy
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from typing import Final

from knowledge.ingest.archives import shown_name, suffix_of
from knowledge.ingest.cleaning import faithful, one_line
from knowledge.ingest.encoding import declared_text, decode
from knowledge.ingest.formats import FORMATS, not_read
from knowledge.ingest.html import read_html
from knowledge.ingest.limits import LARGEST_MEMBER, MOST_FILES
from knowledge.ingest.parsed import Member, Parsed, UnreadableError

_HEADERS: Final = ("From", "To", "Cc", "Date")
_MARKS: Final = ("From", "To", "Date", "Subject", "Message-ID", "Received")
"""Headers of which an e-mail has at least one."""
_LONGEST_HEADER: Final = 4_000
"""Characters of a header that are looked at; the standard's grammar makes longer ones slow."""
_SHOWN_HEADER: Final = 300
_DEEPEST: Final = 30
_SUFFIXES: Final = {
    "application/pdf": ".pdf",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/zip": ".zip",
    "message/rfc822": ".eml",
}
"""Suffix by content type, for attachments whose name has none."""
_SIGNATURES: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_ENCRYPTED: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted")
_FLOWED = re.compile(r"(?<=\S) \n(?=[^\s>])")


class Mail:
    """One e-mail, parsed once; its attachments are handed out when asked for."""

    def __init__(self, content: bytes) -> None:
        """Parse.

        Args:
            content: The file; a byte-order mark and the `From ` line of a mailbox are passed over.

        Raises:
            UnreadableError: It has no header that an e-mail has, is encrypted, holds too many files, or is nested
                absurdly deep.
        """
        content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        if content.startswith(b"From "):
            content = content.partition(b"\n")[2]
        try:
            # The old policy: the new one reads headers by a grammar that long hostile ones bring to a halt.
            self._message: Message = email.message_from_bytes(content, policy=email.policy.compat32)
        except (MessageError, ValueError, LookupError, AttributeError, TypeError) as error:
            raise UnreadableError("damaged, or no e-mail") from error
        if not any(self._message.get(name) for name in _MARKS):
            raise UnreadableError("damaged, or no e-mail")
        if self._message.get_content_type() in _ENCRYPTED and not _is_signed_only(self._message):
            raise UnreadableError("encrypted: save it anew without encryption")
        self._words, self._files = _sorted_parts(self._message)
        if len(self._files) > MOST_FILES:
            raise UnreadableError(f"more than {MOST_FILES} files in it: split the archive")

    def parsed(self) -> Parsed:
        """Return the headers and the words of the message."""
        subject = _header(self._message, "Subject")
        lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(self._message, name))]
        if names := [member.name for member in self.members()]:
            lines.append(f"Attachments: {', '.join(names)}"[:_SHOWN_HEADER])
        body = [text for part in self._words if (text := _words(part).strip())]
        parts = [f"# {subject}"] if subject else []
        return Parsed(title=subject, text="\n\n".join([*parts, "\n".join(lines), *body]))

    def members(self) -> list[Member]:
        """Return the attached files; pictures within the text and signatures are passed over."""
        found: list[Member] = []
        taken: set[str] = set()
        for key, part in enumerate(self._files):
            kind = part.get_content_type()
            name = shown_name(_file_name(part)).rpartition("/")[2]
            if kind in _SUFFIXES and suffix_of(name) not in FORMATS:
                name += _SUFFIXES[kind]
            stem, suffix = name[: len(name) - len(suffix_of(name))], suffix_of(name)
            number = 2
            while name in taken:
                name, number = f"{stem}-{number}{suffix}", number + 1
            taken.add(name)
            form = FORMATS.get(suffix_of(name))
            found.append(Member(str(key), name, form, "" if form else not_read()))
        return found

    def content(self, key: str) -> bytes:
        """Return an attachment's bytes.

        Raises:
            UnreadableError: It is larger than allowed.
        """
        part = self._files[int(key)]
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            content = inner.as_bytes(policy=email.policy.compat32) if isinstance(inner, Message) else b""
        else:
            content = _payload(part)
        if len(content) > LARGEST_MEMBER:
            raise UnreadableError(f"unpacks to a part larger than {LARGEST_MEMBER // 2**20} MiB: split the file")
        return content


def _is_signed_only(message: Message) -> bool:
    return str(message.get_param("smime-type") or "").lower() in ("signed-data", "certs-only")


def _sorted_parts(message: Message) -> tuple[list[Message], list[Message]]:
    """Return the parts that are words of the message, and the files."""
    words: list[Message] = []
    files: list[Message] = []
    for part in _leaves(message, 0):
        kind = part.get_content_type()
        disposition = (part.get_content_disposition() or "").lower()
        named = bool(part.get_filename())
        if kind in _SIGNATURES or (kind.startswith("image/") and disposition != "attachment"):
            continue
        if kind in ("text/plain", "text/html") and disposition != "attachment" and not named:
            words.append(part)
        else:
            files.append(part)
    return words, files


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    """Yield what is not made of parts; of the same words in several forms the best one."""
    if depth > _DEEPEST:
        raise UnreadableError("nested too deep")
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        yield message
        return
    inner = message.get_payload()
    parts = [part for part in inner if isinstance(part, Message)] if isinstance(inner, list) else []
    chosen = _best(parts) if message.get_content_type() == "multipart/alternative" else parts
    for part in parts:
        for leaf in _leaves(part, depth + 1):
            # What is attached within a form that was not chosen belongs to the message all the same.
            if part in chosen or leaf.get_filename() or leaf.get_content_disposition() == "attachment":
                yield leaf


def _best(parts: list[Message]) -> list[Message]:
    """Choose among forms of the same words: plain text, unless the HTML holds a table or is all there is."""
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    if plain is None or not _payload(plain).strip():
        return parts[-1:]
    rich = [part for part in parts if part is not plain and any(_has_table(leaf) for leaf in _leaves(part, 1))]
    return rich[:1] or [plain]


def _has_table(part: Message) -> bool:
    return part.get_content_type() == "text/html" and b"<th" in _payload(part).lower()


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _words(part: Message) -> str:
    """Return the text of a body part.

    Raises:
        UnreadableError: Its encoding cannot be told.
    """
    content = _payload(part)
    if not content.strip():
        return ""
    text = declared_text(content, part.get_content_charset() or "") or decode(content)
    if part.get_content_type() == "text/html":
        try:
            return read_html(text).text
        except UnreadableError as error:
            if str(error) == "no text in it":
                return ""
            raise
    text = faithful(text)
    if str(part.get_param("format") or "").lower() == "flowed":
        text = _FLOWED.sub(" ", text)
    return text


def _header(message: Message, name: str) -> str:
    """Return a header's words on one line; empty if it is missing or in no known encoding."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return one_line(_unfolded(str(value)))[:_SHOWN_HEADER]
    return ""


def _file_name(part: Message) -> str:
    name = part.get_filename() or ""
    if not name and part.get_content_type() == "message/rfc822" and part.is_multipart():
        inner = part.get_payload(0)
        name = _header(inner, "Subject").replace("/", " ") if isinstance(inner, Message) else ""
    return _unfolded(name) or "attachment"


def _unfolded(value: str) -> str:
    """Return a header's value with its encoded words decoded."""
    value = value[:_LONGEST_HEADER]
    raw = value.encode("utf-8", "surrogateescape")
    if not raw.isascii():
        return _decoded(raw, "")
    try:
        parts = email.header.decode_header(value)
    except (ValueError, MessageError):
        return value
    return "".join(part if isinstance(part, str) else _decoded(part, charset or "ascii") for part, charset in parts)


def _decoded(content: bytes, charset: str) -> str:
    try:
        return (declared_text(content, charset) if charset else "") or decode(content)
    except UnreadableError:
        return content.decode("ascii", "ignore")
