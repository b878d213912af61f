"""Documents, chunks, what retrieval found and what an answer cites.

Offsets are positions in the document's extracted, cleaned text (Python string indices, `end` exclusive), so that
`text[start:end]` is the chunk, quote or passage to the letter.
"""

from __future__ import annotations

from typing import Literal

from agent.records.base import Language, Record

DocumentStatus = Literal["read", "unchanged", "skipped", "failed"]
DocumentFormat = Literal[
    "pdf", "docx", "pptx", "xlsx", "html", "epub", "email", "markdown", "text", "csv", "squad", "zip"
]


class Document(Record):
    """One file of the user after reading."""

    id: str
    """Stable name made from the path inside the project, never from user text used as a path."""
    name: str
    """Path relative to the ingested folder, as the user knows it."""
    sha256: str
    """Hash of the file's bytes; the key of incremental reading."""
    format: DocumentFormat | None
    language: Language | None
    pages: int | None
    """Pages, where the format has them."""
    characters: int
    chunks: int
    status: DocumentStatus
    reason: str = ""
    """Why the file was skipped or failed; empty otherwise."""
    title: str = ""
    """The document's title; empty if it was not read."""
    origin: str = ""
    """Absolute path of the file, with `#part` where one file holds several documents; empty if unknown."""
    note: str = ""
    """What of a file that was read is not in its text, e.g. scanned pages; empty if nothing is missing."""
    recognised: int = 0
    """Pages whose text was recognised from a picture (OCR)."""
    confidence: float | None = None
    """Mean confidence of these pages' characters by the model that read them, 0 to 1; `None` if there are none."""
    container: str = ""
    """Hash of the file that holds this document beside others; empty if the file is the document."""
    siblings: int = 0
    """How many documents that file gave, failed and skipped ones included; 0 if the file is the document."""


class PageSpan(Record):
    """Where a page stands in the extracted text."""

    page: int
    """Page number, from 1."""
    start: int
    end: int


class DocumentText(Record):
    """The extracted text of one document; every offset of the project points into `text`."""

    document: str
    """Document id."""
    name: str
    sha256: str
    language: Language
    title: str
    text: str
    """Cleaned text in Markdown-like form: `#` headings, pipe tables with a `|---|` rule, `- ` lists, `**T**: D`."""
    pages: tuple[PageSpan, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """Return the page number that holds `offset`, or `None` where the format has no pages."""
        for span in self.pages:
            if span.start <= offset < span.end:
                return span.page
        return self.pages[-1].page if self.pages else None


class Chunk(Record):
    """A passage that is indexed and retrieved as one."""

    id: str
    """`<document id>:<start>-<end>`."""
    document: str
    """Document id."""
    name: str
    """The document's name, as the user knows it."""
    title: str
    headings: tuple[str, ...]
    """Headings above the passage, outermost first."""
    page: int | None
    start: int
    end: int
    text: str
    """`DocumentText.text[start:end]`."""
    language: Language

    def embedded_text(self) -> str:
        """Return what the index sees: title and headings as context, then the passage."""
        context = " > ".join(dict.fromkeys(part for part in (self.title, *self.headings) if part))
        return f"{context}\n{self.text}" if context else self.text


class Retrieved(Record):
    """One chunk that retrieval returned."""

    chunk: Chunk
    score: float
    """Fused score; larger is better; comparable within one question only."""
    dense_rank: int | None = None
    """Rank among the dense results, from 1; `None` if not among them."""
    lexical_rank: int | None = None
    """Rank among the BM25 results, from 1; `None` if not among them."""
    evidence: float | None = None
    """How probable it is that the chunks found hold an answer: 0 to 1, of the search as a whole and so the same in all
    its chunks; `None` where it cannot be told."""
    pieces: tuple[tuple[int, int, float], ...] = ()
    """(start, end, cosine similarity to the question) of the chunk's sentences and rows, offsets in the chunk's text;
    empty where only chunks were ranked."""


class Citation(Record):
    """A passage an answer rests on."""

    chunk: str
    document: str
    """The document's name, as the user knows it."""
    page: int | None
    quote: str
    """Verbatim piece of the chunk."""


class Answer(Record):
    """What one arm answered to one question."""

    text: str
    citations: tuple[Citation, ...] = ()
    seconds_to_first_token: float | None = None
    seconds: float = 0.0
    tokens: int = 0
    """Tokens generated."""
    abstained: bool = False
    """True if the answer says that the documents are silent."""
    truncated: bool = False
    """True if generation stopped by length."""
    quoted: bool = False
    """True if the model's answer left out what the passage tells, so that the passage's own words stand here."""


class DocumentSplit(Record):
    """Which documents may teach and which only test; made before any pair is."""

    seed: int
    train: tuple[str, ...]
    """Document ids pairs may be made from."""
    held_out: tuple[str, ...]
    """Document ids that no pair may come from; skill items do."""


class IngestRequest(Record):
    """What a reading is asked to do; stored as `request.json` before it starts."""

    paths: tuple[str, ...]
    """Absolute paths of the user's files and folders."""
    ocr: bool = False
    """Whether pages that are pictures are read by text recognition; needs the extra `ocr`."""


class IngestResult(Record):
    """What a reading did; the shape of `ingest --json`."""

    documents: tuple[Document, ...]
    read: int
    unchanged: int
    skipped: int
    failed: int
    removed: int
    chunks: int
    """Chunks in the index now."""
    seconds: float


class RemovalResult(Record):
    """What the removal of a document took with it; the shape of `remove --json`."""

    document: str
    """Id of the document."""
    name: str
    pairs: int
    items: int
    """Sealed questions about it."""
    mixes: tuple[str, ...]
    """Mixes that were deleted since no training had used them; trained ones lost its examples only."""
    conversations: int
    """Conversations that quoted it."""
    learners: tuple[str, ...]
    """Runs whose adapter was trained on it; what they learnt stays in their weights."""
    twins: tuple[str, ...] = ()
    """Names of other files with the same text; they stay."""
