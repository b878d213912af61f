"""Which files are read, and by which reader."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.records.corpus import DocumentFormat
from knowledge.ingest.parsed import Parsed, UnreadableError

FORMATS: Final[dict[str, DocumentFormat]] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "squad",
}
"""Format by suffix, in lower case."""

LARGEST_FILE: Final = 200 * 2**20
"""Bytes; a larger file is refused unread."""


def format_of(path: Path) -> DocumentFormat | None:
    """Return the format of a file by its suffix; `None` if no reader takes it."""
    return FORMATS.get(path.suffix.lower())


def read(content: bytes, form: DocumentFormat) -> list[Parsed]:
    """Return the documents in a file's bytes; only SQuAD-style files hold several.

    Raises:
        UnreadableError: The file cannot be read; says why.
    """
    if not content.strip(b"\0 \t\r\n"):
        raise UnreadableError("empty")
    match form:
        case "pdf":
            from knowledge.ingest.pdf import read_pdf

            return [read_pdf(content)]
        case "docx":
            from knowledge.ingest.office import read_docx

            return [read_docx(content)]
        case "pptx":
            from knowledge.ingest.office import read_pptx

            return [read_pptx(content)]
        case "xlsx":
            from knowledge.ingest.office import read_xlsx

            return [read_xlsx(content)]
        case "html":
            from knowledge.ingest.html import read_html_bytes

            return [read_html_bytes(content)]
        case _:
            return _read_plain(content, form)


def _read_plain(content: bytes, form: DocumentFormat) -> list[Parsed]:
    from knowledge.ingest import plain, squad

    match form:
        case "markdown":
            return [plain.read_markdown(content)]
        case "csv":
            return [plain.read_csv(content)]
        case "squad":
            return squad.read_squad(plain.decode(content))
        case _:
            return [plain.read_text(content)]
