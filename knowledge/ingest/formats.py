"""Which files are read, and by which reader."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.records.corpus import DocumentFormat
from knowledge.ingest.limits import LARGEST_TEXT_FILE
from knowledge.ingest.parsed import Earn, Parsed, Source, UnreadableError, content_of, earn_nothing, opened
from knowledge.ingest.recognition import Recognise

FORMATS: Final[dict[str, DocumentFormat]] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".epub": "epub",
    ".eml": "email",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "squad",
    ".zip": "zip",
}
"""Format by suffix, in lower case."""

_BLANK: Final = b"\0 \t\r\n"
_LOOKED_AT: Final = 2**20


def format_of(path: Path) -> DocumentFormat | None:
    """Return the format of a file by its suffix; `None` if no reader takes it."""
    return FORMATS.get(path.suffix.lower())


def kinds() -> str:
    """Return the readable file types for a message."""
    return ", ".join(suffix[1:] for suffix in FORMATS)


def not_read() -> str:
    """Return why a file of another type is passed over."""
    return f"not a type that is read ({kinds()})"


def read(
    source: Source, form: DocumentFormat, earn: Earn = earn_nothing, recognise: Recognise | None = None
) -> list[Parsed]:
    """Return the documents in a file; only SQuAD-style files hold several.

    Containers (`knowledge.ingest.folders`) are not read here but opened, member by member.

    Args:
        source: The file.
        form: Which reader takes it.
        earn: Hears of the text as it is read, where a reader goes in steps.
        recognise: Reads pages that are pictures; `None` leaves them unread.

    Raises:
        UnreadableError: The file cannot be read; says why.
    """
    with opened(source) as file:
        head = file.read(_LOOKED_AT)
        if not head.strip(_BLANK) and len(head) < _LOOKED_AT:
            raise UnreadableError("empty")
    match form:
        case "pdf":
            from knowledge.ingest.pdf import read_pdf

            return [read_pdf(source, earn, recognise)]
        case "docx":
            from knowledge.ingest.office import read_docx

            return [read_docx(source)]
        case "pptx":
            from knowledge.ingest.office import read_pptx

            return [read_pptx(source, earn)]
        case "xlsx":
            from knowledge.ingest.office import read_xlsx

            return [read_xlsx(source, earn)]
        case "epub":
            from knowledge.ingest.epub import read_epub

            return [read_epub(source, earn)]
        case "html":
            from knowledge.ingest.html import read_html_bytes

            return [read_html_bytes(content_of(source, LARGEST_TEXT_FILE))]
        case _:
            return _read_plain(content_of(source, LARGEST_TEXT_FILE), form)


def _read_plain(content: bytes, form: DocumentFormat) -> list[Parsed]:
    from knowledge.ingest import plain, squad
    from knowledge.ingest.encoding import decode

    match form:
        case "markdown":
            return [plain.read_markdown(content)]
        case "csv":
            return [plain.read_csv(content)]
        case "squad":
            return squad.read_squad(decode(content))
        case _:
            return [plain.read_text(content)]
